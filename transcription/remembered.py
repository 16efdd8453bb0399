"""A function of one array whose last results are kept, because what asks for a sound's language next asks for its words."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Results kept where one is asked for at a time: that of a whole utterance outlives a look at its halves.
_KEPT: Final = 3


class Remembered:
    """Stands in for a pure callable; an array that came before is not worked on again.

    What the callable has beside being called (a feature extractor's sizes) is had from it.
    """

    def __init__(self, function: Callable[..., Any], *, most: int = 1) -> None:
        """Nothing is kept yet.

        Args:
            function: what is called.
            most: arrays that are asked for one after another, and then again.
        """
        self._function = function
        self._kept: deque[tuple[npt.NDArray[Any], tuple[Any, ...], Any]] = deque(maxlen=_KEPT - 1 + most)

    def __call__(self, array: npt.NDArray[Any], *more: object, **named: object) -> Any:
        """The result for the array; the same object where all that is given is the same."""
        said = (*more, *sorted(named.items()))
        for known, with_, result in self._kept:
            if with_ == said and np.array_equal(known, array):
                return result
        result = self._function(array, *more, **named)
        self._kept.append((array, said, result))
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)
