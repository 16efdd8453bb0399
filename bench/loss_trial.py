"""One box that is killed, or whose power is cut, again and again at moments that a seed decides, and then judged."""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.loss_box import BY, CASE, Box, wait_for, write_settings
from bench.loss_check import Judged, judge
from bench.loss_disk import FILE_SYSTEMS, PLAIN, Disk, make_disk
from bench.loss_room import Room
from bench.loss_sources import CAMERA, CHANNELS
from device_config.identity import device_signer
from protocol.hearing import State
from recorder.client import Refused

#: Moments at which the disaster comes; ``roll``: while all tracks change segments; ``recovery``: while the last one is
#: mended; ``twice``: a kill, and a cut as soon as the recorder says that it records again.
MOMENTS = ("roll", "journal", "twice", "stop", "start", "recovery", "any")
SEGMENT_S = 2.0
Handed = dict[str, int]


@dataclass(frozen=True)
class Spec:
    """What one box goes through; nothing else decides it, so that it can be lived through again alone.

    As text ``ext4:12345:roll,journal``: disk, seed, moments.
    """

    seed: int
    disk: str
    moments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.disk}:{self.seed}:{','.join(self.moments)}"

    @classmethod
    def of(cls, text: str) -> Spec:
        """The trial that a text names.

        Raises:
            ValueError: it names none.
        """
        disk, seed, moments = text.split(":")
        found = cls(int(seed), disk, tuple(moments.split(",")))
        if disk not in (PLAIN, *FILE_SYSTEMS) or not set(found.moments) <= set(MOMENTS):
            raise ValueError(text)
        return found


@dataclass(frozen=True)
class Disaster:
    """One kill or cut.

    Attributes:
        how: ``kill`` or ``cut``.
        hearing: that was open; "" without one.
        handed: units that each source had handed over, where the recorder had said that it records them; else None.
    """

    moment: str
    how: str
    hearing: str
    handed: Handed | None


@dataclass
class Outcome:
    """What happened to one box.

    Attributes:
        again_s: from each new start until the recorder said that it records from every source.
        late_s: by how much the sources were late themselves, at most.
        wall_s: how long the trial took.
    """

    spec: Spec
    disasters: list[Disaster] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    judged: Judged = field(default_factory=Judged)
    late_s: float = 0.0
    wall_s: float = 0.0
    error: str = ""

    @property
    def broken(self) -> list[str]:
        """What broke a promise, in words."""
        return [*self.judged.violations, *self.judged.lost_too_much, *([self.error] if self.error else [])]


def run_trial(spec: Spec, room: Room, parent: Path) -> Outcome:
    """Live through a trial; a fault of the bench or the recorder that ends it early is told in ``error``.

    Args:
        spec: what happens.
        room: the sources.
        parent: where the trial's folder is made; it stays only when a promise was broken.
    """
    outcome = Outcome(spec)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"loss-{spec.disk}-{spec.seed}-", dir=parent))
    disk = make_disk(folder, spec.disk)
    run_dir = Path(tempfile.mkdtemp(prefix="loss-"))  # not in the folder: a socket's path is at most 107 bytes
    room.begin()
    try:
        trial = _Trial(spec, folder, run_dir, disk, room, outcome)
        try:
            trial.live()
        except (Refused, OSError, RuntimeError, TimeoutError) as error:
            outcome.error = f"{type(error).__name__}: {error}\n{trial.box.log_tail()}"
            trial.box.kill(lambda: None)
        outcome.late_s = room.late_s
        outcome.judged = judge(
            trial.box.settings.hearings,
            trial.key,
            outcome.disasters,
            trial.box.lines,
            trial.box.remarks,
            trial.stopped,
            room,
        )
    finally:
        disk.close()
        shutil.rmtree(run_dir, ignore_errors=True)
        outcome.wall_s = time.monotonic() - began
        if not outcome.broken:
            shutil.rmtree(folder, ignore_errors=True)
    return outcome


class _Trial:
    def __init__(self, spec: Spec, folder: Path, run_dir: Path, disk: Disk, room: Room, outcome: Outcome) -> None:
        self.spec, self.disk, self.room, self.outcome = spec, disk, room, outcome
        self.random = random.Random(spec.seed)  # noqa: S311 - moments, not secrets
        self.stopped: list[str] = []
        mics: dict[str, Any] = {"name": "mics", "kind": "microphone", "media": "audio", "url": room.microphones.url}
        cam = {"name": CAMERA, "kind": "camera", "media": "video", "url": room.camera.url}
        config = folder / "settings.toml"
        settings = write_settings(
            config, disk.folder / "state", run_dir, [{**mics, "channels": CHANNELS}, cam], SEGMENT_S
        )
        self.key = device_signer(settings).key
        self.box = Box(config, folder / "log")

    def live(self) -> None:
        """All disasters, then an orderly end."""
        for moment in self.spec.moments:
            if moment == "recovery" and self.outcome.disasters:
                self.box.launch()
                time.sleep(self.random.uniform(0.2, 4.0))
                self._strike(moment, "", recording=False)
            else:
                self._power_on()
                {"roll": self._roll, "twice": self._twice, "stop": self._stop, "start": self._start}.get(
                    moment, self._any
                )(moment)
        self._power_on()
        hearing = self._recording()
        time.sleep(1)
        with self.box.client() as client:
            client.stop(hearing, BY)
        self.stopped.append(hearing)
        if (status := self.box.stop()) != 0:
            raise RuntimeError(f"the recorder ended with status {status}")

    # Moments

    def _any(self, moment: str) -> None:
        hearing = self._recording()
        self.box.remark(hearing, 0.0 if moment == "journal" else 0.1)
        time.sleep(self.random.uniform(0.1, 4.0))
        self._strike(moment, hearing, recording=True)

    def _roll(self, moment: str) -> None:
        """A new file shows when the roll is over: the next roll comes one segment later."""
        hearing = self._recording()
        self.box.remark(hearing, 0.1)
        media = self.box.settings.hearings / hearing / "media"
        before = len(list(media.glob("*/mic-bench/*")))
        wait_for(lambda: len(list(media.glob("*/mic-bench/*"))) > before)
        time.sleep(SEGMENT_S - 0.2 + self.random.uniform(-0.3, 0.1))
        self._strike(moment, hearing, recording=True)

    def _twice(self, moment: str) -> None:
        """What was mended after a kill must be on the disk when the power goes right after that."""
        hearing = self._recording()
        time.sleep(self.random.uniform(0.5, 2.5))
        self._record(moment, "kill", hearing, self.box.kill(self.room.handed))
        self._power_on()
        time.sleep(self.random.uniform(0.0, 0.3))
        self._strike(moment, hearing, recording=True)

    def _stop(self, moment: str) -> None:
        hearing = self._recording()
        time.sleep(self.random.uniform(0.5, 2.5))
        handed = self.room.handed()
        done: list[str] = []

        def stop() -> None:
            with suppress(Refused), self.box.client() as client:
                client.stop(hearing, BY)
                done.append(hearing)

        thread = threading.Thread(target=stop, daemon=True)
        thread.start()
        time.sleep(self.random.uniform(0.0, 0.8))
        self._strike(moment, hearing, recording=True, handed=handed)
        thread.join()
        self.stopped += done

    def _start(self, moment: str) -> None:
        """While a start is being carried out; where a hearing runs already, it is finished first."""
        with self.box.client() as client:
            if client.status().state in (State.RECORDING, State.FAULTY):
                hearing = self._recording()
                client.stop(hearing, BY)
                self.stopped.append(hearing)
            hearing = self._plan()

        def start() -> None:
            with suppress(Refused), self.box.client() as client:
                client.start(hearing, BY)

        thread = threading.Thread(target=start, daemon=True)
        thread.start()
        time.sleep(self.random.uniform(0.0, 1.0))
        self._strike(moment, hearing, recording=False)
        thread.join()

    # Parts

    def _power_on(self) -> None:
        began = time.monotonic()
        self.box.start()
        if self.box.status().state in (State.RECORDING, State.FAULTY):
            self._recording()
            self.outcome.again_s.append(time.monotonic() - began)

    def _plan(self) -> str:
        status = self.box.status()
        with self.box.client() as client:
            hearing = status.hearing if status.state is State.PLANNED and status.hearing else client.plan(CASE)
        wait_for(lambda: all(source.state == "ready" for source in self.box.status().sources))
        return hearing

    def _recording(self) -> str:
        """A hearing that is being recorded, by its own word, from every source."""
        status = self.box.status()
        if status.state not in (State.RECORDING, State.FAULTY):
            hearing = self._plan()
            with self.box.client() as client:
                client.start(hearing, BY)

        def complete() -> str:
            status = self.box.status()
            every = all(source.state == "recording" and source.bytes for source in status.sources)
            return status.hearing or "" if status.recording and every else ""

        return wait_for(complete)

    def _strike(self, moment: str, hearing: str, *, recording: bool, handed: Handed | None = None) -> None:
        if self.disk.kind == PLAIN:
            at = self.box.kill(self.room.handed)
        else:
            self.disk.cut()
            at = self.room.handed()
            self.box.kill(lambda: None)
            self.disk.back()
        how = "kill" if self.disk.kind == PLAIN else "cut"
        self._record(moment, how, hearing, (handed or at) if recording else None)

    def _record(self, moment: str, how: str, hearing: str, handed: Handed | None) -> None:
        self.outcome.disasters.append(Disaster(moment, how, hearing, handed))
