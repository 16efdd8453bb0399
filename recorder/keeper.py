"""A take while it runs: what the devices report becomes lines of the journal, holes become gap lines.

The facts are kept in :class:`recorder.take.LiveTake`; here they meet the journal. Nothing in here decides that something
should be recorded: :mod:`recorder.session` does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from protocol.errors import DiskFailed
from protocol.hearing import State
from recorder import joining, reports
from recorder.clock import HearingClock
from recorder.findings import Findings, HealthFinding
from recorder.ledger import Entry, Ledger
from recorder.opened import OpenedSources
from recorder.readback import Difference, Measured, ReadBack
from recorder.refusals import DiskRefused, NothingRecorded
from recorder.rescue import rescue, unlisted
from recorder.supervisor import Device, Loss
from recorder.take import LiveTake, TrackBook, gap_data

_log = structlog.get_logger(__name__)
RECORDER = "recorder"


@dataclass(frozen=True)
class Limits:
    """Times of a session, s.

    Attributes:
        start: how long a start waits for the microphones.
        resume: the same after a pause or an interruption, when the devices have to be opened first.
        late: how long after a resumed start the one gap line waits for slow sources.
        readback: how long a stop waits for the read-back before it seals.
        tick: period of ``progress`` lines and checkpoints.
        fresh: bytes are fresh for so long.
        dead: a microphone in a room is never digitally silent for so long.
        seal: between two tries of a seal that the disk refused.
    """

    start: float = 5.0
    resume: float = 15.0
    late: float = 5.0
    readback: float = 15.0
    tick: float = 1.0
    fresh: float = 3.0
    dead: float = 6.0
    seal: float = 5.0


class TakeKeeper:
    """Keeps the running take of one hearing.

    Args:
        folder: the record.
        ledger: its journal.
        clock: the hearing's clock.
        findings: what is wrong at present.
        limits: times.
    """

    def __init__(self, folder: Path, ledger: Ledger, clock: HearingClock, findings: Findings, limits: Limits) -> None:
        self.folder = folder
        self.ledger = ledger
        self.clock = clock
        self.findings = findings
        self.limits = limits
        self.take: LiveTake | None = None
        self.readback = ReadBack(self._differs)
        self.opened = OpenedSources(ledger, clock)
        self._arrived = asyncio.Event()
        self._queued: list[Entry] = []
        self._known: set[str] = {segment.path for segment in ledger.view.segments}
        self._joint_gap: asyncio.Task[None] | None = None
        self._ticker: asyncio.Task[None] | None = None
        #: When a line of the running take was last written, or refused by the disk; monotonic, s.
        self.ticked = 0.0

    async def close(self) -> None:
        """Stop everything that runs by itself."""
        for task in (self._ticker, self._joint_gap):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.readback.close()

    async def wait_first(self, take: LiveTake, patience_s: float) -> None:
        """Wait until every leading source delivers, or patience ends."""
        try:
            async with asyncio.timeout(patience_s):
                while not take.complete:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            late = [book.track.name for book in take.leading if book.first_us is None]
            _log.warning("sources_late", action="go_on", take=take.id, sources=late)

    async def record(self, take: LiveTake, *before: Entry) -> None:
        """It records: journal it.

        Args:
            take: of which at least one source delivers.
            before: lines to stand before ``take_started``.

        Raises:
            NothingRecorded: no source delivers.
            DiskRefused: the journal could not be written; the take has not started.
        """
        start = take.common_start()
        if start is None:
            raise NothingRecorded("no source delivers")
        data = {"take": take.id, "publicity": take.publicity, "start_us": start, "sources": sorted(take.books)}
        try:
            await self.ledger.post(*before, ("take_started", data), checkpoint=True)
        except DiskRefused:
            if take.id in self.ledger.view.takes:  # its line stands; what the disk refused was the checkpoint
                self._started(take, start)
            raise
        self._started(take, start)

    def _started(self, take: LiveTake, start: int) -> None:
        """The ``take_started`` line is on disk: what came meanwhile is journalled after it."""
        take.start_us = start
        queued, self._queued = self._queued, []
        if queued:
            self.ledger.post(*queued, keep=True)
        self.ticked = time.monotonic()
        self._ticker = asyncio.create_task(self._tick(take), name="ticker")
        if take.since:
            self._joint_gap = asyncio.create_task(self._explain_interruption(take), name="joint-gap")
            return
        for book in take.books.values():
            if book.first_us is not None:
                self._explain(take, book, book.first_us)
                book.cause = "dropped"

    async def finish(self, ended: Mapping[str, bool], reason: str) -> None:
        """The children have closed their segments: explain what is missing, journal the end.

        Args:
            ended: by device, whether it closed its segments itself.
            reason: of the end.

        Raises:
            DiskRefused: the disk refused; the lines are written when it does not any more.
        """
        take = self.take
        if take is None:
            return
        if take.start_us is None and take.common_start() is not None:
            await self.record(take)  # it was about to go on after an interruption
        if self._joint_gap is not None:
            self._joint_gap.cancel()
            self._flush_interruption(take)
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        self.take = None
        if take.start_us is None:
            return
        await self._rescue_left(take)
        for book in take.books.values():
            if not ended.get(book.track.device, False):
                take.lose(book.track.name, "device_lost")
        end = take.common_end()
        end = max(take.start_us, self.clock.now()[0] if end is None else end)
        gaps: list[Entry] = [("gap", data) for data in take.gaps(end)]
        data = {"take": take.id, "end_us": end, "reason": reason}
        gaps += [("finding", finding.line_data()) for finding in self.findings.take_ended(end)]
        await self.ledger.post(*gaps, ("take_ended", data), keep=True, checkpoint=True)

    async def _rescue_left(self, take: LiveTake) -> None:
        """What could not be recovered while its disk was away; the children have closed all they wrote."""
        try:
            if left := await asyncio.to_thread(unlisted, self.folder, set(self._known), take.id):
                await self._rescue(take, {path.split("/")[2] for path in left}, "the disk was away")
        except (DiskFailed, OSError) as error:
            _log.error("not_rescued", action="end_take", take=take.id, error=str(error))

    async def _explain_interruption(self, take: LiveTake) -> None:
        """One gap line for all sources that came back after an interruption; late ones get their own."""
        try:
            async with asyncio.timeout(self.limits.late):
                while any(book.first_us is None for book in take.books.values()):
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            _log.warning("sources_late", action="journal", take=take.id)
        self._flush_interruption(take)

    def _flush_interruption(self, take: LiveTake) -> None:
        self._joint_gap = None
        intervals: list[dict[str, Any]] = []
        for book in take.books.values():
            if book.first_us is not None:
                intervals += take.explain(book, take.unexplained(book, book.first_us))
                book.cause = "dropped" if not book.lost else book.cause
        if intervals:
            self.ledger.post(("gap", gap_data(take.since_cause, intervals)), keep=True)

    # What the devices tell

    def report(self, device: Device, report: reports.Report) -> None:
        """A report of a capture child (supervisor.Listener)."""
        now = time.monotonic()
        take = self.take
        match report:
            case reports.First() if take is not None:
                joining.joined(self.ledger, take, report.source, report.take, report.start_us)
                if (book := take.first(report, now)) is not None:
                    self._came(take, book, report.start_us)
            case reports.Progress() if take is not None:
                take.progress(report, now)
            case reports.Closed() if take is not None:
                self._closed(take, report)
            case reports.Ready(tracks=tracks):
                self.opened.note(tracks)
            case reports.Closed():
                _log.error("segment_without_take", action="recover_later", device=device.name, path=report.path)
            case _:
                pass

    async def lost(self, device: Device, loss: Loss) -> None:
        """A child is gone: say so, and keep what it wrote (supervisor.Listener)."""
        take = self.take
        if take is None:
            return
        for track in device.tracks:
            book = take.lose(track.name, loss.cause)
            if book is not None and take.start_us is not None:
                at = book.end_us or self.clock.now()[0]
                self.ledger.post(("source_lost", {"source": track.name, "at_us": at, "cause": loss.cause}), keep=True)
        names = [track.name for track in device.tracks]
        try:
            await self._rescue(take, names, damaged=loss.detail if loss.cause == "disk_failed" else None)
        except (DiskFailed, OSError) as error:
            _log.error("not_rescued", action="retry_at_the_end", device=device.name, take=take.id, error=str(error))

    async def _rescue(self, take: LiveTake, names: Iterable[str], damaged: str | None) -> None:
        """Journal what lies there of some sources and no line names; nobody may be writing it.

        Args:
            take: the running one.
            names: of the sources.
            damaged: how the disk refused, if that is why it was left: each of these segments is then called damaged.
        """
        promised = self.ledger.view.progress
        for data in await rescue(
            self.folder, take.id, names, self._known, promised, self.ledger.closed, self.findings, self.clock
        ):
            self._closed(take, reports.Closed.model_validate({**data, "report": "closed"}))
            if damaged is not None:
                source, start = str(data["source"]), int(data["start_us"])
                detail = f"{data['path']}: {damaged}"
                self.findings.set("segment-damaged", "error", source, start, detail)
                found = HealthFinding("segment-damaged", "error", source, start, detail, end_us=int(data["end_us"]))
                self._post_with(take, ("finding", found.line_data()))

    def _came(self, take: LiveTake, book: TrackBook, start_us: int) -> None:
        self._arrived.set()
        if take.start_us is None or self._joint_gap is not None:
            return
        self._explain(take, book, start_us)
        if book.covered_end is not None or book.cause != "starting":
            data = {"source": book.track.name, "at_us": start_us, "cause": book.cause}
            self.ledger.post(("source_back", data), keep=True)
        book.cause = "dropped"

    def _closed(self, take: LiveTake, report: reports.Closed) -> None:
        joining.joined(self.ledger, take, report.source, report.take, report.start_us)
        book = take.closed(report, time.monotonic())
        self._known.add(report.path)
        entry: Entry = ("segment", report.line_data(take.publicity, take.key))
        if book is None:
            self._queued.append(entry)
        else:
            self._post_with(take, entry)
        if take.start_us is not None and book is not None and self._joint_gap is None and not book.lost:
            self._explain(take, book, report.start_us)
        if report.units and (report.media == "video" or report.rms_cdb is not None):
            facts = (report.path, report.source, report.start_us, report.end_us, report.units, report.rms_cdb)
            self.readback.add(Measured(self.folder, *facts, key=self.ledger.closed.secret(report.path)))

    def _post_with(self, take: LiveTake, entry: Entry) -> None:
        """Journal a line that stands after ``take_started``."""
        if take.start_us is None:
            self._queued.append(entry)
        else:
            self.ledger.post(entry, keep=True)

    def _explain(self, take: LiveTake, book: TrackBook, until_us: int) -> None:
        if intervals := take.explain(book, take.unexplained(book, until_us)):
            self.ledger.post(("gap", gap_data(book.cause, intervals)), keep=True)

    def _differs(self, difference: Difference) -> None:
        segment = difference.segment
        found = self.findings.set(difference.code, "error", segment.source, segment.start_us, difference.detail)
        if found is not None:
            data = {**found.line_data(), "end_us": segment.end_us}
            self.ledger.post(("finding", data), keep=True, checkpoint=self.take is None)

    # While it records

    async def _tick(self, take: LiveTake) -> None:
        """Progress lines and checkpoints; states that follow from what is captured."""
        written: asyncio.Future[Any] | None = None
        while True:
            await asyncio.sleep(self.limits.tick)
            if written is not None and not written.done():
                continue  # a slow disk: never pile up
            entries: list[Entry] = [("progress", take.progress_data())]
            if (move := self._due_move(take)) is not None:
                entries.append(("state", move))
            written = self.ledger.post(*entries, checkpoint=True)
            written.add_done_callback(self._has_ticked)

    def _has_ticked(self, _written: asyncio.Future[Any]) -> None:
        self.ticked = time.monotonic()

    def _due_move(self, take: LiveTake) -> dict[str, Any] | None:
        """Faulty when no source delivers; recording again when one does."""
        dead = all(book.lost for book in take.books.values())
        if self.ledger.view.state is State.RECORDING and dead:
            return self.state_data(State.FAULTY, RECORDER, "no source delivers")
        if self.ledger.view.state is State.FAULTY and not dead:
            return self.state_data(State.RECORDING, RECORDER, "sources are back")
        return None

    def state_data(self, new: State, by: str, reason: str) -> dict[str, Any]:
        """Data of the ``state`` line from the present state."""
        return {"from": self.ledger.view.state.value, "to": new.value, "by": by, "reason": reason}
