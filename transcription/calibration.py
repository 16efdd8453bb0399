"""From a score of doubt to how often a word is wrong: a curve for each model, learnt on a court's own references.

The score (:mod:`transcription.doubt`) puts passages in order. How many words are wrong at a score depends on the model, the
rooms and the voices, so a court learns it: ``hattama evaluate … --calibrate FILE``, then ``[speech] calibration = "FILE"``. The
curve is isotonic (pool adjacent violators; Ayer et al. 1955), so that a greater score never becomes a smaller doubt. Without a
file it is the identity. The file's form is in docs/speech.md.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from protocol.passage import Model
from transcription.errors import CalibrationUnusable

FORMAT: Final = "hattama-calibration/1"
WHOLE: Final = 1000  # per mille
#: Words of one model below which nothing is learnt, and which each point of a curve stands on.
FEWEST_WORDS: Final = 100
BLOCK_WORDS: Final = 25
_ENDS: Final = ((0, 0), (WHOLE, WHOLE))
_MODEL: Final = ("engine", "name", "version", "sha256")


@dataclass(frozen=True, slots=True)
class Curve:
    """Score → doubt, both per mille: straight lines between points that never fall; the first is (0, 0), the last (1000, 1000)."""

    points: tuple[tuple[int, int], ...] = _ENDS

    def __post_init__(self) -> None:
        if len(self.points) < 2 or (self.points[0], self.points[-1]) != _ENDS:
            raise CalibrationUnusable("a curve begins with [0, 0] and ends with [1000, 1000]")
        if any(before[0] >= after[0] or before[1] > after[1] for before, after in pairwise(self.points)):
            raise CalibrationUnusable("the scores of a curve rise, and its doubts never fall")

    def at(self, score_pm: int) -> int:
        """The doubt at a score, both 0 … 1000."""
        place = min(bisect_right([score for score, _ in self.points], score_pm), len(self.points) - 1)
        (x0, y0), (x1, y1) = self.points[place - 1], self.points[place]
        return y0 + ((y1 - y0) * (score_pm - x0) * 2 + (x1 - x0)) // (2 * (x1 - x0))


@dataclass(frozen=True, slots=True)
class Learnt:
    """A curve, the model that it is for, and what it was learnt on: words, and how many of them were wrong."""

    model: Model
    curve: Curve
    words: int
    wrong: int


@dataclass(frozen=True)
class Calibration:
    """Curves by engine and digest of the model; a model that has none keeps its scores."""

    curves: Mapping[tuple[str, str], Curve] = field(default_factory=dict)

    def doubt(self, model: Model, score_pm: int) -> int:
        """The doubt of a passage that `model` wrote, per mille."""
        curve = self.curves.get((model.engine, model.sha256))
        return score_pm if curve is None else curve.at(score_pm)


def fit(scored: Iterable[tuple[int, bool]]) -> Curve:
    """The curve of words, each with its passage's score per mille and whether it is wrong.

    Words are taken together in the order of their scores, at least :data:`BLOCK_WORDS` at a time and never a score in two halves;
    a block has (wrong + ½) / (words + 1) of its words wrong, so that no few words make a passage certain.
    """
    counted: dict[int, list[int]] = {}
    for score, wrong in scored:
        place = counted.setdefault(score, [0, 0])
        place[0] += 1
        place[1] += wrong
    blocks: list[list[int]] = []  # words, sum of their scores, wrong
    for score in sorted(counted):
        if not blocks or blocks[-1][0] >= BLOCK_WORDS:
            blocks.append([0, 0, 0])
        words, wrong_words = counted[score]
        blocks[-1][0] += words
        blocks[-1][1] += words * score
        blocks[-1][2] += wrong_words
    if len(blocks) > 1 and blocks[-1][0] < BLOCK_WORDS:
        last = blocks.pop()
        blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    pooled: list[list[int]] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and _share(pooled[-2]) >= _share(pooled[-1]):
            last = pooled.pop()
            pooled[-1] = [a + b for a, b in zip(pooled[-1], last, strict=True)]
    points = {round(total / words): round(WHOLE * _share([words, total, wrong])) for words, total, wrong in pooled}
    return Curve((_ENDS[0], *((x, y) for x, y in sorted(points.items()) if 0 < x < WHOLE), _ENDS[1]))


def _share(block: list[int]) -> float:
    return (block[2] + 0.5) / (block[0] + 1)


def to_json(learnt: Iterable[Learnt]) -> str:
    """The file's text."""
    curves = [
        {
            "model": {name: getattr(one.model, name) for name in _MODEL},
            "words": one.words,
            "wrong": one.wrong,
            "points": [list(point) for point in one.curve.points],
        }
        for one in learnt
    ]
    return json.dumps({"format": FORMAT, "curves": curves}, ensure_ascii=False, indent=1) + "\n"


def read(path: Path) -> Calibration:
    """Read a file that ``hattama evaluate --calibrate`` wrote.

    Raises:
        CalibrationUnusable: it cannot be read, or is not of its form; the message says what and where.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CalibrationUnusable(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("curves"), list):
        raise CalibrationUnusable(f"{path}: not {FORMAT} with a list of curves")
    curves = {}
    for number, one in enumerate(value["curves"]):
        try:
            key = _key(one)
            curves[key] = Curve(_points(one))
        except CalibrationUnusable as error:
            raise CalibrationUnusable(f"{path}: curves[{number}]: {error}") from error
    return Calibration(curves)


def _key(one: Any) -> tuple[str, str]:
    model = one.get("model") if isinstance(one, dict) else None
    if not isinstance(model, dict) or not all(isinstance(model.get(name), str) for name in _MODEL):
        raise CalibrationUnusable(f"model: not an object of {', '.join(_MODEL)}")
    return model["engine"], model["sha256"]


def _points(one: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    points = one.get("points")
    if not isinstance(points, list) or not all(
        isinstance(point, list) and len(point) == 2 and all(type(number) is int for number in point) for point in points
    ):
        raise CalibrationUnusable("points: not a list of pairs of whole numbers")
    return tuple((point[0], point[1]) for point in points)
