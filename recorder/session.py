"""The hearing that is open in this room: its moves, its takes, and what the devices report into its journal.

The order of things at a start: ``begin`` to all children → every microphone reports its first synced bytes → ``state`` and
``take_started`` lines → checkpoint → the answer. Nothing says "recording" before that. At an end: ``end`` to all → each
``segment`` line → ``take_ended`` → ``state`` → checkpoint → the answer.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from protocol import seal
from protocol.errors import IllegalMove
from protocol.hearing import State, check_move
from protocol.journal import Line
from protocol.view import HearingView
from protocol.writer import JournalWriter
from recorder.clock import HearingClock
from recorder.closed_takes import CLOSED, ClosedTakes
from recorder.findings import Findings
from recorder.held import held
from recorder.keeper import RECORDER, Limits, TakeKeeper
from recorder.ledger import Entry, Ledger
from recorder.publicity import switch
from recorder.refusals import DiskRefused, HearingRuns, IllegalAction, KeysForgotten, NothingRecorded
from recorder.room import Room
from recorder.supervisor import Order
from recorder.take import LiveTake
from recorder.tidying import tidy

#: A mark that waited with its page was made at most so much before its place: the way to the recorder counts in no page's clock, µs.
MOST_DOUBT_US = 2_000_000

_log = structlog.get_logger(__name__)


class Session:
    """One open hearing.

    Args:
        folder: its record.
        ledger: its journal.
        room: the devices; what they tell must be passed to :attr:`keeper`.
        clock: the hearing's clock.
        findings: what is wrong at present.
        limits: times.
    """

    def __init__(
        self, folder: Path, ledger: Ledger, room: Room, clock: HearingClock, findings: Findings, limits: Limits
    ) -> None:
        self.ledger = ledger
        self.room = room
        self.clock = clock
        self.limits = limits
        self.keeper = TakeKeeper(folder, ledger, clock, findings, limits)
        self._moves = asyncio.Lock()
        self.telling = asyncio.Lock()  # a mark does not fall between the line that closes the hearing and its effect
        self._resuming: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def closed(self) -> ClosedTakes:
        """What is closed of the hearing."""
        return self.ledger.closed

    @property
    def take(self) -> LiveTake | None:
        """The running take, from its ``begin`` on."""
        return self.keeper.take

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

    @property
    def moving(self) -> bool:
        """Whether a move is being carried out."""
        return self._moves.locked()

    # Moves

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """One move at a time, and none of a hearing that was set aside meanwhile."""
        async with self._moves:
            self._need_open()
            yield

    def _need_open(self) -> None:
        if self._closed:
            raise IllegalAction(f"hearing {self.ledger.view.hearing} is not the one in this room any more")

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
        async with self.alone():
            self._check(State.PAUSED)
            await self._end_take("pause")
            await self.room.close()
            await self._move(State.PAUSED, by, reason, ("devices_closed", await self._devices_closed()))

    async def stop(self, by: str) -> None:
        """Finish the hearing and seal the capture.

        Raises:
            IllegalAction: the hearing is not being recorded, paused or faulty.
            DiskRefused: the disk refused; asked again, it goes on where it stood.
        """
        async with self.alone():
            if self.state is not State.FINISHED or (self.ledger.view.manifests and self.ledger.covered):
                self._check(State.FINISHED)
                await self._end_take("finish")
                await self.room.close()
                await self._move(State.FINISHED, by, "")
            if not await self.keeper.readback.drain(self.limits.readback):
                _log.warning("readback_late", action="seal", hearing=self.ledger.view.hearing)
            await self.ledger.work(self._seal)

    def _seal(self, writer: JournalWriter, moment: seal.Moment) -> None:
        view = HearingView.of(writer.lines)
        if view.manifests:  # an earlier try journalled it: its seal is all that is missing
            writer.checkpoint()
            return
        tidy(self.keeper.folder, view)  # a manifest that an earlier try left without its line
        seal.seal_capture(writer, moment)

    async def go_on(self, since: dict[str, int], cause: str) -> None:
        """After an interruption: open the devices and record on, in a new take, as soon as a source delivers.

        Args:
            since: by source, from when it is missing.
            cause: for the gap's line.
        """
        async with self.alone():
            take = await self._begin(since, cause)
        self._resuming = asyncio.create_task(self._go_on(take), name="go-on")

    async def suspend(self) -> None:
        """The daemon is asked to end: close the take; the next daemon goes on."""
        async with self._moves:
            try:
                await self._end_take("interrupted")
            except DiskRefused as error:  # the next daemon recovers the take from the files
                _log.error("take_not_closed", action="leave", hearing=self.ledger.view.hearing, error=str(error))
            await self._close()

    async def set_aside(self) -> None:
        """Give the room to another hearing, once the move that is under way is done.

        Raises:
            HearingRuns: it is being recorded.
        """
        async with self._moves:
            if self.state in (State.RECORDING, State.FAULTY):
                raise HearingRuns(f"hearing {self.ledger.view.hearing} is {self.state}")
            await self._close()

    async def close(self) -> None:
        """Let go of the journal, once the move that is under way is done."""
        async with self._moves:
            await self._close()

    async def _close(self) -> None:
        self._closed = True
        if self._resuming is not None:
            self._resuming.cancel()
            await asyncio.gather(self._resuming, return_exceptions=True)
        await self.keeper.close()
        await self.ledger.close()

    async def mark(
        self,
        line_type: str,
        data: Mapping[str, Any],
        *,
        ago_us: int | None = None,
        at_us: int | None = None,
        about_us: int | None = None,
        before: Sequence[Entry] = (),
    ) -> Line:
        """Journal a stage or a remark at this moment, or one made so many µs ago, or at a moment that is known.

        It is sealed where the hearing is closed, or was at that moment, or at ``about_us``: that of the mark that is taken back.
        Lines that belong to it are written just before it.

        Raises:
            IllegalAction: the hearing has not begun, or is finished.
            DiskRefused: the disk refused.
        """
        self._need_open()
        if not self.state.is_open or self.state is State.PLANNED:
            raise IllegalAction(f"a hearing that is {self.state} takes no {line_type}")
        async with self.telling:
            at = self.clock.now()[0] - (ago_us or 0) if at_us is None else at_us
            said: Mapping[str, Any] = {**data, "at_us": at}
            # The way here took time that no page could tell, so a mark that waited was made at this moment or a little earlier.
            doubt_us = min(ago_us or 0, MOST_DOUBT_US) if at_us is None else 0
            of = at if about_us is None else about_us
            if self.closed.was_closed(of, of - doubt_us):
                said = self.closed.with_key(said)
            written = await self.ledger.post(*before, (line_type, said), checkpoint=True)
        return self.ledger.opened(written[-1])

    async def switch(self, stage: Mapping[str, Any]) -> Line:
        """The hearing becomes closed, or open again, with the stage CLOSED_START or CLOSED_END; true on disk when this returns.

        Raises:
            IllegalAction: it is so already, or the hearing has not begun, or is finished.
            NoClosedKeys: the settings do not name whose keys open a closed take later; nothing was changed.
            NothingRecorded: no source delivers; it is tried again, and the take is as closed as was asked for.
            DiskRefused: the disk refused.
        """
        async with self.alone():
            return await switch(self, stage)

    async def change_take(self, publicity: str) -> None:
        """End the take that runs and begin the next; the devices stay open. For :mod:`recorder.publicity`, which is alone."""
        await self._end_take("publicity")
        take = await self._begin({}, "starting", publicity)
        await self.keeper.wait_first(take, self.limits.start)
        try:
            await self.keeper.record(take)
        except (DiskRefused, NothingRecorded):
            self._resuming = asyncio.create_task(self._go_on(take), name="go-on")
            raise

    # The beginning of a take

    async def _begin_by(self, by: str, expected: State, patience_s: float) -> None:
        async with self.alone():
            if self.state is not expected:
                raise IllegalAction(f"a hearing that is {self.state} cannot be started from {expected}")
            take = await self._begin({}, "starting")
            try:
                await self.keeper.wait_first(take, patience_s)
                if take.common_start() is None:
                    await self._give_up(take, by)
                await self.keeper.record(take, ("state", self.keeper.state_data(State.RECORDING, by, "")))
            except DiskRefused:
                ended = await self.room.end()
                if take.start_us is not None:  # it stands in the journal, so it ends there
                    with suppress(DiskRefused):
                        await self.keeper.finish(ended, "interrupted")
                self.keeper.take = None
                raise

    async def _begin(self, since: dict[str, int], cause: str, publicity: str | None = None) -> LiveTake:
        """Have the devices record into the next take, as public as the hearing is now (or as said)."""
        name, publicity = self.next_take, publicity or self.closed.publicity
        if publicity == CLOSED and (line := await self.closed.prepare(name)) is not None:
            await self.ledger.post(line, checkpoint=True)
        key = self.closed.of(name) if publicity == CLOSED else None
        take = LiveTake.of(name, publicity, self.room.tracks.values(), key.name if key is not None else None)
        take.since, take.since_cause = since, cause
        for book in take.books.values():
            book.cause = cause
        self.keeper.take = take
        self.keeper.opened.note(track for device in self.room.devices for track in device.given)
        self.room.open()
        self.room.begin(self.order(take))
        return take

    @property
    def next_take(self) -> str:
        """Name of the take that begins next."""
        return f"T{len(self.ledger.view.takes) + 1:02d}"

    def order(self, take: LiveTake) -> Order:
        """What devices are told of a take.

        Raises:
            KeysForgotten: it is closed, and its key is not on this box: it is not recorded in the clear instead.
        """
        key = self.closed.of(take.id) if take.publicity == CLOSED else None
        if take.publicity == CLOSED and (key is None or key.secret is None):
            raise KeysForgotten(f"the key of take {take.id} is not on this box")
        return Order(take.id, self.keeper.folder, take.publicity, key.secret if key is not None else None)

    async def _give_up(self, take: LiveTake, by: str) -> None:
        """No source delivered in time: nothing is being recorded, and that is said."""
        await self.room.end()
        if take.common_start() is not None:  # something came while the children closed: it is evidence, so keep it
            await self.keeper.record(take, ("state", self.keeper.state_data(State.RECORDING, by, "")))
            await self._end_take("interrupted")
        self.keeper.take = None
        if self.state is not State.PLANNED:
            await self.room.close()  # opened for this hearing's resumption only
        if self.state in (State.RECORDING, State.PAUSED):
            await self._move(State.FAULTY, RECORDER, "no source delivers")
        raise NothingRecorded("no microphone or camera delivered anything; nothing is being recorded")

    async def _go_on(self, take: LiveTake) -> None:
        patience = self.limits.resume
        while self.take is take and take.start_us is None:
            await self.keeper.wait_first(take, patience)
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
            await self.keeper.record(take, ("state", self.keeper.state_data(State.RECORDING, RECORDER, "sources are back")))
        else:
            await self.keeper.record(take)

    # The end of a take

    async def _end_take(self, reason: str) -> None:
        if self.take is not None:
            await self.keeper.finish(await self.room.end(), reason)

    # States

    def _check(self, new: State) -> None:
        try:
            check_move(self.state, new)
        except IllegalMove as error:
            raise IllegalAction(str(error)) from error

    async def _move(self, new: State, by: str, reason: str, *before: Entry) -> None:
        await self.ledger.post(*before, ("state", self.keeper.state_data(new, by, reason)), checkpoint=True)

    async def _devices_closed(self) -> dict[str, Any]:
        """What was looked at after the devices were closed, and whether a process of ours holds one all the same."""
        found = await asyncio.to_thread(held, os.getpid())
        for pid, what in found.items():
            _log.error("device_still_open", action="journal", pid=pid, holds=what)
        return {"at_us": self.clock.now()[0], "held": sorted(found.values()), "sources": sorted(self.room.tracks)}
