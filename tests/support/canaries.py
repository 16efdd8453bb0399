"""Bytes that would lie on a disk if what was said in camera were ever written in the clear, and the search for them."""

from __future__ import annotations

import ctypes
import io
import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

LENGTH = 24
_PART = 1 << 23


def mdats(segment: bytes) -> Iterable[bytes]:
    """What the fragments of a plain segment hold."""
    at = 0
    while at + 8 <= len(segment):
        size = int.from_bytes(segment[at : at + 4], "big")
        if segment[at + 4 : at + 8] == b"mdat":
            yield segment[at + 8 : at + size]
        at += max(size, 8)


def of_media(segment: bytes, seed: int = 1) -> set[bytes]:
    """Pieces of a plain segment: of each fragment some, and of its sound as PCM of either order of bytes."""
    rng = np.random.default_rng(seed)
    found: set[bytes] = set()
    for data in mdats(segment):
        for _ in range(4):
            start = int(rng.integers(max(1, len(data) - LENGTH)))
            piece = data[start : start + LENGTH]
            if len(set(piece)) > LENGTH // 2 and any(piece[:2]):  # a disk is full of zeros
                found.add(piece)
    with av.open(io.BytesIO(segment), "r") as container:
        for frame in container.decode(container.streams.audio[0]) if container.streams.audio else ():
            pcm = frame.to_ndarray().reshape(-1).astype(np.int16)[: LENGTH // 2]
            found |= {
                piece
                for order in ("<i2", ">i2")
                if len(set(piece := pcm.astype(order).tobytes())) > LENGTH // 2 and any(piece[:2])
            }
    return found


def of_text(text: str) -> set[bytes]:
    """A typed word as programs write it."""
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in text)
    return {
        text.encode(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        escaped.encode(),
        escaped.upper().replace("\\U", "\\u").encode(),
    }


def found_in(path: Path, pieces: Iterable[bytes]) -> set[bytes]:
    """Which of the pieces (of 4 bytes at least) stand somewhere in a file, a raw image for instance; one pass for all of them."""
    by_start: dict[bytes, list[bytes]] = {}
    for piece in pieces:
        by_start.setdefault(piece[:4], []).append(piece)
    table = np.zeros(65_536, dtype=bool)
    table[[int.from_bytes(start[:2], "big") for start in by_start]] = True
    longest = max((len(piece) for many in by_start.values() for piece in many), default=0)
    found: set[bytes] = set()
    data = path.read_bytes()
    for at in range(0, len(data), _PART):
        part = data[at : at + _PART + longest]
        values = np.frombuffer(part, dtype=np.uint8).astype(np.uint16)
        for position in np.flatnonzero(table[(values[:-1] << 8) | values[1:]]):
            for piece in by_start.get(part[position : position + 4], ()):
                if part.startswith(piece, position):
                    found.add(piece)
    return found


def flush(folder: Path) -> None:
    """Have everything that was written to a file system reach its disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd):
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(fd)


def write_noise(path: Path, seconds: float, seed: int, rate: int = 16_000) -> Path:
    """Sound that nothing can compress, so that an encoder leaves its samples as they are; no second of it is like another."""
    from tests.recorder.recordings import write_wav

    samples = np.random.default_rng(seed).integers(-32_768, 32_767, (round(seconds * rate), 1), dtype=np.int16)
    return write_wav(path, samples, rate)


def write_pictures(path: Path, seconds: float, seed: int) -> Path:
    """Pictures of noise, small, a key frame each second; no second is like another."""
    rng = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=10, options={"preset": "ultrafast", "g": "10", "crf": "40"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 160, 120, "yuv420p", Fraction(1, 10)
        for _ in range(round(seconds * 10)):
            small = rng.integers(0, 255, (15, 20, 3), dtype=np.uint8)
            image: Any = np.ascontiguousarray(small.repeat(8, 0).repeat(8, 1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path
