"""Levels of sound, in hundredths of dB relative to full scale (dBFS).

0 is a sample at full scale; the RMS of a full-scale square wave is 0, of a full-scale sine -301. Digital silence is
:data:`SILENCE_CDB`, below the last bit of 24-bit sound (-138.47 dB).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.health.facts import SILENCE_CDB

__all__ = ["SILENCE_CDB", "LevelMeter", "Samples", "cdb"]

# int16, or int32 with 24 bits in the upper bytes.
Samples = NDArray[np.signedinteger[Any]]


def cdb(ratio: float) -> int:
    """Hundredths of dB of an amplitude relative to full scale, not below :data:`SILENCE_CDB`."""
    if ratio <= 0.0:
        return SILENCE_CDB
    return max(SILENCE_CDB, round(2000 * math.log10(ratio)))


class LevelMeter:
    """Peak and RMS of the samples since the last :meth:`reset`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self._peak = 0.0
        self._squares = 0.0
        self._count = 0

    def add(self, samples: Samples) -> None:
        """Measure one channel's samples: one axis, int16, or int32 with 24 bits in the upper bytes."""
        if not samples.size:
            return
        scaled = samples.astype(np.float64) / -float(np.iinfo(samples.dtype).min)
        self._peak = max(self._peak, float(np.abs(scaled).max()))
        self._squares += float(np.square(scaled).sum())  # not np.dot: it wakes BLAS with its threads and memory
        self._count += samples.size

    @property
    def peak_cdb(self) -> int:
        """Largest sample."""
        return cdb(self._peak)

    @property
    def rms_cdb(self) -> int:
        """Root of the mean square."""
        return cdb(math.sqrt(self._squares / self._count)) if self._count else SILENCE_CDB

    @property
    def pair(self) -> list[int]:
        """``[peak_cdb, rms_cdb]`` as ``level`` reports carry it."""
        return [self.peak_cdb, self.rms_cdb]
