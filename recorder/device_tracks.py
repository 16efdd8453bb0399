"""The tracks of one device inside its capture child: placed in time, measured, and written while a take runs.

::

    SoundTracks     samples of all channels → a SoundWriter for each, levels, loss by counting
    VideoTrack      pictures → a PacketWriter, the pictures since the last key frame in memory, preview
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from av.video.stream import VideoStream

from recorder.health.sound_facts import SoundGauge
from recorder.levels import LevelMeter, Samples
from recorder.packets import Picture, ticks_us
from recorder.preview import Preview
from recorder.segment_file import Syncer
from recorder.segments import ClosedSegment, PacketWriter, Place, Progress, SoundWriter
from recorder.sources.base import SoundBlock, Track, time_base
from recorder.timeline import PICTURE_MOST_PPB, TimeLine
from recorder.timing import SampleClock, StreamClock

log = structlog.get_logger()

# Pictures kept in memory while nothing is recorded: a camera that sends no key frame must not fill it.
MOST_PICTURES_BYTES = 64 * 2**20
# What was taken before a take ended may come as much later: the source hands pictures over by fragments (recorder.sources.rests).
UNDER_WAY_US = 300_000


class Report(Protocol):
    """How a track tells (recorder.reporter.Reporter is one)."""

    def __call__(self, report: str, **fields: Any) -> None:
        """Send a report."""
        ...


@dataclass(frozen=True)
class Take:
    """A take that begins: ``place`` gives a track's place by the name of its source."""

    name: str
    place: Callable[[str], Place]


class SoundTracks:
    """The channels of an audio device.

    Args:
        tracks: one for each channel.
        bits: see :class:`recorder.sources.base.Opened`.
        offset_us: hearing's clock minus CLOCK_MONOTONIC.
        syncer: makes fragments durable.
        report: where ``level``, ``first`` and ``closed`` go.
        clock: places samples on CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        tracks: tuple[Track, ...],
        bits: int,
        offset_us: int,
        syncer: Syncer,
        report: Report,
        clock: StreamClock | None = None,
    ) -> None:
        self._tracks, self._bits, self._offset_us = tracks, bits, offset_us
        self._syncer, self._report = syncer, report
        self._rate = tracks[0].rate
        self._clock = SampleClock(self._rate, clock)
        self._meters = [LevelMeter() for _ in tracks]
        self._gauge = SoundGauge(self._rate, len(tracks))
        self._measured = 0
        self._writers: list[SoundWriter] = []
        self._line = TimeLine(0)  # of the take
        self._begun_us = 0  # time of the take's first sample by the device's count
        self.bytes = 0

    @property
    def last_us(self) -> int | None:
        """Time of the last sample on the hearing's clock."""
        return self._clock.now_us + self._offset_us if self._clock.samples else None

    @property
    def drift_us(self) -> int:
        """How much later the last sample is placed than the take's start and the count say; 0 outside of a take."""
        return self._line.moved_us(self._clock.media_us - self._begun_us) if self._writers else 0

    def begin(self, take: Take) -> None:
        """Write from the next sample."""
        start_us = self._clock.now_us + self._offset_us
        self._begun_us = self._clock.media_us
        self._line = TimeLine(start_us, self._steer)
        self._writers = [
            SoundWriter(
                take.place(track.source),
                rate=self._rate,
                start_us=start_us,
                line=self._line,
                bits=self._bits,
                syncer=self._syncer,
                on_first=_teller(self._report, track.source, take.name),
            )
            for track in self._tracks
        ]

    def take_block(self, block: SoundBlock) -> None:
        """Measure a block and, in a take, write it.

        Raises:
            DiskFailed: the disk refused.
        """
        self.bytes += block.samples.nbytes
        lost_us = self._clock.arrived(len(block.samples), block.arrival_us, block.sent_us)
        if block.overflow:
            log.warning("the device says that it lost samples", action="device_overflow", source=self._tracks[0].source)
        if lost_us:
            self._lost(lost_us)
        for writer, channel in zip(self._writers, block.samples.T, strict=False):
            writer.time_base = self._clock.base
            _tell_closed(self._report, writer.write(channel))
        self._measure(block.samples)

    def end(self, closed: str) -> None:
        """Close all segments; ``closed`` says why.

        Raises:
            DiskFailed: the disk refused.
        """
        writers, self._writers = self._writers, []
        for writer in writers:
            _tell_closed(self._report, writer.close(closed))

    def abandon(self) -> None:
        """Let go of all files after the disk failed."""
        for writer in self._writers:
            writer.abandon()
        self._writers = []

    def progress(self) -> list[Progress]:
        """What of the open segments is durable."""
        return [found for writer in self._writers if (found := writer.progress())]

    def _lost(self, lost_us: int) -> None:
        """Samples are missing: what was written since stands at most some seconds too early. Cut, and go on at the right time."""
        log.warning("samples are missing", action="samples_lost", source=self._tracks[0].source, lost_us=lost_us)
        for writer in self._writers:
            _tell_closed(self._report, writer.close("lost"))
        if self._writers:
            self._line.shift(self._writers[0].media_us, lost_us)

    def _steer(self, media_us: int) -> tuple[int, int]:
        """See :data:`recorder.timeline.Steer`."""
        return self._clock.place_us(self._begun_us + media_us) + self._offset_us, self._clock.rate_ppb

    def _measure(self, samples: Samples) -> None:
        for meter, channel in zip(self._meters, samples.T, strict=True):
            meter.add(channel)
        self._measured += len(samples)
        if self._measured * 10 >= self._rate:
            self._measured = 0
            levels = {track.source: meter.pair for track, meter in zip(self._tracks, self._meters, strict=True)}
            self._report("level", levels=levels)
            for meter in self._meters:
                meter.reset()
        if facts := self._gauge.add(samples):
            found = {track.source: vars(item) for track, item in zip(self._tracks, facts, strict=True)}
            self._report("sound", sources=found)


class VideoTrack:
    """The pictures of a camera.

    Args:
        track: its track.
        template: the stream of the pictures.
        offset_us: hearing's clock minus CLOCK_MONOTONIC.
        syncer: makes fragments durable.
        report: where ``first`` and ``closed`` go.
        preview: where key frames are shown, or None.
        clock: places pictures on CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        track: Track,
        template: VideoStream,
        offset_us: int,
        syncer: Syncer,
        report: Report,
        preview: Preview | None = None,
        clock: StreamClock | None = None,
    ) -> None:
        self._track, self._template, self._offset_us = track, template, offset_us
        self._base = time_base(template)
        self._syncer, self._report, self._preview = syncer, report, preview
        self._clock = clock or StreamClock(offset_us)
        self._recent: list[Picture] = []  # since the last key frame, while nothing is recorded
        self._recent_bytes = 0
        self._keep_from_us = 0
        self._take: Take | None = None
        self._line = TimeLine(0)  # of the take
        self._begun_us = 0  # decode time of the take's first picture
        self._writer: PacketWriter | None = None
        self._last: Picture | None = None
        self.bytes = 0

    @property
    def last_us(self) -> int | None:
        """Time of the last picture on the hearing's clock."""
        return None if self._last is None else self._place_us(self._ticks_us(self._last.dts))

    @property
    def drift_us(self) -> int:
        """How much later pictures are placed than the take's start and their own times say; 0 outside of a take."""
        if self._writer is None or self._last is None:
            return 0
        return self._line.moved_us(self._ticks_us(self._last.dts) - self._begun_us)

    def begin(self, take: Take) -> None:
        """Write from the last key frame in memory, or else from the next that comes.

        Raises:
            DiskFailed: the disk refused.
        """
        self._take = take
        recent, self._recent = self._recent, []
        for picture in recent:
            self._write(picture)

    def take_picture(self, picture: Picture) -> None:
        """Keep a picture or, in a take, write it.

        Raises:
            DiskFailed: the disk refused.
        """
        self.bytes += len(picture.data)
        self._last = picture
        # By the time of showing: a picture that is shown later than it is decoded was not taken before that either.
        self._clock.arrived(self._ticks_us(picture.pts), picture.arrival_us, picture.sent_us)
        if self._take is None:
            self._keep(picture)
        else:
            self._write(picture)
        if self._preview is not None:
            try:
                self._preview.show(picture)
            except OSError as error:  # a picture to look at is no evidence: the recording goes on without it
                log.warning("no preview", action="preview_failed", source=self._track.source, error=str(error))
                self._preview = None

    def end(self, closed: str) -> None:
        """Close the segment; nothing of before is kept for the next take.

        Raises:
            DiskFailed: the disk refused.
        """
        writer, self._writer, self._take = self._writer, None, None
        self._keep_from_us = self._last.arrival_us + UNDER_WAY_US if self._last else 0
        if writer is not None:
            _tell_closed(self._report, writer.close(closed))

    def abandon(self) -> None:
        """Let go of the file after the disk failed."""
        if self._writer is not None:
            self._writer.abandon()
        self._writer = self._take = None

    def progress(self) -> list[Progress]:
        """What of the open segment is durable."""
        found = self._writer.progress() if self._writer else None
        return [found] if found else []

    def _place_us(self, media_us: int) -> int | None:
        """Hearing's clock of a time stamp, as it is seen now."""
        place_us = self._clock.place_us(media_us)
        return None if place_us is None else place_us + self._offset_us

    def _steer(self, media_us: int) -> tuple[int, int] | None:
        """See :data:`recorder.timeline.Steer`."""
        place_us = self._place_us(self._begun_us + media_us)
        return None if place_us is None else (place_us, self._clock.rate_ppb)

    def _ticks_us(self, ticks: int) -> int:
        return ticks_us(ticks, self._base)

    def _keep(self, picture: Picture) -> None:
        if picture.arrival_us < self._keep_from_us:
            return
        if picture.key or picture.after_hole:
            self._recent, self._recent_bytes = [], 0
        if (picture.key or self._recent) and self._recent_bytes < MOST_PICTURES_BYTES:
            self._recent.append(picture)
            self._recent_bytes += len(picture.data)
        else:
            self._recent = []

    def _write(self, picture: Picture) -> None:
        if self._take is None or (self._writer is None and not picture.key):
            return
        if self._writer is None:
            self._begun_us = self._ticks_us(picture.dts)
            start_us = self._place_us(self._begun_us) or 0
            self._line = TimeLine(start_us, self._steer, PICTURE_MOST_PPB)
            self._writer = PacketWriter(
                self._take.place(self._track.source),
                template=self._template,
                start_us=start_us,
                line=self._line,
                syncer=self._syncer,
                on_first=_teller(self._report, self._track.source, self._take.name),
            )
        if picture.after_hole:
            log.warning("pictures are missing", action="pictures_lost", source=self._track.source)
            _tell_closed(self._report, self._writer.close("lost"))
        self._writer.time_base = self._clock.base
        _tell_closed(self._report, self._writer.write(picture.packet(self._base)))


def _teller(report: Report, source: str, take: str) -> Callable[[int], None]:
    return lambda start_us: report("first", source=source, take=take, start_us=start_us)


def _tell_closed(report: Report, segments: list[ClosedSegment]) -> None:
    for segment in segments:
        report("closed", **segment.data())
