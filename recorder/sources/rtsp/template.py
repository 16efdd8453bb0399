"""The parameters of a camera's pictures: found by FFmpeg in its first key frame, as it finds those of a stream that it reads itself."""

from __future__ import annotations

import io
from fractions import Fraction

import av
from av.video.stream import VideoStream

from recorder.annexb import sequence_set
from recorder.errors import NotUnderstood
from recorder.sources.rtsp.sdp import CLOCK
from recorder.sources.rtsp.units import START


def template_of(codec: str, sets: bytes, key: bytes) -> VideoStream:
    """A stream with the size, the profile and the parameter sets of a picture, in ticks of RTP.

    Args:
        codec: ``h264`` or ``hevc``.
        sets: parameter sets of the description, for a picture without its own.
        key: the picture.

    Raises:
        NotUnderstood: it is no such picture.
    """
    # Some cameras repeat the sets; each goes into the file's head once.
    units = dict.fromkeys((key if sequence_set(codec, key) else sets + key).split(START))
    data = START.join(units)
    try:
        container = av.open(io.BytesIO(data), format=codec)
    except (av.FFmpegError, ValueError):
        raise NotUnderstood("a first picture that cannot be read") from None
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or not stream.codec_context.width or not stream.codec_context.extradata:
        raise NotUnderstood("a first picture without a size")
    stream.time_base = Fraction(1, CLOCK)
    return stream
