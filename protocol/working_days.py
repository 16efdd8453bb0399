"""Working days of the courts: a five-day week, the statutory holidays, and how holidays on a weekend move.

The days stand in ``holidays.tsv``, which a court edits (docs/deadlines.md); nothing about them is in the code but the rule. A holiday
(Law of 13.12.2001 № 267-II on holidays, art. 3 and 4) is not a working day; if it falls on a day off, the next working day after it is
off instead (art. 5). 7 January and the first day of Kurban Ait are days off that do not move (Labour Code art. 84(5)). The Government
may swap a day off with a working day (Labour Code art. 85(3)).

A year that the file does not list as complete is unknown, and asking about a day of it is an error: a guessed day would be a wrong date
in a court's list. No clock is read here.

Errors (under ``ProtocolError``)::

    BadCalendar     the file is malformed; line and reason are named
    UnknownYear     a day of a year the file does not list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar, Final

from protocol.errors import ProtocolError

#: The calendar that ships with the program.
DEFAULT_PATH: Final = Path(__file__).with_name("holidays.tsv")

#: Header of the file.
COLUMNS: Final = ("day", "kind", "check", "ru", "kk")

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


class BadCalendar(ProtocolError):
    """The file of holidays is malformed."""

    code: ClassVar[str] = "bad-calendar"
    advice: ClassVar[str] = "Mend the line that is named; docs/deadlines.md describes the file."


class UnknownYear(ProtocolError):
    """A term reaches into a year for which nobody entered the holidays."""

    code: ClassVar[str] = "unknown-year"
    exit_status: ClassVar[int] = 78  # EX_CONFIG
    advice: ClassVar[str] = "Enter the year's holidays in holidays.tsv as docs/deadlines.md describes."


@dataclass(frozen=True)
class Calendar:
    """Which days are working days, for the years that are listed.

    Attributes:
        years: years whose days off are all known.
        holidays: statutory holidays; each on a day off moves to the next working day.
        free: days off that do not move (Kurban Ait, 7 January).
        off: working days that the Government made days off.
        working: Saturdays and Sundays that the Government made working days.
        to_check: days, and years as ``YYYY``, that a lawyer has not confirmed yet, as the file says.
        moved: working day that is off because of a holiday on a day off, and that holiday; derived by the rule.
    """

    years: frozenset[int]
    holidays: frozenset[date]
    free: frozenset[date] = frozenset()
    off: frozenset[date] = frozenset()
    working: frozenset[date] = frozenset()
    to_check: frozenset[str] = frozenset()
    moved: Mapping[date, date] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        moved: dict[date, date] = {}
        for holiday in sorted(self.holidays):
            if not self._weekend(holiday):
                continue
            day = holiday + _DAY
            while day in moved or self._idle(day):
                day += _DAY
            moved[day] = holiday
        object.__setattr__(self, "moved", moved)

    def is_working(self, day: date) -> bool:
        """Whether courts work on a day.

        Raises:
            UnknownYear: the file does not list the day's year.
        """
        if day.year not in self.years:
            known = ", ".join(str(year) for year in sorted(self.years)) or "none"
            raise UnknownYear(f"the holidays of {day.year} are not entered (needed for {day}; entered: {known})")
        return day not in self.moved and not self._idle(day)

    def after(self, day: date) -> Iterator[date]:
        """Working days after `day`, without end; raises :class:`UnknownYear` when they leave the listed years."""
        while True:
            day += _DAY
            if self.is_working(day):
                yield day

    def first_from(self, day: date) -> date:
        """`day` if it is a working day, else the first one after it.

        Raises:
            UnknownYear: as :meth:`is_working`.
        """
        return day if self.is_working(day) else next(self.after(day))

    def _weekend(self, day: date) -> bool:
        return day.weekday() >= _SATURDAY and day not in self.working

    def _idle(self, day: date) -> bool:
        return self._weekend(day) or day in self.holidays or day in self.free or day in self.off


def read_calendar(path: Path = DEFAULT_PATH) -> Calendar:
    """The calendar of a file; UTF-8, with or without a byte-order mark.

    Raises:
        BadCalendar: it is not UTF-8, or :func:`parse_calendar` refuses it.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadCalendar(f"{path.name}: not UTF-8 text (byte {error.start})") from error
    return parse_calendar(text, path.name)


def parse_calendar(text: str, name: str = "holidays.tsv") -> Calendar:
    """The calendar that a table of docs/deadlines.md gives.

    Raises:
        BadCalendar: header, kind, date or column count is wrong, a day is given twice, stands in a year that is not listed, or
            is a swap that changes nothing; line and reason are named.
    """
    years: set[int] = set()
    days: dict[date, tuple[int, str]] = {}
    checks: set[str] = set()
    for line, row in _rows(text, name):
        where = f"{name} line {line}"
        day, kind, check = _row(row, where)
        if check:
            checks.add(row[0])
        if isinstance(day, int):
            if day in years:
                raise BadCalendar(f"{where}: the year {day} is listed twice")
            years.add(day)
        elif day in days:
            raise BadCalendar(f"{where}: {day} is in line {days[day][0]} already; keep one, a holiday before others")
        else:
            days[day] = (line, kind)
    for day, (line, _kind) in days.items():
        if day.year not in years:
            raise BadCalendar(f"{name} line {line}: {day} lies in a year that no line of kind year lists")
    groups = {kind: frozenset(day for day, (_line, k) in days.items() if k == kind) for kind in _KINDS}
    return Calendar(
        frozenset(years), groups["holiday"], groups["free"], groups["off"], groups["working"], frozenset(checks)
    )


_KINDS: Final = ("holiday", "free", "off", "working")


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows below the header. Quotes mean nothing: one that is not closed must not swallow the days below it."""
    header = False
    for line, content in enumerate(text.splitlines(), 1):
        row = content.split("\t")
        if not content.strip() or content.startswith("#"):
            continue
        if header:
            yield line, row
        elif tuple(row) == COLUMNS:
            header = True
        else:
            raise BadCalendar(f"{name} line {line}: the header must be {' '.join(COLUMNS)}")


def _row(row: list[str], where: str) -> tuple[date | int, str, bool]:
    if len(row) != len(COLUMNS):
        raise BadCalendar(f"{where}: {len(row)} columns, not {len(COLUMNS)}")
    text, kind, check = row[0], row[1], row[2]
    if check not in ("-", "lawyer"):
        raise BadCalendar(f"{where}: check is {check!r}, neither - nor lawyer")
    if kind == "year":
        if len(text) != 4 or not (text.isascii() and text.isdigit()):
            raise BadCalendar(f"{where}: {text!r} is not a year")
        return int(text), kind, check == "lawyer"
    if kind not in _KINDS:
        raise BadCalendar(f"{where}: kind is {kind!r}, not one of year, {', '.join(_KINDS)}")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # fromisoformat also takes 20260101 and 2026-W01-1
        raise BadCalendar(f"{where}: {text!r} is not a date YYYY-MM-DD")
    if (kind == "off" and day.weekday() >= _SATURDAY) or (kind == "working" and day.weekday() < _SATURDAY):
        raise BadCalendar(f"{where}: {day} as {kind!r} changes nothing; is the date right?")
    return day, kind, check == "lawyer"
