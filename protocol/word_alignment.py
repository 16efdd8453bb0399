"""Times for corrected words: what stays keeps its time, what was put in its place shares the time of what it replaced.

Old and new words are matched with :class:`difflib.SequenceMatcher` (Ratcliff and Obershelp) on their letters alone, so
that a capital letter or a comma does not cost a word its time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from protocol.passage import Word


def aligned(
    old: Sequence[Word], texts: Sequence[str], start_us: int, end_us: int, by: str, at_us: int
) -> tuple[Word, ...]:
    """The new words of a passage.

    A word that is the same is untouched. One that differs in capitals or punctuation keeps its time, model and
    probability. A run replaced by as many words keeps the times one by one; by another number, the words share the run's
    interval by their length. An inserted word takes the pause it stands in, which may be no time at all.

    Args:
        old: the words as they stand, in order; may be empty.
        texts: the words as they should be, without white space.
        start_us: where the passage begins.
        end_us: where it ends.
        by: who changed them.
        at_us: when (UTC µs).
    """
    made: list[Word] = []
    matcher = SequenceMatcher(None, [_key(word.text) for word in old], [_key(text) for text in texts], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        run, new = old[i1:i2], texts[j1:j2]
        if tag == "equal":
            made += [_respelled(word, text, by, at_us) for word, text in zip(run, new, strict=True)]
        elif len(run) == len(new):
            made += [_typed(text, w.start_us, w.end_us, by, at_us, like=w) for w, text in zip(run, new, strict=True)]
        elif new:
            limit = old[i2].start_us if i2 < len(old) else end_us
            before = made[-1].end_us if made else start_us
            low = run[0].start_us if run else min(before, limit)
            high = max((word.end_us for word in run), default=limit)
            spans = _shared(new, low, max(low, min(high, limit)))
            made += [_typed(text, a, b, by, at_us) for text, (a, b) in zip(new, spans, strict=True)]
    return tuple(made)


def cut(text: str, old: Sequence[Word]) -> list[str]:
    """A text as words: cut at white space, but for what stands in it as a word with a space inside ("25 000") stood there before."""
    parts, made = text.split(), list[str]()
    known = {tuple(word.text.split()): word.text for word in old if len(word.text.split()) > 1}
    lengths = sorted({len(key) for key in known}, reverse=True)
    at = 0
    while at < len(parts):
        length = next((n for n in lengths if tuple(parts[at : at + n]) in known), 1)
        made.append(known.get(tuple(parts[at : at + length]), parts[at]))
        at += length
    return made


def _key(text: str) -> str:
    """Letters and digits in one case; the text itself where it has none."""
    letters = "".join(c for c in unicodedata.normalize("NFC", text).casefold() if c.isalnum())
    return letters or text


def _respelled(word: Word, text: str, by: str, at_us: int) -> Word:
    return word if word.text == text else replace(word, text=text, edited_by=by, edited_us=at_us)


def _typed(text: str, start_us: int, end_us: int, by: str, at_us: int, like: Word | None = None) -> Word:
    timing = like.timing if like else "spread"
    return Word(text, start_us, end_us, None, None, timing, None, by, at_us)


def _shared(texts: Sequence[str], low: int, high: int) -> Iterator[tuple[int, int]]:
    """Intervals side by side, as long as their words."""
    ends = list(accumulate(len(text) for text in texts))
    edges = [low] + [low + (high - low) * end // ends[-1] for end in ends]
    return pairwise(edges)
