"""Russian: numbers, dates, money, times and article numbers as a court writes them.

A word is changed only where it is surely a number: several number words that make one number, or one beside a noun that
numbers stand beside. "Первая инстанция", "третье лицо", "один свидетель" stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from transcription.written_forms_numbers import Number, Token, counted
from transcription.written_forms_ru_words import (
    ADJECTIVES,
    IDENTIFIERS,
    LEGAL,
    MONEY,
    MONTHS,
    NUMBERED,
    PLURAL,
    UNITS,
    VAGUE,
    WORDS,
    YEARS,
)
from transcription.written_forms_runs import Rewrite, Run, alike, digits, identifier, runs

_DAY: Final = 31
_YEARS: Final = range(1000, 2101)
_PAGES: Final = 2000
_THOUSANDTHS: Final = 3
_PART_OF: Final = {"десят": 1, "сот": 2, "тысячн": _THOUSANDTHS}
_DAYTIME: Final = frozenset({"утра", "дня", "вечера", "ночи"})
_BETWEEN: Final = frozenset({"до", "или", "либо", "по"})
_DASHES: Final = frozenset({"дефис", "тире", "прим"})


def rewrites(tokens: Sequence[Token]) -> list[Rewrite]:
    """What is written otherwise, in order, none over another."""
    found: list[Rewrite] = []
    every = list(runs(tokens, WORDS))
    for run in every:
        if found and run.first < found[-1].end:
            continue  # a rule reached over it
        if run.vague(VAGUE, WORDS):
            continue
        made = next((made for rule in _RULES if (made := rule(run, found)) is not None), None)
        if made is not None:
            found += made
    # A law's numbers stand in figures one by one: статья 125 или тридцатая.
    return alike(found, [run for run in every if run.previous not in LEGAL], _BETWEEN)


_Rule = Callable[[Run, Sequence[Rewrite]], list[Rewrite] | None]


def _identifier(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    return identifier(run, IDENTIFIERS)


def _decimal(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Пять целых три десятых: two runs with "целых" between."""
    if len(run.numbers) != 1 or not (
        run.after and run.after.plain.startswith("цел") and not run.tokens[run.end - 1].closes
    ):
        return None
    follows = run.follow(run.end + 1, WORDS)
    part = None if follows is None else _part(follows.numbers)
    if follows is None or part is None:
        return []
    return [Rewrite(run.first, follows.end, f"{run.numbers[0].value},{part}")]


def _part(numbers: Sequence[Number]) -> str | None:
    """Три десятых, двести пятьдесят тысячных (which reads like a thousand times as many)."""
    of = numbers[-1]
    places = next(
        (n for stem, n in _PART_OF.items() if of.last in (f"{stem}ых", f"{stem}ая", f"{stem}ой", f"{stem}ую")), 0
    )
    whole = of.value // 1000 if places == _THOUSANDTHS and len(numbers) == 1 and of.compound else None
    if whole is None and len(numbers) == 2 and not numbers[0].ordinal and of.value == 10**places:
        whole = numbers[0].value
    return None if whole is None or not places or whole >= 10**places else f"{whole:0{places}d}"


def _date_in_figures(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Двадцать пятого ноль восьмого две тысячи двадцать шестого."""
    said = [number for number in run.numbers if number.value or number.ordinal]
    if len(said) != 3 or not all(n.ordinal and n.ending == "го" for n in said):
        return None
    day, month, year = (n.value for n in said)
    if not (1 <= day <= _DAY and 1 <= month <= len(MONTHS) and year in _YEARS):
        return None
    return [Rewrite(run.first, run.end, f"{day:02d}.{month:02d}.{year}")]


def _date(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    if (
        run.one
        and run.next in MONTHS
        and run.one.value <= _DAY
        and run.one.value
        and run.one.ending in ("", "е", "го", "му", "м")
    ):
        if run.one.ordinal or run.one.compound:
            return run.as_figures()
        return []
    # The year after a month, with or without the word "года".
    if run.one and run.one.ordinal and run.one.value in _YEARS and run.previous in MONTHS:
        return run.as_figures()
    return None


def _year(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    if run.one and run.one.ordinal and run.one.value in _YEARS and run.next in YEARS:
        return run.as_figures()
    return None


def _law(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Статья двести восемьдесят вторая; часть четвертая; пункт два."""
    one, noun = run.one, run.previous
    if one is None or one.value > _PAGES:
        return None
    endings = LEGAL.get(noun)
    if endings is None:
        return None
    if not one.ordinal and (not one.nominative or run.next in UNITS or (one.value == 1 and noun not in NUMBERED)):
        return None
    if one.ordinal and one.ending not in endings:
        return None
    tail = _after_dash(run)
    if tail is not None:
        return [Rewrite(run.first, tail[0], f"{one.value}-{tail[1].value}")]
    return run.as_figures(group=False)


def _after_dash(run: Run) -> tuple[int, Number] | None:
    """Сто тридцать третья дефис четвертая: where it ends, and the number after the dash."""
    if run.next not in _DASHES:
        return None
    follows = run.follow(run.end + 1, WORDS)
    return None if follows is None or follows.one is None else (follows.end, follows.one)


def _share(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Одна вторая доля, две третьих доли."""
    if len(run.numbers) != 2 or not run.next.startswith("дол") or run.next.startswith(("долг", "доллар", "долж")):
        return None
    part, of = run.numbers
    if part.ordinal or not of.ordinal or not 0 < part.value < of.value:
        return None
    return [Rewrite(run.first, run.end, f"{part.value}/{of.value}")]


def _time(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Девять ноль ноль; десять тридцать утра."""
    values = [number.value for number in run.numbers]
    if any(number.ordinal for number in run.numbers) or not values or values[0] > 23:
        return None
    if len(values) == 3 and values[1:] == [0, 0]:
        return [Rewrite(run.first, run.end, f"{values[0]}:00")]
    if run.next not in _DAYTIME:
        return None
    minutes = values[1] if len(values) == 2 and 10 <= values[1] <= 59 else None
    if len(values) == 3 and values[1] == 0 and 1 <= values[2] <= 9:
        minutes = values[2]
    return None if minutes is None else [Rewrite(run.first, run.end, f"{values[0]}:{minutes:02d}")]


def _unit(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    one, noun = run.one, run.next
    if one is None or one.ordinal or not noun:
        return None
    if noun.startswith(ADJECTIVES):
        noun = run.tokens[run.end + 1].plain if run.end + 1 < len(run.tokens) else ""
    if noun not in UNITS or run.open_range(_BETWEEN, WORDS):
        return None
    if one.last == "семью" and not noun.endswith(("ами", "ями")):
        return []  # семью: seven, or a family
    if one.value == 1 and noun not in MONEY:
        return []
    if one.words == 1 and noun in ("раз", "раза"):
        return []  # сто раз: many times
    return run.as_figures()


def _compound(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    one = run.one
    if one is None or not one.compound or run.open_range(_BETWEEN, WORDS) or one.last == "семью":
        return None
    if not one.ordinal:
        return run.as_figures()
    if one.ending in PLURAL or one.last.endswith("ые"):
        return None
    return [Rewrite(run.first, run.end, f"{one.value}-{one.ending}")]


def _digits(run: Run, _found: Sequence[Rewrite]) -> list[Rewrite] | None:
    """Ten digits and more read one by one are a number of a document, unless somebody counts."""
    return None if counted(run.numbers) else digits(run)


_RULES: Final[tuple[_Rule, ...]] = (
    _identifier, _decimal, _date_in_figures, _date, _year, _law, _share, _time, _unit, _compound, _digits,
)  # fmt: skip
