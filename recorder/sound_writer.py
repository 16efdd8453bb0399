"""One microphone's samples as FLAC segments whose joins are exact to the sample."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.stream import Stream

from recorder.levels import LevelMeter, Samples
from recorder.segment_file import Syncer
from recorder.timeline import TimeLine
from recorder.track_writer import ClosedSegment, Place, TrackWriter

# Blocks of 50 ms: a fragment is some whole blocks, and the streamable subset of FLAC (RFC 9639, section 7) is kept.
FLAC_BLOCKS_A_SECOND = 20


class SoundWriter(TrackWriter):
    """One channel's samples as mono FLAC.

    Args:
        place: where the segments go.
        rate: samples a second.
        start_us: time of the first sample.
        line: places the samples; without one they run on from ``start_us`` at their own rate.
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
        line: TimeLine | None = None,
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
        self._line = line or TimeLine(start_us)
        self._before = 0  # samples in closed segments
        self._inside = 0  # samples in the open one
        self._meter = LevelMeter()
        self._rest: Samples = np.empty(0, self._dtype)

    @property
    def end_us(self) -> int:
        """End of the last sample given."""
        return self._line.at(self._media_us(self._before + self._inside + self._rest.size))

    @property
    def media_us(self) -> int:
        """How long the samples given are by their count, µs."""
        return self._media_us(self._before + self._inside + self._rest.size)

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
        self._line.shift(self.media_us, lost_us)

    def _media_us(self, samples: int) -> int:
        return samples * 1_000_000 // self.rate

    def _encode(self, block: Samples) -> None:
        file = self._file or self._open(self._line.begin(self._media_us(self._before)), self._add_stream)
        array: Any = np.ascontiguousarray(block).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(array, format=self._format, layout="mono")
        frame.sample_rate = self.rate
        frame.time_base = Fraction(1, self.rate)
        frame.pts = self._inside
        self._meter.add(block)
        file.mux(file.stream.encode(frame), self._line.at(self._media_us(self._before + self._inside)))  # type: ignore[attr-defined]
        self._inside += block.size

    def _roll(self, closed: str) -> list[ClosedSegment]:
        if self._file is None:
            return []
        media_us = self._media_us(self._before + self._inside)
        last_us = self._line.at(media_us)
        self._file.mux(self._file.stream.encode(None), last_us)  # type: ignore[attr-defined]
        length_us = media_us - self._media_us(self._before)
        done = self._finish(last_us, length_us, self._inside, closed, self._meter)
        self._before, self._inside = self._before + self._inside, 0
        self._meter = LevelMeter()
        return [done] if done else []

    def _add_stream(self, container: OutputContainer) -> Stream:
        options = {"frame_size": str(self._block)}
        if self._format == "s32":
            options["bits_per_raw_sample"] = "24"
        stream = container.add_stream("flac", rate=self.rate, options=options, layout="mono", format=self._format)
        stream.codec_context.time_base = Fraction(1, self.rate)
        stream.codec_context.thread_count = 1  # more would hold back blocks that a power cut then takes
        return stream
