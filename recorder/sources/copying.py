"""Packets of a camera's own encoder, copied picture by picture: what streams (RTSP, RTMP …) and H.264 cameras have in common."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from av.container import InputContainer
from av.video.stream import VideoStream

from recorder.annexb import sequence_set
from recorder.errors import SourceFormat, SourceLost
from recorder.packets import Mender, Picture, ticks_us
from recorder.segments import VIDEO_RATE
from recorder.sources.base import Opened, Put, Track, byte_stream_codec, nominal_ticks, time_base
from recorder.sources.opening import check_size, distant, scrub, told
from recorder.sources.pace import monotonic_us
from recorder.sources.rests import Rests

# What MP4 carries and a browser, or at least a player, shows.
CODECS = ("h264", "hevc", "av1", "vp9", "mpeg4", "mjpeg")

# FFmpeg's parser hands over a picture of these when the next one begins: one picture late (bench.sync measures it).
HELD = ("h264", "hevc")


def opened(name: str, stream: VideoStream, address: str) -> Opened:
    """The device's one track.

    Raises:
        SourceFormat: a codec that MP4 does not carry, or a size that no camera has.
    """
    codec = stream.codec_context.codec.canonical_name
    if codec not in CODECS:
        raise SourceFormat(scrub(f"{address}: video is {codec}; ask the camera for H.264", address))
    check_size(stream, address)
    return Opened((Track(name, "video", codec, VIDEO_RATE, given=codec),), template=stream)


def copy_pictures(
    put: Put, container: InputContainer, stream: VideoStream, address: str, stopped: Callable[[], bool]
) -> None:
    """Hand over pictures as they come until ``stopped()``.

    Raises:
        SourceLost: the stream ended, or became another.
    """
    base = time_base(stream)
    codec = byte_stream_codec(stream)
    mender = Mender(codec, base, nominal_ticks(stream))
    same = Sameness(codec)
    # A driver may have room for a few pictures only; what a socket has no room for stays with the camera.
    rests = Rests(put, base) if distant(address) else Rests(put, base, rest=lambda _seconds: None)
    try:
        with told(address, opened=True):
            for packet in container.demux(stream):
                if stopped():
                    return
                if not packet.size:
                    continue
                if packet.has_sidedata("new_extradata") or (packet.is_keyframe and not same.still(bytes(packet))):
                    raise SourceLost(
                        scrub(f"{address}: the camera changed the form of its pictures; it is opened anew", address)
                    )
                for picture in mender.feed(packet, monotonic_us()):
                    rests.take(_as_it_came(picture, base) if codec in HELD else picture)
    finally:
        rests.flush()
    raise SourceLost(scrub(f"{address}: the stream ended", address))


def _as_it_came(picture: Picture, base: Fraction) -> Picture:
    """With the arrival of the picture itself, not of the one after it."""
    return picture.lasting(picture.duration, ticks_us(picture.duration, base))


class Sameness:
    """Notices that a stream goes on in another size or profile: a segment says at its beginning what all its pictures are.

    Args:
        codec: see :class:`recorder.packets.Mender`.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._set: bytes | None = None

    def still(self, key: bytes) -> bool:
        """Whether a key frame goes on with what was before it."""
        found = sequence_set(self._codec, key)
        before, self._set = self._set, found or self._set
        return before is None or found is None or found == before
