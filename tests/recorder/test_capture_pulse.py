"""A real audio device with four microphones (PulseAudio through PortAudio): exact, hung, unplugged, killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder.errors import SourceLost, SourceUnavailable
from recorder.segment_recovery import recover_segment
from tests.support.capture_child import CaptureChild, capture_child
from tests.support.clips import counter, samples_in
from tests.support.fault_room import overloaded
from tests.support.pulse import RATE, PulseRoom, pulse_room, why_not

pytestmark = [pytest.mark.pulse, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]

NAMES = ["bench", "clerk", "plaintiff", "defendant"]
STEPS = (1, 7, 13, 29)
TRIES = 3


def config(room: PulseRoom, **more: Any) -> dict[str, Any]:
    source = {"name": "mics", "kind": "microphone", "media": "audio", "device": room.device, "channels": NAMES}
    return {"source": {**source, **more}, "offset_us": 10**15, "segment_s": 2.0}


def begin(folder: Path) -> dict[str, Any]:
    return {"do": "begin", "take": "T01", "folder": str(folder)}


def sounding(record: Path, paths: list[str], length: int) -> np.ndarray[Any, Any]:
    """What was heard from the first sample that is not nothing."""
    got = np.concatenate([samples_in(record / path) for path in paths])
    start = int(np.flatnonzero(got)[0])
    return got[start : start + length]


def test_every_sample_of_every_microphone(tmp_path: Path) -> None:
    voices = counter(7 * RATE, STEPS)
    # Where the player does not get its time, the sound server puts silence between its samples or skips some: another
    # listener hears the same. What this program loses it would lose each time.
    for attempt in range(TRIES):
        if every_sample(tmp_path / str(attempt), voices):
            return
    if overloaded():
        pytest.skip("this machine is so busy that the sound server itself drops samples")
    pytest.fail("samples are missing or different")


def every_sample(tmp_path: Path, voices: np.ndarray[Any, Any]) -> bool:
    """Record what is played; whether each sample of each microphone is there."""
    tmp_path.mkdir()
    with pulse_room(4) as room, capture_child(config(room), room.environment) as child:
        child.wait_for("ready")
        child.send(begin(tmp_path))
        child.wait_for("first")
        room.play(voices, latency_ms=1000).wait(60)
        child.wait_for("closed", lambda item: item["source"] == "defendant")
        time.sleep(0.5)
        child.send({"do": "end"})
        child.wait_for("ended")
        assert child.finish() == 0
    for name in NAMES:
        closed = child.all("closed", source=name)
        assert [item["end_us"] for item in closed[:-1]] == [item["start_us"] for item in closed[1:]]
        assert {item["closed"] for item in closed} == {"roll", "stop"}
    loud = [item["levels"]["bench"][0] for item in child.all("level")]
    assert max(loud) > -800
    last = child.all("alive")[-1]
    assert abs(last["drift_us"]) < 1_000_000
    paths = {name: [item["path"] for item in child.all("closed", source=name)] for name in NAMES}
    return all(
        np.array_equal(sounding(tmp_path, paths[name], len(voices)), voices[:, at]) for at, name in enumerate(NAMES)
    )


def test_kill_9_leaves_readable_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voices = counter(30 * RATE, STEPS)
    with pulse_room(4, voices) as room, capture_child(config(room), room.environment) as child:
        child.wait_for("ready")
        child.send(begin(tmp_path))
        child.wait_for("closed", lambda item: item["number"] == 1)
        time.sleep(0.7)
        killed_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 + 10**15
        child.kill()
    lost = {name: (killed_us - recovered_end(tmp_path, name)) / 1e6 for name in NAMES}
    with capsys.disabled():
        sys.stdout.write(f"\nmicrophones: lost by kill -9: {max(lost.values()):.3f} s\n")
    assert max(lost.values()) < 10


def recovered_end(record: Path, name: str) -> int:
    """End of what is left of a track after a kill; its samples follow each other exactly."""
    end_us, parts = 0, []
    for path in sorted((record / "media/T01" / name).iterdir()):
        found = recover_segment(path)
        if not found.empty:
            assert found.start_us is not None
            assert found.end_us is not None
            assert abs(found.start_us - end_us) < 2 or not end_us
            end_us = found.end_us
            parts.append(samples_in(path))
    got = np.concatenate(parts).astype(np.int64)
    got = got[np.flatnonzero(got)[0] :] if got.any() else got
    step = STEPS[NAMES.index(name)]
    assert set(np.unique(np.diff(got))) <= {step, step - 30011}
    return end_us


def lost(child: CaptureChild) -> None:
    assert child.wait_for("failed")["code"] == "source-lost"
    assert child.wait() == SourceLost.exit_status
    assert [item["closed"] for item in child.all("closed")[-4:]] == ["lost"] * 4


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_device_that_goes_away_is_lost(tmp_path: Path, how: signal.Signals) -> None:
    with pulse_room(4) as room, capture_child(config(room), room.environment) as child:
        child.wait_for("ready")
        child.send(begin(tmp_path))
        child.wait_for("progress", lambda item: len(item["tracks"]) == 4)
        os.kill(room.server.pid, how)
        lost(child)


def test_a_device_that_is_not_there_is_named() -> None:
    with pulse_room(4) as room, capture_child(config(room, device="no such device"), room.environment) as child:
        report = child.wait_for("failed")
        assert report["code"] == "source-unavailable"
        assert "no such device" in report["cause"]
        assert child.wait() == SourceUnavailable.exit_status
