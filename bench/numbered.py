"""A 1080p clip whose pictures are told apart by their bytes, so that a copy is checked picture by picture without decoding it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet

FPS = 25
_SIZE = (1920, 1080)
_BIT_RATE = 4_000_000
_SLICES = (1, 5)  # coded slices of H.264 (7.4.1); parameter sets come and go on the way


def make_clip(path: Path, seconds: int, different: int = 250) -> Path:
    """An MP4, 1080p, 25 pictures and about 4 Mbit a second, a key frame each second; ``different`` pictures again and again."""
    noise = np.random.default_rng(7)
    base = noise.integers(40, 120, (_SIZE[1] // 8, _SIZE[0] // 8), np.uint8).repeat(8, 0).repeat(8, 1)
    options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(FPS), "maxrate": "4M", "bufsize": "1M"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={**options, "x264-params": "scenecut=0:sliced-threads=0"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *_SIZE, "yuv420p", _BIT_RATE
        stream.codec_context.thread_count = 1
        packets: list[Packet[Any]] = []
        for number in range(different):
            picture = np.roll(base, number * 5, axis=1)
            picture[200:392, 200:712] += noise.integers(0, 60, (192, 512), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for at in range(seconds * FPS):
            one = packets[at % different]
            packet: Packet[Any] = Packet(bytes(one))
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, FPS), one.is_keyframe
            packet.pts = packet.dts = at
            packet.duration = 1
            container.mux(packet)
    return path


def _digests(path: Path) -> Iterator[bytes]:
    """A digest of the coded slices of each picture of an MP4."""
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                yield hashlib.sha256(b"".join(_slices(bytes(packet)))).digest()


def _slices(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 < len(data):
        length = int.from_bytes(data[at : at + 4])
        if data[at + 4] & 0x1F in _SLICES:
            yield data[at + 4 : at + 4 + length]
        at += 4 + length


@dataclass
class Counted:
    """What a copy holds.

    Attributes:
        pictures: pictures of the clip.
        lost: those missing between the first and the last.
        foreign: those that are not the clip's, so damaged.
        rewound: steps back. GStreamer's server rewinds a stream that is under way when a further client comes.
    """

    pictures: int = 0
    lost: int = 0
    foreign: int = 0
    rewound: int = 0

    @property
    def whole(self) -> bool:
        """Every picture is there, once."""
        return not (self.lost or self.foreign or self.rewound)

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.pictures + other.pictures,
            self.lost + other.lost,
            self.foreign + other.foreign,
            self.rewound + other.rewound,
        )


class Numbers:
    """Tells the number of each picture of a clip made by :func:`make_clip`."""

    def __init__(self, clip: Path) -> None:
        self._numbers: dict[bytes, int] = {}
        for digest in _digests(clip):
            if digest in self._numbers:
                break
            self._numbers[digest] = len(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def count(self, copy: list[Path]) -> Counted:
        """Count the pictures of a track's files, in order."""
        found, last = Counted(), -1
        for path in copy:
            for digest in _digests(path):
                number = self._numbers.get(digest)
                if number is None:
                    found.foreign += 1
                    continue
                missing = (number - last - 1) % len(self._numbers) if last >= 0 else 0
                if missing > len(self._numbers) // 2:
                    found.rewound += 1
                else:
                    found.lost += missing
                found.pictures, last = found.pictures + 1, number
        return found
