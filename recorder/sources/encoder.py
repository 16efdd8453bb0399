"""Encoding the pictures of a camera that gives them raw, or as JPEG, which no browser plays in MP4: once, as H.264.

The encoder is chosen by trying: NVENC where a card really encodes a picture of this size, else libx264. PyAV's wheel carries
both names whatever the machine has, so a name found says nothing. (It carries no VAAPI.)
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
import structlog
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from recorder.errors import SourceFormat
from recorder.segments import VIDEO_RATE

log = structlog.get_logger()

TICK = Fraction(1, VIDEO_RATE)
# A key frame each second: the preview and the watch over pictures look at key frames, and a segment begins with one.
KEY_S = 1
# Constant quality, with a ceiling that a disk and an archive can plan for.
_QUALITY, _MOST_BITS = 21, 8_000_000
_THREADS = 4

# No frame waits in an encoder for a later one: what waits there is lost when the process is killed.
_OPTIONS = {
    # x264 --fullhelp; scenecut off: key frames come when they are due or asked for, and at no other time.
    "libx264": {
        "preset": "veryfast",
        "tune": "zerolatency",
        "crf": str(_QUALITY),
        "x264-params": "scenecut=0",
        "forced-idr": "1",
    },
    # ffmpeg -h encoder=h264_nvenc
    "h264_nvenc": {
        "preset": "p4",
        "tune": "ll",
        "rc": "vbr",
        "cq": str(_QUALITY),
        "forced-idr": "1",
        "zerolatency": "1",
        "delay": "0",
        "no-scenecut": "1",
    },
}
ENCODERS = tuple(reversed(_OPTIONS))


@dataclass(frozen=True)
class Shape:
    """What is to be encoded: size in pixels, both even (4:2:0), and usual pictures a second."""

    width: int
    height: int
    fps: int

    @classmethod
    def of(cls, width: int, height: int, fps: float) -> Shape:
        """The nearest shape that can be encoded."""
        return cls(width & ~1, height & ~1, max(1, round(fps)))


class Encoder:
    """One running H.264 encoder; times are ticks of 1/90000 s.

    Args:
        name: one of :data:`ENCODERS`.
        shape: of all its pictures.

    Raises:
        av.FFmpegError: this machine cannot (no card, no driver, no such size).
    """

    def __init__(self, name: str, shape: Shape) -> None:
        context = cast("VideoCodecContext", CodecContext.create(name, "w"))
        context.width, context.height, context.pix_fmt = shape.width, shape.height, "yuv420p"
        context.time_base, context.framerate = TICK, Fraction(shape.fps)
        context.gop_size, context.max_b_frames = shape.fps * KEY_S, 0
        context.thread_count = _THREADS if name == "libx264" else 1
        limits = {"maxrate": str(_MOST_BITS), "bufsize": str(2 * _MOST_BITS)}
        context.options = {**_OPTIONS[name], **limits}
        context.open()
        self.name, self.shape = name, shape
        self._context = context

    def encode(self, frame: VideoFrame, ticks: int, *, key: bool = False) -> list[Packet[Any]]:
        """Encode one picture, of any pixel format and size.

        Args:
            frame: the picture.
            ticks: its time.
            key: whether it must be a key frame.
        """
        ready = frame.reformat(self.shape.width, self.shape.height, "yuv420p")
        ready.pts, ready.time_base = ticks, TICK
        ready.pict_type = PictureType.I if key else PictureType.NONE
        return self._context.encode(ready)


def choose(shape: Shape, wanted: Iterable[str] = ENCODERS) -> Encoder:
    """The first encoder that encodes a picture of this shape on this machine.

    Args:
        shape: of the pictures.
        wanted: names, the best first.

    Raises:
        SourceFormat: none does.
    """
    told = "no encoder is known by this name"
    for name in wanted:
        try:
            _try(name, shape)
            encoder = Encoder(name, shape)
        except (av.FFmpegError, ValueError) as error:
            told = f"{name}: {getattr(error, 'strerror', None) or error}"
            log.info("this encoder does not work here", action="try_next_encoder", encoder=name, cause=told)
        else:
            log.info(
                "encoder chosen", action="encode", encoder=name, width=shape.width, height=shape.height, fps=shape.fps
            )
            return encoder
    raise SourceFormat(f"pictures of {shape.width}x{shape.height} cannot be encoded: {told}")


def template_of(packet: Packet[Any], shape: Shape) -> VideoStream:
    """A stream that describes what the encoder gives, read from its first packet as from a camera's.

    Raises:
        SourceFormat: the packet is no key frame with its parameter sets.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=shape.fps)
        stream.width, stream.height, stream.pix_fmt = shape.width, shape.height, "yuv420p"
        copy: Packet[Any] = Packet(bytes(packet))
        copy.time_base, copy.dts, copy.pts, copy.is_keyframe, copy.stream = TICK, 0, 0, True, stream
        container.mux(copy)
    found = av.open(io.BytesIO(file.getvalue()), format="mpegts").streams.video[0]
    if not found.codec_context.extradata or found.codec_context.width != shape.width:
        raise SourceFormat("the encoder gave no parameter sets")
    return found


def _try(name: str, shape: Shape) -> None:
    """Encode one grey picture.

    Raises:
        av.FFmpegError: it cannot be done.
        ValueError: nothing came out, or there is no such encoder.
    """
    frame = VideoFrame(shape.width, shape.height, "yuv420p")
    for plane in frame.planes:
        plane.update(b"\x80" * plane.buffer_size)
    encoder = Encoder(name, shape)
    if not encoder.encode(frame, 0, key=True):
        raise ValueError("holds pictures back")
