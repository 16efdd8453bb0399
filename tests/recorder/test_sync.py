"""Picture and sound stay together: the arithmetic of a long hearing, and when a picture counts as come (bench.sync measures it live)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from av.packet import Packet

from bench.sync_clock import join, simulate
from recorder.packets import Mender, ticks_us

BASE = Fraction(1, 90_000)
KEY = b"\x00\x00\x00\x01\x65\x88"  # begins a picture: first_mb_in_slice is 0
FURTHER = b"\x00\x00\x00\x01\x65\x08"


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_a_clock_that_is_off_is_followed_and_is_no_loss(ppm: float) -> None:
    found = simulate(ppm, hours=1.0)
    assert abs(abs(found.uncorrected_us) - 360_000) < 5_000
    assert found.corrected_us < 20_000
    assert found.false_losses == 0


def test_many_joins_add_nothing_up(tmp_path: Path) -> None:
    found = join(tmp_path, 100)
    assert found.segments >= 100
    assert found.broken_joins == 0
    assert abs(found.drift_us) < 1
    assert found.worst_start_us < 1


def test_ticks_are_whole_microseconds() -> None:
    assert [ticks_us(ticks, BASE) for ticks in (0, 1, 3600, 90_000 * 3600 * 8)] == [0, 11, 40_000, 8 * 3600 * 1_000_000]
    assert ticks_us(1, Fraction(1001, 30_000)) == 33_366


def test_a_picture_has_come_when_its_last_slice_has() -> None:
    mender = Mender("h264", BASE, 3600)
    for data, dts, at_us in ((KEY, 0, 100), (FURTHER, 0, 130)):
        packet = Packet(data)
        packet.dts = packet.pts = dts
        assert mender.feed(packet, at_us) == []
    (picture,) = mender.flush()
    assert picture.data == KEY + FURTHER
    assert picture.arrival_us == 130
