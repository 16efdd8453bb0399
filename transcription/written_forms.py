"""Words as a court writes them: "статья двести восемьдесят вторая" is "статья 282", and the words that were said stay beside.

Engines write what they hear; some write numbers in figures themselves, and those are left alone. What several words say becomes
one word of the transcript, from the first one's start to the last one's end; its ``spoken`` holds them, so that
:meth:`protocol.transcript.Transcript.as_spoken` gives them back. Only what is surely a number is changed. Pure and
deterministic; docs/speech.md has the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from protocol.transcript import Word
from transcription import written_forms_en, written_forms_kk, written_forms_ru
from transcription.written_forms_numbers import MARKS, Token
from transcription.written_forms_runs import Rewrite

_LANGUAGES: Final[Mapping[str, Callable[[Sequence[Token]], list[Rewrite]]]] = {
    "en": written_forms_en.rewrites,
    "kk": written_forms_kk.rewrites,
    "ru": written_forms_ru.rewrites,
}


def written(words: Sequence[Word], language: str | None) -> tuple[Word, ...]:
    """The words of one passage, numbers in figures.

    Args:
        words: as the engine gave them, of one model, in time order.
        language: theirs; without rules for it they stay as they are.
    """
    rules = _LANGUAGES.get(language or "")
    if rules is None:
        return tuple(words)
    made: list[Word] = []
    at = 0
    for change in rules([Token.of(word.text) for word in words]):
        made += words[at : change.first]
        made.append(_joined(words[change.first : change.end], change.text))
        at = change.end
    return (*made, *words[at:])


def written_text(text: str, language: str) -> str:
    """The same for a text without times."""
    words = [Word(word, 0, 0, None, 0) for word in text.split()]
    return " ".join(word.text for word in written(words, language))


def _joined(words: Sequence[Word], text: str) -> Word:
    """One word for several; as probable as the least probable of them, its punctuation that around them."""
    first, last = words[0], words[-1]
    before = first.text[: len(first.text) - len(first.text.lstrip(MARKS))]
    after = last.text[len(last.text.rstrip(MARKS)) :]
    known = [word.probability_pm for word in words if word.probability_pm is not None]
    return replace(
        first,
        text=f"{before}{text}{after}",
        end_us=max(word.end_us for word in words),
        probability_pm=min(known, default=None),
        timing="measured" if all(word.timing == "measured" for word in words) else "spread",
        spoken=" ".join(word.text for word in words),
    )
