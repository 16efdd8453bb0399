"""Picture and sound stay together: the arithmetic of a long hearing, and when a picture counts as come (bench.sync measures it live)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from av.packet import Packet

from bench.sync_clock import FRAME_US, camera, join, microphone
from recorder.packets import Mender, ticks_us

BASE = Fraction(1, 90_000)
KEY = b"\x00\x00\x00\x01\x65\x88"  # begins a picture: first_mb_in_slice is 0
FURTHER = b"\x00\x00\x00\x01\x65\x08"


# The bench has smaller blocks and more restarts; the arithmetic is the same.
BLOCK = 4800


@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_eight_hours_of_a_microphone_whose_clock_is_off(ppm: float) -> None:
    found = microphone(ppm, hours=8.0, block=BLOCK)
    assert abs(abs(found.uncorrected_us) - 2_880_000) < 10_000
    assert found.worst_us < 20_000
    assert found.false_losses == 0
    assert found.worst_length_ppm <= 1_000


def test_a_microphone_that_is_started_again_is_placed_right_at_once() -> None:
    found = microphone(100.0, hours=1.0, restarts=5, block=BLOCK)
    assert found.worst_us < 20_000
    assert found.false_losses == 0


@pytest.mark.parametrize("reports", [True, False])
def test_a_camera_whose_clock_is_off_is_placed_when_its_pictures_were_taken(reports: bool) -> None:
    found = camera(-100.0, hours=1.0, restarts=3, reports=reports)
    assert found.device == f"camera ({'rtcp' if reports else 'arrival'})"
    assert found.worst_us < 20_000


def test_many_segments_lose_no_sample_and_no_time(tmp_path: Path) -> None:
    found = join(tmp_path, 60, segment_us=1_000_000)
    assert found.segments == 60
    assert found.wrong_samples == 0
    assert found.broken_joins == 0
    assert abs(found.drift_us) < FRAME_US
    assert found.worst_start_us < FRAME_US


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
