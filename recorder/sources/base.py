"""What a source hands over, and the seam behind which devices are hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from av.video.stream import VideoStream

from recorder.errors import SourceUnavailable
from recorder.levels import Samples
from recorder.packets import Picture
from recorder.segments import VIDEO_RATE


@dataclass(frozen=True)
class Track:
    """One track of a device, as a ``ready`` report names it.

    Attributes:
        source: its name.
        media: its kind.
        codec: of its segments.
        rate: as in the record format.
        given: what the device gives, by FFmpeg's name.
        encoder: what makes the segments' codec of it; empty when it is copied as it came.
    """

    source: str
    media: Literal["video", "audio"]
    codec: str
    rate: int
    given: str = ""
    encoder: str = ""


@dataclass(frozen=True)
class Opened:
    """The device is open; comes before any data.

    Attributes:
        tracks: one for video; one for each channel of sound, in the order of the channels.
        template: video: the stream whose parameters the packets need; keeps its container alive.
        bits: sound: 16 (int16 samples) or 24 (int32 samples, the 24 bits in the upper bytes).
    """

    tracks: tuple[Track, ...]
    template: VideoStream | None = None
    bits: int = 16


@dataclass(frozen=True)
class SoundBlock:
    """Samples of all channels, shape (samples, channels).

    ``arrival_us`` is CLOCK_MONOTONIC when the last of them was there; ``overflow`` when the device says that it lost some before;
    ``sent_us`` when the last of them was taken, UTC on the sender's own clock, where a stream says so (RTCP).
    """

    samples: Samples
    arrival_us: int
    overflow: bool = False
    sent_us: int | None = None


@dataclass(frozen=True)
class PictureItem:
    """One picture of a camera."""

    picture: Picture


@dataclass(frozen=True)
class PictureGroup:
    """Pictures that came since the last group: one waking of the thread that writes for all of them."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Absent:
    """The device is not there; it is tried again."""

    error: SourceUnavailable


@dataclass(frozen=True)
class Behind:
    """The encoder cannot keep up: pictures left out before it since the last item of this kind.

    ``stride``: of how many pictures one is encoded now.
    """

    pictures: int
    stride: int


@dataclass(frozen=True)
class Failure:
    """The source gave up; nothing comes after it."""

    error: Exception


Item = Opened | SoundBlock | PictureItem | PictureGroup | Behind | Absent | Failure
Put = Callable[[Item], None]


class CaptureSource(Protocol):
    """A device that is read by a thread of its own."""

    def run(self, put: Put) -> None:
        """Open, hand over :class:`Opened`, then data until :meth:`stop`; ``put`` never waits.

        May be called again after :class:`SourceUnavailable`, which is raised before anything is handed over.

        Raises:
            CaptureError: it cannot be opened, or it stopped giving data.
        """
        ...

    def stop(self) -> None:
        """Have :meth:`run` return soon (from any thread); a read that blocks may delay it."""
        ...


def track_names(name: str, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Names of a device's sound tracks: its channels', or its own when it has one channel without a name."""
    return channels or (name,)


def time_base(stream: VideoStream) -> Fraction:
    """Seconds in a tick of the stream's times."""
    return stream.time_base or Fraction(1, VIDEO_RATE)


def nominal_ticks(stream: VideoStream) -> int:
    """Usual duration of a picture, ticks; 1/25 s when the stream does not say."""
    return max(1, round(1 / ((stream.average_rate or stream.guessed_rate or 25) * time_base(stream))))


def byte_stream_codec(stream: VideoStream) -> str:
    """The codec of packets that are byte streams with start codes (Annex B of H.264 and H.265), else "".

    Packets of files carry lengths instead, and a length of 256 to 511 looks like a start code.
    """
    extra = stream.codec_context.extradata
    return "" if extra and extra[0] == 1 else stream.codec_context.codec.canonical_name
