"""The streams of a recording as tracks of a take: sound decoded, pictures copied or encoded once.

::

    packet ─┬─ SoundImport    decode → one SoundWriter for each channel
            ├─ CopyImport     Mender → PacketWriter
            └─ EncodeImport   decode → libx264 → Mender → PacketWriter

The writers are those of live capture; the anchor of each track is its first sample or picture, placed by the file's own times.
Where those times jump forward, the track is cut and goes on later, and the hole is told.
"""

from __future__ import annotations

import contextlib
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder.import_probe import MAX_PIXELS, StreamPlan
from recorder.packets import Mender, Picture
from recorder.segments import VIDEO_RATE, ClosedSegment, PacketWriter, Place, SoundWriter
from recorder.sources.base import byte_stream_codec, nominal_ticks, time_base

#: A jump of the file's times that is larger is a hole, µs; below, samples are counted (containers round times to 1 ms).
JUMP_US = 40_000
_LOW_BYTE = np.int32(0xFF)
_KEY_SECONDS = 2

Tell = Callable[[ClosedSegment], None]


class TrackImport(Protocol):
    """What takes the packets of one stream."""

    errors: int
    #: packets or frames that could not be used, by reason
    faults: dict[str, int]

    def take(self, packet: Packet[Any]) -> None:
        """Take one packet."""
        ...

    def finish(self) -> None:
        """No more packets come."""
        ...


class _Faults:
    """Counts what could not be decoded: a damaged place must not end the import, and must not be passed over either."""

    def __init__(self) -> None:
        self.faults: dict[str, int] = {}

    @property
    def errors(self) -> int:
        """How many there were."""
        return sum(self.faults.values())

    def fault(self, reason: str) -> None:
        """One more."""
        self.faults[reason] = self.faults.get(reason, 0) + 1

    def decoded(self, packet: Packet[Any] | None, context: Any) -> Iterator[Any]:
        """Frames of a packet (None: the last ones); damage is counted."""
        try:
            yield from context.decode(packet)
        except (av.FFmpegError, ValueError) as error:
            if not isinstance(error, av.error.EOFError):
                self.fault("undecodable")


class _DecodedImport(_Faults, ABC):
    """What takes a stream that is decoded: each frame is used as it comes, then what is held back is written."""

    _stream: AudioStream | VideoStream

    def take(self, packet: Packet[Any]) -> None:
        """Decode a packet and use its frames.

        Raises:
            DiskFailed: the disk refused.
        """
        for frame in self.decoded(packet, self._stream.codec_context):
            self._use(frame)

    def finish(self) -> None:
        """Use what the decoder holds, write what is held after it, and close.

        Raises:
            DiskFailed: the disk refused.
        """
        for frame in self.decoded(None, self._stream.codec_context):
            self._use(frame)
        self._close()

    @abstractmethod
    def _use(self, frame: Any) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...


class SoundImport(_DecodedImport):
    """The channels of one sound stream.

    Args:
        stream: the stream.
        plan: how it is taken over.
        places: where each channel's segments go.
        zero_us: hearing's clock of the file's time 0.
        tell: hears of each closed segment.
    """

    def __init__(self, stream: AudioStream, plan: StreamPlan, places: list[Place], zero_us: int, tell: Tell) -> None:
        super().__init__()
        self._stream, self._plan, self._places, self._zero_us, self._tell = stream, plan, places, zero_us, tell
        self._writers: list[SoundWriter] = []
        self._layout = stream.layout.name
        self._resampler: AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None  # of the frames the resampler was made for

    def _close(self) -> None:
        """Write what the resampler holds, and close."""
        self._flush()
        for writer in self._writers:
            _told(self._tell, writer.close("stop"))

    def _use(self, frame: AudioFrame) -> None:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            self._flush()
            # Packed: PyAV 18 crashes on planar frames of exactly eight channels.
            self._resampler = AudioResampler("s32" if self._plan.wide else "s16", self._layout, self._plan.rate)
            self._shape = shape
        base = frame.time_base or self._stream.time_base  # the last frames of a decoder come without
        self._place(None if frame.pts is None or not base else self._zero_us + int(frame.pts * base * 1_000_000))
        frame.pts = None  # samples are counted; the resampler must not fill or drop any by its own idea of time
        for part in self._resampler.resample(frame) if self._resampler else ():
            self._write(part)

    def _flush(self) -> None:
        if self._resampler is not None:
            for part in self._resampler.resample(None):
                self._write(part)

    def _place(self, at_us: int | None) -> None:
        """Begin, or find that samples are missing before this frame."""
        if not self._writers:
            start_us = self._zero_us if at_us is None else at_us
            bits = 24 if self._plan.wide else 16
            self._writers = [SoundWriter(p, rate=self._plan.rate, start_us=start_us, bits=bits) for p in self._places]
            return
        late_us = 0 if at_us is None else at_us - self._writers[0].end_us
        if late_us > JUMP_US:
            self.fault("hole")
            for writer in self._writers:
                _told(self._tell, writer.close("lost"))
                writer.shift(late_us)
        elif late_us < -JUMP_US:
            self.fault("backwards")  # the samples are kept, in the order in which they came

    def _write(self, part: AudioFrame) -> None:
        array: Any = part.to_ndarray().reshape(-1, self._plan.channels)
        if self._plan.wide:
            array = array & ~_LOW_BYTE  # FLAC in MP4 carries 24 bits
        for writer, channel in zip(self._writers, array.T, strict=True):
            _told(self._tell, writer.write(channel))


class CopyImport(_Faults):
    """Pictures as the file has them.

    Args:
        stream: the stream.
        place: where its segments go.
        zero_us: hearing's clock of the file's time 0.
        tell: hears of each closed segment.
    """

    def __init__(self, stream: VideoStream, place: Place, zero_us: int, tell: Tell) -> None:
        super().__init__()
        self._mender = Mender(byte_stream_codec(stream), time_base(stream), nominal_ticks(stream))
        self._pictures = PictureImport(stream, place, zero_us, tell, self)

    def take(self, packet: Packet[Any]) -> None:
        """Write a packet.

        Raises:
            DiskFailed: the disk refused.
        """
        if packet.is_corrupt:
            self.fault("corrupt")
        elif packet.size:
            self._pictures.write(self._mender.feed(packet, _moment(packet)))

    def finish(self) -> None:
        """Write the last picture and close.

        Raises:
            DiskFailed: the disk refused.
        """
        self._pictures.write(self._mender.flush())
        self._pictures.close()


class EncodeImport(_DecodedImport):
    """Pictures that browsers do not show, encoded once as H.264 (4:2:0, 8 bits).

    Args:
        stream: the stream.
        place: where its segments go.
        zero_us: hearing's clock of the file's time 0.
        tell: hears of each closed segment.
    """

    _stream: VideoStream

    def __init__(self, stream: VideoStream, place: Place, zero_us: int, tell: Tell) -> None:
        super().__init__()
        self._stream = stream
        stream.codec_context.thread_count = 2
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # whatever size the stream says later
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25).limit_denominator(1001)
        rate = min(max(rate, Fraction(1)), Fraction(120))
        self._width, self._height = stream.codec_context.width & ~1, stream.codec_context.height & ~1
        # A container in memory only: the encoder's stream is the template of the segments.
        self._scratch = av.open(io.BytesIO(), "w", format="mp4")
        self._encoder: VideoStream = self._scratch.add_stream("libx264", rate=rate)
        context = self._encoder.codec_context
        context.width, context.height, context.pix_fmt = self._width, self._height, "yuv420p"
        self._encoder.time_base = Fraction(1, VIDEO_RATE)
        context.time_base, context.gop_size = Fraction(1, VIDEO_RATE), max(1, round(rate * _KEY_SECONDS))
        context.options = {"preset": "veryfast", "crf": "20", "bf": "0"}
        self._scratch.start_encoding()
        self._mender = Mender("", Fraction(1, VIDEO_RATE), max(1, round(VIDEO_RATE / rate)))
        self._pictures = PictureImport(self._encoder, place, zero_us, tell, self, Fraction(1, VIDEO_RATE))
        self._last = -(2**62)

    def _close(self) -> None:
        """Write what the encoder holds, and close."""
        self._packets(self._encoder.encode(None))
        self._pictures.write(self._mender.flush())
        self._pictures.close()
        with contextlib.suppress(av.FFmpegError, ValueError):
            self._scratch.close()

    def _use(self, frame: VideoFrame) -> None:
        if frame.pts is None:
            self.fault("timeless")
            return
        ticks = round(frame.pts * (frame.time_base or time_base(self._stream)) * VIDEO_RATE)
        if ticks <= self._last:
            self.fault("backwards")
            return
        self._last = ticks
        plain = frame.reformat(width=self._width, height=self._height, format="yuv420p")
        plain.pts, plain.time_base = ticks, Fraction(1, VIDEO_RATE)
        plain.pict_type = av.video.frame.PictureType.NONE
        self._packets(self._encoder.encode(plain))

    def _packets(self, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            self._pictures.write(self._mender.feed(packet, _moment(packet)))


class PictureImport:
    """Mended pictures into a writer, placed by their times, cut at holes.

    Args:
        template: stream whose parameters they have.
        place: where the segments go.
        zero_us: hearing's clock of the file's time 0.
        tell: hears of each closed segment.
        faults: counts holes.
        base: time base of the pictures; the template's by default.
    """

    def __init__(
        self,
        template: VideoStream,
        place: Place,
        zero_us: int,
        tell: Tell,
        faults: _Faults,
        base: Fraction | None = None,
    ) -> None:
        self._template, self._place, self._zero_us, self._tell, self._faults = template, place, zero_us, tell, faults
        self._base = base or time_base(template)
        self._writer: PacketWriter | None = None

    def write(self, pictures: list[Picture]) -> None:
        """Write them; nothing is written before the first key frame, for nothing could show it.

        Raises:
            DiskFailed: the disk refused.
        """
        for picture in pictures:
            if self._writer is None:
                if not picture.key:
                    self._faults.fault("before the first key picture")
                    continue
                start_us = self._zero_us + int(picture.dts * self._base * 1_000_000)
                self._writer = PacketWriter(self._place, template=self._template, start_us=start_us)
            if picture.after_hole:
                self._faults.fault("hole")
                _told(self._tell, self._writer.close("lost"))
            _told(self._tell, self._writer.write(picture.packet(self._base)))

    def close(self) -> None:
        """Close the last segment.

        Raises:
            DiskFailed: the disk refused.
        """
        if self._writer is not None:
            _told(self._tell, self._writer.close("stop"))


def _moment(packet: Packet[Any]) -> int:
    """A packet's own time, µs, in place of an arrival: then no jump looks like a broken time line."""
    ticks = packet.pts if packet.dts is None else packet.dts
    return 0 if ticks is None or not packet.time_base else int(ticks * packet.time_base * 1_000_000)


def _told(tell: Tell, segments: list[ClosedSegment]) -> None:
    for segment in segments:
        tell(segment)
