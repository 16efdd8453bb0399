"""Opening what FFmpeg opens, with errors that say what to do and never show a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from recorder.errors import CaptureError, SourceFormat, SourceLost, SourceRefused, SourceUnavailable

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
#: FFmpeg looks at so many pictures before it hands over the first: its own choice, 20, is 2 s of a camera of ten a second.
_RATE_PICTURES = "3"
# Nothing that records a room is bigger; a camera that says so is broken or hostile, and its pictures fill the memory.
MOST_PIXELS = 8192 * 8192
# What comes over a network may be of these kinds only. Without this a hostile server could answer with a playlist, by which
# FFmpeg would read files of this machine or addresses of the court's network.
_STREAMS = {
    "protocol_whitelist": "rtsp,rtsps,rtp,rtmp,rtmps,rtmpt,rtmpts,ffrtmphttp,ffrtmpcrypt,http,https,httpproxy,tcp,tls,udp,unix",
    "format_whitelist": "rtsp,mpegts,flv,live_flv,h264,hevc,matroska,webm,mov,mp4,ogg,wav,aac,flac,mp3,nut",
    "max_streams": "32",
}
_SECRET = 4  # characters: a shorter value of a query, such as 1, is no token
_REFUSALS = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError, PermissionError)


def scrub(text: str, address: str = "") -> str:
    """``text`` without names, passwords and queries (which carry tokens) of addresses; those of ``address`` go wherever they stand."""
    text = re.sub(r"(?<=//)[^/\s'\"]*@", "", text)
    text = re.sub(r"(://[^\s'\"?]*\?)[^\s'\":]*", r"\1***", text)
    try:
        parts = urlsplit(address)
        secrets = [parts.password, parts.netloc.rpartition("@")[0]]
        secrets += (
            [parts.query, *(value for _, value in parse_qsl(parts.query) if len(value) >= _SECRET)]
            if parts.netloc
            else []
        )
    except ValueError:
        return "(an address that cannot be read)"
    for secret in filter(None, secrets):
        for spelling in (secret, unquote(secret)):
            text = text.replace(spelling, "***")
    return text


@contextmanager
def told(address: str, *, opened: bool) -> Iterator[None]:
    """Turn FFmpeg's errors into ours; ``opened`` tells a source that stopped from one that never began."""
    try:
        yield
    except CaptureError:
        raise
    except (av.FFmpegError, OSError, ValueError) as error:
        kind: type[CaptureError] = SourceLost if opened else SourceUnavailable
        if isinstance(error, _REFUSALS):
            kind = SourceRefused
        elif isinstance(error, av.error.InvalidDataError) and not opened:
            kind = SourceFormat
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        # Without "from error": the text of FFmpeg's error carries the whole address, and a traceback would print it.
        raise kind(scrub(f"{address}: {cause}", address)) from None


def distant(address: str) -> bool:
    """Whether a stream comes from another process or machine, by a socket; else it is a file or a device."""
    return "://" in address or address.startswith("unix:")


def open_input(address: str, media: Literal["video", "audio"]) -> InputContainer:
    """Open a file or a stream for one kind of media.

    Raises:
        CaptureError: see :mod:`recorder.errors`.
    """
    options = dict(_STREAMS) if distant(address) else {}
    timeout: tuple[float, float] | None = (OPEN_TIMEOUT_S, READ_TIMEOUT_S) if "://" in address else None
    if address.startswith(("rtsp:", "rtsps:")):
        # TCP: a lost datagram would spoil a group of pictures. Only what is recorded is asked of the camera.
        options |= {
            "rtsp_transport": "tcp",
            "allowed_media_types": media,
            "timeout": str(round(READ_TIMEOUT_S * 1e6)),
            "fpsprobesize": _RATE_PICTURES,
        }
        # FFmpeg's own limit: PyAV's is asked at every datagram with Python's lock, a third of all CPU of a camera.
        timeout = None
    with told(address, opened=False):
        return av.open(address, options=options, timeout=timeout)


def video_of(container: InputContainer, address: str) -> VideoStream:
    """The picture track.

    Raises:
        SourceFormat: there is none, or its size is not known.
    """
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or not stream.codec_context.width:
        raise SourceFormat(scrub(f"{address}: gives no video", address))
    return stream


def check_size(stream: VideoStream, address: str) -> None:
    """Refuse what is no camera's picture.

    Raises:
        SourceFormat: more than :data:`MOST_PIXELS`.
    """
    context = stream.codec_context
    if context.width * context.height > MOST_PIXELS:
        raise SourceFormat(scrub(f"{address}: pictures of {context.width}x{context.height} are not recorded", address))


def audio_of(container: InputContainer, address: str, channels: int) -> AudioStream:
    """The sound track, which must have as many channels as have names: none is dropped and none is made up (:func:`said_twice`).

    Raises:
        SourceFormat: there is none, or it has another number of channels.
    """
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise SourceFormat(scrub(f"{address}: gives no sound", address))
    if stream.channels != channels and not said_twice(stream, channels):
        found = f"{address}: has {stream.channels} channels, and {channels} names are set for them"
        raise SourceFormat(scrub(found, address))
    return stream


def said_twice(stream: AudioStream, channels: int) -> bool:
    """Whether this may be one channel that is announced as two: Opus over RTP always is (RFC 7587, section 7)."""
    return channels == 1 and stream.channels == 2 and stream.codec_context.codec.canonical_name == "opus"
