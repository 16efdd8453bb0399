"""The recording daemon: single writer of the open hearing's journal, keeper of the devices (docs/recorder.md).

::

    api (HTTP over a Unix socket) ──► Daemon ──► Session ──► Ledger ──► journal.jsonl, checkpoints
                                        │           ▲
                                        └► Room ──► reports of the capture children

Everything here runs in one event loop and waits for nothing: files are written by one writer thread, media is decoded and
documents are rendered in processes of their own.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from device_config.settings import Settings
from protocol.hearing import Case, Participant, Seat, State
from protocol.journal import Line
from protocol.note import Signer
from protocol.view import HearingView
from protocol.writer import JournalWriter
from recorder import checking, deliberation, papers, planning, reports, upkeep
from recorder.check_result import CheckResult
from recorder.child import CAPTURE
from recorder.clock import Clock, HearingClock, SystemClock, fix_clock
from recorder.events import Hub
from recorder.findings import Findings
from recorder.forgetting import Forgetting
from recorder.health.watch import Health
from recorder.hearings import HearingStore
from recorder.keeper import Limits
from recorder.ledger import Entry, Ledger
from recorder.lock import CaptureLock
from recorder.pictures import Pictures
from recorder.publicity import SWITCHES
from recorder.recovery import Recovered, recover
from recorder.refusals import HearingRuns, IllegalAction
from recorder.reserve import Reserve
from recorder.resumption import Resumption, next_of
from recorder.room import Room
from recorder.sealing import Sealing
from recorder.second_copy import SecondCopy
from recorder.session import Session
from recorder.showing import status_of
from recorder.sourcing import Sourcing
from recorder.status import Status
from recorder.supervisor import Device, Loss, Patience
from recorder.tidying import tidy
from recorder.vault import Vault

_log = structlog.get_logger(__name__)
_TELLING = frozenset({"state", "take_started", "take_ended", "source_lost", "source_back", "finding", "gap"})


class Daemon:
    """Everything the API offers.

    Args:
        settings: folders, devices.
        signer: the device's key.
        clock: the machine's clocks.
        command: the capture program.
        patience: how long capture children may take.
        limits: times of a session.
    """

    def __init__(
        self,
        settings: Settings,
        signer: Signer,
        *,
        clock: Clock | None = None,
        command: Sequence[str] = CAPTURE,
        patience: Patience | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.settings = settings
        self.signer = signer
        self.vault = Vault(settings.state_dir / "keys" / "closed", settings.closed.recipients)
        self.store = HearingStore(settings.hearings, self.vault.opener)
        self.reserve = Reserve(settings.hearings, settings.reserve_mib)
        self.second_copy = SecondCopy(settings.hearings, settings.second_copy)
        self.hub = Hub()
        self.findings = Findings()
        self.session: Session | None = None
        self.checking: Session | None = None
        self.limits = limits or Limits()
        self._machine_clock = clock or SystemClock()
        self._command = command
        self._patience = patience or Patience()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._switch = asyncio.Lock()
        self._writing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._beats: asyncio.Task[None] | None = None
        self.sourcing = Sourcing(self)
        self.pictures = Pictures(settings.runtime / "pictures", measured=lambda source, facts: self.health.picture(source, facts))  # noqa: PLW0108 - health comes with start()

    # Life

    async def start(self) -> None:
        """Take the lock, recover what a crash left, go on recording if a hearing was being recorded.

        Raises:
            AlreadyRunning: another daemon runs.
            OSError: a folder cannot be used.
        """
        self.lock = await asyncio.to_thread(CaptureLock.take, self.settings.runtime)
        self.settings.hearings.mkdir(parents=True, exist_ok=True, mode=0o750)
        found = await asyncio.to_thread(self.store.glances)
        clocks = [(item.boot, item.offset_us) for item in found if item.state.is_open]
        journalled = [(boot, offset) for boot, offset in clocks if boot is not None and offset is not None]
        self.clock: HearingClock = fix_clock(self._machine_clock, self.settings.state_dir / "clock.json", journalled)
        going_on = next_of(found)
        self.sourcing.store.drop(keep=[item.hearing for item in found if item.state.is_open])
        self.room = Room(
            self.sourcing.of(going_on.hearing if going_on else None),
            self.clock.offset_us,
            self.settings.segment_s,
            self.pictures.folder,
            self,
            patience=self._patience,
            command=self._command,
            lock=self.lock,
            preview_key=self.pictures.key,
        )
        self.health = Health(self.findings, self.room, self.clock, self.settings, self.limits)
        self.sealing = Sealing(self)
        self.forgetting = Forgetting(self)
        self.resumption = Resumption(self, found)
        await self.resumption.begin()
        self.pictures.start()
        self.second_copy.start()
        self._beats = asyncio.create_task(self._beat(), name="beats")
        _log.info("recorder_started", action="serve", hearing=self.session.ledger.view.hearing if self.session else None)

    async def stop(self) -> None:
        """Close the take and the devices; a hearing that is being recorded goes on when a daemon starts again."""
        if self._beats is not None:
            self._beats.cancel()
            await asyncio.gather(self._beats, return_exceptions=True)
        self.hub.close()
        await self.resumption.close()
        await self.sealing.close()
        await self.forgetting.close()
        async with self._switch:
            if self.session is not None:
                await self.session.suspend()
            await self.room.close()
            await self.pictures.close()
            self._thread.shutdown()
            await asyncio.to_thread(self.second_copy.close)
            self.lock.release()
        _log.info("recorder_stopped", action="leave")

    # What a crash left (recorder.resumption)

    async def recover(self, hearing: str) -> Recovered:
        """Bring an open hearing in order; nobody else may be writing it.

        Raises:
            ProtocolError, DiskRefused: see recorder.recovery.
        """
        folder = self.store.path(hearing)
        return await recover(folder, self.signer, self.clock, self._thread, self._on_line, self.findings, self.reserve, self.vault)

    async def tidy_up(self, hearing: str) -> None:
        """Bring an open hearing in order that does not have the room; one that has it meanwhile was."""
        async with self._switch, self._writing[hearing]:
            if self.session is None or self.session.ledger.view.hearing != hearing:
                await (await self.recover(hearing)).ledger.close()

    async def adopt(self, found: Recovered) -> None:
        """Give the room to a hearing, and go on recording it if it was being recorded."""
        if self.session is not None:
            await self.session.close()
        session = self._session(found.ledger)
        await self.sourcing.arrange(session.ledger.view.hearing)
        self.session = session
        if found.since:
            await session.go_on(found.since, found.cause)
        elif session.state is State.PLANNED:
            self.room.open()

    # What people ask for

    async def plan(self, case: Case, participants: Sequence[Participant], seats: Sequence[Seat]) -> str:
        """A new hearing; the devices are opened, so that levels and pictures can be checked.

        Returns:
            Its identifier.

        Raises:
            HearingRuns: another one is being recorded.
            DiskRefused: the record could not be created.
        """
        async with self._switch:
            await self._set_aside()
            await self.sourcing.arrange(None)
            ledger = await planning.create(self, self._thread, self._on_line, case, participants, seats)
            self.session = self._session(ledger)
            self.room.open()
            self._tell_status()
            return ledger.view.hearing

    async def move(self, hearing: str, action: str, by: str) -> None:
        """Start, pause, resume or stop a hearing; true on disk when this returns.

        Raises:
            NoHearing, IllegalAction, HearingRuns, NothingRecorded, DiskRefused: see each.
        """
        session = await self._current(hearing, activate=action != "pause")
        if action == "start":
            await session.start(by)
        elif action == "resume":
            await session.resume(by)
        elif action == "pause":
            await session.pause(by)
        else:
            await session.stop(by)
            await self.sourcing.over(hearing)
        if action != "pause":
            deliberation.over(session, self.findings, self.clock.now()[0])
        if not self.room.is_open:
            self.health.devices_closed()
            self.pictures.clear()
        self._tell_status()

    @asynccontextmanager
    async def room_kept(self) -> AsyncIterator[None]:
        """No other hearing gets the room meanwhile, and nobody checks it."""
        async with self._switch:
            yield
            self._tell_status()

    async def check(self, seconds: int) -> CheckResult:
        """Try the whole way with every source (recorder.checking)."""
        async with self._switch:
            return await checking.check(self, self._thread, seconds)

    async def mark(self, hearing: str, line_type: str, data: Mapping[str, Any], **how: Any) -> Line:
        """Journal a stage, a remark, or that one is taken back; ``how`` as :meth:`Session.mark` has it.

        Raises:
            NoHearing, IllegalAction, DiskRefused: see each.
        """
        session = await self._current(hearing, activate=False)
        switches = line_type == "stage" and data["code"] in SWITCHES
        return await (session.switch(data) if switches else session.mark(line_type, data, **how))

    async def transcript(self, hearing: str, body: bytes, by: str) -> dict[str, Any]:
        """Store a transcript (recorder.papers)."""
        async with self.ledger(hearing) as (folder, ledger):
            return await papers.add_transcript(folder, ledger, body, by)

    async def draft(self, hearing: str, by: str, said: papers.Said | None = None) -> dict[str, Any]:
        """Draft the brief protocol (recorder.papers)."""
        async with self.ledger(hearing) as (folder, ledger):
            return await papers.add_draft(folder, ledger, self.settings, self.clock.now()[0], by, said=said)

    async def receipt(self, hearing: str, body: bytes) -> dict[str, Any]:
        """Keep the archive's receipt (recorder.papers)."""
        trusted = papers.trusted_keys(self.settings.state_dir / "trust")
        async with self.ledger(hearing) as (folder, ledger):
            return await papers.add_receipt(folder, ledger, body, trusted)

    def view(self, hearing: str) -> HearingView:
        """What the journal of a hearing says."""
        if self.session is not None and self.session.ledger.view.hearing == hearing:
            return self.session.ledger.view
        return self.store.view(hearing)

    # Status

    def writer_answers(self) -> asyncio.Future[None]:
        """Done when the writer thread has done everything posted before, syncs included."""
        return asyncio.wrap_future(self._thread.submit(lambda: None))

    def in_turn(self, job: Callable[[], None]) -> None:
        """Have the writer thread do something when it has done what was posted before."""
        self._thread.submit(job)

    def status(self) -> Status:
        """What is true at this moment."""
        return status_of(self.session, self.room, self.health, self.findings, self.clock)

    # What the devices tell (supervisor.Listener)

    def report(self, device: Device, report: reports.Report) -> None:
        """A report of a capture child."""
        if deliberation.heard(self.session, self.room, device.name, report, self.findings, self.clock.now()[0]):
            return
        if isinstance(report, reports.Level | reports.Sound | reports.Behind):
            self.health.report(report)
            return
        if (session := self.checking or self.session) is not None:
            session.keeper.report(device, report)
        if isinstance(report, reports.Ready | reports.First):
            self._tell_status()

    async def lost(self, device: Device, loss: Loss) -> None:
        """A capture child is gone."""
        self.health.device_lost([track.name for track in device.tracks])
        self.health.look(self.session)  # now: a device that is back within the second must have been named too
        self._tell_status()
        if (session := self.checking or self.session) is not None:
            await session.keeper.lost(device, loss)

    # Inside

    def _session(self, ledger: Ledger) -> Session:
        folder = self.store.path(ledger.view.hearing)
        return Session(folder, ledger, self.room, self.clock, self.findings, self.limits)

    async def _current(self, hearing: str, *, activate: bool) -> Session:
        """The session of a hearing; makes it the current one if it may be."""
        async with self._switch:
            if self.session is not None and self.session.ledger.view.hearing == hearing:
                return self.session
            state = self.store.view(hearing).state
            if not activate or not state.is_open:
                raise IllegalAction(f"hearing {hearing} is {state} and not the one in this room now")
            await self._set_aside()
            async with self._writing[hearing]:
                await self.adopt(await self.recover(hearing))
            if self.session is None:
                raise IllegalAction(f"hearing {hearing} cannot be opened")
            return self.session

    async def _set_aside(self) -> None:
        """Let go of the current hearing: a planned, paused or finished one gives the room to another."""
        session = self.session
        if session is None:
            return
        if session.state in (State.RECORDING, State.FAULTY):
            raise HearingRuns(f"hearing {session.ledger.view.hearing} is {session.state}")
        async with self._writing[session.ledger.view.hearing]:
            await session.set_aside()
            self.sealing.leave(session)
            self.session = None

    @asynccontextmanager
    async def ledger(self, hearing: str) -> AsyncIterator[tuple[Path, Ledger]]:
        """The journal of any hearing, for papers that come after the capture."""
        folder = self.store.path(hearing)
        async with self._writing[hearing]:
            if self.session is not None and self.session.ledger.view.hearing == hearing:
                yield folder, self.session.ledger
                return
            loop = asyncio.get_running_loop()
            writer, _ = await loop.run_in_executor(self._thread, JournalWriter.reopen, folder, self.signer)
            ledger = Ledger(writer, self.signer, self.clock, self._thread, self._on_line, vault=self.vault)
            try:
                known = ledger.view.clock
                same = known is not None and (known.boot, known.offset_us) == (self.clock.boot, self.clock.offset_us)
                clock: list[Entry] = [] if same else [("clock", self.clock.line_data())]
                await ledger.post(*clock, checkpoint=True)  # also signs what a signer that was away left unsigned
                await asyncio.to_thread(tidy, folder, ledger.view)
                yield folder, ledger
            finally:
                await ledger.close()

    def _on_line(self, line: Line) -> None:
        """A line is on disk."""
        self.hub.publish(
            "line", {"seq": line.seq, "at": line.at, "mono": line.mono, "type": line.type, "data": dict(line.data)}
        )
        if line.type in _TELLING:
            self._tell_status()

    def _tell_status(self) -> None:
        if self.hub.listeners:
            self.hub.publish("status", self.status().model_dump(mode="json"))

    async def _beat(self) -> None:
        """Levels ten times a second; health and status once a second."""
        tenths = 0
        while True:
            await asyncio.sleep(0.1)
            tenths += 1
            if self.hub.listeners and self.room.levels:
                self.hub.publish("levels", {name: list(pair) for name, pair in self.room.levels.items()})
            if tenths % 10 == 0:
                upkeep.look(self, tenths // 10)
                self._tell_status()
