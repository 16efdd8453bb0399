"""Sound files as arrays, for measurements of speech."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def mono(path: Path, rate: int) -> NDArray[np.float64]:
    """The first audio stream, channels averaged, at the rate, −1 … 1."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="dbl", layout="mono", rate=rate)
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts)
