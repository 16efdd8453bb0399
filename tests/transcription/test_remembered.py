"""What was worked out for an array is not worked out again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transcription.remembered import Remembered


class Doubling:
    rate = 7

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, array: npt.NDArray[np.float32], *, by: int = 2) -> npt.NDArray[np.float32]:
        self.calls += 1
        return array * np.float32(by)


def test_the_same_array_is_worked_on_once() -> None:
    function = Doubling()
    kept = Remembered(function)
    first = kept(np.ones(4, np.float32))
    assert kept(np.ones(4, np.float32)) is first
    assert kept.rate == 7
    assert kept(np.ones(4, np.float32), by=3)[0] == 3
    assert kept(np.zeros(4, np.float32))[0] == 0
    assert function.calls == 3


def test_only_the_last_few_are_kept() -> None:
    function = Doubling()
    kept = Remembered(function)
    for value in (1, 2, 3, 4, 1):
        assert kept(np.full(2, value, np.float32))[0] == 2 * value
    assert function.calls == 5
