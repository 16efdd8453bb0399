"""Coverage of a take, clock, lock and tracks: the pure parts and the small edges."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_config.settings import SourceSettings
from recorder import reports
from recorder.clock import FixedClock, SystemClock, fix_clock
from recorder.coverage import common_end, holes
from recorder.hearings import new_name
from recorder.lock import CaptureLock
from recorder.refusals import AlreadyRunning
from recorder.take import LiveTake
from recorder.tracks import Track, tracks_of

SPANS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 100)).map(lambda pair: (pair[0], pair[0] + pair[1])))
CAMERA = Track("cam", "cam", "camera", "video", "", "")
MICROPHONE = Track("mic", "mics", "microphone", "audio", "", "")


@given(SPANS, st.integers(0, 400), st.integers(0, 400))
def test_holes_are_what_no_span_covers(spans: list[tuple[int, int]], start: int, length: int) -> None:
    end = start + length
    covered = {at for a, b in spans for at in range(a, b)}
    missing = {at for a, b in holes(start, end, spans, 0) for at in range(a, b)}
    assert missing == set(range(start, end)) - covered


@given(SPANS, st.integers(1, 50))
def test_explained_holes_are_none(spans: list[tuple[int, int]], allowed: int) -> None:
    found = holes(0, 500, spans, allowed)
    assert all(b - a > allowed for a, b in found)
    assert not holes(0, 500, [*spans, *found], allowed)


def test_laggards_do_not_end_a_take() -> None:
    assert common_end([], 10) is None
    assert common_end([100, 95, 20], 10) == 95


def closed(source: str, number: int, start_us: int, end_us: int) -> reports.Closed:
    return reports.Closed(
        report="closed",
        path=f"media/T01/{source}/{number:04d}.mp4",
        take="T01",
        source=source,
        number=number,
        bytes=1,
        sha256="",
        start_us=start_us,
        end_us=end_us,
        media="video" if source == "cam" else "audio",
        codec="",
        rate=1,
        units=1,
        fragments=1,
        closed="roll",
        peak_cdb=None,
        rms_cdb=None,
    )


def test_a_source_that_gave_nothing_is_missing_from_start_to_end() -> None:
    take = LiveTake.of("T01", "open", [CAMERA, MICROPHONE])
    take.start_us = 0
    take.closed(closed("mic", 1, 0, 100_000), 0.0)
    assert take.gaps(100_000) == [
        {"cause": "starting", "detail": "", "intervals": [{"source": "cam", "from_us": 0, "to_us": 100_000}]}
    ]
    assert take.gaps(100_000) == [], "explained once"


def test_clock_is_fixed_once_a_boot(tmp_path: Path) -> None:
    clock = FixedClock()
    first = fix_clock(clock, tmp_path / "clock.json")
    clock.advance(5_000_000)
    clock.step(3_600_000_000)  # NTP steps the system clock by an hour
    again = fix_clock(clock, tmp_path / "clock.json")
    assert again.offset_us == first.offset_us
    assert fix_clock(clock, tmp_path / "lost.json", [(clock.boot(), first.offset_us)]).offset_us == first.offset_us
    (tmp_path / "clock.json").write_text('{"boot":')
    assert fix_clock(clock, tmp_path / "clock.json").offset_us == clock.utc_us() - clock.mono_us()
    other = FixedClock(boot="another")
    assert fix_clock(other, tmp_path / "clock.json").boot == "another"


def test_the_machine_has_clocks() -> None:
    clock = SystemClock()
    assert len(clock.boot()) == 36
    assert clock.mono_us() <= clock.mono_us()
    assert clock.discipline().ntp_offset_us is None or clock.discipline().synchronized


def test_lock_waits_for_children_and_ends_those_that_hang(tmp_path: Path) -> None:
    """A daemon died; one of its children holds on."""
    code = (
        "import os, sys, subprocess; from pathlib import Path; from recorder.lock import CaptureLock\n"
        "lock = CaptureLock.take(Path(sys.argv[1]))\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], pass_fds=[lock.fd],\n"
        "    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "lock.add(child.pid); print(child.pid, flush=True); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    child = int(done.stdout)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(0.01)

    lock = CaptureLock.take(tmp_path, patience_s=1.0, sleep=sleep)
    assert len(waited) >= 10, "the child had its time"
    assert not lives(child)
    with pytest.raises(AlreadyRunning):
        CaptureLock.take(tmp_path)
    lock.release()


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_tracks_never_show_a_password() -> None:
    source = SourceSettings(name="cam", kind="camera", media="video", url="rtsp://user:s3cret@10.0.0.1:554/live?token=s3cret")
    assert tracks_of(source)[0].line_data()["device"] == "rtsp://10.0.0.1:554/live"


@pytest.mark.parametrize("number", ["7512-26-00-2/1234", "№ 7/б", "", "../../etc/passwd", "A" * 200])
def test_names_of_hearings_are_identifiers(number: str) -> None:
    from protocol.encoding import HEARING

    assert HEARING.match(new_name(1_795_000_000_000_000, number, "k3f9"))
