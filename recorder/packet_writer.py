"""A camera's or a file's packets as segments cut at key frames."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from recorder.packets import ticks_us
from recorder.segment_file import Syncer
from recorder.timeline import TimeLine
from recorder.track_writer import VIDEO_RATE, ClosedSegment, Place, TrackWriter

LONGEST_US = 20_000_000
# A browser hashes a file at once (record format, section 1): a segment rolls at the first key frame above the first figure,
# and without any key frame at the second.
FULL_BYTES = 2**27
MAX_BYTES = 2**28 - 2**24


class PacketWriter(TrackWriter):
    """Packets as they came, in order of decoding, with sane times (:class:`recorder.packets.Mender` makes them so).

    Args:
        place: where the segments go.
        template: the stream the packets belong to; its parameters are copied.
        start_us: time of the first packet's decode time.
        line: places the packets; without one they run on from ``start_us`` by their own times.
        syncer: see :class:`TrackWriter`.
        on_first: see :class:`TrackWriter`.
    """

    def __init__(
        self,
        place: Place,
        *,
        template: Stream,
        start_us: int,
        line: TimeLine | None = None,
        syncer: Syncer | None = None,
        on_first: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(place, syncer, on_first)
        context = template.codec_context
        self.media = template.type
        self.codec = context.codec.canonical_name
        self.rate = VIDEO_RATE if self.media == "video" else context.sample_rate  # type: ignore[attr-defined]
        self._template = template
        self._base = template.time_base or Fraction(1, VIDEO_RATE)
        self._line = line or TimeLine(start_us)
        self._first: int | None = None  # decode time of the track's first packet, ticks
        self._head = 0  # of the open segment's first
        self._end = 0  # of the last packet's end
        self._units = 0
        self._key: int | None = None
        self._group = 0  # distance of the last two key frames, ticks

    @property
    def end_us(self) -> int:
        """End of the last packet given."""
        return self._time(self._end)

    def write(self, packet: Packet[Any]) -> list[ClosedSegment]:
        """Take one packet: ``dts`` greater than the last, ``pts`` and ``duration`` set, in the template's time base.

        The packet is used up: it gets the segment's own times. Until the first key frame packets are dropped: nothing could show them.

        Returns:
            the segments that were closed by it, usually none.

        Raises:
            DiskFailed: the disk refused.
        """
        dts, closed = packet.dts, list[ClosedSegment]()
        if dts is None:
            raise ValueError("a packet without decode time")
        if self._first is None:
            if not packet.is_keyframe:
                return []
            self._first = self._head = self._end = dts
        if self._file is not None and (self._due(packet, dts) or self._file.length > MAX_BYTES):
            closed = self._roll("roll", dts)
        if self._file is None:
            if not packet.is_keyframe:
                return closed
            self._open(self._line.begin(self._media_us(dts)), self._add_stream)
            self._head = dts
        self._mux(packet, dts)
        return closed

    def close(self, closed: str = "stop") -> list[ClosedSegment]:
        """Close the open segment; ``closed`` says why. The next packet that opens one must be a key frame."""
        return self._roll(closed, self._end)

    def shift(self, lost_us: int) -> None:
        """After :meth:`close`: what comes next is ``lost_us`` later than its decode times say."""
        self._line.shift(self._media_us(self._end), lost_us)

    def _due(self, packet: Packet[Any], dts: int) -> bool:
        if not packet.is_keyframe or self._file is None:
            return False
        long_us = self._media_us(dts) - self._media_us(self._head)
        next_us = long_us + self._media_us(dts + self._group) - self._media_us(dts)
        return long_us >= self.place.segment_us or next_us > LONGEST_US or self._file.length > FULL_BYTES

    def _mux(self, packet: Packet[Any], dts: int) -> None:
        file = self._file
        if file is None:
            return
        if packet.is_keyframe:
            self._group, self._key = dts - self._key if self._key is not None else 0, dts
        duration = packet.duration or 0
        self._end = dts + duration
        self._units += 1 if self.media == "video" else round(duration * self._base * self.rate)
        packet.pts = (dts if packet.pts is None else packet.pts) - self._head
        packet.dts = dts - self._head
        packet.time_base, packet.stream = self._base, file.stream
        file.mux([packet], self._time(dts))

    def _roll(self, closed: str, end: int) -> list[ClosedSegment]:
        media_us = self._media_us(end) - self._media_us(self._head)
        done = self._finish(self._time(end), media_us, self._units, closed, None)
        self._units = 0
        return [done] if done else []

    def _time(self, ticks: int) -> int:
        return self._line.at(self._media_us(ticks))

    def _media_us(self, ticks: int) -> int:
        return 0 if self._first is None else ticks_us(ticks - self._first, self._base)

    def _add_stream(self, container: OutputContainer) -> Stream:
        return container.add_stream_from_template(self._template)
