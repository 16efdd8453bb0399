"""Pictures and sound that tests make themselves."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

FPS = 25
_BITS = 16


def make_clip(
    path: Path, seconds: float, *, size: tuple[int, int] = (320, 192), group: int = 25, slices: int = 1
) -> Path:
    """An MP4 with H.264; each picture carries its number, which :func:`numbers_in` reads back.

    Args:
        path: where to.
        seconds: length.
        size: width and height, pixels.
        group: pictures from key frame to key frame.
        slices: slices of a picture; more than one makes GStreamer send several packets for a key frame, as cameras do.
    """
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": f"slices={slices}:threads=1:scenecut=0"}
        stream = container.add_stream("libx264", rate=FPS, options={**options, "g": str(group)})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.thread_count = 1
        noise = np.random.default_rng(7).integers(0, 60, (size[1], size[0]), np.uint8)
        for number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(_picture(number, noise), format="gray")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def _picture(number: int, noise: NDArray[np.uint8]) -> NDArray[np.uint8]:
    picture = np.roll(noise, number * 3, axis=1) + 40
    for bit in range(_BITS):
        picture[:16, bit * 16 : bit * 16 + 16] = 235 if number >> bit & 1 else 16
    return picture


def numbers_in(path: Path) -> list[int]:
    """Decode a whole file; the numbers of its pictures, in order. Fails where a picture is damaged."""
    found: list[int] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            assert not frame.is_corrupt, f"{path}: a damaged picture after {found[-1:]}"
            picture: Any = frame.to_ndarray(format="gray")
            found.append(sum(int(picture[8, bit * 16 + 8] > 128) << bit for bit in range(_BITS)))
    return found


def samples_in(path: Path) -> NDArray[np.signedinteger[Any]]:
    """Decode a whole file of one channel: one axis, int16 or int32."""
    with av.open(str(path)) as container:
        blocks: list[Any] = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(blocks)


def counter(count: int, steps: tuple[int, ...]) -> NDArray[np.int16]:
    """Sound in which every sample is known and a shift is seen at once: shape (count, channels), a saw tooth a channel."""
    at = np.arange(count, dtype=np.int64)[:, None]
    saw: NDArray[np.int16] = ((at * np.array(steps) + 11) % 30011 - 15000).astype(np.int16)
    return saw
