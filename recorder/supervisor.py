"""Supervision: one capture child per device, replaced when it dies, hangs or gives nothing.

A device has a wish (open or closed, recording into a take or not) and a child that fulfils it. Whatever happens to the
child, the wish stays: a new child is started and told the same. Only one device is touched; the others never notice.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import structlog

from device_config.sources import SourceSettings
from protocol.encoding import b64
from recorder import reports
from recorder.child import Child, Reserve
from recorder.tracks import tracks_of

#: A living child says ``alive`` every second: one that said something so lately is not frozen, s.
_TALKS = 1.5
_log = structlog.get_logger(__name__)


class DeviceState(StrEnum):
    """What a device is doing, as its child showed."""

    ABSENT = "absent"
    READY = "ready"
    RECORDING = "recording"
    LOST = "lost"


@dataclass(frozen=True)
class Patience:
    """How long a child may take, seconds.

    Attributes:
        tick: period of the watchdog. It counts ticks, not wall time: on a machine that stood still (suspended, overloaded)
            a child gets its full time again before it is called frozen.
        open: from start to ``ready``.
        silent: without any report, or without one more byte: with a tick and the start of the next child less than 3 s.
        end: from ``end`` to ``ended``, and from ``quit`` to the exit.
        backoff: wait before the first restart; doubled each time, up to ``backoff_max``.
    """

    tick: float = 0.25
    open: float = 15.0
    silent: float = 2.7
    end: float = 5.0
    backoff: float = 0.2
    backoff_max: float = 5.0


@dataclass(frozen=True)
class Loss:
    """Why a child is gone: a stable cause for the journal, and what is known in words."""

    cause: str
    detail: str


@dataclass(frozen=True)
class Order:
    """The take that devices record into; ``key``: of a closed one."""

    take: str
    folder: Path
    publicity: str
    key: bytes | None = field(default=None, repr=False)

    def command(self) -> dict[str, Any]:
        """What the child is told over its standard input."""
        told = {"do": "begin", "take": self.take, "folder": str(self.folder), "publicity": self.publicity}
        return told if self.key is None else {**told, "key": b64(self.key)}


class Listener(Protocol):
    """Who hears what the devices do."""

    def report(self, device: Device, report: reports.Report) -> None:
        """A report came in."""
        ...

    async def lost(self, device: Device, loss: Loss) -> None:
        """The child is gone and reaped; its files may be recovered now. A new child records when this has returned."""
        ...


class Device:
    """One device and the child that reads it."""

    def __init__(
        self,
        source: SourceSettings,
        offset_us: int,
        segment_s: float,
        preview: Path | None,
        listener: Listener,
        *,
        patience: Patience | None = None,
        reserve: Reserve | None = None,
        preview_key: bytes | None = None,
    ) -> None:
        self.source = source
        self.tracks = tracks_of(source)
        self.state = DeviceState.ABSENT
        self.given: tuple[reports.ReadyTrack, ...] = ()
        self.order: Order | None = None
        self._config = {
            "source": source.model_dump(mode="json"),
            "record": None,
            "offset_us": offset_us,
            "segment_s": segment_s,
            "preview": str(preview) if preview else None,
            "preview_key": b64(preview_key) if preview_key else None,
            "wait": True,
        }
        self._listener = listener
        self._patience = patience or Patience()
        self._reserve = reserve or Reserve()
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._loss: Loss | None = None
        self._quiet = self._flat = 0.0
        self._bytes = -1
        self._ended = asyncio.Event()
        self._mending: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The device's name in the settings."""
        return self.source.name

    @property
    def pid(self) -> int | None:
        """Process number of the child, if there is one."""
        return self._child.pid if self._child else None

    @property
    def kept(self) -> bool:
        """Whether its keeper lives, or ended as it should; False when a fault of ours ended it."""
        task = self._task
        return task is None or not task.done() or task.cancelled() or task.exception() is None

    def open(self) -> None:
        """Wish the device open; returns at once."""
        if self._task is None:
            self._closing.clear()
            self._task = asyncio.create_task(self._keep(), name=f"device-{self.name}")
            self._task.add_done_callback(self._kept)

    async def close(self) -> None:
        """Wish it closed; the child has left when this returns."""
        task, self._task = self._task, None
        if task is None:
            return
        self._closing.set()
        self.order = None
        if self._child is not None:
            await self._child.quit(self._patience.end)
        await task
        await self._mended()
        self.state = DeviceState.ABSENT

    def begin(self, order: Order) -> None:
        """Wish it recording; a child that is not ready yet, or a later one, is told when it is."""
        self.order = order
        self._tell_begin()

    async def end(self) -> bool:
        """Have it close the take's segments.

        Returns:
            Whether the child said that all are closed; if not, it was killed and its files recovered.
        """
        self.order = None
        await self._mended()
        child = self._child
        if child is None or self.state is not DeviceState.RECORDING:
            return False
        self._ended.clear()
        child.send({"do": "end"})
        try:
            async with asyncio.timeout(self._patience.end):
                await self._ended.wait()
        except TimeoutError:
            self._give_up(Loss("frozen", "did not close its segments when told to"))
            await self._ended.wait()  # set once the dead child's files were recovered
            return False
        return self._child is child

    def _tell_begin(self) -> None:
        """Pass the order on, if there is one and a child that can take it.

        Not before a dead child's files were recovered: the new one numbers on after what lies there.
        """
        order = self.order
        if order is None or self._child is None or self.state is not DeviceState.READY or self._mending is not None:
            return
        self.state = DeviceState.RECORDING
        self._child.send(order.command())

    async def _keep(self) -> None:
        """Keep a child alive for as long as the device is wished open."""
        wait = self._patience.backoff
        while not self._closing.is_set():
            self._loss = None
            loss, was_ready = await self._live()
            if self._closing.is_set():
                return
            self.state = DeviceState.LOST
            _log.warning("device_lost", action="restart", device=self.name, cause=loss.cause, detail=loss.detail)
            await self._mended()
            self._mending = asyncio.create_task(self._mend(loss), name=f"mend-{self.name}")
            if loss.cause == "file_ended":
                return
            wait = self._patience.backoff if was_ready else min(wait * 2, self._patience.backoff_max)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._closing.wait()

    async def _mend(self, loss: Loss) -> None:
        """Have the dead child's files recovered, while the next child opens the device."""
        try:
            await self._listener.lost(self, loss)
        except Exception:  # noqa: BLE001 - a fault of ours must not keep the device closed
            _log.exception("recovery_failed", action="go_on", device=self.name)
        finally:
            self._mending = None
            self._ended.set()
            self._tell_begin()

    async def _mended(self) -> None:
        if self._mending is not None:
            await self._mending

    def _kept(self, task: asyncio.Task[None]) -> None:
        """The keeper ended: asked to, at the end of a file, or by a fault of ours that must be seen."""
        self._ended.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self.state = DeviceState.LOST
            _log.error("device_keeper_failed", action="report", device=self.name, exc_info=error)

    async def _live(self) -> tuple[Loss, bool]:
        """Start one child and hear it to its end; why it ended, and whether it ever was ready."""
        try:
            self._child = await self._reserve.child(self._config)
        except OSError as error:
            return Loss("no_process", f"the capture process cannot be started: {error.strerror}"), False
        child = self._child
        if self._closing.is_set():
            await child.quit(self._patience.end)
        self._quiet = self._flat = 0.0
        self._bytes = -1
        ready = False
        watch = asyncio.create_task(self._watch(child))
        try:
            while line := await child.line():
                report = reports.parse_report(line)
                ready = ready or isinstance(report, reports.Ready)
                self._heard(report)
        except ValueError as error:
            self._give_up(Loss("bad_report", f"said something that is not a report: {str(error)[:200]}"))
        finally:
            watch.cancel()
            status = await self._reserve.reap(child, self._patience.silent)
            self._child = None
        return self._loss or self._loss_of(status), ready

    def _loss_of(self, status: int) -> Loss:
        if status < 0:
            return Loss("killed", f"the capture process was ended by signal {-status}")
        if status == 0 and self.source.kind == "file":
            return Loss("file_ended", "the file was played to its end")
        return Loss("exited", f"the capture process ended with status {status}")

    def _heard(self, report: reports.Report) -> None:
        self._quiet = 0.0
        match report:
            case reports.Ready(tracks=given):
                self.given = tuple(given)
                self.state = DeviceState.READY
                self._flat = 0.0
                self._tell_begin()
            case reports.Alive(bytes=count) if count != self._bytes:
                self._bytes = count
                self._flat = 0.0
            case reports.Absent(code=code, cause=cause):
                if self.state is not DeviceState.LOST:
                    _log.warning("device_absent", action="wait", device=self.name, code=code, cause=cause)
                self.state = DeviceState.LOST
                self._flat = 0.0
            case reports.Ended() if self.order is None:
                if self.state is DeviceState.RECORDING:
                    self.state = DeviceState.READY
            case reports.Failed(code=code, cause=cause):
                self._loss = Loss(code.replace("-", "_"), cause)
            case _:
                pass
        self._listener.report(self, report)
        if isinstance(report, reports.Ended):
            self._ended.set()

    async def _watch(self, child: Child) -> None:
        """Kill a child that reports nothing, or gets nothing."""
        tick, limits = self._patience.tick, self._patience
        while True:
            await asyncio.sleep(tick)
            self._quiet += tick
            self._flat += tick
            opening = self.state not in (DeviceState.READY, DeviceState.RECORDING)
            if opening and self._flat > limits.open:
                self._give_up(Loss("not_opened", f"gave nothing within {limits.open:g} s"))
            elif not opening and self._quiet > limits.silent:
                self._give_up(Loss("frozen", f"the capture process said nothing for {limits.silent:g} s"))
            elif not opening and self._flat > limits.silent and self._quiet < _TALKS:
                self._give_up(Loss("no_bytes", f"the device gave nothing for {limits.silent:g} s"))
            else:
                continue
            child.kill()
            return

    def _give_up(self, loss: Loss) -> None:
        self._loss = self._loss or loss
        if self._child is not None:
            self._child.kill()
