"""Timing without devices: simulated days under clocks that are off, and sound of thousands of segments through the real writers.

All run the recorder's own code (recorder.timing, recorder.timeline, recorder.device_tracks); only the arrivals are made up. A device's
crystal is off by a constant and by some ppm more or less with the warmth of the room; what it gives is fetched late by up to 30 ms,
by up to 120 ms in one minute of each ten (a busy machine), and every 20 minutes not at all for 1.5 s. A device that is started
again comes with another phase, and with nothing known of its clock.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from recorder.device_tracks import SoundTracks, Take
from recorder.segment_file import Syncer
from recorder.segments import Place
from recorder.sources.base import SoundBlock, Track
from recorder.timeline import PICTURE_MOST_PPB, SOUND_MOST_PPB, TimeLine
from recorder.timing import SampleClock, StreamClock

RATE = 48_000
HOUR_S = 3600
FRAME_US = 40_000  # a picture at 25 a second
SETTLE_US = 500_000  # as recorder.capture_core: what a device is read for before a take may begin
SEGMENT_US = 10_000_000
WARMTH_PPM = 3.0


class Crystal:
    """When a device's pieces of media were true, and when they were fetched.

    Args:
        ppm: by how much its seconds are too long.
        piece_us: media of a piece, by its own count.
        seed: of the lateness.
        late_us: most that a piece is fetched late on a quiet machine.
        wakes: whether several pieces are fetched at once (a sound card); else each has a way of its own (a camera's network).
    """

    def __init__(self, ppm: float, piece_us: float, seed: int, late_us: int = 30_000, *, wakes: bool = True) -> None:
        self._ppm, self._piece_us, self._late_us, self._wakes = ppm, piece_us, late_us, wakes
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self.true_us = 1_000_000_000.0  # of the end of the last piece
        self._fetched_us = 0.0

    def piece(self) -> int:
        """The next piece: when it was fetched, µs."""
        warmth = WARMTH_PPM * math.sin(self.true_us / 1e6 / HOUR_S * 2 * math.pi)
        self.true_us += self._piece_us * (1 + (self._ppm + warmth) / 1e6)
        second = self.true_us / 1e6
        late_us = self._late_us * (4 if second % 600 >= 540 else 1)
        earliest = self.true_us + (1.5e6 - second % 1200 * 1e6 if second % 1200 < 1.5 else 0)
        if self._wakes:
            while self._fetched_us < earliest:
                self._fetched_us = max(self._fetched_us, self.true_us - 2 * late_us) + self._random.random() * late_us
        else:
            self._fetched_us = max(self._fetched_us, earliest + self._random.random() * late_us)
        return round(self._fetched_us)


@dataclass(frozen=True)
class Simulated:
    """A hearing under a device clock that is off.

    Attributes:
        device: ``microphone``, or ``camera`` with what its places rest on.
        ppm: by how much its seconds are too long.
        hours: simulated.
        restarts: how often the device was started again.
        uncorrected_us: how far one anchor and the count of the media would be from the truth at the end, without restarts.
        worst_us: largest distance of any second from where it was, over all takes.
        worst_length_ppm: largest difference of a segment's place and its length.
        false_losses: losses that were claimed; there was none.
    """

    device: str
    ppm: float
    hours: float
    restarts: int
    uncorrected_us: int
    worst_us: int
    worst_length_ppm: int
    false_losses: int


class _Run:
    """What one child does between two starts: a settled clock, then a line that bends with each segment."""

    def __init__(self, clock: SampleClock | StreamClock, most_ppb: int) -> None:
        self._clock, self._most_ppb = clock, most_ppb
        self._line: TimeLine | None = None
        self._begun_us = self._next_us = 0
        self.worst = self.worst_ppm = 0.0

    def at(self, media_us: int, true_us: float) -> None:
        """Media of this time was true then."""
        if self._line is None:
            self._begun_us = media_us
            self._line = TimeLine(self._clock.place_us(media_us) or 0, self._steer, self._most_ppb)
        media = media_us - self._begun_us
        if media >= self._next_us:
            if self._next_us:
                length = self._line.at(self._next_us) - self._line.at(self._next_us - SEGMENT_US)
                self.worst_ppm = max(self.worst_ppm, abs(length - SEGMENT_US) / SEGMENT_US * 1e6)
            self._line.begin(self._next_us)
            self._next_us += SEGMENT_US
        self.worst = max(self.worst, abs(self._line.at(media) - true_us))

    def _steer(self, media_us: int) -> tuple[int, int] | None:
        place_us = self._clock.place_us(self._begun_us + media_us)
        return None if place_us is None else (place_us, self._clock.rate_ppb)


def microphone(ppm: float, hours: float, restarts: int = 0, seed: int = 5, block: int = 960) -> Simulated:
    """Blocks of 20 ms of a sound card."""
    worst = worst_ppm = uncorrected = losses = 0.0
    for run in range(restarts + 1):
        crystal = Crystal(ppm, block * 1e6 / RATE, seed + run)
        clock, start_us = SampleClock(RATE), crystal.true_us
        held = _Run(clock, SOUND_MOST_PPB)
        for number in range(round(hours * HOUR_S * RATE / block / (restarts + 1))):
            losses += clock.arrived(block, crystal.piece()) > 0
            if number % 5 == 0 and clock.media_us >= SETTLE_US:
                held.at(clock.media_us, crystal.true_us)
        worst, worst_ppm = max(worst, held.worst), max(worst_ppm, held.worst_ppm)
        uncorrected = clock.media_us - (crystal.true_us - start_us)
    return Simulated(
        "microphone", ppm, hours, restarts, round(uncorrected), round(worst), round(worst_ppm), int(losses)
    )


def camera(
    ppm: float, hours: float, restarts: int = 0, seed: int = 6, *, reports: bool, delay_us: int = 150_000
) -> Simulated:
    """Pictures that are 150 ms on their way and up to 30 ms more, by their time stamps; with or without sender reports.

    Without, the delay is a setting. With, it is not, and the sender's clock is 3 ms off: then the first minute of each run is
    not judged, for the first report comes after 1.3 s, and what it says is worked off by 5 ms a second.
    """
    worst = worst_ppm = uncorrected = 0.0
    clock = StreamClock()
    for run in range(restarts + 1):
        crystal = Crystal(ppm, FRAME_US, seed + run, wakes=False)
        clock = StreamClock(delay_us=0 if reports else delay_us, believe=reports)
        held, start_us = _Run(clock, PICTURE_MOST_PPB), crystal.true_us
        media_us = 0
        for number in range(1, round(hours * HOUR_S * 25 / (restarts + 1)) + 1):
            media_us, fetched_us = number * FRAME_US, crystal.piece()
            sent_us = round(crystal.true_us) + 3_000 if reports and number > 32 else None
            clock.arrived(media_us, fetched_us + delay_us, sent_us)
            if media_us >= SETTLE_US:
                held.at(media_us, crystal.true_us)
            if reports and number == 60 * 25:
                held.worst = 0.0
        worst, worst_ppm = max(worst, held.worst), max(worst_ppm, held.worst_ppm)
        uncorrected = media_us - (crystal.true_us - start_us)
    name = f"camera ({clock.base})"
    return Simulated(name, ppm, hours, restarts, round(uncorrected), round(worst), round(worst_ppm), 0)


@dataclass(frozen=True)
class Joined:
    """A track of many segments, read again from its files.

    Attributes:
        segments: closed ones.
        hours: that they last.
        samples: given to the writer.
        wrong_samples: that are missing, doubled or changed in the files.
        broken_joins: ends that are not the start of the next.
        drift_us: end of the last segment against when its last sample was true.
        worst_start_us: largest distance of a segment's start from when its first sample was true.
    """

    segments: int
    hours: float
    samples: int
    wrong_samples: int
    broken_joins: int
    drift_us: int
    worst_start_us: int


class _Reader:
    """Takes the report of each closed segment, reads its file and removes it."""

    def __init__(self, folder: Path, true_us: list[float]) -> None:
        self._folder, self._true_us = folder, true_us
        self.closed = self.samples = self.wrong = self.broken = 0
        self.worst = self.drift = 0.0
        self._end_us: int | None = None

    def __call__(self, report: str, **fields: Any) -> None:
        """See :class:`recorder.device_tracks.Report`."""
        if report != "closed":
            return
        with av.open(str(self._folder / fields["path"])) as container:
            heard = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])
        (self._folder / fields["path"]).unlink()
        count = np.arange(self.samples, self.samples + fields["units"]).astype(np.int16)
        self.wrong += fields["units"] if heard.size != count.size else int(np.count_nonzero(heard != count))
        self.broken += self._end_us is not None and fields["start_us"] != self._end_us
        self.worst = max(self.worst, abs(fields["start_us"] - self._true(self.samples)))
        self.closed, self.samples, self._end_us = self.closed + 1, self.samples + fields["units"], fields["end_us"]
        self.drift = fields["end_us"] - self._true(self.samples)

    def _true(self, sample: int) -> float:
        block, rest = divmod(sample, JOIN_BLOCK)
        begin_us, end_us = (self._true_us[min(at, len(self._true_us) - 1)] for at in (block, block + 1))
        return begin_us + (end_us - begin_us) * rest / JOIN_BLOCK


JOIN_RATE = 8_000
JOIN_BLOCK = 400


def join(folder: Path, segments: int, segment_us: int = 4_000_000, ppm: float = 100.0) -> Joined:
    """Record so many segments of a device whose samples are numbered, through the recorder's own SoundTracks, files and all."""
    crystal = Crystal(ppm, JOIN_BLOCK * 1e6 / JOIN_RATE, seed=7)
    true_us: list[float] = []
    reader, syncer = _Reader(folder, true_us), Syncer()
    tracks = SoundTracks((Track("mic", "audio", "flac", JOIN_RATE),), 16, 0, syncer, reader)
    blocks, settled = segments * segment_us * JOIN_RATE // JOIN_BLOCK // 1_000_000, 10
    for number in range(-settled, blocks):
        arrival_us = crystal.piece()
        if number == 0:
            true_us.append(crystal.true_us - JOIN_BLOCK * 1e6 / JOIN_RATE)
            tracks.begin(Take("T01", lambda source: Place(folder, "T01", source, segment_us)))
        if number >= 0:
            true_us.append(crystal.true_us)
        samples = np.arange(max(0, number) * JOIN_BLOCK, (max(0, number) + 1) * JOIN_BLOCK).astype(np.int16)
        tracks.take_block(SoundBlock(samples.reshape(-1, 1), arrival_us))
    tracks.end("stop")
    syncer.close()
    hours = (true_us[-1] - true_us[0]) / 1e6 / HOUR_S
    wrong = reader.wrong + abs(reader.samples - blocks * JOIN_BLOCK)
    return Joined(
        reader.closed, round(hours, 3), reader.samples, wrong, reader.broken, round(reader.drift), round(reader.worst)
    )
