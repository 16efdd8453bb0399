"""Tracks cut into segments (record format, section 7): one writer for each track of a take.

::

    TrackWriter                 numbering, closing, what is durable so far
    ├── SoundWriter             samples of one channel, encoded as FLAC; joins are exact to the sample
    └── PacketWriter            packets copied as a camera or a file gave them; cut at key frames

Both place every segment from one anchor by integer arithmetic, so nothing adds up: ``end_us`` of a segment is ``start_us``
of the next. FLAC has no priming and no memory between blocks, so each segment has an encoder of its own and is a whole FLAC
stream; a lossy encoder would not allow that (restarting AAC adds some milliseconds each time).

The daemon uses them through the capture child, `hattama import` directly (without a :class:`Syncer`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from recorder.levels import LevelMeter, Samples
from recorder.segment_file import Extent, FragmentTransform, SegmentFile, Syncer

SEGMENT_US = 10_000_000
LONGEST_US = 20_000_000
# A browser hashes a file at once (record format, section 1): a segment rolls at the first key frame above the first figure,
# and without any key frame at the second.
FULL_BYTES = 2**27
MAX_BYTES = 2**28 - 2**24
VIDEO_RATE = 90_000
FLAC_BLOCKS_A_SECOND = 20


@dataclass(frozen=True)
class Place:
    """Where a track's segments go.

    Attributes:
        record: folder of the hearing.
        take: ``T01`` …
        source: name of the track's source.
        segment_us: wanted length of a segment, µs.
        transform: makes the transform of the segment with this path (closed parts); None writes plain.
    """

    record: Path
    take: str
    source: str
    segment_us: int = SEGMENT_US
    transform: Callable[[str], FragmentTransform] | None = None

    def path(self, number: int) -> str:
        """Path of segment ``number`` in the record, without a transform's suffix."""
        return f"media/{self.take}/{self.source}/{number:04d}.mp4"

    def next_number(self) -> int:
        """One more than the highest segment on disk; 1 when there is none. A child that was started again goes on from there."""
        found = [path.name.split(".")[0] for path in (self.record / self.path(1)).parent.glob("[0-9]*.mp4*")]
        return max((int(name) for name in found if name.isdigit()), default=0) + 1


@dataclass(frozen=True)
class ClosedSegment:
    """A closed segment: the keys of a ``segment`` line (record format, section 4.3) except ``publicity``.

    ``sha256`` is base64; times are µs on the hearing's clock; ``rate`` and ``units`` as in the record format; levels in
    hundredths of dBFS, None for video. ``plain_bytes`` and ``plain_sha256`` only with a transform.
    """

    path: str
    take: str
    source: str
    number: int
    bytes: int
    sha256: str
    start_us: int
    end_us: int
    media: str
    codec: str
    rate: int
    units: int
    fragments: int
    closed: str
    peak_cdb: int | None = None
    rms_cdb: int | None = None
    plain_bytes: int | None = None
    plain_sha256: str | None = None

    def data(self) -> dict[str, Any]:
        """The keys as a journal line carries them; those of encrypted files only where there are any."""
        found = asdict(self)
        if self.plain_sha256 is None:
            del found["plain_bytes"], found["plain_sha256"]
        return found


@dataclass(frozen=True)
class Progress:
    """What of the open segment is durable; ``sha256`` is of the first ``bytes`` bytes."""

    path: str
    bytes: int
    sha256: str
    start_us: int
    end_us: int


class TrackWriter:
    """Numbers, opens and closes the segments of one track.

    Args:
        place: where they go.
        syncer: makes fragments durable while recording; None for imports.
        on_first: called once, by the syncing thread, when the track's first fragment is durable, with its ``start_us``.
    """

    media = ""
    codec = ""
    rate = 0

    def __init__(self, place: Place, syncer: Syncer | None, on_first: Callable[[int], None] | None) -> None:
        self.place = place
        self._syncer = syncer
        self._on_first = on_first
        self._number = place.next_number()
        self._file: SegmentFile | None = None
        self._start_us = 0

    def progress(self) -> Progress | None:
        """How far the open segment is durable; None when nothing of it is."""
        if self._file is None:
            return None
        extent = self._file.durable
        if not extent.bytes:
            return None
        return Progress(self._path(), extent.bytes, extent.sha256, self._start_us, extent.end_us)

    def abandon(self) -> None:
        """Let go after an error; what is on disk is left to :func:`recorder.segment_recovery.recover_segment`."""
        if self._file is not None:
            self._file.abandon()
            self._file = None

    def _path(self) -> str:
        return self._file.path.relative_to(self.place.record).as_posix() if self._file else ""

    def _open(self, start_us: int, add_stream: Callable[[OutputContainer], Stream]) -> SegmentFile:
        path = self.place.path(self._number)
        transform = self.place.transform(path) if self.place.transform else None
        self._start_us = start_us
        self._file = SegmentFile(
            self.place.record / (path + (transform.suffix if transform else "")),
            start_us,
            add_stream,
            syncer=self._syncer,
            transform=transform,
            on_synced=self._synced,
        )
        return self._file

    def _synced(self) -> None:
        tell, self._on_first = self._on_first, None
        if tell is not None:
            tell(self._start_us)

    def _finish(self, end_us: int, units: int, closed: str, meter: LevelMeter | None) -> ClosedSegment | None:
        """Close the open file; None when it never got a fragment, so that it does not exist."""
        file, path = self._file, self._path()
        if file is None:
            return None
        extent: Extent = file.close(end_us)
        plain = file.plain
        self._file = None
        if not extent.fragments:
            return None
        number, self._number = self._number, self._number + 1
        return ClosedSegment(
            path=path,
            take=self.place.take,
            source=self.place.source,
            number=number,
            bytes=extent.bytes,
            sha256=extent.sha256,
            start_us=self._start_us,
            end_us=end_us,
            media=self.media,
            codec=self.codec,
            rate=self.rate,
            units=units,
            fragments=extent.fragments,
            closed=closed,
            peak_cdb=meter.peak_cdb if meter else None,
            rms_cdb=meter.rms_cdb if meter else None,
            plain_bytes=plain[0] if plain else None,
            plain_sha256=plain[1] if plain else None,
        )


class SoundWriter(TrackWriter):
    """One channel's samples as mono FLAC.

    Args:
        place: where the segments go.
        rate: samples a second.
        start_us: time of the first sample.
        bits: 16, or 24 (int32 samples with the 24 bits in the upper bytes).
        syncer: see :class:`TrackWriter`.
        on_first: see :class:`TrackWriter`.
    """

    media = "audio"
    codec = "flac"

    def __init__(
        self,
        place: Place,
        *,
        rate: int,
        start_us: int,
        bits: int = 16,
        syncer: Syncer | None = None,
        on_first: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(place, syncer, on_first)
        self.rate = rate
        self._dtype: type[np.int16 | np.int32] = np.int16 if bits == 16 else np.int32
        self._format = "s16" if bits == 16 else "s32"
        self._block = max(16, rate // FLAC_BLOCKS_A_SECOND)
        blocks = max(1, place.segment_us * rate // 1_000_000 // self._block)
        self._segment_samples = blocks * self._block
        self._anchor_us = start_us
        self._before = 0  # samples in closed segments
        self._inside = 0  # samples in the open one
        self._meter = LevelMeter()
        self._rest: Samples = np.empty(0, self._dtype)

    @property
    def end_us(self) -> int:
        """End of the last sample given."""
        return self._time(self._before + self._inside + self._rest.size)

    def write(self, samples: Samples) -> list[ClosedSegment]:
        """Take samples: one axis, int16 or int32 as ``bits`` says.

        Returns:
            the segments that were closed by them, usually none.

        Raises:
            DiskFailed: the disk refused.
        """
        samples = np.concatenate([self._rest, samples.astype(self._dtype, copy=False)])
        closed: list[ClosedSegment] = []
        while samples.size >= self._block:
            self._encode(samples[: self._block])
            samples = samples[self._block :]
            if self._inside >= self._segment_samples:
                closed += self._roll("roll")
        self._rest = samples.copy()
        return closed

    def close(self, closed: str = "stop") -> list[ClosedSegment]:
        """Write the rest and close the open segment; ``closed`` says why."""
        if self._rest.size:
            self._encode(self._rest)
            self._rest = np.empty(0, self._dtype)
        return self._roll(closed)

    def shift(self, lost_us: int) -> None:
        """After :meth:`close`: samples were lost; what comes next is ``lost_us`` later than the count of samples says."""
        self._anchor_us += lost_us

    def _time(self, samples: int) -> int:
        return self._anchor_us + samples * 1_000_000 // self.rate

    def _encode(self, block: Samples) -> None:
        file = self._file or self._open(self._time(self._before), self._add_stream)
        array: Any = np.ascontiguousarray(block).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(array, format=self._format, layout="mono")
        frame.sample_rate = self.rate
        frame.time_base = Fraction(1, self.rate)
        frame.pts = self._inside
        self._meter.add(block)
        file.mux(file.stream.encode(frame), self._time(self._before + self._inside))  # type: ignore[attr-defined]
        self._inside += block.size

    def _roll(self, closed: str) -> list[ClosedSegment]:
        if self._file is None:
            return []
        last_us = self._time(self._before + self._inside)
        self._file.mux(self._file.stream.encode(None), last_us)  # type: ignore[attr-defined]
        done = self._finish(last_us, self._inside, closed, self._meter)
        self._before, self._inside = self._before + self._inside, 0
        self._meter = LevelMeter()
        return [done] if done else []

    def _add_stream(self, container: OutputContainer) -> Stream:
        options = {"frame_size": str(self._block)}
        if self._format == "s32":
            options["bits_per_raw_sample"] = "24"
        stream = container.add_stream("flac", rate=self.rate, options=options, layout="mono", format=self._format)
        stream.codec_context.time_base = Fraction(1, self.rate)
        return stream


class PacketWriter(TrackWriter):
    """Packets as they came, in order of decoding, with sane times (:class:`recorder.packets.Mender` makes them so).

    Args:
        place: where the segments go.
        template: the stream the packets belong to; its parameters are copied.
        start_us: time of the first packet's decode time.
        syncer: see :class:`TrackWriter`.
        on_first: see :class:`TrackWriter`.
    """

    def __init__(
        self,
        place: Place,
        *,
        template: Stream,
        start_us: int,
        syncer: Syncer | None = None,
        on_first: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(place, syncer, on_first)
        context = template.codec_context
        self.media = template.type
        self.codec = context.codec.canonical_name
        self.rate = VIDEO_RATE if self.media == "video" else context.sample_rate  # type: ignore[attr-defined]
        self._template = template
        self._anchor_us = start_us
        self._first: int | None = None  # decode time of the track's first packet, ticks
        self._head = 0  # of the open segment's first
        self._end = 0  # of the last packet's end
        self._units = 0
        self._key: int | None = None
        self._group = 0  # distance of the last two key frames, ticks

    @property
    def end_us(self) -> int:
        """End of the last packet given."""
        return self._anchor_us if self._first is None else self._time(self._end)

    def write(self, packet: Packet[Any]) -> list[ClosedSegment]:
        """Take one packet: ``dts`` greater than the last, ``pts`` and ``duration`` set, in the template's time base.

        Until the first key frame packets are dropped: nothing could show them.

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
            self._open(self._time(dts), self._add_stream)
            self._head = dts
        self._mux(packet, dts)
        return closed

    def close(self, closed: str = "stop") -> list[ClosedSegment]:
        """Close the open segment; ``closed`` says why. The next packet that opens one must be a key frame."""
        return self._roll(closed, self._end)

    def shift(self, lost_us: int) -> None:
        """After :meth:`close`: what comes next is ``lost_us`` later than its decode times say."""
        self._anchor_us += lost_us

    def _due(self, packet: Packet[Any], dts: int) -> bool:
        if not packet.is_keyframe or self._file is None:
            return False
        long_us = self._time(dts) - self._time(self._head)
        next_us = long_us + self._time(dts + self._group) - self._time(dts)
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
        copy: Packet[Any] = Packet(bytes(packet))
        copy.time_base = self._base
        copy.dts, copy.pts = dts - self._head, (dts if packet.pts is None else packet.pts) - self._head
        copy.duration, copy.is_keyframe = duration, packet.is_keyframe
        copy.stream = file.stream
        file.mux([copy], self._time(dts))

    def _roll(self, closed: str, end: int) -> list[ClosedSegment]:
        done = self._finish(self._time(end), self._units, closed, None)
        self._units = 0
        return [done] if done else []

    @property
    def _base(self) -> Fraction:
        return self._template.time_base or Fraction(1, VIDEO_RATE)

    def _time(self, ticks: int) -> int:
        return self._anchor_us + int((ticks - (self._first or 0)) * self._base * 1_000_000)

    def _add_stream(self, container: OutputContainer) -> Stream:
        return container.add_stream_from_template(self._template)
