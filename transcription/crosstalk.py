"""Which microphone a voice belongs to, moment by moment: the loudest one's.

Every microphone of a room hears every voice, so where a conversation goes on each of them is active all the time, and one
interval of activity holds several people. It is cut: a cell of 25 ms is another's voice where some other channel that is
active too is more than 8 dB louder; what is left, and stands out of the channel's own noise, is its own. So two people who
speak at once both stay, and a loud channel without speech (a fan) silences nobody. Only levels are compared here:
microphones whose gains differ by more than the margin need their gain set right first.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from transcription.activity import Interval, reaching
from transcription.audio import Block

#: Levels are kept for cells of 25 ms: 576 kB for an hour of one channel.
CELL: Final = 400
#: Neighbours heard 12 dB softer (give or take 2) stay below it, and two voices at once, which are seldom so far apart over `_SMOOTH`
#: cells, above it; what 6 to 10 dB do to neighbours 12, 15, 16 and 20 dB softer is in docs/bench.md (bench.diarization).
MARGIN_DB: Final = 8.0
#: A voice stands so far out of the channel's noise, which is what the quietest tenth of the minute around it holds.
VOICE_DB: Final = 6.0
_FLOOR_CELLS: Final = 30 * 16_000 // CELL
#: Levels are compared as means over so many cells, because a voice falls and rises within a syllable.
_SMOOTH: Final = 7
#: The room: a voice that stopped is counted on, this much softer for each cell, for so many cells (40 dB a second, 0.4 s).
_DECAY_DB: Final = 1.0
_ECHO_CELLS: Final = 400 * 16 // CELL
#: Another's voice shorter than this does not cut an interval; an own voice shorter than this is none.
_SHORT_CELLS: Final = 250 * 16 // CELL
#: A pause of this length ends an utterance (as in ``activity``).
_PAUSE_CELLS: Final = 600 * 16 // CELL
#: A cell is kept on both sides: a soft consonant is drowned. The engine gets half a second more anyway (``finding``).
_PADDING_CELLS: Final = 1
_FLOOR: Final = 1e-10  # -100 dBFS: an empty cell is silence, not minus infinity


class Levels:
    """Mean power of a channel in each cell of the grid."""

    def __init__(self) -> None:
        self._power = np.zeros(0, np.float32)

    def to_text(self) -> str:
        """All of them, exactly, as base64 of compressed bytes."""
        return base64.b64encode(zlib.compress(self._power.astype("<f4").tobytes(), 1)).decode()

    @classmethod
    def of_text(cls, text: str) -> Levels:
        """What :meth:`to_text` wrote."""
        made = cls()
        made._power = np.frombuffer(zlib.decompress(base64.b64decode(text)), "<f4").astype(np.float32)
        return made

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
        found: speech by channel, all on one grid; the intervals of a channel do not overlap.
        levels: of the same channels.

    Returns:
        the stretches that are the channel's own voice, from its first sound to its last, and those that are another
        channel's. An interval in which nobody else is louder for longer than a syllable stays in one piece.
    """
    own: dict[str, list[Interval]] = {}
    others: dict[str, list[Interval]] = {}
    for name, intervals in found.items():
        own[name], others[name] = [], []
        for item in intervals:
            mine, theirs = _divided(name, item, found, levels)
            own[name] += mine
            if theirs is not None:
                others[name] += _rest(item, mine, theirs)
    return own, others


def own_stretches(
    name: str,
    item: Interval,
    found: Mapping[str, Sequence[Interval]],
    levels: Mapping[str, Levels],
    *,
    faint: bool = True,
) -> list[Interval]:
    """The stretches of one interval that are the channel's own voice; see :func:`own_voices`.

    Args:
        name: the channel.
        item: one of its intervals, or the end of one.
        found: speech by channel.
        levels: of the same channels.
        faint: whether the whole of it is a voice where nothing in it stands out of the noise, and nobody else is louder.
    """
    return _divided(name, item, found, levels, faint=faint)[0]


def _divided(
    name: str,
    item: Interval,
    found: Mapping[str, Sequence[Interval]],
    levels: Mapping[str, Levels],
    *,
    faint: bool = True,
) -> tuple[list[Interval], npt.NDArray[np.bool_] | None]:
    """Own stretches of an interval, and the cells in which somebody else is louder; None where that is nobody."""
    theirs = _theirs(name, item, found, levels)
    if any(last - first >= _SHORT_CELLS for first, last in _runs(theirs)):
        return _mine(item, theirs, levels[name], alone=False), theirs
    # A voice that hardly stands out of the noise is still a voice.
    return _mine(item, theirs, levels[name], alone=True) or [item] * faint, None


def _cells(item: Interval) -> tuple[int, int]:
    return item.start // CELL, -(-item.end // CELL)


def _smooth(decibels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Mean power over `_SMOOTH` cells around each, dB."""
    edge = _SMOOTH // 2
    power = np.pad(10 ** (decibels / 10), edge, mode="edge")
    return np.asarray(10 * np.log10(np.convolve(power, np.ones(_SMOOTH) / _SMOOTH, "valid")), np.float64)


def _theirs(
    name: str, item: Interval, found: Mapping[str, Sequence[Interval]], levels: Mapping[str, Levels]
) -> npt.NDArray[np.bool_]:
    """For each cell of the interval: some other channel is active and louder by more than the margin."""
    first, last = _cells(item)
    mine = _smooth(levels[name].decibels(first, last))
    louder = np.zeros(last - first, bool)
    for other, intervals in found.items():
        active = np.zeros(last - first, bool)
        for speech in reaching(intervals, item.start, item.end) if other != name else ():
            active[max(0, speech.start // CELL - first) : -(-speech.end // CELL) - first] = True
        if active.any():
            louder |= (
                _echoing(np.where(active, _smooth(levels[other].decibels(first, last)), -200.0)) > mine + MARGIN_DB
            )
    return louder


def _echoing(decibels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each cell's level, or what is left of a louder one of the last moments."""
    out = decibels.copy()
    for cells in range(1, min(_ECHO_CELLS, len(decibels) - 1) + 1):
        np.maximum(out[cells:], decibels[:-cells] - _DECAY_DB * cells, out=out[cells:])
    return out


def _runs(cells: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last + 1 of each run of true cells."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _mine(item: Interval, theirs: npt.NDArray[np.bool_], levels: Levels, *, alone: bool) -> list[Interval]:
    """The channel's own utterances inside an interval; one of them, pauses and all, where it is alone."""
    first, last = _cells(item)
    around = levels.decibels(max(0, first - _FLOOR_CELLS), last + _FLOOR_CELLS)
    known = around[around > 10 * np.log10(_FLOOR) + 1]
    floor = float(np.percentile(known, 10)) if len(known) else 0.0
    voiced = ~theirs & (levels.decibels(first, last) > floor + VOICE_DB)
    joined: list[tuple[int, int]] = []
    for start, end in _runs(voiced):
        if joined and (alone or start - joined[-1][1] < _PAUSE_CELLS):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    kept = [(start, end) for start, end in joined if int(voiced[start:end].sum()) >= _SHORT_CELLS]
    found = []
    for index, (start, end) in enumerate(kept):
        low = (kept[index - 1][1] + start + 1) // 2 if index else 0
        high = (end + kept[index + 1][0]) // 2 if index + 1 < len(kept) else last - first
        begin, stop = max(low, start - _PADDING_CELLS), min(high, end + _PADDING_CELLS)
        found.append(Interval(max(item.start, (first + begin) * CELL), min(item.end, (first + stop) * CELL)))
    return found


def _rest(item: Interval, mine: Sequence[Interval], theirs: npt.NDArray[np.bool_]) -> list[Interval]:
    """What is left of an interval where somebody else is louder."""
    left, at = [], item.start
    for own in [*mine, Interval(item.end, item.end)]:
        first, last = at // CELL - item.start // CELL, -(-own.start // CELL) - item.start // CELL
        if at < own.start and theirs[first:last].any():
            left.append(Interval(at, own.start))
        at = own.end
    return left
