"""Devices and the recorder itself fail in the middle of a hearing: the first part of the fault table (docs/faults.md), a row a test.

Each row is a hearing of its own in one courtroom (tests.support.fault_room). A row is a generator: up to its ``yield`` it brings the fault about,
after it the cause is taken away. A row without anything after the ``yield`` is one that the recorder itself has to take away.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from recorder.held import held
from recorder.status import Status
from tests.support import out_of_memory
from tests.support.fault_room import (
    CAMERAS,
    MICS,
    NUMBERED,
    Courtroom,
    Measured,
    Tell,
    all_record,
    courtroom,
    why_not,
    within_bounds,
)

pytestmark = [
    pytest.mark.rtsp,
    pytest.mark.pulse,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
]
EVERYTHING = (*MICS, *CAMERAS, *NUMBERED)
Fault = Callable[[Courtroom], Iterator[None]]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Courtroom]:
    """The courtroom; its recorder is shared by the rows."""
    with courtroom(tmp_path_factory.mktemp("faults")) as found:
        yield found


def rtsp_server_killed(room: Courtroom) -> Iterator[None]:
    """A camera loses its power."""
    room.cameras["cam-judge"].unplug()
    yield
    room.cameras["cam-judge"].plug_in()


def rtsp_server_hangs(room: Courtroom) -> Iterator[None]:
    """A camera stops sending and stays connected."""
    room.cameras["cam-judge"].hang()
    yield
    room.cameras["cam-judge"].go_on()


def pulseaudio_killed(room: Courtroom) -> Iterator[None]:
    """The sound server is gone, and back."""
    room.mics.unplug()
    yield
    room.mics.plug_in()
    room.mics.hurry()


def child_stopped(room: Courtroom) -> Iterator[None]:
    """A capture child is stopped; the supervision must find out and replace it."""
    os.kill(room.capture("mic-bench"), signal.SIGSTOP)
    yield


def child_killed(room: Courtroom) -> Iterator[None]:
    """A capture child is killed."""
    os.kill(room.capture("cam-hall"), signal.SIGKILL)
    yield


def child_out_of_memory(room: Courtroom) -> Iterator[None]:
    """The kernel's out-of-memory killer takes a capture child."""
    out_of_memory.kill(room.capture("mic-bench"))
    yield


def daemon_killed(room: Courtroom) -> Iterator[None]:
    """The daemon alone is killed; systemd starts it again."""
    assert room.box.process is not None
    room.box.process.kill()
    room.box.process.wait()
    yield
    room.box.launch()


def daemon_terminated(room: Courtroom) -> Iterator[None]:
    """The daemon is asked to end, as by an update."""
    room.box.stop()
    yield
    room.box.launch()


def daemon_out_of_memory(room: Courtroom) -> Iterator[None]:
    """The kernel's out-of-memory killer takes the daemon."""
    assert room.box.process is not None
    out_of_memory.kill(room.box.process.pid)
    assert room.box.process.wait(60) == -signal.SIGKILL
    yield
    room.box.launch()


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        fault: see above.
        sources: that the alarm must name; of the others not one sample may be missing.
        causes: one of these the journal must give.
    """

    fault: Fault
    sources: tuple[str, ...]
    causes: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the table names it."""
        return self.fault.__name__.replace("_", "-")


DEVICES = (
    Row(rtsp_server_killed, ("cam-judge",), ("source_lost",)),
    Row(rtsp_server_hangs, ("cam-judge",), ("no_bytes", "source_lost")),
    Row(pulseaudio_killed, MICS, ("no_bytes", "source_lost")),
    Row(child_stopped, MICS, ("frozen",)),
    Row(child_killed, ("cam-hall",), ("killed",)),
    Row(child_out_of_memory, MICS, ("killed",)),
)
DAEMON = (
    Row(daemon_killed, EVERYTHING, ("power_or_kill",)),
    Row(daemon_terminated, EVERYTHING, ("restart",)),
    Row(daemon_out_of_memory, EVERYTHING, ("power_or_kill",)),
)


def skip_where_impossible(row: Row) -> None:
    if "memory" in row.name and (reason := out_of_memory.why_not()) is not None:
        pytest.skip(reason)


@pytest.mark.parametrize("row", DEVICES, ids=lambda row: row.name)
def test_a_device_fails(row: Row, room: Courtroom, tell: Tell) -> None:
    """The others miss nothing, the alarm names it, and it is recorded again soon after the cause is gone."""
    skip_where_impossible(row)

    def measure() -> Measured:
        room.begin()
        time.sleep(1)
        fault = row.fault(room)
        next(fault)
        alarm_s = room.until(room.named(*row.sources))
        next(fault, None)
        over_us = room.now_us()
        over_s = room.until(all_record)
        time.sleep(1)
        record = room.end()
        record.is_true()
        record.not_one_sample_missing()
        record.tells_of_loss(row.sources, row.causes)
        if row.fault in (child_stopped, child_killed, child_out_of_memory):
            over_us = min(line.mono for line in record.lines if line.type == "source_lost") + record.offset_us
        return Measured(alarm_s, (record.again_us(row.sources) - over_us) / 1e6, over_s, record.disturbed)

    within_bounds(row.name, tell, measure)


def nobody_answers(status: Status | None) -> bool:
    """What the console then shows: the recorder does not answer."""
    return status is None


@pytest.mark.parametrize("row", DAEMON, ids=lambda row: row.name)
def test_the_daemon_ends(row: Row, room: Courtroom, tell: Tell) -> None:
    """Started again, it records the same hearing by itself; one gap names every source."""
    skip_where_impossible(row)

    def measure() -> Measured:
        room.begin()
        time.sleep(1)
        fault = row.fault(room)
        next(fault)
        alarm_s = room.until(nobody_answers)
        over_us = room.now_us()
        next(fault, None)
        over_s = room.until(all_record)
        time.sleep(1)
        record = room.end()
        record.is_true()
        record.not_one_sample_missing(takes=2)
        assert [take.reason for take in record.view.takes.values()] == ["interrupted", "finish"]
        for source in row.sources:
            assert {cause for cause, _, _ in record.gaps(source)} <= set(row.causes), source
            assert record.gaps(source), f"{source}: the journal names no gap"
        return Measured(alarm_s, (record.again_us(row.sources) - over_us) / 1e6, over_s, record.disturbed)

    within_bounds(row.name, tell, measure)


def test_a_pause_closes_every_device(room: Courtroom) -> None:
    """The deliberation room, as the kernel, the sound server and the cameras' own connections tell it: nobody holds a device."""
    room.begin()
    assert room.mics.heard_by() == 1
    assert room.connections(), "the cameras are connected"
    assert {b"recorder.capture" in program for program in room.box.programs()} >= {True}
    with room.box.client() as client:
        client.pause(room.name, "secretary")
        paused_us = room.now_us()
        for _ in range(3):
            assert room.mics.heard_by() == 0
            assert not room.connections()
            assert not any(b"recorder.capture" in program for program in room.box.programs())
            assert room.box.process is not None
            assert held(room.box.process.pid) == {}
            status = client.status()
            assert not {source.rms_cdb for source in status.sources} - {None}, "no level of a closed microphone is shown"
            assert "heard-in-pause" not in {item.code for item in status.findings}
            time.sleep(0.7)
        again_us = room.now_us()
        client.resume(room.name, "secretary")
        room.until(all_record)
    record = room.end()
    record.is_true()
    record.not_one_sample_missing(takes=2)
    [closed] = record.data("devices_closed")
    assert (closed["held"], closed["sources"]) == ([], sorted(EVERYTHING))
    assert not [item for item in record.view.segments if item.end_us > paused_us and item.start_us < again_us]
    assert [take.reason for take in record.view.takes.values()] == ["pause", "finish"]


def test_the_children_are_not_left_behind(room: Courtroom) -> None:
    """After all that: one process for each device, one in reserve, the pictures' worker and the read-back; no more."""
    room.begin()
    time.sleep(3)
    programs = room.box.programs()
    room.end()
    assert sum(b"recorder.capture" in program for program in programs) <= 5
