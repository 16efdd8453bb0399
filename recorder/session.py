"""The hearing that is open in this room: its moves, its takes, and what the devices report into its journal.

The order of things at a start: ``begin`` to all children → every microphone reports its first synced bytes → ``state`` and
``take_started`` lines → checkpoint → the answer. Nothing says "recording" before that. At an end: ``end`` to all → each
``segment`` line → ``take_ended`` → ``state`` → checkpoint → the answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from protocol import seal
from protocol.errors import IllegalMove
from protocol.hearing import State, check_move
from protocol.journal import Line
from protocol.writer import JournalWriter
from recorder import reports
from recorder.clock import HearingClock
from recorder.findings import Findings
from recorder.ledger import Entry, Ledger
from recorder.readback import Difference, Measured, ReadBack
from recorder.refusals import DiskRefused, IllegalAction, NothingRecorded
from recorder.rescue import rescue
from recorder.room import Room
from recorder.supervisor import Device, Loss, Order
from recorder.take import LiveTake, TrackBook, gap_data
from recorder.tidying import tidy

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
    """

    start: float = 5.0
    resume: float = 15.0
    late: float = 5.0
    readback: float = 15.0
    tick: float = 1.0
    fresh: float = 3.0
    dead: float = 10.0


class Session:
    """One open hearing.

    Args:
        folder: its record.
        ledger: its journal.
        room: the devices; the session's :meth:`report` and :meth:`lost` must be called for what they tell.
        clock: the hearing's clock.
        findings: what is wrong at present.
        limits: times.
    """

    def __init__(
        self, folder: Path, ledger: Ledger, room: Room, clock: HearingClock, findings: Findings, limits: Limits
    ) -> None:
        self.folder = folder
        self.ledger = ledger
        self.room = room
        self.clock = clock
        self.findings = findings
        self.limits = limits
        self.take: LiveTake | None = None
        self.readback = ReadBack(self._differs)
        self._moves = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._queued: list[Entry] = []
        self._known: set[str] = {segment.path for segment in ledger.view.segments}
        self._joint_gap: asyncio.Task[None] | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._resuming: asyncio.Task[None] | None = None

    @property
    def state(self) -> State:
        """The hearing's state, as journalled."""
        return self.ledger.view.state

    @property
    def recording(self) -> bool:
        """Whether bytes of every microphone reached the disk within 3 s."""
        return (
            self.take is not None
            and self.state is State.RECORDING
            and self.ledger.broken is None
            and self.take.growing(time.monotonic(), self.limits.fresh)
        )

    # Moves

    async def start(self, by: str) -> None:
        """From planned to recording; true on disk when this returns.

        Raises:
            IllegalAction: the hearing is not planned.
            NothingRecorded: no source delivered.
            DiskRefused: the journal could not be written.
        """
        await self._begin_by(by, State.PLANNED, self.limits.start if self.room.is_open else self.limits.resume)

    async def resume(self, by: str) -> None:
        """From paused (or faulty, without a take) to recording; see :meth:`start`."""
        if self.state is State.FAULTY and self.take is None:
            await self._begin_by(by, State.FAULTY, self.limits.resume)
        else:
            await self._begin_by(by, State.PAUSED, self.limits.resume)

    async def pause(self, by: str, reason: str = "pause") -> None:
        """From recording to paused: the take is closed, then the devices are.

        Raises:
            IllegalAction: the hearing is not being recorded.
            DiskRefused: the journal could not be written.
        """
        async with self._moves:
            self._check(State.PAUSED)
            await self._end_take("pause")
            await self.room.close()
            await self._move(State.PAUSED, by, reason)

    async def stop(self, by: str) -> None:
        """Finish the hearing and seal the capture.

        Raises:
            IllegalAction: the hearing is not being recorded, paused or faulty.
            DiskRefused: the disk refused; asked again, it goes on where it stood.
        """
        async with self._moves:
            if self.state is not State.FINISHED or self.ledger.view.manifests:
                self._check(State.FINISHED)
                await self._end_take("finish")
                await self.room.close()
                await self._move(State.FINISHED, by, "")
            if not await self.readback.drain(self.limits.readback):
                _log.warning("readback_late", action="seal", hearing=self.ledger.view.hearing)
            await self.ledger.work(self._seal)

    def _seal(self, writer: JournalWriter, moment: seal.Moment) -> None:
        tidy(self.folder, self.ledger.view)  # a manifest that an earlier try left unsigned
        seal.seal_capture(writer, moment)

    async def go_on(self, since: dict[str, int], cause: str) -> None:
        """After an interruption: open the devices and record on, in a new take, as soon as a source delivers.

        Args:
            since: by source, from when it is missing.
            cause: for the gap's line.
        """
        async with self._moves:
            take = self._begin(since, cause)
        self._resuming = asyncio.create_task(self._go_on(take), name="go-on")

    async def suspend(self) -> None:
        """The daemon is asked to end: close the take; the next daemon goes on."""
        async with self._moves:
            await self._end_take("interrupted")
        await self.close()

    async def close(self) -> None:
        """Let go of the journal."""
        for task in (self._resuming, self._ticker, self._joint_gap):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.readback.close()
        await self.ledger.close()

    async def mark(self, line_type: str, data: Mapping[str, Any]) -> Line:
        """Journal a stage or a remark at this moment.

        Raises:
            IllegalAction: the hearing has not begun, or is finished.
            DiskRefused: the disk refused.
        """
        if not self.state.is_open or self.state is State.PLANNED:
            raise IllegalAction(f"a hearing that is {self.state} takes no {line_type}")
        utc, _ = self.clock.now()
        return (await self.ledger.post((line_type, {**data, "at_us": utc}), checkpoint=True))[-1]

    # The beginning of a take

    async def _begin_by(self, by: str, expected: State, patience_s: float) -> None:
        async with self._moves:
            if self.state is not expected:
                raise IllegalAction(f"a hearing that is {self.state} cannot be started from {expected}")
            take = self._begin({}, "starting")
            try:
                await self._wait_first(take, patience_s)
                if take.common_start() is None:
                    await self._give_up(take, by)
                await self._record(take, ("state", self._state_data(State.RECORDING, by, "")))
            except DiskRefused:
                await self.room.end()
                self.take = None
                raise

    def _begin(self, since: dict[str, int], cause: str) -> LiveTake:
        number = len(self.ledger.view.takes) + 1
        take = LiveTake.of(f"T{number:02d}", "open", self.room.tracks.values())
        take.since, take.since_cause = since, cause
        for book in take.books.values():
            book.cause = cause
        self.take = take
        self._arrived.clear()
        self.room.open()
        self.room.begin(Order(take.id, self.folder, take.publicity))
        return take

    async def _wait_first(self, take: LiveTake, patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                while not take.complete:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            late = [book.track.name for book in take.leading if book.first_us is None]
            _log.warning("sources_late", action="go_on", take=take.id, sources=late)

    async def _give_up(self, take: LiveTake, by: str) -> None:
        """No source delivered in time: nothing is being recorded, and that is said."""
        await self.room.end()
        if take.common_start() is not None:  # something came while the children closed: it is evidence, so keep it
            await self._record(take, ("state", self._state_data(State.RECORDING, by, "")))
            await self._end_take("interrupted")
        self.take = None
        if self.state is not State.PLANNED:
            await self.room.close()  # opened for this hearing's resumption only
        if self.state in (State.RECORDING, State.PAUSED):
            await self._move(State.FAULTY, RECORDER, "no source delivers")
        raise NothingRecorded("no microphone or camera delivered anything; nothing is being recorded")

    async def _record(self, take: LiveTake, *before: Entry) -> None:
        """It records: journal it."""
        start = take.common_start()
        if start is None:
            raise NothingRecorded("no source delivers")
        take.start_us = start
        data = {"take": take.id, "publicity": take.publicity, "start_us": start, "sources": sorted(take.books)}
        try:
            await self.ledger.post(*before, ("take_started", data), *self._queued, checkpoint=True)
        except DiskRefused:
            take.start_us = None
            raise
        self._queued = []
        self._ticker = asyncio.create_task(self._tick(take), name="ticker")
        if take.since:
            self._joint_gap = asyncio.create_task(self._explain_interruption(take), name="joint-gap")
            return
        for book in take.books.values():
            if book.first_us is not None:
                self._explain(take, book, book.first_us)
                book.cause = "dropped"

    async def _go_on(self, take: LiveTake) -> None:
        patience = self.limits.resume
        while self.take is take and take.start_us is None:
            await self._wait_first(take, patience)
            async with self._moves:
                if self.take is not take or take.start_us is not None:
                    return
                try:
                    await self._go_on_now(take)
                except DiskRefused as error:
                    _log.error("cannot_go_on", action="retry", hearing=self.ledger.view.hearing, error=str(error))
                    await asyncio.sleep(self.limits.tick)
            patience = self.limits.tick

    async def _go_on_now(self, take: LiveTake) -> None:
        if take.common_start() is None:
            if self.state is State.RECORDING:
                await self._move(State.FAULTY, RECORDER, "no source delivers")
        elif self.state is State.FAULTY:
            await self._record(take, ("state", self._state_data(State.RECORDING, RECORDER, "sources are back")))
        else:
            await self._record(take)

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

    # The end of a take

    async def _end_take(self, reason: str) -> None:
        take = self.take
        if take is None:
            return
        ended = await self.room.end()
        if self._joint_gap is not None:
            self._joint_gap.cancel()
            self._flush_interruption(take)
        if take.start_us is None and take.common_start() is not None:
            await self._record(take)  # it was about to go on after an interruption
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        self.take = None
        if take.start_us is None:
            return
        for book in take.books.values():
            if not ended.get(book.track.device, False):
                take.lose(book.track.name, "device_lost")
        end = take.common_end()
        end = max(take.start_us, self.clock.now()[0] if end is None else end)
        gaps: list[Entry] = [("gap", data) for data in take.gaps(end)]
        data = {"take": take.id, "end_us": end, "reason": reason}
        await self.ledger.post(*gaps, ("take_ended", data), keep=True, checkpoint=True)

    # What the devices tell

    def report(self, device: Device, report: reports.Report) -> None:
        """A report of a capture child (supervisor.Listener)."""
        now = time.monotonic()
        take = self.take
        match report:
            case reports.First() if take is not None:
                if (book := take.first(report, now)) is not None:
                    self._came(take, book, report.start_us)
            case reports.Progress() if take is not None:
                take.progress(report, now)
            case reports.Closed() if take is not None:
                self._closed(take, report)
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
        promised = self.ledger.view.progress
        for data in await rescue(
            self.folder, take.id, names, self._known, promised, take.publicity, self.findings, self.clock
        ):
            self._closed(take, reports.Closed.model_validate({**data, "report": "closed"}))

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
        book = take.closed(report, time.monotonic())
        self._known.add(report.path)
        entry: Entry = ("segment", report.line_data(take.publicity))
        if take.start_us is None or book is None:
            self._queued.append(entry)
        else:
            self.ledger.post(entry, keep=True)
            if self._joint_gap is None and not book.lost:
                self._explain(take, book, report.start_us)
        if report.media == "audio" and report.rms_cdb is not None and report.units:
            self.readback.add(
                Measured(
                    self.folder, report.path, report.source, report.start_us, report.end_us, report.units, report.rms_cdb
                )
            )

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

    def _due_move(self, take: LiveTake) -> dict[str, Any] | None:
        """Faulty when no source delivers; recording again when one does."""
        dead = all(book.lost for book in take.books.values())
        if self.state is State.RECORDING and dead:
            return self._state_data(State.FAULTY, RECORDER, "no source delivers")
        if self.state is State.FAULTY and not dead:
            return self._state_data(State.RECORDING, RECORDER, "sources are back")
        return None

    # States

    def _check(self, new: State) -> None:
        try:
            check_move(self.state, new)
        except IllegalMove as error:
            raise IllegalAction(str(error)) from error

    def _state_data(self, new: State, by: str, reason: str) -> dict[str, Any]:
        return {"from": self.state.value, "to": new.value, "by": by, "reason": reason}

    async def _move(self, new: State, by: str, reason: str) -> None:
        await self.ledger.post(("state", self._state_data(new, by, reason)), checkpoint=True)
