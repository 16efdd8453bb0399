"""Disk, clock, temperature and load: what is said of readings, and that this machine can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recorder.clock import Discipline, FixedClock
from recorder.findings import Findings
from recorder.health.machine import DiskForecast, MachineWatch, Reading, hottest, read

GOOD = Reading(200 * 2**30, Discipline(synchronized=True, ntp_offset_us=12), 300, 55, 0.7)


def codes(reading: Reading) -> list[str]:
    return [code for code, _ in MachineWatch().look(reading, 100.0)]


def test_a_good_machine_is_no_fault() -> None:
    assert codes(GOOD) == []
    assert codes(replace(GOOD, free=None, hottest_c=None, load=None)) == []


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (replace(GOOD, free=4 * 2**30), "disk-low"),
        (replace(GOOD, free=100 * 2**20), "disk-full-soon"),
        (replace(GOOD, discipline=Discipline(synchronized=False, ntp_offset_us=None)), "clock-unsynchronized"),
        (replace(GOOD, off_us=3_600_000_000), "clock-off"),
        (replace(GOOD, off_us=-3_600_000_000), "clock-off"),
        (replace(GOOD, hottest_c=99), "machine-hot"),
        (replace(GOOD, load=20.0), "machine-busy"),
    ],
)
def test_what_is_wrong_is_named(reading: Reading, code: str) -> None:
    assert codes(reading) == [code]


def test_a_disk_that_fills_says_how_long_it_lasts() -> None:
    """50 MB a second: 20 GiB last 7 minutes; when writing ends, so does the finding."""
    watch, free, said = MachineWatch(), 50 * 2**30, []
    for second in range(0, 600, 2):
        free -= 100_000_000 if second < 300 else 0
        said.append({code: item.detail for (code, _), item in watch.look(replace(GOOD, free=free), float(second)).items()})
    assert all(found == {} for found in said[:15]), "too little is known in the first half minute"
    assert set(said[140]) == {"disk-full-soon"}
    assert "min at the present rate" in said[140]["disk-full-soon"]
    assert said[-1] == {}


def test_the_forecast_is_of_the_last_minutes() -> None:
    forecast = DiskForecast(120)
    assert [forecast.left_s(1000 - second, float(second)) for second in range(29)] == [None] * 29
    assert forecast.left_s(970, 30.0) == pytest.approx(970)
    assert forecast.left_s(1000, 31.0) is None


def test_a_step_of_the_system_clock_is_seen(tmp_path: Path) -> None:
    clock = FixedClock()
    offset = clock.utc_us() - clock.mono_us()
    clock.advance(5_000_000)
    assert read(tmp_path, clock, offset).off_us == 0
    clock.step(-3_600_000_000)
    assert read(tmp_path, clock, offset).off_us == -3_600_000_000
    assert "clock-off" in codes(replace(read(tmp_path, clock, offset), load=0.0))


def test_temperatures_are_read_where_there_are_any(tmp_path: Path) -> None:
    assert hottest(tmp_path) is None
    for number, text in enumerate(["48000\n", "93500\n", "not a number"]):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(text)
    assert hottest(tmp_path) == 93


def test_findings_are_told_once_a_take_with_their_beginning_and_their_end() -> None:
    findings = Findings()
    findings.set("hum", "warning", "mic", 100)
    findings.set("source-lost", "error", "mic", 100)
    assert [item.code for item in findings.untold({"source-lost"})] == ["hum"]
    assert findings.untold({"source-lost"}) == []
    findings.set("hum", "warning", "mic", 300, "louder")
    assert findings.to_json()[-1]["start_us"] == 100
    assert [(item.start_us, item.end_us, item.detail) for item in findings.take_ended(500)] == [(100, 500, "louder")]
    assert [item.start_us for item in findings.untold({"source-lost"})] == [100], "a next take is told again"
    assert findings.told("hum", "mic")
    ended = findings.clear("hum", "mic", 900)
    assert ended is not None
    assert ended.end_us == 900
    assert findings.take_ended(1000) == []
