"""Packets of RTP put together to pictures, as cameras send them, in any pieces, with losses, garbage and random bytes."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.errors import SourceFormat, SourceLost
from recorder.sources.rtsp.frames import MOST_GARBAGE, Coded, Frames
from recorder.sources.rtsp.messages import message_at
from recorder.sources.rtsp.rtcp import SenderReports
from recorder.sources.rtsp.sdp import pictures_of
from recorder.sources.rtsp.sign_in import challenge
from recorder.sources.rtsp.units import recovers

FRAME = 3600
START = b"\x00\x00\x00\x01"


class Camera:
    """Makes packets as a camera does."""

    def __init__(self, codec: str = "h264", sequence: int = 65_530, source: int = 7) -> None:
        self.codec, self.sequence, self.source = codec, sequence, source
        self.heard: list[Any] = []
        self.frames = Frames(codec, 96, (0, 1), self.heard.append, self.heard.append)
        self._data = bytearray(1 << 18)
        self._filled = 0

    def rtp(
        self, payload: bytes, stamp: int, *, marker: bool = False, kind: int = 96, extra: bytes = b"", flags: int = 0x80
    ) -> bytes:
        head = struct.pack(">BBHII", flags, marker << 7 | kind, self.sequence & 0xFFFF, stamp & 0xFFFFFFFF, self.source)
        self.sequence += 1
        packet = head + extra + payload
        return struct.pack(">cBH", b"$", 0, len(packet)) + packet

    def pieces(self, unit: bytes, stamp: int, size: int = 10) -> list[bytes]:
        """A unit in pieces; the last packet is marked."""
        skip = 1 if self.codec == "h264" else 2
        body = [unit[at : at + size] for at in range(skip, len(unit), size)]
        if self.codec == "h264":
            head, kind = bytes([unit[0] & 0xE0 | 28]), unit[0] & 0x1F
        else:
            head, kind = bytes([unit[0] & 0x81 | 49 << 1, unit[1]]), unit[0] >> 1 & 0x3F
        flags = [(0x80 if at == 0 else 0) | (0x40 if at == len(body) - 1 else 0) for at in range(len(body))]
        return [
            self.rtp(head + bytes([flag | kind]) + part, stamp, marker=bool(flag & 0x40))
            for flag, part in zip(flags, body, strict=True)
        ]

    def take(self, data: bytes, step: int = 1 << 17) -> list[Coded]:
        """Give bytes to the reader, so many at once."""
        view = memoryview(self._data)
        for at in range(0, len(data), step):
            part = data[at : at + step]
            view[self._filled : self._filled + len(part)] = part
            end = self._filled + len(part)
            used = self.frames.take(self._data, view, end)
            self._filled = end - used
            view[: self._filled] = bytes(view[used:end])
            for leftover in range(self._filled, len(self._data), 997):  # what is there no more must not be looked at
                self._data[leftover] = 0xEE
        done, self.frames.done = self.frames.done, []
        return done


def unit(kind: int, number: int, length: int = 95) -> bytes:
    return bytes([0x60 | kind, 0x80]) + bytes((number + at) % 251 for at in range(length))


def hevc_unit(kind: int, number: int, length: int = 95) -> bytes:
    return bytes([kind << 1, 1, 0x80]) + bytes((number + at) % 251 for at in range(length))


@pytest.mark.parametrize("step", [1 << 17, 1, 3, 17, 1000])
def test_pictures_are_put_together_from_pieces_however_they_come(step: int) -> None:
    camera = Camera()
    sets = [unit(7, 1, 9), unit(8, 2, 4)]
    together = b"\x78" + b"".join(struct.pack(">H", len(part)) + part for part in sets)
    wanted = [Coded(b"".join(START + part for part in [*sets, unit(5, 3, 3000)]), 0, key=True)]
    data = camera.rtp(together, 2**32 - FRAME) + b"".join(camera.pieces(unit(5, 3, 3000), 2**32 - FRAME, 300))
    for number in range(1, 20):  # time stamps and sequence numbers wrap
        stamp = (number - 1) * FRAME
        whole = unit(1, number, 40 + 13 * number)
        data += b"".join(camera.pieces(whole, stamp)) if number % 3 else camera.rtp(whole, stamp, marker=True)
        wanted.append(Coded(START + whole, number * FRAME, key=False))
        data += struct.pack(">cBH", b"$", 1, 4) + b"rtcp" + struct.pack(">cBH", b"$", 9, 3) + b"???"
    assert camera.take(data, step) == wanted
    assert camera.frames.missing == 0
    assert camera.heard == [b"rtcp"] * 19
    assert camera.frames.highest == camera.sequence - 1


def test_h265_is_put_together() -> None:
    camera = Camera("hevc")
    sets = [hevc_unit(kind, kind, 6) for kind in (32, 33, 34)]
    together = bytes([48 << 1, 1]) + b"".join(struct.pack(">H", len(part)) + part for part in sets)
    data = (
        camera.rtp(together, 5)
        + b"".join(camera.pieces(hevc_unit(19, 1), 5))
        + b"".join(camera.pieces(hevc_unit(1, 2), 9))
    )
    data += camera.rtp(hevc_unit(0, 3), 12, marker=True) + camera.rtp(bytes([50 << 1, 1, 7]), 15, marker=True)
    assert camera.take(data) == [
        Coded(b"".join(START + part for part in [*sets, hevc_unit(19, 1)]), 0, key=True),
        Coded(START + hevc_unit(1, 2), 4, key=False),
        Coded(START + hevc_unit(0, 3), 7, key=False),
    ]


@pytest.mark.parametrize("lost", range(10))
def test_a_unit_with_a_lost_piece_is_left_out_and_counted(lost: int) -> None:
    camera = Camera()
    first = camera.take(camera.rtp(unit(5, 1), 0, marker=True))
    pieces = camera.pieces(unit(1, 2), FRAME)
    assert len(pieces) == 10
    slice_before = camera.rtp(unit(1, 9, 20), 2 * FRAME)
    more = camera.pieces(unit(1, 3), 2 * FRAME)
    found = camera.take(b"".join([*pieces[:lost], *pieces[lost + 1 :], slice_before, *more]))
    assert first == [Coded(START + unit(5, 1), 0, key=True)]
    assert found == [Coded(START + unit(1, 9, 20) + START + unit(1, 3), 2 * FRAME, key=False)]
    assert camera.frames.missing == 1


def test_pictures_end_where_no_packet_is_marked() -> None:
    camera = Camera()
    data = (
        camera.rtp(unit(7, 1), 0)
        + camera.rtp(unit(5, 1), 0)
        + camera.rtp(unit(5, 2), 0)
        + camera.rtp(unit(1, 3), FRAME)
    )
    assert camera.take(data + camera.rtp(unit(1, 4), 2 * FRAME)) == [
        Coded(START + unit(7, 1) + START + unit(5, 1) + START + unit(5, 2), 0, key=True, late=True),
        Coded(START + unit(1, 3), FRAME, key=False, late=True),
    ]


def test_sets_that_are_marked_wait_for_their_picture_and_none_stands_inside_one() -> None:
    camera = Camera()
    data = camera.rtp(unit(7, 1), 0, marker=True) + camera.rtp(unit(8, 1), 0, marker=True) + camera.rtp(unit(5, 1), 0)
    data += camera.rtp(unit(7, 1), 0) + camera.rtp(unit(5, 2), 0, marker=True)
    wanted = b"".join(START + part for part in (unit(7, 1), unit(8, 1), unit(5, 1), unit(5, 2)))
    assert camera.take(data) == [Coded(wanted, 0, key=True)]


def test_extras_of_packets_are_left_out() -> None:
    camera = Camera()
    listed = camera.rtp(unit(5, 1), 0, marker=True, extra=b"\0\0\0\1\xbe\xde\0\1abcd", flags=0x80 | 0x10 | 1)
    padded = camera.rtp(unit(1, 2) + b"\0\0\3", FRAME, marker=True, flags=0xA0)
    other = camera.rtp(unit(1, 3), FRAME, marker=True, kind=97)
    assert camera.take(listed + padded + other) == [
        Coded(START + unit(5, 1), 0, key=True),
        Coded(START + unit(1, 2), FRAME, key=False),
    ]


def test_a_camera_that_begins_anew_within_the_connection_goes_on() -> None:
    camera = Camera()
    camera.take(camera.rtp(unit(5, 1), 0, marker=True))
    camera.source, camera.sequence = 8, 100
    [found] = camera.take(camera.rtp(unit(5, 2), 5_000_000, marker=True))
    assert (found.stamp, found.key, found.line, camera.frames.missing) == (5_000_000, True, 1, 0)
    [found] = camera.take(camera.rtp(unit(1, 3), 5_000_000 + FRAME, marker=True))
    assert found.line == 1
    [found] = camera.take(camera.rtp(unit(1, 4), 3_000_000_000, marker=True))
    assert found.line == 2  # the same sender counts anew


def test_time_stamps_that_wrap_go_on_as_one_line() -> None:
    camera = Camera()
    data = b"".join(camera.rtp(unit(1, at), 2**32 - FRAME + at * FRAME, marker=True) for at in range(3))
    assert [(item.stamp, item.line) for item in camera.take(data)] == [(0, 0), (FRAME, 0), (2 * FRAME, 0)]


def test_garbage_is_passed_over_until_there_is_too_much() -> None:
    camera = Camera()
    data = (
        camera.rtp(unit(5, 1), 0, marker=True) + b"\r\n\0\xffrubbish$RTSP" + camera.rtp(unit(1, 2), FRAME, marker=True)
    )
    data += b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n" + camera.rtp(unit(1, 3), 2 * FRAME, marker=True)
    assert [item.stamp for item in camera.take(data)] == [0, FRAME, 2 * FRAME]
    assert [item.status for item in camera.heard] == [200]
    with pytest.raises(SourceLost, match="no RTSP"):
        camera.take(bytes(MOST_GARBAGE + 100))


def test_a_picture_without_an_end_is_refused() -> None:
    camera = Camera()
    piece = b"\x7c\x05" + bytes(60_000)
    with pytest.raises(SourceLost, match="MiB"):
        camera.take(camera.rtp(b"\x7c\x85x", 0) + b"".join(camera.rtp(piece, 0) for _ in range(600)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x06\x06\x01\xc4\x80", True),
        (b"\x06\x05\x02ab\x06\x01\xc4\x80", True),
        (b"\x06\x05\xff\x01" + bytes(256) + b"\x06\x01\xc4\x80", True),
        (b"\x06\x05\x02ab\x80", False),
        (b"\x06\x01\xff\xff", False),
        (b"\x06", False),
    ],
)
def test_a_recovery_point_is_where_decoding_begins(data: bytes, *, expected: bool) -> None:
    assert recovers(data) is expected
    camera = Camera()
    [found] = camera.take(camera.rtp(data, 0) + camera.rtp(unit(1, 1), 0, marker=True))
    assert found.key is expected


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.binary(max_size=40)), max_size=30), st.sampled_from(["h264", "hevc"]))
def test_no_bytes_raise_anything_but_errors_of_sources(parts: list[tuple[int, bytes]], codec: str) -> None:
    camera = Camera(codec)
    heads = [b"\x7c\x85", b"\x7c\x05", b"\x78", b"\x65\x88", b"\x62\x01\x93", b"\x60\x01", b""]
    for choice, noise in parts:
        framed = camera.rtp(
            heads[choice] + noise, choice * 40, marker=bool(len(noise) % 2), flags=0x80 | len(noise) % 64
        )
        with suppress(SourceLost):
            camera.take(framed if len(noise) % 5 else noise + framed[: len(noise)], 7)
        for parse in (pictures_of, lambda data: challenge([data.decode("latin-1")]), recovers):
            with suppress(SourceFormat):
                parse(noise)
        with suppress(SourceFormat):
            message_at(b"RTSP/1.0 " + noise + b"\r\n\r\n", 0, len(noise) + 13)
        SenderReports().take(noise, 7, 0, 0)
