"""Pictures: a stream (RTSP camera or any address FFmpeg opens) and a file at its own pace. Packets are copied, never decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import structlog
from av.container import InputContainer
from av.video.stream import VideoStream

from recorder.errors import NotUnderstood, SourceLost
from recorder.packets import Mender
from recorder.sources.base import PictureItem, Put, byte_stream_codec, nominal_ticks, time_base
from recorder.sources.copying import copy_pictures, opened
from recorder.sources.opening import open_input, told, video_of
from recorder.sources.pace import Pace, monotonic_us
from recorder.sources.rtsp.reading import RtspPictures

log = structlog.get_logger()


class StreamVideo:
    """A camera's or a remote participant's stream. Its end is a failure: a camera has none.

    Args:
        name: name of the source.
        url: address, credentials included; they never leave this object.
        reader: ``ffmpeg`` for streams that the recorder's own reader of RTSP (recorder.sources.rtsp) is not to try.
    """

    def __init__(self, name: str, url: str, reader: Literal["auto", "ffmpeg"] = "auto") -> None:
        self._name, self._url = name, url
        self._own = reader == "auto" and url.startswith("rtsp:")
        self._rtsp: RtspPictures | None = None
        self._stopped = False

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        if self._own and not self._stopped:
            self._rtsp = RtspPictures(self._name, self._url)
            try:
                return self._rtsp.run(put)
            except NotUnderstood as error:
                log.info("FFmpeg reads this stream", action="reader_ffmpeg", source=self._name, reason=str(error))
                self._own = False  # who is asked twice in a moment may refuse the second time
        if self._stopped:
            return None
        container = open_input(self._url, "video")
        stream = video_of(container, self._url)
        put(opened(self._name, stream, self._url))
        copy_pictures(put, container, stream, self._url, lambda: self._stopped)
        return None

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._stopped = True
        if self._rtsp is not None:
            self._rtsp.stop()


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
        put(opened(self._name, stream, address))
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
                    put(PictureItem(picture._replace(dts=dts, pts=pts, arrival_us=monotonic_us())))
                    end = dts + picture.duration
        return end
