"""Measurements of sound beside the levels, once a second, in the capture child: cheap, and for all channels at once.

The samples are averaged down to about 2 kHz; that is enough for the mains and its harmonics, and one small FFT a second shows
them as lines that stand out of their surroundings. Speech has no line at 50 Hz and moves in pitch; mains hum does neither.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.health.facts import SILENCE_CDB, SoundFacts
from recorder.levels import Samples, cdb

__all__ = ["SoundFacts", "SoundGauge"]

MAINS_HZ = 50
HARMONICS = 8
SLOW_HZ = 2000
#: At least this share of full scale counts as cut off: converters saturate a step or two below.
FULL = 0.999
#: A line counts when it stands out of the median of its surroundings by this ratio of amplitudes (14 dB).
PROMINENT = 5.0
_LINE_HZ, _NEAR_HZ, _FAR_HZ = 1.5, 4.0, 14.0


class SoundGauge:
    """Gathers a second of all channels of a device.

    Args:
        rate: samples a second.
        channels: their number.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._step = max(1, rate // SLOW_HZ)
        self._slow_rate = rate / self._step
        self._slow = np.zeros((round(self._slow_rate), channels), np.float64)
        self._rest: Samples | None = None
        self._lines = _Lines(len(self._slow), self._slow_rate)
        self._begin()

    def add(self, samples: Samples) -> list[SoundFacts]:
        """Take a block, shape (samples, channels).

        Returns:
            Facts of each channel when a second is full, else an empty list.
        """
        if not len(samples):
            return []
        self._extremes(samples)
        if self._rest is not None:
            samples = np.concatenate((self._rest, samples))
        whole = len(samples) // self._step
        used = whole * self._step
        self._rest = samples[used:].copy() if used < len(samples) else None
        full = -float(np.iinfo(samples.dtype).min)
        slow = samples[:used].reshape(whole, self._step, samples.shape[1]).sum(axis=1, dtype=np.float64) / (self._step * full)
        room = len(self._slow) - self._filled
        self._slow[self._filled : self._filled + room] = _padded(slow[:room], self._slow[self._filled :])
        self._filled += min(room, whole)
        if self._filled < len(self._slow):
            return []
        facts = self._facts()
        self._begin()
        return facts

    def _begin(self) -> None:
        self._filled = 0
        self._clipped: NDArray[np.int64] = np.zeros(self._slow.shape[1], np.int64)
        self._top: NDArray[Any] | None = None
        self._bottom: NDArray[Any] | None = None

    def _extremes(self, samples: Samples) -> None:
        top, bottom = samples.max(axis=0), samples.min(axis=0)
        self._top = top if self._top is None else np.maximum(self._top, top)
        self._bottom = bottom if self._bottom is None else np.minimum(self._bottom, bottom)
        limit = -np.iinfo(samples.dtype).min * FULL
        if top.max() >= limit or bottom.min() <= -limit:
            over = (samples >= limit) | (samples <= -limit)
            self._clipped += np.count_nonzero(over[1:] & over[:-1], axis=0)

    def _facts(self) -> list[SoundFacts]:
        hum = self._lines.rms(self._slow)
        offset = np.abs(self._slow.mean(axis=0))
        flat = np.equal(np.asarray(self._top), np.asarray(self._bottom))
        return [
            SoundFacts(int(self._clipped[at]), cdb(float(offset[at])), cdb(float(hum[at])), bool(flat[at]))
            for at in range(self._slow.shape[1])
        ]


def _padded(part: NDArray[np.float64], room: NDArray[np.float64]) -> NDArray[np.float64]:
    """``part``, and after it what stands in ``room`` already."""
    return part if len(part) == len(room) else np.concatenate((part, room[len(part) :]))


class _Lines:
    """Finds the mains' lines in a second of slow samples."""

    def __init__(self, count: int, rate: float) -> None:
        self._window = np.hanning(count)[:, None]
        self._scale = 2.0 / (count / 2) / math.sqrt(2)  # a sine's peak in the spectrum under this window to its RMS
        at = np.fft.rfftfreq(count, 1 / rate)
        self._at: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
        for number in range(1, HARMONICS + 1):
            away = np.abs(at - number * MAINS_HZ)
            self._at.append((np.flatnonzero(away <= _LINE_HZ), np.flatnonzero((away >= _NEAR_HZ) & (away <= _FAR_HZ))))

    def rms(self, slow: NDArray[np.float64]) -> NDArray[np.float64]:
        """RMS of all lines that stand out, by channel, full scale 1."""
        spectrum = np.abs(np.fft.rfft((slow - slow.mean(axis=0)) * self._window, axis=0)) * self._scale
        total = np.zeros(slow.shape[1])
        for line, near in self._at:
            peak = spectrum[line].max(axis=0)
            around = np.median(spectrum[near], axis=0)
            total += np.where(peak >= PROMINENT * around, np.square(peak), 0.0)
        found: NDArray[np.float64] = np.sqrt(total)
        found[found < 10 ** (SILENCE_CDB / 2000)] = 0.0
        return found
