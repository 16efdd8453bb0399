"""Pictures: a stream (RTSP camera or any address FFmpeg opens) and a file at its own pace. Packets are copied, never decoded."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from recorder.errors import SourceFormat, SourceLost
from recorder.packets import Mender, Picture, ticks_us
from recorder.segments import VIDEO_RATE
from recorder.sources.base import Opened, PictureItem, Put, Track, byte_stream_codec, nominal_ticks, time_base
from recorder.sources.opening import open_input, scrub, told, video_of
from recorder.sources.pace import Pace, monotonic_us

# What MP4 carries and a browser, or at least a player, shows.
CODECS = ("h264", "hevc", "av1", "vp9", "mpeg4", "mjpeg")


# FFmpeg's parser hands over a picture of these when the next one begins: one picture late (bench.sync measures it).
HELD = ("h264", "hevc")


def _as_it_came(picture: Picture, base: Fraction) -> Picture:
    """With the arrival of the picture itself, not of the one after it."""
    return replace(picture, arrival_us=picture.arrival_us - ticks_us(picture.duration, base))


def _opened(name: str, stream: VideoStream, address: str) -> Opened:
    codec = stream.codec_context.codec.canonical_name
    if codec not in CODECS:
        raise SourceFormat(scrub(f"{address}: video is {codec}; ask the camera for H.264", address))
    return Opened((Track(name, "video", codec, VIDEO_RATE),), template=stream)


class StreamVideo:
    """A camera's stream. Its end is a failure: a camera has none.

    Args:
        name: name of the source.
        url: address, credentials included; they never leave this object.
    """

    def __init__(self, name: str, url: str) -> None:
        self._name, self._url = name, url
        self._stopped = False

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        container = open_input(self._url, "video")
        stream = video_of(container, self._url)
        put(_opened(self._name, stream, self._url))
        base = time_base(stream)
        codec = byte_stream_codec(stream)
        mender = Mender(codec, base, nominal_ticks(stream))
        with told(self._url, opened=True):
            for packet in container.demux(stream):
                if self._stopped:
                    return
                if packet.size:
                    for picture in mender.feed(packet, monotonic_us()):
                        put(PictureItem(_as_it_came(picture, base) if codec in HELD else picture))
        raise SourceLost(scrub(f"{self._url}: the stream ended", self._url))

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._stopped = True


class FileVideo:
    """The pictures of a file, given when they are due.

    Args:
        name: name of the source.
        path: any file FFmpeg reads.
        loop: begin again at its end; without it the end is a failure, as a camera's is.
    """

    def __init__(self, name: str, path: Path, *, loop: bool = False) -> None:
        self._name, self._path, self._loop = name, path, loop
        self._pace = Pace()

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        address = str(self._path)
        container = open_input(address, "video")
        stream = video_of(container, address)
        put(_opened(self._name, stream, address))
        begin = 0
        while True:
            begin = self._once(put, container, stream, begin)
            if self._pace.stopped:
                return
            if not self._loop:
                raise SourceLost(f"{address}: the file ended")
            # Opened again, not rewound: rewinding a stream whose index is broken fails in the middle of a hearing.
            container = open_input(address, "video")
            stream = video_of(container, address)

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._pace.stop()

    def _once(self, put: Put, container: InputContainer, stream: VideoStream, begin: int) -> int:
        """Play the file once from tick ``begin``; gives the tick at which it ended."""
        base = time_base(stream)
        mender = Mender(byte_stream_codec(stream), base, nominal_ticks(stream))
        first: int | None = None
        end = begin
        with told(str(self._path), opened=True):
            for packet in container.demux(stream):
                pictures = mender.feed(packet, 0) if packet.size else mender.flush()
                for picture in pictures:
                    first = picture.dts if first is None else first
                    dts, pts = picture.dts - first + begin, picture.pts - first + begin
                    if not self._pace.wait(int(dts * base * 1_000_000)):
                        return end
                    put(PictureItem(replace(picture, dts=dts, pts=pts, arrival_us=monotonic_us())))
                    end = dts + picture.duration
        return end
