"""Sources that join a running take, and that a person takes out of it, as the journal tells it (record format, section 7.3).

A source belongs to the take from its first sample or picture that reached the disk: before that nothing is promised, so that nothing is missing.
One that is taken out belongs to it to the end of its last segment; if it was lost then, to this moment, and the gap before it is told.
"""

from __future__ import annotations

from collections.abc import Iterable

from recorder.ledger import Entry, Ledger
from recorder.take import LiveTake, gap_data
from recorder.tracks import Track


def change_data(take: str | None, source: str, at_us: int, by: str) -> dict[str, str | int | None]:
    """Data of a ``source_added`` or ``source_removed`` line."""
    return {"take": take, "source": source, "at_us": at_us, "by": by}


def joined(ledger: Ledger, take: LiveTake, source: str, reported: str, at_us: int) -> None:
    """A source delivers; if somebody is adding it, it belongs to the take from now on.

    Args:
        ledger: the hearing's journal.
        take: the running one.
        source: name of the track.
        reported: the take that the report is about.
        at_us: its first sample or picture.
    """
    if reported == take.id and (by := take.join(source, at_us)) is not None:
        ledger.post(("source_added", change_data(take.id, source, at_us, by)), keep=True, checkpoint=True)


def removal(take: LiveTake, tracks: Iterable[Track], by: str, now_us: int) -> list[Entry]:
    """A device was taken out and its child has left; the lines that say so.

    Args:
        take: the running one.
        tracks: of the device.
        by: who took it out.
        now_us: on the hearing's clock.
    """
    entries: list[Entry] = []
    for track in tracks:
        book = take.leave(track.name)
        if book is None:
            continue
        last = book.covered_end
        at_us = last if last is not None and not book.lost else max(now_us, last or now_us)
        if intervals := take.owed(book, at_us):
            entries.append(("gap", gap_data(book.cause, intervals)))
        entries.append(("source_removed", change_data(take.id, track.name, at_us, by)))
    return entries
