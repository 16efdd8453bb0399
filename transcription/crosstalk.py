"""Which microphone a voice belongs to: the loudest one wins.

Every microphone of a room hears every voice. An interval of a channel is taken for another's voice when, for at least four
fifths of it, some other channel that is active too is more than 10 dB louder. So two people who speak at once both stay, and
a loud channel without speech (a fan) silences nobody. Only levels are compared here: microphones whose gains differ by
more than the margin need their gain set right first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from transcription.activity import Interval
from transcription.audio import Block

#: Levels are kept for cells of 100 ms: 144 kB for an hour of one channel.
CELL: Final = 1600
MARGIN_DB: Final = 10.0
SHARE: Final = 0.8
_FLOOR: Final = 1e-10  # -100 dBFS: an empty cell is silence, not minus infinity


class Levels:
    """Mean power of a channel in each cell of the grid."""

    def __init__(self) -> None:
        self._power = np.zeros(0, np.float32)

    def metered(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The same blocks, measured as they pass."""
        for block in blocks:
            self._add(block)
            yield block

    def _add(self, block: Block) -> None:
        cells = np.arange(block.start, block.end) // CELL
        need = int(cells[-1]) + 1 if len(cells) else 0
        if need > len(self._power):
            self._power = np.pad(self._power, (0, need - len(self._power)))
        first = block.start // CELL
        sums = np.bincount(cells - first, weights=block.samples.astype(np.float64) ** 2)
        self._power[first : first + len(sums)] += (sums / CELL).astype(np.float32)

    def decibels(self, first: int, last: int) -> npt.NDArray[np.float64]:
        """Levels of the cells ``first … last``, dBFS; -100 where there is nothing."""
        power = np.full(last - first, _FLOOR)
        known = self._power[first:last]
        power[: len(known)] = np.maximum(known, _FLOOR)
        return np.asarray(10 * np.log10(power), np.float64)


def own_voices(
    found: Mapping[str, Sequence[Interval]], levels: Mapping[str, Levels]
) -> tuple[dict[str, list[Interval]], dict[str, list[Interval]]]:
    """Divide the intervals of every channel.

    Args:
        found: speech by channel, all on one grid.
        levels: of the same channels.

    Returns:
        the intervals that are the channel's own, and those that are another channel's voice.
    """
    own: dict[str, list[Interval]] = {}
    others: dict[str, list[Interval]] = {}
    for name, intervals in found.items():
        rest = [other for other in found if other != name]
        own[name], others[name] = [], []
        for item in intervals:
            kept = own if _belongs(name, item, rest, found, levels) else others
            kept[name].append(item)
    return own, others


def _belongs(
    name: str,
    item: Interval,
    rest: Sequence[str],
    found: Mapping[str, Sequence[Interval]],
    levels: Mapping[str, Levels],
) -> bool:
    first, last = item.start // CELL, -(-item.end // CELL)
    mine = levels[name].decibels(first, last)
    louder = np.zeros(last - first, bool)
    for other in rest:
        active = np.zeros(last - first, bool)
        for speech in found[other]:
            if speech.start < item.end and item.start < speech.end:
                active[max(0, speech.start // CELL - first) : -(-speech.end // CELL) - first] = True
        if active.any():
            louder |= active & (levels[other].decibels(first, last) > mine + MARGIN_DB)
    return float(louder.mean()) < SHARE
