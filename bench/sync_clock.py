"""Timing without devices: a simulated day under a clock that is off, and a sound track of thousands of segments.

Both run the recorder's own code (recorder.timing, recorder.sound_writer), only the arrivals are made up.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recorder.segments import ClosedSegment, Place, SoundWriter
from recorder.timing import SampleClock

RATE = 48_000
BLOCK = 480
HOUR_S = 3600
FRAME_US = 40_000  # a picture at 25 a second


@dataclass(frozen=True)
class Simulated:
    """A hearing under a device clock that is off by ``ppm``.

    Attributes:
        uncorrected_us: how far the anchor and the count of samples are from the truth at the end.
        corrected_us: the largest distance from the truth, at any second, once ``drift_us`` is added.
        false_losses: losses that were claimed; there was none.
    """

    ppm: float
    hours: float
    uncorrected_us: int
    corrected_us: int
    false_losses: int


def simulate(ppm: float, hours: float, seed: int = 5, late_us: int = 30_000) -> Simulated:
    """Blocks of 10 ms by a crystal that is off, fetched up to ``late_us`` late; four times later for a minute each hour."""
    random_ = random.Random(seed)  # noqa: S311 - a simulation
    clock, true_us, woken_us = SampleClock(RATE), 1_000_000.0, 0.0
    step_us = BLOCK * 1e6 / RATE * (1 + ppm / 1e6)
    anchor_us, worst, losses, uncorrected = 0, 0.0, 0, 0.0
    for block in range(round(hours * HOUR_S * RATE / BLOCK)):
        true_us += step_us
        busy = block // 100 % HOUR_S >= HOUR_S - 60
        while woken_us < true_us:
            woken_us += random_.random() * late_us * (4 if busy else 1)
        losses += clock.arrived(BLOCK, round(woken_us)) > 0
        second = block // 100
        if block % 100 or second < 10:
            continue
        anchor_us = anchor_us or clock.now_us - clock.media_us  # as SoundTracks.begin sets it
        drift_us = clock.now_us - clock.media_us - anchor_us  # as SoundTracks.drift_us reports it
        uncorrected = anchor_us + clock.media_us - true_us
        worst = max(worst, abs(uncorrected + drift_us))
    return Simulated(ppm, hours, round(uncorrected), round(worst), losses)


@dataclass(frozen=True)
class Joined:
    """A track of many segments.

    Attributes:
        segments: closed ones.
        samples: in all of them by their own count; ``written`` were given.
        broken_joins: ends that are not the start of the next.
        drift_us: end of the last segment against anchor + samples / rate, exact.
        worst_start_us: largest distance of any segment's start from where its first sample belongs.
    """

    segments: int
    samples: int
    written: int
    broken_joins: int
    drift_us: float
    worst_start_us: float


def join(folder: Path, segments: int, rate: int = 22_050, segment_us: int = 50_000) -> Joined:
    """Write so many segments through a real SoundWriter (files and all); they are removed as they are closed.

    22,050 Hz and an odd anchor, because its blocks do not fall on whole µs; short segments, because drift adds up by
    joins, not by length.
    """
    anchor_us = 1_790_000_000_000_007
    place = Place(folder, "T01", "mic", segment_us)
    writer = SoundWriter(place, rate=rate, start_us=anchor_us)
    noise = np.random.default_rng(5)
    sound = noise.integers(-3000, 3000, rate, np.int16)
    written = broken = samples = count = 0
    worst, before = 0.0, ClosedSegment("", "", "", 0, 0, "", 0, anchor_us, "", "", 0, 0, 0, "")
    while count < segments:
        step = int(noise.integers(1, rate // 5))
        written += step
        for closed in writer.write(sound[:step]):
            broken += closed.start_us != before.end_us
            worst = max(worst, abs(closed.start_us - anchor_us - samples * 1e6 / rate))
            samples += closed.units
            count, before = count + 1, closed
            (folder / closed.path).unlink()
    drift = before.end_us - anchor_us - samples * 1e6 / rate
    writer.close()
    return Joined(count, samples, written, broken, drift, worst)
