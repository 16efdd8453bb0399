"""What is not believed: text that an engine made up rather than heard. Pure; each rule has a code for the transcript.

The limits for compression, log probability and "nobody speaks" are Whisper's own (Radford et al. 2022, section 4.5).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from transcription.recognizer import Recognition, RecognizedWord

MAX_COMPRESSION: Final = 2.4
MIN_LOG_PROBABILITY: Final = -1.0
MAX_REPEATS: Final = 5  # "yes, yes, yes, yes" is said in court; the same phrase six times in a row is a loop
MAX_PHRASE: Final = 6
MAX_NO_SPEECH: Final = 0.6
MAX_LETTERS_PER_SECOND: Final = 32.0  # an auctioneer speaks about 30, and the sound has some silence before and after
MIN_RATED_US: Final = 500_000
#: Activity begins at a probability of 0.5; where it never becomes more than this, no engine is asked. The weakest speech
#: looked at (an old recording's three syllables) reaches 0.73 and nearly all speech 0.95; machines, clatter and wind stay below.
SURE_OF_SPEECH: Final = 0.7


@dataclass(frozen=True)
class Judged:
    """Words that are believed, and why others are not.

    Attributes:
        words: believed; empty if nothing is.
        reason: code of what was refused, or None.
        refused_from_us: where the refused part begins, µs from the start of the utterance, when `reason` is set.
    """

    words: tuple[RecognizedWord, ...]
    reason: str | None = None
    refused_from_us: int = 0


def judge(heard: Recognition, length_us: int) -> Judged:
    """Decide about one utterance.

    Args:
        heard: what the engine said.
        length_us: length of the sound that it was given.

    Returns:
        all words; or none, with the reason; or those inside the sound, and ``outside`` for the rest.
    """
    if not heard.words:
        return Judged((), "no_text")
    if reason := _made_up(heard, length_us):
        return Judged((), reason)
    inside: list[RecognizedWord] = []
    for word in heard.words:
        if not 0 <= word.start_us < length_us or word.end_us < word.start_us:
            break
        if inside and word.start_us < inside[-1].start_us:
            break
        inside.append(word)
    if len(inside) == len(heard.words):
        return Judged(tuple(inside))
    return Judged(tuple(inside), "outside", min(inside[-1].end_us, length_us) if inside else 0)


def _made_up(heard: Recognition, length_us: int) -> str | None:
    text = heard.text
    if heard.log_probability is not None and heard.log_probability < MIN_LOG_PROBABILITY:
        return "improbable"
    if heard.no_speech is not None and heard.no_speech > MAX_NO_SPEECH:
        return "no_speech"
    if repeats([word.text.strip(".,!?…").lower() for word in heard.words]) > MAX_REPEATS:
        return "repetition"
    data = text.encode()
    if len(data) / len(zlib.compress(data)) > MAX_COMPRESSION:
        return "compression"
    letters = sum(len(word.text) for word in heard.words)
    if letters * 1_000_000 / max(length_us, MIN_RATED_US) > MAX_LETTERS_PER_SECOND:
        return "speech_rate"
    return None


def repeats(words: list[str]) -> int:
    """How often in a row the most repeated phrase of up to six words stands there; 1 if nothing repeats, 0 for no words."""
    best = min(1, len(words))
    for size in range(1, MAX_PHRASE + 1):
        run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            best = max(best, run // size + 1)
    return best
