"""Where the language changes inside an utterance.

An engine is told one language for what it is given, and leaves out or garbles what is spoken in another. So an utterance in which
something does not fit (:func:`doubtful`) is looked at in short windows; the likeliest way through their languages, on which a
change costs something, gives the parts, and each is cut at the quietest moment near the change. What comes out is tried by
recognising each part with the engine of its language; the scribe keeps the parts only where all of them are believed. Pure.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from transcription.recognizer import SAMPLE_RATE, Recognition, Samples

#: Windows of two seconds, one a second: each costs an engine as much as a whole utterance.
WINDOW: Final = SAMPLE_RATE * 2
HOP: Final = SAMPLE_RATE
#: Shorter utterances are one thought in one language; shorter parts are a name or a term, which belong to the sentence.
SHORTEST: Final = SAMPLE_RATE * 3
SHORTEST_PART: Final = SAMPLE_RATE
#: What one change costs, in the logarithm of probability. A window that is quite clear gives 1.7 (they overlap, so each counts less
#: than half), so at an end one is enough, and in the middle it takes two.
_CHANGE: Final = 1.5
_WEIGHT: Final = 0.45
_FLOOR: Final = 0.02
#: First every third window is looked at; where no two of them are clearly of two languages, that is enough. Else those between two
#: that are not clearly of the same one are looked at too.
_SKIPPED: Final = 3
_CLEAR: Final = 0.8
#: Cuts are looked for so far around the change, at the quietest tenth of a second.
_AROUND: Final = SAMPLE_RATE
_CELL: Final = SAMPLE_RATE // 10

_SURE: Final = 0.97
_SILENT_US: Final = 1_500_000
_UNSURE_PM: Final = 600
_UNSURE_WORDS: Final = 3

Look = Callable[[Samples], Mapping[str, float]]


@dataclass(frozen=True)
class Part:
    """Samples ``start … end`` of what an engine is given, in one language."""

    start: int
    end: int
    language: str


def doubtful(
    heard: Recognition, shares: Mapping[str, float], language: str, length: int, voice: tuple[int, int]
) -> bool:
    """Whether to look for a change of language: all it takes is that something is left over.

    Args:
        heard: what the engine made of the whole.
        shares: how probable each language is for the whole.
        language: the one that it was told.
        length: samples of the whole.
        voice: first and last µs of the voice in it.
    """
    if length < SHORTEST or len(shares) < 2:
        return False
    if shares.get(language, 0.0) < _SURE or not heard.words:
        return True
    edges = [(voice[0], voice[0]), *((w.start_us, w.end_us) for w in heard.words), (voice[1], voice[1])]
    if any(later[0] - earlier[1] >= _SILENT_US for earlier, later in itertools.pairwise(edges)):
        return True
    sure = [w.probability_pm if w.probability_pm is not None else 1000 for w in heard.words]
    runs = (sure[i : i + _UNSURE_WORDS] for i in range(len(sure) - _UNSURE_WORDS + 1))
    return any(sum(run) < _UNSURE_PM * _UNSURE_WORDS for run in runs)


def parts(samples: Samples, look: Look, priors: Mapping[str, float]) -> list[Part]:
    """The utterance by language; one part where nothing changes.

    Args:
        samples: what an engine would be given.
        look: how probable each language is for a stretch of sound.
        priors: languages that may be spoken, and how often they are.
    """
    languages = sorted(priors)
    starts = _starts(len(samples))
    seen = {
        i: look(samples[starts[i] : starts[i] + WINDOW])
        for i in sorted({*range(0, len(starts), _SKIPPED), len(starts) - 1})
    }
    if not any(share for one in seen.values() for share in one.values()):
        return []
    clear = {language for one in seen.values() if (language := _clearly(one)) is not None}
    if len(clear) < 2:
        return [Part(0, len(samples), *(clear or {max(priors, key=priors.__getitem__)}))]
    for one, other in itertools.pairwise(sorted(seen)):
        between = range(one + 1, other)
        same = _clearly(seen[one]) is not None and _clearly(seen[one]) == _clearly(seen[other])
        seen |= {i: seen[one] if same else look(samples[starts[i] : starts[i] + WINDOW]) for i in between}
    costs = np.array([[_cost(seen[i], language, priors) for language in languages] for i in range(len(starts))])
    path = _likeliest(costs)
    changes = [i for i in range(1, len(path)) if path[i] != path[i - 1]]
    cuts = [_cut(samples, (starts[i - 1] + starts[i] + WINDOW) // 2) for i in changes]
    edges = [0, *cuts, len(samples)]
    spoken = [languages[path[i]] for i in (0, *changes)]
    return _long_enough([Part(a, b, spoken[i]) for i, (a, b) in enumerate(itertools.pairwise(edges))])


def _clearly(shares: Mapping[str, float]) -> str | None:
    """The language that a window is clearly in."""
    return max(shares, key=shares.__getitem__) if max(shares.values(), default=0.0) >= _CLEAR else None


def _starts(length: int) -> list[int]:
    last = max(0, length - WINDOW)
    return [*range(0, last, HOP), last]


def _cost(shares: Mapping[str, float], language: str, priors: Mapping[str, float]) -> float:
    weighed = {name: max(_FLOOR, shares.get(name, 0.0)) * prior for name, prior in priors.items()}
    return -_WEIGHT * math.log(max(_FLOOR, weighed[language] / sum(weighed.values())))


def _likeliest(costs: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> list[int]:
    """Viterbi: for each window the language on the cheapest way, a change costing `_CHANGE`."""
    count = costs.shape[1]
    change = _CHANGE * (1 - np.eye(count))
    total, came = costs[0], []
    for row in costs[1:]:
        ways = total[:, None] + change
        came.append(ways.argmin(axis=0))
        total = ways.min(axis=0) + row
    path = [int(total.argmin())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    return path[::-1]


def _cut(samples: Samples, near: int) -> int:
    """The quietest moment around a change."""
    first = max(0, near - _AROUND) // _CELL
    last = min(len(samples) // _CELL, (near + _AROUND) // _CELL)
    if last - first < 1:
        return min(near, len(samples))
    cells = samples[first * _CELL : last * _CELL].reshape(-1, _CELL).astype(np.float64)
    energy = (cells**2).sum(axis=1)
    # The middle of the longest quiet, not its first cell.
    low = np.flatnonzero(energy <= energy.min() * 4 + 1e-9)
    runs = np.split(low, np.flatnonzero(np.diff(low) > 1) + 1)
    best = max(runs, key=len)
    return (first + int(best[0] + best[-1] + 1) // 2) * _CELL + _CELL // 2 * ((int(best[0] + best[-1]) + 1) % 2)


def _long_enough(found: Sequence[Part]) -> list[Part]:
    """Parts that are too short join the one before them, or after; neighbours of one language are one."""
    kept: list[Part] = []
    for part in found:
        short = part.end - part.start < SHORTEST_PART
        if kept and (short or kept[-1].language == part.language):
            kept[-1] = Part(kept[-1].start, part.end, kept[-1].language)
        elif kept and kept[-1].end - kept[-1].start < SHORTEST_PART:
            kept[-1] = Part(kept[-1].start, part.end, part.language)
        else:
            kept.append(part)
    return kept
