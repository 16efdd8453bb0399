"""A courtroom of real parts that are broken one at a time, and what that costs (docs/faults.md).

The recorder is a process of its own with real capture children, a signer in it, and a client that sees what the secretary sees. It
records two living RTSP cameras, a PulseAudio device of five microphones, and a device of two microphones every sample of which has a
number (:mod:`bench.loss_sources`), so that one that is missing is found by decoding. Times are taken from the record: ``again_s`` is from the
end of the cause to the first sample or picture that the journal's ``gap`` line says is there again, of the slowest source concerned.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.loss_sources import sample_numbers
from device_config.settings import Settings, SourceSettings
from protocol.hearing import State
from protocol.journal import Line, read_journal
from protocol.view import HearingView
from recorder.client import Refused
from recorder.status import Status
from recorder.tracks import ALLOWED_HOLE_US
from tests.recorder.test_recovery import readable
from tests.support import live_camera, pulse
from tests.support.clips import samples_in
from tests.support.recorder import CASE, Box, check, codes, settings

MICS = ("mic-bench", "mic-clerk", "mic-plaintiff", "mic-defendant", "mic-witness")
CAMERAS = ("cam-judge", "cam-hall")
#: Microphones of which every sample has a number.
NUMBERED = ("mic-numbered-1", "mic-numbered-2")
#: What the issue allows, s.
ALARM_S, AGAIN_S = 10.0, 3.0
#: A busy machine may be late; the row is then measured again. What is recorded must be right each time.
ATTEMPTS = 3
#: Processes for each core, from which on times say more about the machine than about the recorder.
BUSY = 1.5
#: As the recorder's unit has it (Nice=-10); only root may.
FIRST = ("nice", "-n", "-10") if os.geteuid() == 0 else ()
#: Bounds a test that hangs; decides nothing else, s.
PATIENCE_S = 90.0


def why_not() -> str | None:
    """Why there can be no such courtroom here; None when there can."""
    return live_camera.why_not() or pulse.why_not()


@dataclass(frozen=True)
class Measured:
    """One row of the table, measured.

    Attributes:
        alarm_s: from the cause to the alarm that names what is concerned, in the status that every page shows.
        again_s: from the end of the cause to the first sample or picture recorded again; None where recording never stopped.
        over_s: from the end of the cause until the alarm is gone; None where it was not waited for.
        disturbed: the numbered microphones themselves were late, so the machine was too busy to tell anything.
    """

    alarm_s: float
    again_s: float | None = None
    over_s: float | None = None
    disturbed: bool = False

    @property
    def in_bounds(self) -> bool:
        """Whether it is what the issue allows."""
        return self.alarm_s <= ALARM_S and (self.again_s is None or self.again_s <= AGAIN_S)


Tell = Callable[[str, Measured], None]


def within_bounds(name: str, tell: Tell, measure: Callable[[], Measured]) -> None:
    """Measure a row; it is told for the table at the end of the run.

    A late row is measured again. Times that a machine gives with more to do than it can do are told and not judged: what is recorded is, each time.
    """
    measured = measure()
    for _ in range(ATTEMPTS - 1):
        if measured.in_bounds or measured.disturbed or overloaded():
            break
        measured = measure()
    judge(name, tell, measured)


def judge(name: str, tell: Tell, measured: Measured) -> None:
    """Tell a row, and hold it to what the issue allows."""
    tell(name, measured)
    if not measured.disturbed and not overloaded():
        assert measured.alarm_s <= ALARM_S, name
        assert measured.again_s is None or measured.again_s <= AGAIN_S, name


def overloaded() -> bool:
    """Whether more processes want to run than this machine has cores for, by the mean of the last minute."""
    return os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)


class Record:
    """A finished hearing.

    Args:
        folder: of the record.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        entries, _ = read_journal((folder / "journal.jsonl").read_bytes())
        self.lines = [entry for entry in entries if isinstance(entry, Line)]
        self.view = HearingView.of(self.lines)

    @property
    def offset_us(self) -> int:
        """The hearing's clock minus CLOCK_MONOTONIC, µs."""
        assert self.view.clock is not None
        return self.view.clock.offset_us

    def losses(self, source: str) -> list[Measured]:
        """Each loss of a source that the recorder itself took away: from the last sample to the line that says so, from there to the first new one."""
        said = [
            line.mono + self.offset_us
            for line in self.lines
            if line.type == "source_lost" and line.data["source"] == source
        ]
        gaps = [next((gap for gap in self.gaps(source) if gap[2] > at_us), None) for at_us in said]
        return [
            Measured((at_us - gap[1]) / 1e6, (gap[2] - at_us) / 1e6)
            for at_us, gap in zip(said, gaps, strict=True)
            if gap is not None
        ]

    def data(self, *types: str) -> list[dict[str, Any]]:
        """Data of lines of some types."""
        return [dict(line.data) for line in self.lines if line.type in types]

    def gaps(self, source: str) -> list[tuple[str, int, int]]:
        """Cause, begin and end, µs, of every gap of a source."""
        return [
            (gap.cause, item.from_us, item.to_us)
            for gap in self.view.gaps
            for item in gap.intervals
            if item.source == source
        ]

    def again_us(self, sources: Collection[str]) -> int:
        """When the last of these was recorded again, on the hearing's clock."""
        return max(max(to_us for _, _, to_us in self.gaps(source)) for source in sources)

    def tells_of_loss(self, sources: Collection[str], causes: Collection[str]) -> None:
        """The journal says of each source that it was lost and is back, and names the gap and its cause."""
        for source in sources:
            lost = [item for item in self.data("source_lost") if item["source"] == source]
            back = [item for item in self.data("source_back") if item["source"] == source]
            gaps = self.gaps(source)
            assert lost, f"{source}: the journal does not say that it was lost"
            assert back, f"{source}: the journal does not say that it is back"
            assert gaps, f"{source}: the journal names no gap"
            assert {item["cause"] for item in lost} | {cause for cause, _, _ in gaps} <= set(causes), source
            assert all(begin < end for _, begin, end in gaps), source

    def tells_of_finding(self, code: str, source: str | None) -> dict[str, Any]:
        """The journal has a finding with its beginning and its end; the latter."""
        mine = [item for item in self.data("finding") if (item["code"], item["source"]) == (code, source)]
        assert mine, f"{code} {source}: not in the journal"
        assert mine[0]["end_us"] is None, f"{code} {source}: journalled when it was over"
        ended = [item for item in mine if item["end_us"] is not None]
        assert ended, f"{code} {source}: its end is not in the journal"
        assert ended[-1]["start_us"] < ended[-1]["end_us"]
        return ended[-1]

    def is_true(self) -> None:
        """It verifies, every file has what its line says, and no file lies there that no line names."""
        report = check(self.folder)
        assert report.good, codes(report)
        readable(self.folder, self.view.segments)
        named = {segment.path for segment in self.view.segments}
        assert named == {path.relative_to(self.folder).as_posix() for path in (self.folder / "media").rglob("*.mp4")}

    @property
    def disturbed(self) -> bool:
        """Whether the numbered microphones came so late for so long that the recorder took it for a loss."""
        return any(cause == "dropped" for source in NUMBERED for cause, _, _ in self.gaps(source))

    def not_one_sample_missing(self, channels: Collection[str] = NUMBERED, *, takes: int = 1) -> None:
        """By decoding: within each take every sample of the numbered microphones is there, once."""
        assert len(self.view.takes) == takes, list(self.view.takes)
        for channel in channels:
            assert takes > 1 or {cause for cause, _, _ in self.gaps(channel)} <= {"dropped"}, (
                f"{channel}: {self.gaps(channel)}"
            )
            for take in self.view.takes:
                track = self.view.track(take, channel)
                samples: NDArray[Any] = np.concatenate([samples_in(self.folder / segment.path) for segment in track])
                numbers = sample_numbers(samples, NUMBERED.index(channel))
                assert set(np.unique(np.diff(numbers) % 2**24)) == {1}, f"{channel}: samples are missing in {take}"
                # What a kill left is measured by its own samples, so its end may lie beside the next one's start.
                most = 0 if takes == 1 else ALLOWED_HOLE_US["audio"]
                assert self.disturbed or all(abs(a.end_us - b.start_us) <= most for a, b in itertools.pairwise(track)), (
                    f"{channel}: {[(item.start_us, item.end_us) for item in track]}"
                )


class Hearing:
    """A recorder with a hearing that is being recorded.

    Args:
        box: the recorder.
    """

    def __init__(self, box: Box) -> None:
        self.box = box
        self.name = ""
        #: Of the hearing's clock, µs.
        self.offset_us = 0

    def begin(self) -> None:
        """Plan a hearing, wait for the devices, start."""
        with self.box.client() as client:
            if client.status().state in (State.RECORDING, State.FAULTY, State.PAUSED):  # a row before this one failed
                client.stop(self.name, "secretary")
            self.name = client.plan(CASE)
            self.until(lambda status: status is not None and {item.state for item in status.sources} == {"ready"})
            client.start(self.name, "secretary")
            self.until(all_record)
            self.offset_us = client.status().clock.offset_us

    def end(self) -> Record:
        """Finish; what is left."""
        with self.box.client() as client:
            client.stop(self.name, "secretary")
            assert client.status().state is State.FINISHED
        return Record(self.box.settings.hearings / self.name)

    def capture(self, source: str) -> int:
        """Process number of the capture child that writes a source."""
        for _ in range(100):
            with suppress(AssertionError):  # between two segments it holds none open
                return self.box.capture(source)
            time.sleep(0.05)
        return self.box.capture(source)

    def named(self, *sources: str) -> Callable[[Status | None], bool]:
        """Whether these are said to be lost: by the status, or by the journal's line, which every page is told at once."""
        named = alarmed("source-lost", *sources)
        journal = self.box.settings.hearings / self.name / "journal.jsonl"

        def said(status: Status | None) -> bool:
            if named(status):
                return True
            lines = [line for line in read_journal(journal.read_bytes())[0] if isinstance(line, Line)]
            return set(sources) <= {line.data["source"] for line in lines if line.type == "source_lost"}

        return said

    def now_us(self) -> int:
        """Now, on the hearing's clock."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 + self.offset_us

    def until(self, true: Callable[[Status | None], bool], patience_s: float = PATIENCE_S) -> float:
        """Wait until the status (None while nobody answers) is so; how long it took, s."""
        begun = time.monotonic()
        while not true(self._status()):
            if time.monotonic() - begun > patience_s:
                raise TimeoutError(f"not within {patience_s:g} s: {self._status()}")
            time.sleep(0.1)
        return time.monotonic() - begun

    def _status(self) -> Status | None:
        try:
            with self.box.client() as client:
                return client.status()
        except Refused:
            return None


def all_record(status: Status | None) -> bool:
    """Every source is being recorded, bytes of it are on the disk, and nothing is said to be wrong with any."""
    return (
        status is not None
        and status.recording
        and all(item.state == "recording" and item.bytes for item in status.sources)
        and not any(item.code in ("source-lost", "nothing-recorded", "journal-failed") for item in status.findings)
    )


def alarmed(code: str, *sources: str | None) -> Callable[[Status | None], bool]:
    """Whether the status names these sources with this finding."""
    wanted = {(code, source) for source in sources}
    return lambda status: status is not None and wanted <= {(item.code, item.source) for item in status.findings}


class Courtroom(Hearing):
    """The recorder and the parts; see the module.

    Args:
        box: the recorder.
        cameras: by name.
        mics: the PulseAudio device, of :data:`MICS`.
    """

    def __init__(self, box: Box, cameras: dict[str, live_camera.LiveCamera], mics: pulse.PulseRoom) -> None:
        super().__init__(box)
        self.cameras, self.mics = cameras, mics

    def connections(self) -> int:
        """How many connections to the cameras are open, as the kernel tells it (proc(5), /proc/net/tcp)."""
        ports = {camera.port for camera in self.cameras.values()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[3] == "01" and int(row[2].rpartition(":")[2], 16) in ports for row in rows)


@contextmanager
def recorder(
    box: Settings, log: Path, environment: Mapping[str, str] | None = None, program: tuple[str, ...] = ()
) -> Iterator[Box]:
    """A recorder with the priority that its unit gives it, where that is possible; without it a busy machine, not the recorder, is measured."""
    found = Box(box, log, environment)
    found.first, found.program = FIRST, program
    found.start()
    try:
        yield found
    finally:
        found.stop()


@contextmanager
def numbered(name: str = "numbered") -> Iterator[SourceSettings]:
    """Two microphones whose samples have numbers; tracks :data:`NUMBERED`."""
    code = (
        "import sys; from bench.loss_sources import Microphones; print(Microphones().url, flush=True); sys.stdin.read()"
    )
    # A process of its own, before all others: a test that is busy must not be taken for a microphone that is late.
    with subprocess.Popen(
        [*FIRST, sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as device:
        try:
            url = device.stdout.readline().strip() if device.stdout else ""
            yield SourceSettings(name=name, kind="microphone", media="audio", url=url, channels=NUMBERED)
        finally:
            device.kill()


@contextmanager
def courtroom(folder: Path) -> Iterator[Courtroom]:
    """All parts, for as long as the block runs."""
    with ExitStack() as stack:
        cameras = {name: stack.enter_context(live_camera.live_camera()) for name in CAMERAS}
        mics = stack.enter_context(pulse.pulse_room(len(MICS)))
        mics.hurry()
        sources = [SourceSettings(name=name, kind="camera", media="video", url=cameras[name].url) for name in CAMERAS]
        sources.append(SourceSettings(name="mics", kind="microphone", media="audio", device=mics.device, channels=MICS))
        sources.append(stack.enter_context(numbered()))
        box = stack.enter_context(recorder(settings(folder, *sources), folder / "log", mics.environment))
        yield Courtroom(box, cameras, mics)
