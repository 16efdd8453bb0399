"""Measurements of a camera's key frames, made by the pictures worker on a small grey picture; never in a capture child."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recorder.health.facts import PictureFacts

__all__ = ["Grey", "PictureFacts", "edges", "measure", "thinned"]

#: Pixels of the picture that is measured, at most; it is thinned out, not averaged: the sensor's noise shows that it lives.
WIDTH, HEIGHT = 640, 360

Grey = NDArray[np.uint8]


def thinned(grey: Grey) -> Grey:
    """Every n-th pixel of a picture (rows, columns), so that at most 640 × 360 are left."""
    step = max(1, -(-grey.shape[0] // HEIGHT), -(-grey.shape[1] // WIDTH))
    return grey[::step, ::step]


def measure(grey: Grey, before: Grey | None) -> PictureFacts:
    """Measure a thinned picture.

    Args:
        grey: shape (rows, columns).
        before: the key frame before, or None; another size counts as none.
    """
    picture = grey.astype(np.int16)
    changed = None
    if before is not None and before.shape == grey.shape:
        changed = round(float(np.abs(picture - before).mean()) * 1000)
    return PictureFacts(round(float(picture.mean())), int(np.percentile(picture, 99)), edges(picture), changed)


def edges(picture: NDArray[np.int16]) -> int:
    """How steep the steepest 1 % of the picture is: averages of 3 × 3 pixels, compared 3 pixels apart."""
    rows, columns = (size - size % 3 for size in picture.shape)
    small = picture[:rows, :columns].reshape(rows // 3, 3, columns // 3, 3).mean(axis=(1, 3))
    across, down = np.abs(np.diff(small, axis=1)), np.abs(np.diff(small, axis=0))
    steps = np.concatenate((across.ravel(), down.ravel()))
    return int(np.percentile(steps, 99)) if steps.size else 0
