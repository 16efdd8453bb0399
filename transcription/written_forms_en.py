"""English: numbers, dates, money and article numbers, for hearings that are read in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from transcription.written_forms_numbers import Lexicon, Number, Numeral, Token, counted, listed
from transcription.written_forms_runs import Rewrite, Run, alike, digits, identifier, runs

_SMALL: Final = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS: Final = listed("twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES: Final = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_IRREGULAR: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_MONTHS: Final = frozenset(
    listed("january february march april may june july august september october november december")
)
_LAW: Final = frozenset(listed("article part paragraph subparagraph section clause chapter number room page"))
_UNIT: Final = re.compile(
    r"(?:tenge|tiyn|dollars?|roubles?|rubles?|euros?|yuan|percent|per|years?|months?|weeks?|days?|hours?|minutes?|seconds?|met(?:er|re)s?|"
    r"kilomet(?:er|re)s?|hectares?|kilograms?|tonnes?|pages?)\Z"
)
_MONEY: Final = frozenset({"tenge", "percent", "dollar", "dollars", "euro", "rouble"})
_VAGUE: Final = frozenset(listed("several few many some half couple hundreds thousands"))
_IDENTIFIERS: Final = {"iin": (12,), "bin": (12,), "phone": (6, 7, 10, 11), "telephone": (6, 7, 10, 11)}
_YEARS: Final = range(1000, 2101)
_PAGES: Final = 2000
_DAY: Final = 31
_BETWEEN: Final = frozenset({"or", "to"})
_AND: Final = "and"


def _ordinal(word: str) -> str:
    return _IRREGULAR.get(word) or (f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th")


def _words() -> Iterator[tuple[str, Numeral]]:
    for value, word in enumerate(_SMALL):
        yield word, Numeral(value, last=value == 10)
        yield _ordinal(word), Numeral(value, ordinal=True, ending="th")
    for value, word in zip(range(20, 100, 10), _TENS, strict=True):
        yield word, Numeral(value)
        yield _ordinal(word), Numeral(value, ordinal=True, ending="th")
        for one, small in enumerate(_SMALL[1:10], 1):
            yield f"{word}-{small}", Numeral(value + one, last=True)
            yield f"{word}-{_ordinal(small)}", Numeral(value + one, ordinal=True, ending="th")
    for word, value in _SCALES.items():
        yield word, Numeral(value, multiplies=True, alone=False)
        yield f"{word}th", Numeral(value, ordinal=True, multiplies=True, alone=False, ending="th")


WORDS: Final[Lexicon] = dict(_words())


def rewrites(tokens: Sequence[Token]) -> list[Rewrite]:
    """What is written otherwise, in order, none over another."""
    found: list[Rewrite] = []
    every = list(runs(tokens, WORDS, joiner=_AND))
    for run in every:
        if run.vague(_VAGUE, WORDS):
            continue
        made = next((made for rule in _RULES if (made := rule(run)) is not None), None)
        if made is not None:
            found += made
    return alike(found, [run for run in every if run.previous not in _LAW], _BETWEEN)


def _identifier(run: Run) -> list[Rewrite] | None:
    return identifier(run, _IDENTIFIERS)


def _date(run: Run) -> list[Rewrite] | None:
    """August twenty fifth, twenty twenty six; the twenty fifth of August; August two thousand twenty six."""
    if run.previous in _MONTHS:
        head, rest = run.numbers[0], run.numbers[1:]
        year = _year_of(rest if head.ordinal else run.numbers)
        if head.ordinal and 1 <= head.value <= _DAY and (year or not rest):
            return [Rewrite(run.first, run.end, f"{head.value}, {year}" if year else str(head.value))]
        return [Rewrite(run.first, run.end, str(year))] if year and not head.ordinal else []
    one = run.one
    of_month = run.next == "of" and run.end + 1 < len(run.tokens) and run.tokens[run.end + 1].plain in _MONTHS
    if one and one.ordinal and 1 <= one.value <= _DAY and (of_month or run.next in _MONTHS):
        return [Rewrite(run.first, run.end, str(one.value))]
    return None


def _year_of(numbers: Sequence[Number]) -> int | None:
    """Two thousand twenty six, or twenty twenty six."""
    values = [number.value for number in numbers]
    if any(number.ordinal for number in numbers):
        return None
    match values:
        case [year] if year in _YEARS:
            return year
        case [(19 | 20) as century, rest] if 10 <= rest <= 99:
            return century * 100 + rest
    return None


def _law(run: Run) -> list[Rewrite] | None:
    one = run.one
    if one is None or one.ordinal or run.previous not in _LAW or one.value > _PAGES or _UNIT.match(run.next):
        return None
    return [Rewrite(run.first, run.end, str(one.value))]


def _unit(run: Run) -> list[Rewrite] | None:
    one = run.one
    if one is None or one.ordinal or not _UNIT.match(run.next) or (one.value == 1 and run.next not in _MONEY):
        return None
    if run.open_range(_BETWEEN, WORDS):
        return []
    if run.next == "per" and (run.end + 1 >= len(run.tokens) or run.tokens[run.end + 1].plain != "cent"):
        return None
    return [Rewrite(run.first, run.end, _grouped(one.value))]


def _compound(run: Run) -> list[Rewrite] | None:
    one = run.one
    if one is None or run.open_range(_BETWEEN, WORDS) or not (one.compound or "-" in one.last):
        return None
    return [Rewrite(run.first, run.end, f"{one.value}{_suffix(one.value)}" if one.ordinal else _grouped(one.value))]


def _grouped(value: int) -> str:
    return f"{value:,}" if value >= 10_000 else str(value)


def _suffix(value: int) -> str:
    return "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _digits(run: Run) -> list[Rewrite] | None:
    return None if counted(run.numbers) else digits(run)


_RULES: Final[tuple[Callable[[Run], list[Rewrite] | None], ...]] = (_identifier, _date, _law, _unit, _compound, _digits)
