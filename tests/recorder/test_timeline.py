"""From arrivals to places: the filter, the line that bends with each segment, and what is believed of a sender's clock."""

from __future__ import annotations

import random
import struct
from fractions import Fraction
from typing import Any

import pytest
from av.packet import Packet

from recorder.drift import NEAR_US, Drift
from recorder.packets import Mender, sent_of
from recorder.timeline import HORIZON_US, SOUND_MOST_PPB, TimeLine
from recorder.timing import StreamClock

START = 1_790_000_000_000_007
SECOND = 1_000_000
KEY = b"\x00\x00\x00\x01\x65\x88"


def fed(
    drift: Drift, seconds: float, *, ppm: float = 0.0, late_us: int = 30_000, from_s: float = 0.0, add_us: int = 0
) -> Drift:
    chance = random.Random(5)  # noqa: S311 - a simulation
    for number in range(round(from_s * 50), round((from_s + seconds) * 50)):
        media_us = number * 20_000
        drift.add(media_us, round(media_us * ppm / 1e6) + chance.randrange(late_us) + add_us)
    return drift


@pytest.mark.parametrize("ppm", [100.0, -100.0, 0.0])
def test_offset_and_rate_are_those_of_what_came_least_late(ppm: float) -> None:
    drift = fed(Drift(), 600, ppm=ppm)
    assert abs(drift.rate_ppb - ppm * 1000) < 3_000
    assert abs((drift.offset_us(600 * SECOND) or 0) - 600 * ppm) < 1_000


def test_a_busy_machine_changes_neither() -> None:
    drift = fed(Drift(), 300, ppm=50)
    fed(drift, 120, ppm=50, from_s=300, late_us=500_000)
    assert abs((drift.offset_us(420 * SECOND) or 0) - 420 * 50) < 15_000
    fed(drift, 60, ppm=50, from_s=420)
    assert abs((drift.offset_us(480 * SECOND) or 0) - 480 * 50) < 1_500


def test_a_delay_that_changes_for_good_is_followed() -> None:
    drift = fed(Drift(), 120)
    fed(drift, NEAR_US / 1e6 + 2, from_s=120, add_us=25_000)
    assert abs((drift.offset_us(142 * SECOND) or 0) - 25_000) < 3_000


def test_one_wrong_time_stamp_is_not_believed_of_a_camera() -> None:
    drift = fed(Drift(rank=2), 30)
    drift.add(30 * SECOND, -400_000)
    fed(drift, 10, from_s=30.02)
    assert (drift.offset_us(40 * SECOND) or 0) > 0


def test_a_broken_time_line_keeps_its_rate() -> None:
    drift = fed(Drift(), 300, ppm=100)
    drift.restart()
    assert drift.offset_us(300 * SECOND) is None
    assert abs(drift.rate_ppb - 100_000) < 5_000


def test_without_a_steer_a_line_is_the_count() -> None:
    line = TimeLine(START)
    assert [line.begin(at) - START for at in (0, 7, 10 * SECOND, 8 * 3600 * SECOND)] == [
        0,
        7,
        10 * SECOND,
        8 * 3600 * SECOND,
    ]
    line.shift(8 * 3600 * SECOND, 250_000)
    assert line.moved_us(9 * 3600 * SECOND) == 250_000


def test_pieces_meet_and_no_place_is_moved_afterwards() -> None:
    """The device is slow by 100 ppm, and its start was placed 8 ms too late."""
    line = TimeLine(START + 8_000, lambda media_us: (START + media_us + media_us // 10_000, 100_000))
    ends: list[int] = []
    for segment in range(60):
        begin = segment * 10 * SECOND
        promised = line.begin(begin)
        assert line.begin(begin) == promised  # the next channel of the device
        assert not ends or ends[-1] == promised
        ends.append(line.at(begin + 10 * SECOND))
        assert abs(ends[-1] - promised - 10 * SECOND) <= 10 * SECOND * SOUND_MOST_PPB // 10**9
    assert abs(ends[-1] - (START + 600 * SECOND + 60_000)) < 20


def test_a_long_segment_does_not_overshoot() -> None:
    line = TimeLine(START, lambda media_us: (START + media_us + 50_000 * (media_us == 0), 0), most_ppb=5_000_000)
    line.begin(0)
    assert line.moved_us(HORIZON_US) == line.moved_us(10 * HORIZON_US) == 50_000


def clock_of(
    seconds: int, *, delay_us: int, sender_us: int = 0, known_us: int = 0, step_us: int = 0, believe: bool = True
) -> StreamClock:
    """A camera whose pictures are ``delay_us`` on their way; its clock is off by ``sender_us``, and by ``step_us`` more from the middle on."""
    clock = StreamClock(START, known_us, believe=believe)
    for number in range(seconds * 25):
        true_us = number * 40_000
        wrong_us = sender_us + (step_us if number > seconds * 25 // 2 else 0)
        clock.arrived(number * 40_000, true_us + delay_us, true_us + START + wrong_us if number > 30 else None)
    return clock


@pytest.mark.parametrize(
    ("sender_us", "base", "late_us"),
    [(0, "rtcp", 0), (12_000, "rtcp", 12_000), (400_000, "arrival", 150_000), (-3_600_000_000, "arrival", 150_000)],
)
def test_a_sender_is_believed_when_it_can_be(sender_us: int, base: str, late_us: int) -> None:
    clock = clock_of(20, delay_us=150_000, sender_us=sender_us)
    assert clock.base == base
    assert clock.place_us(20 * SECOND) == 20 * SECOND + late_us


@pytest.mark.parametrize(("seconds", "base"), [(30, "rtcp"), (120, "arrival")])
def test_a_clock_that_comes_right_is_believed_at_first_and_later_no_more(seconds: int, base: str) -> None:
    assert clock_of(seconds, delay_us=150_000, sender_us=5 * SECOND, step_us=-5 * SECOND).base == base


def test_reports_can_be_switched_off_and_the_delay_set() -> None:
    clock = clock_of(20, delay_us=150_000, known_us=140_000, believe=False)
    assert clock.base == "arrival"
    assert clock.place_us(20 * SECOND) == 20 * SECOND + 10_000


def test_a_senders_clock_that_steps_is_left_without_a_jump() -> None:
    clock = clock_of(120, delay_us=150_000, step_us=-400_000)
    assert clock.base == "arrival"
    assert abs((clock.place_us(120 * SECOND) or 0) - 120 * SECOND) < 1_000


class Stamped:
    """A packet with an ``AVProducerReferenceTime``, as FFmpeg's RTSP demuxer gives it after a sender report; PyAV cannot make one."""

    dts = pts = 0
    is_keyframe = True

    def __bytes__(self) -> bytes:
        return KEY

    def has_sidedata(self, kind: str) -> bool:
        return kind == "prft"

    def get_sidedata(self, kind: str) -> bytes:
        return struct.pack("=qi4x", START, 0) if kind == "prft" else b""


def test_a_packet_says_when_it_was_sent() -> None:
    assert sent_of(Packet(KEY)) is None
    packet: Any = Stamped()
    assert sent_of(packet) == START
    mender = Mender("h264", Fraction(1, 90_000), 3600)
    assert mender.feed(packet, 0) == []
    assert mender.flush()[0].sent_us == START
