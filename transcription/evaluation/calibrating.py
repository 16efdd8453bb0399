"""Whether doubts are true, and curves that make them so: words whose passages' doubt is known, held against the reference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from protocol.passage import Model
from transcription.calibration import FEWEST_WORDS, WHOLE, Learnt, fit
from transcription.errors import TooLittleToLearn
from transcription.evaluation.measuring import HeardWord

_BIN_PM: Final = 100


def learnt(heard: Iterable[HeardWord]) -> list[Learnt]:
    """A curve for each model that wrote enough words; what was heard must not be calibrated already.

    Raises:
        TooLittleToLearn: no model did, or none gives probabilities.
    """
    by_model: dict[Model, list[tuple[int, bool]]] = {}
    for word in heard:
        if word.doubt_pm is not None and word.model is not None:
            by_model.setdefault(word.model, []).append((word.doubt_pm, not word.right))
    made = [
        Learnt(model, fit(words), len(words), sum(wrong for _, wrong in words))
        for model, words in by_model.items()
        if len(words) >= FEWEST_WORDS
    ]
    if not made:
        had = ", ".join(f"{len(words)} of {model.name}" for model, words in by_model.items()) or "none"
        raise TooLittleToLearn(
            f"too few words with a doubt and a reference to calibrate on: {had}; {FEWEST_WORDS} of a model are wanted"
        )
    return made


def reliability(heard: Iterable[HeardWord]) -> dict[str, Any] | None:
    """How true the doubts are, for the JSON; None where no word has one.

    Returns:
        ``words``, ``wrong``; ``error``: the expected calibration error (Naeini et al. 2015), the mean over words of how far the
        mean doubt of their tenth is from the share that is wrong; and ``tenths`` with the figures of each that has words.
    """
    tenths: dict[int, list[HeardWord]] = {}
    for word in heard:
        if word.doubt_pm is not None:
            tenths.setdefault(min(word.doubt_pm, WHOLE - 1) // _BIN_PM, []).append(word)
    if not tenths:
        return None
    rows = [
        {
            "from": tenth * _BIN_PM / WHOLE,
            "words": len(words),
            "wrong": sum(not word.right for word in words),
            "expected": round(sum(word.doubt_pm or 0 for word in words) / WHOLE, 2),
        }
        for tenth, words in sorted(tenths.items())
    ]
    total = sum(row["words"] for row in rows)
    off = sum(abs(row["expected"] - row["wrong"]) for row in rows)
    return {"words": total, "wrong": sum(row["wrong"] for row in rows), "error": round(off / total, 4), "tenths": rows}
