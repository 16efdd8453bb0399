"""Kazakh: numbers, dates, money, times and article numbers as a court writes them.

An ordinal stands before its noun and is written with a hyphen in place of its ending: "екінші бап" is "2-бап"; years and days of
a month have no hyphen. A case suffix goes on after the figures: "жиырма беске" is "25-ке". A word is changed only where it is surely
a number: "бірінші саты", "бірге", "үш жүз" (the hordes) and "жүз" (a face) stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from transcription.written_forms_kk_words import (
    ADJECTIVES,
    IDENTIFIERS,
    LAW,
    MONEY,
    MONTH,
    PART,
    PLACE,
    SHARE,
    UNIT,
    VAGUE,
    WORDS,
    YEAR,
)
from transcription.written_forms_numbers import MARKS, Token, counted, grouped
from transcription.written_forms_runs import Rewrite, Run, alike, digits, identifier, runs

_DAY: Final = 31
_YEARS: Final = range(1000, 2101)
_PAGES: Final = 2000
_HORDES: Final = 300
_BETWEEN: Final = frozenset({"немесе", "не", "я", "әлде"})
_DASHES: Final = frozenset({"дефис", "сызықша", "тире"})
_PLACES: Final = {10: 1, 100: 2, 1000: 3}


def rewrites(tokens: Sequence[Token]) -> list[Rewrite]:
    """What is written otherwise, in order, none over another."""
    found: list[Rewrite] = []
    every = list(runs(tokens, WORDS))
    for run in every:
        if (found and run.first < found[-1].end) or run.vague(VAGUE, WORDS):
            continue
        made = next((made for rule in _RULES if (made := rule(run, found)) is not None), None)
        if made is not None:
            found += made
    return alike(found, [run for run in every if not LAW.match(run.next)], _BETWEEN)


_Rule = Callable[[Run, Sequence[Rewrite]], list[Rewrite] | None]


def _figures(run: Run) -> list[Rewrite]:
    """The one number in figures, its case suffix after a hyphen."""
    one = run.numbers[0]
    suffix = f"-{one.ending}" if one.ending and not one.ordinal else ""
    return [Rewrite(run.first, run.end, grouped(one.value) + suffix)]


def _identifier(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    bundled = len(run.numbers) > 1 and any(token.plain == "жүз" for token in run.tokens[run.first : run.end])
    if bundled and run.previous in IDENTIFIERS:
        return []  # "бес жүз": 500, or a 5 and a 100
    return identifier(run, IDENTIFIERS)


def _decimal(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Бес бүтін оннан үш."""
    if len(run.numbers) != 1 or run.next != "бүтін":
        return None
    follows = run.follow(run.end + 1, WORDS)
    if follows is None or len(follows.numbers) != 2:
        return []
    of, part = follows.numbers
    places = _PLACES.get(of.value, 0)
    if not places or not of.ending.endswith("н") or part.ordinal or part.ending or part.value >= of.value:
        return []
    return [Rewrite(run.first, follows.end, f"{run.numbers[0].value},{part.value:0{places}d}")]


def _share(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Үштен бір бөлігі."""
    if len(run.numbers) != 2 or not SHARE.match(run.next):
        return None
    of, part = run.numbers
    if of.ordinal or not of.ending.endswith("н") or part.ordinal or part.ending or not 0 < part.value < of.value:
        return None
    return [Rewrite(run.first, run.end, f"{part.value}/{of.value}")]


def _law(run: Run, found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Екі жүз сексен екінші бап; сот алдында: 282-бап; жүз отыз үш дефис төртінші бап."""
    one, end, value = run.one, run.end, ""
    if one is None:
        return None
    value = str(one.value)
    if run.next in _DASHES and not one.ordinal:
        tail = run.follow(run.end + 1, WORDS)
        if tail is None or tail.one is None or not tail.one.ordinal:
            return None
        one, end, value = tail.one, tail.end, f"{value}-{tail.one.value}"
    if (
        not one.ordinal
        or one.value > _PAGES
        or end >= len(run.tokens)
        or run.tokens[end - 1].closes
        or run.tokens[end].opens
    ):
        return None
    noun = run.tokens[end]
    after_article = (
        bool(found) and found[-1].end == run.first and LAW.match(run.tokens[run.first - 1].plain) is not None
    )
    sure = (
        LAW.match(noun.plain)
        or (PART.match(noun.plain) and after_article)
        or (PLACE.match(noun.plain) and one.compound)
    )
    if not sure:
        return None
    return [Rewrite(run.first, end + 1, f"{value}-{noun.text.strip(MARKS)}")]


def _date(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Жиырма бесінші тамыз; тамыздың жиырма бесінде."""
    one = run.one
    if one is None or not 1 <= one.value <= _DAY:
        return None
    if MONTH.match(run.next) and (one.ordinal or (not one.ending and one.compound)):
        return _figures(run)
    if MONTH.match(run.previous) and run.previous.endswith("ң") and (one.ending or one.compound):
        return _figures(run)
    return None


def _year(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    if run.one and run.one.value in _YEARS and YEAR.match(run.next) and (run.one.ordinal or run.one.compound):
        return _figures(run)
    return None


def _time(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Сағат он отызда; сағат тоғыз нөл нөлде; сағат екіде."""
    lasts = run.first > 1 and run.tokens[run.first - 2].plain in WORDS  # он сағат отыз минут
    if run.previous != "сағат" or lasts or any(number.ordinal for number in run.numbers):
        return None
    values, last = [number.value for number in run.numbers], run.numbers[-1]
    suffix = f"-{last.ending}" if last.ending else ""
    if values[0] > 24 or any(number.ending for number in run.numbers[:-1]):
        return []
    match values:
        case [hour]:
            return [Rewrite(run.first, run.end, f"{hour}{suffix}")]
        case [hour, 0, (0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9) as minute]:
            return [Rewrite(run.first, run.end, f"{hour}:{minute:02d}{suffix}")]
        case [hour, minute] if 10 <= minute <= 59:
            return [Rewrite(run.first, run.end, f"{hour}:{minute:02d}{suffix}")]
    return []


def _unit(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    one, noun = run.one, run.next
    if one is None or one.ordinal or one.ending or not noun or run.open_range(_BETWEEN, WORDS):
        return None
    if noun in ADJECTIVES:
        noun = run.tokens[run.end + 1].plain if run.end + 1 < len(run.tokens) else ""
        if run.next == "айлық" and noun == "есептік":
            return _figures(run)
    if not UNIT.match(noun) or (one.value == 1 and not MONEY.match(noun)):
        return None
    return _figures(run)


def _compound(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    one = run.one
    if one is None or not one.compound or run.open_range(_BETWEEN, WORDS) or (one.value == _HORDES and not one.ordinal):
        return None
    if one.ordinal:
        return [Rewrite(run.first, run.end, f"{one.value}-{one.ending}")]
    return _figures(run)


def _digits(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    return None if counted(run.numbers) else digits(run)


_RULES: Final[tuple[_Rule, ...]] = (
    _identifier, _decimal, _share, _law, _date, _year, _time, _unit, _compound, _digits,
)  # fmt: skip
