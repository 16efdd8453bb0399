"""Opening what FFmpeg opens, with errors that say what to do and never show a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import unquote, urlsplit

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from recorder.errors import CaptureError, SourceFormat, SourceLost, SourceRefused, SourceUnavailable

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
_REFUSALS = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError, PermissionError)


def scrub(text: str, address: str = "") -> str:
    """``text`` without names and passwords of addresses; those of ``address`` go wherever they stand."""
    text = re.sub(r"(?<=//)[^/\s'\"]*@", "", text)
    try:
        parts = urlsplit(address)
        secrets = [parts.password, parts.netloc.rpartition("@")[0]]
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


def open_input(address: str, media: Literal["video", "audio"]) -> InputContainer:
    """Open a file or a stream for one kind of media.

    Raises:
        CaptureError: see :mod:`recorder.errors`.
    """
    options: dict[str, str] = {}
    timeout: tuple[float, float] | None = (OPEN_TIMEOUT_S, READ_TIMEOUT_S) if "://" in address else None
    if address.startswith(("rtsp:", "rtsps:")):
        # TCP: a lost datagram would spoil a group of pictures. Only what is recorded is asked of the camera.
        options = {"rtsp_transport": "tcp", "allowed_media_types": media, "timeout": str(round(READ_TIMEOUT_S * 1e6))}
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


def audio_of(container: InputContainer, address: str, channels: int) -> AudioStream:
    """The sound track, which must have as many channels as have names: none is dropped and none is made up.

    Raises:
        SourceFormat: there is none, or it has another number of channels.
    """
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise SourceFormat(scrub(f"{address}: gives no sound", address))
    if stream.channels != channels:
        found = f"{address}: has {stream.channels} channels, and {channels} names are set for them"
        raise SourceFormat(scrub(found, address))
    return stream
