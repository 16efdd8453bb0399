"""After a power cut, a kill or a restart: what the journal says and what lies on disk are brought together.

Nothing is invented: torn bytes that nobody acknowledged are cut and counted, open segments are cut after their last whole
fragment and closed as ``recovered``, the take they belong to ends where its sources ended, and what is missing from there on
is told to whoever goes on recording (:class:`Recovered`), who writes it as one gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from protocol.hearing import State, Take
from protocol.journal import Line
from protocol.note import Signer
from protocol.view import HearingView
from protocol.writer import JournalWriter, Torn
from recorder import reports
from recorder.clock import HearingClock
from recorder.closed_takes import ClosedTakes
from recorder.findings import Findings
from recorder.hearings import last_us
from recorder.joining import change_data
from recorder.ledger import Entry, Ledger
from recorder.rescue import keep, mended, unlisted
from recorder.reserve import Reserve
from recorder.take import LiveTake
from recorder.tidying import tidy
from recorder.tracks import Track
from recorder.vault import Vault

_log = structlog.get_logger(__name__)
POWER_OR_KILL = "power_or_kill"
RESTART = "restart"
#: When everything dies at once, sources end up to a group of pictures apart; that is no reason to call one of them lost, µs.
APART_US = 5_000_000


@dataclass
class Recovered:
    """A hearing that can be gone on with.

    Attributes:
        ledger: its journal, open.
        cause: of the interruption.
        since: by source, from when it is missing; empty when the hearing was not being recorded.
    """

    ledger: Ledger
    cause: str
    since: dict[str, int] = field(default_factory=dict)


async def recover(
    folder: Path,
    signer: Signer,
    clock: HearingClock,
    thread: Executor,
    on_line: Callable[[Line], None],
    findings: Findings,
    reserve: Reserve | None,
    vault: Vault,
) -> Recovered:
    """Bring one open hearing in order. A hearing that was closed comes back closed.

    Raises:
        BadLine, NotCanonical: the journal is damaged, or of another device.
        DiskRefused, DiskFailed: the disk refused.
    """
    loop = asyncio.get_running_loop()
    writer, torn = await loop.run_in_executor(thread, JournalWriter.reopen, folder, signer)
    before_us = last_us(writer.lines)
    ledger = Ledger(writer, signer, clock, thread, on_line, reserve, vault)
    view = ledger.view
    closed = ledger.closed
    left = unlisted(folder, {segment.path for segment in view.segments})
    crashed = bool(torn.journal_bytes or left or view.current_take is not None)
    await ledger.post(("clock", clock.line_data()), *_recovered_line(torn, before_us, crashed=crashed))
    segments: dict[str, list[dict[str, Any]]] = {}
    for data in keep(folder, await mended(folder, left, closed), view.progress, closed, findings, before_us):
        segments.setdefault(data["take"], []).append(data)
    for take in sorted({*segments, *([view.current_take.id] if view.current_take else [])}):
        await _close_take(ledger, take, segments.get(take, []), writer.lines, closed)
    await loop.run_in_executor(thread, tidy, folder, view)
    _log.info(
        "recovered", action="go_on", hearing=view.hearing, state=view.state.value, crashed=crashed, left=len(left)
    )
    await ledger.post(checkpoint=True)
    cause = POWER_OR_KILL if crashed or _crashed_since_take(writer.lines) else RESTART
    interrupted = view.state in (State.RECORDING, State.FAULTY) and view.takes
    return Recovered(ledger, cause, missing_since(view) if interrupted else {})


def missing_since(view: HearingView) -> dict[str, int]:
    """By source, the end of what is recorded or explained of it in the last take, but not before the take's end."""
    take = list(view.takes.values())[-1]
    end = take.end_us if take.end_us is not None else take.start_us
    covered = _covered(view, take)
    return {source: max([end, *(stop for _, stop in covered[source])]) for source in take.present}


def _recovered_line(torn: Torn, before_us: int, *, crashed: bool) -> Iterable[Entry]:
    if crashed:
        data = {"torn_bytes": torn.journal_bytes, "torn_sha256": torn.journal_sha256}
        yield ("recovered", {**data, "cause": POWER_OR_KILL, "last_us": before_us})


def _crashed_since_take(lines: Iterable[Line]) -> bool:
    """Whether a crash, and not an orderly end, interrupted the last take."""
    types = [line.type for line in lines]
    last = max((index for index, kind in enumerate(types) if kind == "take_started"), default=0)
    return "recovered" in types[last:]


async def _close_take(
    ledger: Ledger, take_id: str, segments: list[dict[str, Any]], lines: Sequence[Line], closed: ClosedTakes
) -> None:
    """Journal the recovered segments of a take and its end."""
    view = ledger.view
    tracks = [
        Track(item.name, item.name, item.kind, "video" if item.media == "video" else "audio", item.label, item.device)
        for item in view.sources.values()
        if item.name not in view.removed or any(data["source"] == item.name for data in segments)
    ]
    entries: list[Entry] = []
    known = view.takes.get(take_id)
    live = LiveTake.of(take_id, closed.publicity_of(take_id), tracks)
    for data in segments:
        live.closed(reports.Closed.model_validate({**data, "report": "closed"}), 0.0)
    if known is None:  # a start or resume that was asked for, and of which nothing was journalled yet
        start = live.common_start()
        if start is None:
            return
        if view.state is not State.RECORDING:
            data = {"from": view.state.value, "to": "recording", "by": "recorder", "reason": "found after a crash"}
            entries.append(("state", data))
        names = sorted(live.books)
        entries.append(("take_started", {"take": take_id, "publicity": live.publicity, "start_us": start, "sources": names}))
        live.start_us = start
        live.since = _before(view, None, names)
    else:
        live.start_us = known.start_us
        live.since = _before(view, known, known.sources)
        entries += _members(live, known, segments)
        for name, spans in _covered(view, known, live.since).items():
            if name in live.books:
                live.books[name].covered += spans
                live.books[name].segments += len(view.track(take_id, name))
    causes = _lost(lines)
    for name, book in live.books.items():
        book.lost, book.cause = name in causes, causes.get(name, POWER_OR_KILL)
    ends = [book.covered_end for book in live.books.values() if book.covered_end is not None]
    end = live.common_end(APART_US)
    end = max(live.start_us, max(ends, default=live.start_us) if end is None else end)
    entries += [("segment", data) for data in segments]
    entries += [("gap", data) for data in live.gaps(end)]
    entries += [("finding", {**data, "end_us": max(end, int(data["start_us"]))}) for data in _lasting(lines)]
    entries.append(("take_ended", {"take": take_id, "end_us": end, "reason": "interrupted"}))
    await ledger.post(*entries, checkpoint=True)


def _members(live: LiveTake, take: Take, segments: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """Leave in ``live`` the sources that belong to the take at its end, each from when it joined; lines that are missing.

    A source that somebody was adding, and of which the line was not written yet, belongs to it from the first sample that was found.
    """
    joined = {span.source: span.from_us for span in take.spans}
    entries: list[Entry] = []
    found: set[str] = set()
    for data in sorted(segments, key=lambda data: int(data["start_us"])):
        source, start_us = str(data["source"]), int(data["start_us"])
        if source not in {*take.sources, *found}:
            found.add(source)
            joined[source] = start_us
            entries.append(("source_added", change_data(take.id, source, start_us, "recorder")))
    live.books = {name: book for name, book in live.books.items() if name in {*take.present, *found}}
    for name, book in live.books.items():
        book.joined_us = joined.get(name)
    return entries


def _lasting(lines: Iterable[Line]) -> list[Mapping[str, Any]]:
    """Findings that began and that no line ended: they are known to have lasted until the interruption."""
    found: dict[tuple[str, str | None], Mapping[str, Any]] = {}
    for line in lines:
        if line.type == "finding":
            key = str(line.data["code"]), line.data["source"]
            if line.data["end_us"] is None:
                found[key] = line.data
            else:
                found.pop(key, None)
    return list(found.values())


def _before(view: HearingView, take: Take | None, sources: Iterable[str]) -> dict[str, int]:
    """By source, where the interrupted take before this one (None: before a new one) ended: its gap line may never have been written.

    The line waits until every source delivers again. A second interruption before that must not swallow the first.
    """
    takes = list(view.takes.values())
    earlier = takes[: takes.index(take)] if take is not None else takes
    if not earlier or earlier[-1].reason != "interrupted":
        return {}
    last = earlier[-1]
    end = last.start_us if last.end_us is None else last.end_us
    return {source: max([end, *(item.end_us for item in view.track(last.id, source))]) for source in sources}


def _covered(view: HearingView, take: Take, since: Mapping[str, int] | None = None) -> dict[str, list[tuple[int, int]]]:
    """By source, what segments and gap lines cover of a take, and of the time before it from ``since`` on."""
    found: dict[str, list[tuple[int, int]]] = {
        source: [(item.start_us, item.end_us) for item in view.track(take.id, source)] for source in take.sources
    }
    for gap in view.gaps:
        for item in gap.intervals:
            if item.source in found and item.to_us > (since or {}).get(item.source, take.start_us):
                found[item.source].append((item.from_us, item.to_us))
    return found


def _lost(lines: Iterable[Line]) -> dict[str, str]:
    """Sources that were lost when the last take was interrupted, with the cause."""
    lost: dict[str, str] = {}
    for line in lines:
        if line.type == "take_started":
            lost = {}
        elif line.type == "source_lost":
            lost[str(line.data["source"])] = str(line.data["cause"])
        elif line.type in ("source_back", "source_removed"):
            lost.pop(str(line.data["source"]), None)
    return lost
