"""Sound of a track: closed segments of the record, decoded to 16 kHz mono, in their places on the take's grid.

The **grid** of a take counts samples of 16 kHz from its `start_us`; sample *n* lies at ``start_us + n × 62.5 µs`` of the
hearing's clock. Each segment is placed by its own `start_us`, so a device whose clock drifts is put right at every border;
holes stay holes. Reading again gives the same samples, so that what recognition hears is what activity was judged on.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import structlog

from protocol.errors import ProtocolError
from protocol.hearing import Segment
from protocol.record import RecordSource
from transcription.errors import SoundUnreadable
from transcription.recognizer import SAMPLE_RATE, Samples

log = structlog.get_logger(__name__)

#: Segments kept decoded: an utterance is asked for twice (its language, its words) and may lie in two of them.
_KEPT = 2


def to_grid(at_us: int, start_us: int) -> int:
    """Number of the sample nearest to a time."""
    return round((at_us - start_us) * SAMPLE_RATE / 1_000_000)


def to_us(sample: int, start_us: int) -> int:
    """Time of a sample of the grid."""
    return start_us + sample * 1_000_000 // SAMPLE_RATE


#: A container of a record says what its stream is coded with; FFmpeg would read all of a WAV piece before it believed that.
_OPENED = {"max_probe_packets": "1"}


#: What damaged bytes make the library raise; its own errors, and Python's for what it reads out of them.
_DAMAGED = (av.FFmpegError, ValueError, IndexError)


def decode(data: bytes, name: str) -> Samples:
    """All samples of a media file's first audio stream, mono, 16 kHz, −1 … 1; channels are averaged.

    What comes before a damaged end is kept.

    Raises:
        SoundUnreadable: no sound can be had from it at all.
    """
    parts: list[Samples] = []
    try:
        with av.open(io.BytesIO(data), mode="r", options=_OPENED, metadata_errors="replace") as container:
            resampler, form = _resampler(), None
            try:
                for frame in container.decode(audio=0):
                    if (exact := as_they_are(frame)) is not None:
                        parts.append(exact * np.float32(1 / 32768))
                        continue
                    if form not in (None, _form(frame)):  # a stream may change its rate and channels; a resampler may not
                        parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
                        resampler = _resampler()
                    form = _form(frame)
                    parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            except _DAMAGED as error:
                log.warning("segment ends early", action="segment_damaged", path=name, reason=str(error))
            if parts:
                parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except _DAMAGED as error:
        raise SoundUnreadable(f"{name}: {error}") from error
    if not parts:
        raise SoundUnreadable(f"{name}: no sound in it")
    samples = np.nan_to_num(np.concatenate(parts), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(samples, -1.0, 1.0, out=samples)


def as_they_are(frame: av.AudioFrame) -> npt.NDArray[np.int16] | None:
    """Samples of a frame of 16 bits, mono, 16 kHz; None of any other, which is for the resampler."""
    if frame.sample_rate != SAMPLE_RATE or frame.layout.nb_channels != 1 or frame.format.name not in ("s16", "s16p"):
        return None
    plane: Any = frame.planes[0]  # a buffer, which its type does not say; to_ndarray() would copy it twice
    return np.frombuffer(plane, np.int16, frame.samples)


def _resampler() -> av.AudioResampler:
    return av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)


def _form(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


@dataclass(frozen=True)
class Block:
    """Samples of a track from grid position `start` on."""

    start: int
    samples: Samples

    @property
    def end(self) -> int:
        """Grid position after the last sample."""
        return self.start + len(self.samples)


@dataclass
class Track:
    """One microphone in one take.

    Attributes:
        record: where the files are.
        start_us: the take's start: origin of the grid.
        segments: closed segments in order; encrypted ones are not read here.
        unreadable: segments that could not be decoded, found while reading.
    """

    record: RecordSource
    start_us: int
    segments: Sequence[Segment]
    unreadable: list[Segment] = field(default_factory=list)
    _kept: dict[str, Block] = field(default_factory=dict)

    def blocks(self) -> Iterator[Block]:
        """Blocks in order, one segment in memory at a time. They never overlap; between two there may be a hole."""
        reached: int | None = None
        for segment in self.segments:
            block = self._read(segment)
            if block is None:
                continue
            if reached is not None and block.start < reached:
                block = Block(reached, block.samples[reached - block.start :])
            if len(block.samples):
                reached = block.end
                yield block

    def span(self, start: int, end: int) -> Samples:
        """Samples ``start … end`` of the grid; holes are zero."""
        out = np.zeros(end - start, dtype=np.float32)
        reached = start
        for segment in self.segments:
            if (
                to_grid(segment.end_us, self.start_us) + SAMPLE_RATE < start
                or to_grid(segment.start_us, self.start_us) >= end
            ):
                continue
            block = self._read(segment)
            if block is None:
                continue
            first, last = max(block.start, reached), min(block.end, end)
            if first < last:
                out[first - start : last - start] = block.samples[first - block.start : last - block.start]
                reached = last
        return out

    def forget(self) -> None:
        """Keep no decoded sound; what is asked for again is read again."""
        self._kept.clear()

    def _read(self, segment: Segment) -> Block | None:
        if segment.path in self._kept:
            return self._kept[segment.path]
        if segment in self.unreadable:
            return None
        try:
            samples = decode(self.record.read(segment.path), segment.path)
        except (ProtocolError, SoundUnreadable) as error:
            log.warning("segment cannot be read", action="segment_unreadable", path=segment.path, reason=str(error))
            self.unreadable.append(segment)
            return None
        start = max(0, to_grid(segment.start_us, self.start_us))
        lead = max(0, -to_grid(segment.start_us, self.start_us))
        block = Block(start, samples[lead:])
        if len(self._kept) == _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[segment.path] = block
        return block
