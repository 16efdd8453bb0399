"""Number words as numbers: one reading for Russian, Kazakh and English, which differ in their words and in what a hundred is.

A lexicon says what each word may be; :func:`parse` puts the words of one number together and stops before the first that does
not belong to it. Hundreds come before tens, tens before ones, thousands after millions: what breaks that order is another
number. Pure; the words come lower-case and without punctuation (:class:`Token`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

#: Punctuation before and after a word. What stands there is not part of the number, and no number reaches over it.
MARKS: Final = "«»\"'“”„()[]…—–.,;:!?"
_HUNDRED: Final = 100
_ONES: Final = 9


@dataclass(frozen=True, slots=True)
class Numeral:
    """What one word says.

    Attributes:
        value: 0 … 10^9.
        ordinal: it says which one, and ends the number.
        multiplies: a scale (thousand) or, where hundreds are counted, a hundred.
        alone: such a word may begin a number: "тысяча" does, "тысяч" does not.
        ending: of an ordinal or of a word with a case suffix, as it is written after a figure; else empty.
        nominative: a form that may stand after "статья", "часть".
        last: no ones follow it: "десять" is no ten as "двадцать" is one, and "он" is ("он бір" is eleven).
    """

    value: int
    ordinal: bool = False
    multiplies: bool = False
    alone: bool = True
    ending: str = ""
    nominative: bool = True
    last: bool = False


Lexicon: TypeAlias = Mapping[str, Numeral]


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an utterance.

    Attributes:
        text: as the engine gave it.
        plain: lower-case letters and digits, without the punctuation around them; ё is е.
        opens: punctuation stands before it, so that no number reaches it from the left.
        closes: punctuation stands after it.
    """

    text: str
    plain: str
    opens: bool
    closes: bool

    @classmethod
    def of(cls, text: str) -> Token:
        """A word as the rules read it."""
        plain = text.strip(MARKS).lower().replace("ё", "е")
        return cls(text, plain, text[:1] in MARKS, text[-1:] in MARKS)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was said.

    Attributes:
        value: of the whole.
        words: how many words it took.
        ordinal: which one, not how many.
        ending: of its last word.
        nominative: all its words may stand after "статья".
        last: its last word, plain.
    """

    value: int
    words: int
    ordinal: bool
    ending: str
    nominative: bool
    last: str

    @property
    def compound(self) -> bool:
        """Several words: no single word of the language that only looks like a number."""
        return self.words > 1


@dataclass(slots=True)
class _Sum:
    """What the words of one number come to so far.

    Attributes:
        whole, group: of the scales that are done, and of the one that is being said.
        floor: the next word of the group says less than this.
        scale: the next scale is less than this.
    """

    whole: int = 0
    group: int = 0
    floor: int = 1000
    scale: int = 10**12

    def take(self, found: Numeral, *, first: bool) -> bool:
        """Add a word, unless it belongs to another number."""
        if not found.multiplies:
            if found.value >= self.floor or (found.value == 0 and not first):
                return False
            self.group, self.floor = self.group + found.value, 1 if found.last else _floor(found.value)
            return True
        if not (self.group or found.alone):
            return False
        if found.value == _HUNDRED:
            if self.group > _ONES:
                return False
            self.group, self.floor = max(self.group, 1) * _HUNDRED, _HUNDRED
            return True
        if found.value >= self.scale:
            return False
        self.whole, self.group = self.whole + max(self.group, 1) * found.value, 0
        self.floor, self.scale = 1000, found.value
        return True


def parse(words: Sequence[str], lexicon: Lexicon, *, joiner: str = "") -> Number | None:
    """The longest number that begins with the first of the words.

    Args:
        words: plain; may go on after the number.
        lexicon: of the language.
        joiner: a word that may stand inside a number ("and"), or nothing.
    """
    reading, used, plain = _Sum(), 0, True
    last: Numeral | None = None
    for index, word in enumerate(words):
        if joiner and word == joiner and last is not None and last.multiplies:
            continue
        found = lexicon.get(word)
        if found is None or not reading.take(found, first=index == 0):
            break
        last, used, plain = found, index + 1, plain and found.nominative
        if found.ordinal or found.value == 0 or found.ending:
            break
    if last is None:
        return None
    return Number(reading.whole + reading.group, used, last.ordinal, last.ending, plain, words[used - 1])


def _floor(value: int) -> int:
    """What comes after it in the same group is less than this."""
    if value >= _HUNDRED:
        return _HUNDRED
    return 10 if value % 10 == 0 and value else 1


def parse_all(words: Sequence[str], lexicon: Lexicon, *, joiner: str = "") -> list[Number]:
    """The numbers of a run of number words, one after another."""
    found: list[Number] = []
    at = 0
    while at < len(words):
        number = parse(words[at:], lexicon, joiner=joiner)
        if number is None:
            break
        found.append(number)
        at += number.words
    return found


def listed(text: str) -> list[str]:
    """The words of a table."""
    return text.split()


def grouped(value: int) -> str:
    """Figures as a court writes them: in threes from five figures on, with a space that no line breaks at."""
    return f"{value:,}".replace(",", "\u00a0") if value >= 10_000 else str(value)


def counted(numbers: Sequence[Number]) -> bool:
    """Whether somebody counts: each is one more than the one before it."""
    return len(numbers) > 1 and all(b.value == a.value + 1 for a, b in pairwise(numbers))
