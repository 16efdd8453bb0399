"""Runs of number words in an utterance, and what the rules of every language ask of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from transcription.written_forms_numbers import Lexicon, Number, Token, grouped, parse_all

_DIGITS: Final = 10
_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Tokens ``first … end`` are written as `text`."""

    first: int
    end: int
    text: str


@dataclass(frozen=True)
class Run:
    """Number words that follow each other without punctuation between them.

    Attributes:
        tokens: of the whole utterance.
        first, end: the run's place in them.
        numbers: what they say, one number or several.
    """

    tokens: Sequence[Token]
    first: int
    end: int
    numbers: Sequence[Number]

    @property
    def one(self) -> Number | None:
        """The number, where the run is one. Two in a row are never put together: nobody knows where the first ends."""
        return self.numbers[0] if len(self.numbers) == 1 else None

    @cached_property
    def before(self) -> Token | None:
        """The word before, if no punctuation parts it from the run."""
        found = self.tokens[self.first - 1] if self.first else None
        return None if found is None or found.closes or self.tokens[self.first].opens else found

    @cached_property
    def after(self) -> Token | None:
        """The word after, if no punctuation parts it from the run."""
        found = self.tokens[self.end] if self.end < len(self.tokens) else None
        return None if found is None or found.opens or self.tokens[self.end - 1].closes else found

    @property
    def previous(self) -> str:
        """The word before, plain, or nothing."""
        return self.before.plain if self.before else ""

    @property
    def next(self) -> str:
        """The word after, plain, or nothing."""
        return self.after.plain if self.after else ""

    def vague(self, words: AbstractSet[str], lexicon: Lexicon) -> bool:
        """Whether the word before makes it another number, or none: figures, "полторы", "две-три", "бірнеше"."""
        parts = self.previous.split("-")
        return (
            self.previous in words
            or any(c.isdigit() for c in self.previous)
            or (len(parts) > 1 and any(part in lexicon for part in parts))
        )

    def open_range(self, between: AbstractSet[str], lexicon: Lexicon) -> bool:
        """From five to ten thousand, two or three thousand: the thousand belongs to both, and one of them has no noun."""
        at = self.first - 2
        if self.previous not in between or at < 0 or self.tokens[at].plain not in lexicon:
            return False
        own = lexicon[self.tokens[at].plain]
        return not (own.multiplies and own.value >= _THOUSAND)

    def follow(self, at: int, lexicon: Lexicon, joiner: str = "") -> Run | None:
        """The run that begins at a place, if one does."""
        return next((run for run in runs(self.tokens, lexicon, joiner=joiner) if run.first == at), None)

    def as_figures(self, *, group: bool = True) -> list[Rewrite]:
        """The one number in figures; a year is not grouped."""
        value = self.numbers[0].value
        return [Rewrite(self.first, self.end, grouped(value) if group else str(value))]


def runs(tokens: Sequence[Token], lexicon: Lexicon, *, joiner: str = "") -> Iterator[Run]:
    """All runs of an utterance, in order."""
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and _goes_on(tokens, at, end, lexicon, joiner):
            end += 1
        while end > at and joiner and tokens[end - 1].plain == joiner:
            end -= 1
        numbers = parse_all([token.plain for token in tokens[at:end]], lexicon, joiner=joiner)
        taken = sum(number.words for number in numbers)
        if taken:
            yield Run(tokens, at, at + taken, numbers)
        at += max(taken, 1)


def _goes_on(tokens: Sequence[Token], first: int, at: int, lexicon: Lexicon, joiner: str) -> bool:
    token = tokens[at]
    known = token.plain in lexicon or (joiner != "" and token.plain == joiner and at > first)
    return known and (at == first or not (token.opens or tokens[at - 1].closes))


def alike(found: Sequence[Rewrite], every: Sequence[Run], between: AbstractSet[str]) -> list[Rewrite]:
    """Without the half of a pair: of two numbers with "to" or "or" between them both are written otherwise, or neither.

    Args:
        found: what would be written, in order.
        every: the runs of the utterance, in order.
        between: the words that make a pair.
    """
    kept = list(found)
    for one, other in itertools.pairwise(every):
        if other.first != one.end + 1 or other.previous not in between or other.tokens[one.end - 1].closes:
            continue
        halves = [[it for it in kept if it.first <= run.first < it.end] for run in (one, other)]
        if bool(halves[0]) != bool(halves[1]):
            kept = [it for it in kept if it not in halves[0] and it not in halves[1]]
    return kept


def identifier(run: Run, known: Mapping[str, Sequence[int]]) -> list[Rewrite] | None:
    """Digits read in bundles after "ИИН" or "телефон", if together they are as many as such a number has."""
    lengths = known.get(run.previous)
    if lengths is None or any(number.ordinal or number.ending for number in run.numbers):
        return None
    text = "".join(str(number.value) for number in run.numbers)
    return [Rewrite(run.first, run.end, text)] if len(text) in lengths else []


def digits(run: Run) -> list[Rewrite] | None:
    """At least ten single digits in a row, as they were read."""
    if len(run.numbers) < _DIGITS or any(number.value > 9 or number.words > 1 for number in run.numbers):
        return None
    return [Rewrite(run.first, run.end, "".join(str(number.value) for number in run.numbers))]
