"""What a V4L2 camera can give, asked of the kernel, and which of it is taken (Linux, include/uapi/linux/videodev2.h).

FFmpeg opens such a camera but tells a program nothing of what it offers, so the three questions are asked here by ioctl:
VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES, VIDIOC_ENUM_FRAMEINTERVALS.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.errors import SourceFormat, SourceUnavailable

# FFmpeg's input_format by the kernel's four characters. H.264 is copied; all the others are encoded once.
INPUT_FORMATS = {
    "H264": "h264",
    "YUYV": "yuyv422",
    "UYVY": "uyvy422",
    "NV12": "nv12",
    "YU12": "yuv420p",
    "MJPG": "mjpeg",
    "JPEG": "mjpeg",
    "GREY": "gray",
    "RGB3": "rgb24",
    "BGR3": "bgr24",
}
COPIED = frozenset({"H264"})
_COMPRESSED = frozenset({"MJPG", "JPEG"})

_CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE, V4L2_FRMIVAL_TYPE_DISCRETE
_MOST = 256  # answers to one question: a driver that never says "no more" is not asked for ever
_FMTDESC, _FRMSIZE, _FRMIVAL = "=III32sI4I", "=III6I2I", "=IIIII6I2I"


def _query(number: int, layout: str) -> int:
    """The request of ``_IOWR('V', number, layout)``."""
    return 3 << 30 | struct.calcsize(layout) << 16 | ord("V") << 8 | number


_ENUM_FMT = _query(2, _FMTDESC)
_ENUM_FRAMESIZES = _query(74, _FRMSIZE)
_ENUM_FRAMEINTERVALS = _query(75, _FRMIVAL)


@dataclass(frozen=True)
class Wish:
    """What is asked of a camera that is encoded here; the nearest that it offers is taken."""

    width: int = 1280
    height: int = 720
    fps: int = 25


@dataclass(frozen=True)
class Mode:
    """One way in which a camera gives pictures; ``fourcc`` as the kernel names it, ``fps`` the most it gives so."""

    fourcc: str
    width: int
    height: int
    fps: float

    def options(self, wish: Wish) -> dict[str, str]:
        """FFmpeg's options (ffmpeg-devices, video4linux2) that ask for it."""
        options = {"input_format": INPUT_FORMATS[self.fourcc], "video_size": f"{self.width}x{self.height}"}
        return {**options, "framerate": f"{min(self.fps, wish.fps):g}"} if self.fps else options


def choose(modes: Sequence[Mode], wish: Wish, device: str) -> Mode:
    """The mode to take: at least as big as wished, H.264 before raw before MJPEG, fast enough, no bigger than it must be.

    A raw picture is better than a JPEG of it, but not at five pictures a second: what USB 2 carries of a big raw picture.

    Raises:
        SourceFormat: none that is read here.
    """
    known = [mode for mode in modes if mode.fourcc in INPUT_FORMATS]
    if not known:
        told = ", ".join(sorted({mode.fourcc for mode in modes})) or "no pictures"
        raise SourceFormat(f"{device}: gives {told}; none of it is read")

    def worth(mode: Mode) -> tuple[bool, bool, bool, int, bool, float]:
        size, wanted = mode.width * mode.height, wish.width * wish.height
        big = mode.width >= wish.width and mode.height >= wish.height
        fast = mode.fps >= min(wish.fps, 15)
        return big, fast, mode.fourcc in COPIED, -abs(size - wanted), mode.fourcc not in _COMPRESSED, mode.fps

    return max(known, key=worth)


def modes_of(path: Path, wish: Wish) -> list[Mode]:
    """Everything that the camera at ``path`` offers; of a range of sizes, the one nearest to the wish.

    Raises:
        SourceUnavailable: there is no such camera, or it may not be opened.
    """
    try:
        if not stat.S_ISCHR(path.stat().st_mode):
            raise SourceUnavailable(f"{path}: is no device")
        # Only asked, never read: FFmpeg opens it again.
        camera = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceUnavailable(f"{path}: {error.strerror}") from error
    try:
        return [mode for fourcc in _formats(camera) for mode in _modes(camera, fourcc, wish)]
    finally:
        os.close(camera)


def _modes(camera: int, fourcc: str, wish: Wish) -> Iterator[Mode]:
    code = struct.unpack("=I", fourcc.encode("latin-1"))[0]
    for width, height in _sizes(camera, code, wish):
        yield Mode(fourcc, width, height, _fps(camera, code, width, height))


def _formats(camera: int) -> list[str]:
    def question(number: int) -> bytes:
        return struct.pack(_FMTDESC, number, _CAPTURE, 0, b"", 0, *[0] * 4)

    return [
        struct.pack("=I", answer[4]).decode("latin-1") for answer in _answers(camera, _ENUM_FMT, _FMTDESC, question)
    ]


def _sizes(camera: int, code: int, wish: Wish) -> list[tuple[int, int]]:
    def question(number: int) -> bytes:
        return struct.pack(_FRMSIZE, number, code, 0, *[0] * 8)

    found = []
    for answer in _answers(camera, _ENUM_FRAMESIZES, _FRMSIZE, question):
        kind, numbers = answer[2], answer[3:9]
        if kind == _DISCRETE:
            found.append((numbers[0], numbers[1]))
        else:  # min, max and step of the width, then of the height
            found.append((_fit(wish.width, *numbers[:3]), _fit(wish.height, *numbers[3:])))
    return found


def _fit(wanted: int, least: int, most: int, step: int) -> int:
    inside = min(max(wanted, least), most)
    return inside - (inside - least) % max(1, step)


def _fps(camera: int, code: int, width: int, height: int) -> float:
    """The most pictures a second; 0 when the driver does not say."""

    def question(number: int) -> bytes:
        return struct.pack(_FRMIVAL, number, code, width, height, 0, *[0] * 8)

    best = 0.0
    for answer in _answers(camera, _ENUM_FRAMEINTERVALS, _FRMIVAL, question):
        numerator, denominator = answer[5], answer[6]  # of the interval; of a range, the shortest stands first
        best = max(best, denominator / numerator if numerator else 0.0)
    return best


def _answers(camera: int, request: int, layout: str, question: Callable[[int], bytes]) -> Iterator[tuple[int, ...]]:
    """Answers to a question asked with 0, 1, 2 … until the driver has no more."""
    for number in range(_MOST):
        buffer = bytearray(question(number))
        try:
            fcntl.ioctl(camera, request, buffer)
        except OSError:
            return
        yield struct.unpack(layout, buffer)
