"""How doubtful a passage is: a score out of what its engine and a witness tell. Pure.

The score is 1 − the product of (1 − each reason for doubt), so that one strong reason is enough and none takes another away:

* the words' own probabilities: 1 − their mean;
* the speech rate: nothing up to 22 letters a second, half at the guards' limit of 32;
* the language: what the sound gives to the other languages;
* a witness that strongly disagrees: half of the disagreement, since one of the two is wrong.

It puts passages in order; :mod:`transcription.calibration` makes of it how often a word is wrong.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from transcription.guards import MAX_LETTERS_PER_SECOND, MIN_RATED_US
from transcription.recognizer import RecognizedWord

FAST_LETTERS_PER_SECOND: Final = 22.0
#: From here on a witness's other text counts: differing endings and spellings of two engines stay below.
STRONG: Final = 0.4
#: Nothing in common: unlike words of one language share about a fifth of their letters by chance.
TOTAL: Final = 0.75
#: A passage that a witness can refuse has no more words than this, and its engine thinks them likelier wrong than right.
FEW_WORDS: Final = 3
UNLIKELY: Final = 0.5


def own_doubt(words: Iterable[RecognizedWord]) -> float | None:
    """1 − the mean of the words' probabilities; None where the engine gives none."""
    known = [word.probability_pm for word in words if word.probability_pm is not None]
    return 1 - sum(known) / len(known) / 1000 if known else None


def score(
    words: tuple[RecognizedWord, ...],
    length_us: int,
    language_share: float | None = None,
    disagreement: float | None = None,
) -> int | None:
    """The score of a passage, per mille; None where neither the engine gives probabilities nor a witness listened.

    Args:
        words: what is believed.
        length_us: length of the sound that the engine was given.
        language_share: how probable the passage's language is among those that may be spoken, 0 … 1; None where unknown.
        disagreement: with the witness, 0 … 1; None without one.
    """
    own = own_doubt(words)
    if own is None and disagreement is None:
        return None
    rate = sum(len(word.text) for word in words) * 1_000_000 / max(length_us, MIN_RATED_US)
    fast = (rate - FAST_LETTERS_PER_SECOND) / (MAX_LETTERS_PER_SECOND - FAST_LETTERS_PER_SECOND)
    reasons = [own or 0.0, min(max(fast, 0.0), 1.0) / 2]
    if language_share is not None:
        reasons.append(1 - language_share)
    if disagreement is not None and (disagreement >= STRONG or own is None):
        reasons.append(disagreement / 2)
    sure = 1.0
    for reason in reasons:
        sure *= 1 - min(max(reason, 0.0), 1.0)
    return round(1000 * (1 - sure))


def share_of(language: str, shares: Mapping[str, float]) -> float | None:
    """A language's part of what all together have; None where nothing was heard."""
    total = sum(shares.values())
    return shares.get(language, 0.0) / total if total > 0 else None


def disagreement(one: str, other: str) -> float:
    """0 … 1: the least number of changed letters for each letter of the longer text, whatever capitals, punctuation and spaces; 0 for two empty ones."""
    first, second = _letters(one), _letters(other)
    if not first or not second:
        return float(first != second)
    row = list(range(len(second) + 1))
    for index, letter in enumerate(first, 1):
        before, row[0] = row[0], index
        for place, against in enumerate(second, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != against))
    return row[-1] / max(len(first), len(second))


def refuted(words: tuple[RecognizedWord, ...], against: float) -> bool:
    """Whether a witness's disagreement takes the words away: a few, more likely wrong than right by their own engine, and nothing in common."""
    own = own_doubt(words)
    return own is not None and own >= UNLIKELY and len(words) <= FEW_WORDS and against >= TOTAL


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    return "".join(letter for letter in plain if letter.isalnum())
