"""What real streams do to their times, and what is made of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from av.packet import Packet

from recorder.annexb import continues_picture, without_leading_sets
from recorder.packets import Mender, Picture

BASE = Fraction(1, 90_000)
FRAME = 3600
SETS = b"\x00\x00\x00\x01\x67SPS\x00\x00\x00\x01\x68PPS"
KEY = b"\x00\x00\x00\x01\x65\x80key"  # first_mb_in_slice 0
KEY_PART = b"\x00\x00\x00\x01\x65\x40part"  # a later slice of the same picture
NEXT = b"\x00\x00\x00\x01\x41\x80next"
NEXT_PART = b"\x00\x00\x01\x41\x20part"


def packet(data: bytes, dts: int | None, *, pts: int | None = None, key: bool = False) -> Packet[Any]:
    made: Packet[Any] = Packet(data)
    made.dts, made.pts, made.is_keyframe = dts, dts if pts is None else pts, key
    return made


def mend(*packets: tuple[Packet[Any], int], codec: str = "h264") -> list[Picture]:
    mender = Mender(codec, BASE, FRAME)
    pictures = [picture for item, arrival in packets for picture in mender.feed(item, arrival)]
    return pictures + mender.flush()


def test_the_first_key_frame_without_time_is_kept() -> None:
    found = mend((packet(KEY, None, key=True), 0), (packet(NEXT, 0), 1), (packet(NEXT, FRAME), 2))
    assert [(p.dts, p.duration, p.key) for p in found] == [
        (-FRAME, FRAME, True),
        (0, FRAME, False),
        (FRAME, FRAME, False),
    ]


def test_slices_of_a_key_frame_become_one_picture() -> None:
    found = mend(
        (packet(KEY, None, key=True), 0),
        (packet(SETS + KEY_PART, 0, key=True), 0),
        (packet(NEXT, FRAME), 1),
        (packet(NEXT_PART, FRAME), 1),
        (packet(SETS + KEY, 2 * FRAME, key=True), 2),
        (packet(SETS + KEY_PART, 2 * FRAME, key=True), 2),
    )
    assert [(p.dts, p.duration, p.key) for p in found] == [
        (0, FRAME, True),
        (FRAME, FRAME, False),
        (2 * FRAME, FRAME, True),
    ]
    # Parameter sets inside a picture are not allowed; before it they stay.
    assert [p.data for p in found] == [KEY + KEY_PART, NEXT + NEXT_PART, SETS + KEY + KEY_PART]


def test_a_file_s_lengths_are_no_start_codes() -> None:
    data = b"\x00\x00\x01\x05\x41\x20" + bytes(259)  # a unit of 261 bytes
    found = mend((packet(data, 0, key=True), 0), (packet(data, FRAME), 1), codec="")
    assert [p.data for p in found] == [data, data]


@pytest.mark.parametrize("step", [0, -FRAME, -20])
def test_equal_or_disordered_times_keep_the_order_of_arrival(step: int) -> None:
    found = mend((packet(KEY, 90_000, key=True), 0), (packet(NEXT, 90_000 + step), 1), (packet(NEXT, 99_000), 2))
    assert [p.dts for p in found] == [90_000, 90_001, 99_000]
    assert [p.duration for p in found[:2]] == [1, 8999]
    assert all(p.pts >= p.dts for p in found)


def test_reordered_pictures_keep_their_presentation_times() -> None:
    found = mend(
        (packet(KEY, 0, pts=FRAME, key=True), 0), (packet(NEXT, FRAME, pts=4 * FRAME), 1), (packet(NEXT, 2 * FRAME), 2)
    )
    assert [(p.dts, p.pts) for p in found] == [(0, FRAME), (FRAME, 4 * FRAME), (2 * FRAME, 2 * FRAME)]


def test_a_real_hole_is_marked_and_keeps_its_length() -> None:
    found = mend((packet(KEY, 0, key=True), 0), (packet(NEXT, 270_000), 3_000_000), (packet(NEXT, 273_600), 3_040_000))
    assert [(p.dts, p.duration, p.after_hole) for p in found] == [
        (0, FRAME, False),
        (270_000, FRAME, True),
        (273_600, FRAME, False),
    ]


@pytest.mark.parametrize("jump", [-900_000, 900_000_000])
def test_a_new_time_line_goes_on_where_the_clock_on_the_wall_is(jump: int) -> None:
    found = mend(
        (packet(KEY, 1_000_000, key=True), 0),
        (packet(KEY, 1_000_000 + jump, key=True), 500_000),
        (packet(NEXT, 1_000_000 + jump + FRAME), 540_000),
    )
    assert [(p.dts, p.after_hole) for p in found] == [
        (1_000_000, False),
        (1_045_000, True),
        (1_045_000 + FRAME, False),
    ]
    assert all(p.pts == p.dts for p in found)


@pytest.mark.parametrize(
    ("codec", "data", "expected"),
    [
        ("h264", KEY, False),
        ("h264", KEY_PART, True),
        ("h264", SETS + KEY_PART, True),
        ("h264", b"\x00\x00\x00\x01\x06\x05sei" + NEXT, False),
        ("h264", SETS, False),
        ("h264", b"\x00\x00\x00\x01\x41", False),
        ("h264", b"", False),
        ("hevc", b"\x00\x00\x01\x26\x01\x80", False),
        ("hevc", b"\x00\x00\x01\x26\x01\x00x", True),
        ("hevc", b"\x00\x00\x01\x40\x01\x00\x00\x00\x01\x02\x01\x7f", True),
        ("mjpeg", KEY_PART, False),
    ],
)
def test_slices_are_told_from_pictures(codec: str, data: bytes, *, expected: bool) -> None:
    assert continues_picture(codec, data) is expected


def test_leading_sets_are_cut() -> None:
    assert without_leading_sets("h264", SETS + KEY) == KEY
    assert without_leading_sets("h264", KEY + SETS) == KEY + SETS
    assert without_leading_sets("mjpeg", b"x") == b"x"
