"""The running take as the daemon knows it from the children's reports: who delivered what, and what is not explained yet.

No I/O and no clock: times come in with the reports (``*_us``, the hearing's clock) or as ``now`` (seconds, monotonic).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from recorder import reports
from recorder.coverage import Span, common_end, holes
from recorder.tracks import ALLOWED_HOLE_US, Track

#: A source this far behind the others at the end of a take counts as lost, µs.
LAGGARD_US = 1_000_000


def gap_data(cause: str, intervals: list[dict[str, Any]], detail: str = "") -> dict[str, Any]:
    """Data of a ``gap`` line."""
    return {"cause": cause, "detail": detail, "intervals": intervals}


@dataclass
class TrackBook:
    """What one source delivered in the take.

    ``joined_us``: its first sample or picture, if it joined the running take; None if it belonged to the take from its start.
    """

    track: Track
    joined_us: int | None = None
    cause: str = "starting"
    first_us: int | None = None
    end_us: int | None = None
    lost: bool = True
    covered: list[Span] = field(default_factory=list)
    segments: int = 0
    #: What the first segment's medium allows, µs: the measure of the whole track. A file that cannot be read has the stricter one.
    measure_us: int | None = None
    closed_bytes: int = 0
    open: dict[str, reports.ProgressTrack] = field(default_factory=dict)
    grew_at: float = float("-inf")

    @property
    def bytes(self) -> int:
        """Bytes known to be synced."""
        return self.closed_bytes + sum(item.bytes for item in self.open.values())

    @property
    def covered_end(self) -> int | None:
        """End of the last closed segment, µs."""
        return max((end for _, end in self.covered), default=None)


@dataclass
class LiveTake:
    """A take from its ``begin`` to its ``take_ended`` line.

    Attributes:
        id: ``T01`` …
        start_us: None until it is true that it records.
        since: by source, from when its first gap counts, if not from ``start_us`` (after an interruption).
        since_cause: the cause of these gaps.
        key: name of a closed take's key; None of an open one.
        joining: sources that somebody adds to the running take and that have not delivered yet, each with who adds it.
        left: sources that somebody took out of it.
    """

    id: str
    publicity: str
    books: dict[str, TrackBook]
    start_us: int | None = None
    since: dict[str, int] = field(default_factory=dict)
    since_cause: str = "starting"
    joining: dict[str, tuple[Track, str]] = field(default_factory=dict)
    left: dict[str, TrackBook] = field(default_factory=dict)
    key: str | None = None

    @classmethod
    def of(cls, take: str, publicity: str, tracks: Iterable[Track], key: str | None = None) -> LiveTake:
        """A take that is about to begin."""
        return cls(take, publicity, {track.name: TrackBook(track) for track in tracks}, key=key)

    @property
    def leading(self) -> list[TrackBook]:
        """The sources that decide when the take starts: microphones, or cameras where there is none."""
        sound = [book for book in self.books.values() if book.track.media == "audio"]
        return sound or list(self.books.values())

    @property
    def complete(self) -> bool:
        """Every leading source delivers."""
        return all(book.first_us is not None for book in self.leading)

    def common_start(self) -> int | None:
        """The time from which every leading source that delivers is on disk; None when no source delivers."""
        firsts = [book.first_us for book in self.leading if book.first_us is not None]
        firsts = firsts or [book.first_us for book in self.books.values() if book.first_us is not None]
        return max(firsts, default=None)

    def join(self, source: str, at_us: int) -> str | None:
        """A source that somebody adds delivers its first sample or picture: from now on it belongs to the take; who adds it.

        None for a source that nobody adds at present.
        """
        track, by = self.joining.pop(source, (None, None))
        if track is not None:
            self.left.pop(source, None)
            self.books[source] = TrackBook(track, joined_us=at_us)
        return by

    def leave(self, source: str) -> TrackBook | None:
        """Somebody takes a source out; its book, None if it does not belong to the take."""
        self.joining.pop(source, None)
        book = self.books.pop(source, None)
        if book is not None:
            self.left[source] = book
        return book

    def first(self, report: reports.First, now: float) -> TrackBook | None:
        """A source delivers (again); its book, or None for a report of another take."""
        book = self.books.get(report.source)
        if book is None or report.take != self.id:
            return None
        book.lost = False
        book.grew_at = now
        book.end_us = max(book.end_us or 0, report.start_us)
        if book.first_us is None:
            book.first_us = report.start_us
        return book

    def progress(self, report: reports.Progress, now: float) -> None:
        """Open segments grew."""
        for item in report.tracks:
            _, take, source, _ = item.path.split("/", 3)
            book = self.books.get(source)
            if book is None or take != self.id:
                continue
            known = book.open.get(item.path)
            if known is None or item.bytes > known.bytes:
                book.grew_at = now
            book.open[item.path] = item
            book.end_us = max(book.end_us or 0, item.end_us)

    def closed(self, report: reports.Closed, now: float) -> TrackBook | None:
        """A segment was closed."""
        book = self.books.get(report.source) or self.left.get(report.source)
        if book is None or report.take != self.id:
            return None
        known = book.open.pop(report.path, None)
        if known is None or report.bytes > known.bytes:
            book.grew_at = now
        if not book.segments:
            book.measure_us = ALLOWED_HOLE_US[report.media]
        book.segments += 1
        book.closed_bytes += report.bytes
        book.covered.append((report.start_us, report.end_us))
        book.end_us = max(book.end_us or 0, report.end_us)
        if book.first_us is None:
            book.first_us = report.start_us
        return book

    def lose(self, source: str, cause: str) -> TrackBook | None:
        """A source is gone; None if it was gone before."""
        book = self.books.get(source)
        if book is None or book.lost:
            return None
        book.lost, book.cause = True, cause
        book.open.clear()
        return book

    def unexplained(self, book: TrackBook, until_us: int, allowed_us: int | None = None) -> list[Span]:
        """Holes of a source up to ``until_us`` that no gap line names yet.

        Args:
            book: of the source.
            until_us: how far to look.
            allowed_us: a hole this short needs no line; by default what its medium allows.
        """
        if self.start_us is None:
            return []
        start = book.joined_us
        if start is None:
            start = min(self.since.get(book.track.name, self.start_us), self.start_us)
        allowed = book.track.allowed_hole_us if allowed_us is None else allowed_us
        return holes(start, until_us, book.covered, allowed)

    def explain(self, book: TrackBook, spans: Iterable[Span]) -> list[dict[str, Any]]:
        """Take holes as explained; the intervals of their gap line."""
        listed = list(spans)
        book.covered.extend(listed)
        return [{"source": book.track.name, "from_us": begin, "to_us": end} for begin, end in listed]

    def common_end(self, laggard_us: int = LAGGARD_US) -> int | None:
        """Time to which all sources that are not lost delivered; None when all are."""
        ends = [book.covered_end for book in self.books.values() if not book.lost]
        return common_end([end for end in ends if end is not None], laggard_us)

    def gaps(self, until_us: int) -> list[dict[str, Any]]:
        """Data of the ``gap`` lines for all holes up to ``until_us``, one line for each cause; they count as explained."""
        found: dict[str, list[dict[str, Any]]] = {}
        for name in sorted(self.books):
            book = self.books[name]
            if intervals := self.owed(book, until_us):
                found.setdefault(book.cause, []).extend(intervals)
        return [gap_data(cause, intervals) for cause, intervals in found.items()]

    def owed(self, book: TrackBook, until_us: int) -> list[dict[str, Any]]:
        """Intervals of the ``gap`` line for all holes of a source up to ``until_us``; they count as explained."""
        # A source that gave nothing at all has no medium to its name: the strictest measure counts.
        strict = book.measure_us if book.segments else min(ALLOWED_HOLE_US.values())
        return self.explain(book, self.unexplained(book, until_us, strict))

    def progress_data(self) -> dict[str, Any]:
        """Data of a ``progress`` line."""
        items = sorted((item for book in self.books.values() for item in book.open.values()), key=lambda item: item.path)
        return {"tracks": [{"path": i.path, "bytes": i.bytes, "sha256": i.sha256, "end_us": i.end_us} for i in items]}

    def growing(self, now: float, within_s: float) -> bool:
        """Whether every leading source is there and bytes of it reached the disk within the last ``within_s`` seconds."""
        fresh = all(not book.lost and now - book.grew_at <= within_s for book in self.leading)
        return self.start_us is not None and fresh

    def any_growing(self, now: float, within_s: float) -> bool:
        """Whether bytes of any source reached the disk within the last ``within_s`` seconds."""
        return any(now - book.grew_at <= within_s for book in self.books.values())
