"""The system clock is stepped by an hour in the middle of a hearing: a part of the fault table (docs/faults.md), a row a test.

It is stepped at the recorder's seam for clocks (tests.support.stepped_clock says why). Capture children are told the hearing's clock once, as an
offset to CLOCK_MONOTONIC, and read no other clock for what they write: a test below holds them to it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import recorder
from tests.support.fault_room import Hearing, Measured, Tell, alarmed, numbered, within_bounds
from tests.support.fault_room import recorder as running
from tests.support.recorder import settings

HOUR_S = 3600


class Clock:
    """The system clock that the daemon reads."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock"
        self.step(0)

    def step(self, seconds: int) -> None:
        """Have it show so much more than it is."""
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds), encoding="ascii")
        new.replace(self.file)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hearing, Clock]]:
    """A recorder of two numbered microphones, and its clock."""
    folder = tmp_path_factory.mktemp("clock")
    clock = Clock(folder)
    program = ("-m", "tests.support.stepped_clock", str(folder / "log.json"), str(clock.file))
    with numbered() as source, running(settings(folder, source), folder / "log", program=program) as box:
        yield Hearing(box), clock


@pytest.mark.parametrize("hours", [1, -1], ids=["clock-stepped-forward-1-h", "clock-stepped-back-1-h"])
def test_the_clock_is_stepped(hours: int, room: tuple[Hearing, Clock], tell: Tell) -> None:
    """Nothing of the record moves; the alarm names the clock until it is right again."""
    hearing, clock = room

    def measure() -> Measured:
        hearing.begin()
        time.sleep(1)
        clock.step(hours * HOUR_S)
        wrong = alarmed("clock-off", None)
        alarm_s = hearing.until(wrong)
        time.sleep(1)
        clock.step(0)
        over_s = hearing.until(lambda status: status is not None and not wrong(status))
        time.sleep(1)
        record = hearing.end()
        record.is_true()
        record.not_one_sample_missing()
        told = record.tells_of_finding("clock-off", None)
        assert f"{hours * HOUR_S:+d}" in told["detail"]
        at = [datetime.fromisoformat(line.at).timestamp() for line in record.lines]
        assert at == sorted(at), "no line is before the one that it follows"
        assert at[-1] - at[0] < HOUR_S / 2, "the hearing's clock did not follow"
        return Measured(alarm_s, None, over_s, record.disturbed)

    within_bounds(f"clock-stepped-{hours:+d}-h", tell, measure)


def test_a_daemon_that_starts_with_a_stepped_clock_stays_on_the_hearings(room: tuple[Hearing, Clock]) -> None:
    """Killed, and started while the clock is an hour ahead: the hearing goes on on its own time line."""
    hearing, clock = room
    hearing.begin()
    assert hearing.box.process is not None
    hearing.box.process.kill()
    hearing.box.process.wait()
    clock.step(HOUR_S)
    try:
        hearing.box.launch()
        hearing.until(alarmed("clock-off", None))
        hearing.until(lambda status: status is not None and status.recording)
        time.sleep(1)
        record = hearing.end()
    finally:
        clock.step(0)
    record.is_true()
    record.not_one_sample_missing(takes=2)
    first, second = (record.view.track(take, "mic-numbered-1")[0].start_us for take in ("T01", "T02"))
    assert 0 < second - first < HOUR_S / 2 * 1e6


def test_what_writes_media_reads_no_system_clock() -> None:
    """No module that a capture child loads asks for the time of day (log lines apart, which structlog stamps)."""
    listing = "import sys; import recorder.capture_process; print('\\n'.join(m for m in sys.modules if m.startswith('recorder')))"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    root = Path(recorder.__file__).parent.parent
    for name in done.stdout.split():
        path = root / Path(*name.split(".")).with_suffix(".py")
        if not path.exists():
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            word = node.attr if isinstance(node, ast.Attribute) else ""
            assert word not in ("CLOCK_REALTIME", "utcnow", "time_ns", "today"), f"{name}: {word}"
            assert not (
                word == "time"
                and isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "time"
            ), name
