"""By when a protocol is signed, read, remarked on and the remarks reviewed: the terms of the four procedural codes.

Sources: ГПК art. 283(4), 284, 285; АППК art. 147(1), which refers to ГПК; УПК art. 347(4), 347-1, 348-1; КоАП art. 829-12, 829-13.
A term is counted in the unit its code names:

* **working days** (ГПК, АППК): the day of the event is not counted; days off are not counted.
* **сутки** (УПК, КоАП): calendar days from 00:00 to 24:00 local time. The day of the event is not counted, the term ends with 24:00 of
  its last day (КоАП 739(2), (4); УПК 48), and a last day that is not a working day gives way to the next working day (the same articles).
  They are not 24-hour spans from the minute of the event.
* КоАП 739(3) excludes non-working time from terms in сутки; whether it takes days off out of these terms is for a lawyer to say. Until
  then the earlier reading binds the court (protocol, review: calendar days) and the later one protects a person (familiarisation,
  remarks: days off are not counted): nobody is called late who might be in time, and the court is never late on either reading.

What the law does not state is not made up: :func:`due` refuses it with :class:`NoTerm`. docs/deadlines.md shows the table.
Instants are UTC µs; no clock is read: what time it is now is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from protocol.brief import KAZAKHSTAN_MINUTES
from protocol.errors import ProtocolError
from protocol.working_days import Calendar

_SECOND_US: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NoTerm(ProtocolError):
    """The law states no term for this kind under this code."""

    code: ClassVar[str] = "no-term"
    advice: ClassVar[str] = "Set the date by hand; docs/deadlines.md lists the terms the law states."


class Kind(StrEnum):
    """What has a term."""

    PROTOCOL = "protocol"  #: brief protocol made and signed
    COMPLEX = "complex"  #: the same in a complex case (УПК: multi-episode or with a jury)
    FULL = "full"  #: full protocol made and signed
    SEPARATE_ACTION = "separate_action"  #: protocol of a procedural action outside the hearing
    FAMILIARISE = "familiarise"  #: participants read the protocol and hear the recording
    FAMILIARISE_FULL = "familiarise_full"  #: the same with a full protocol
    REMARKS = "remarks"  #: participants file remarks
    REVIEW = "review"  #: the judge reviews remarks


class Unit(StrEnum):
    """What a term is counted in."""

    WORKING_DAYS = "working_days"
    SUTKI = "sutki"
    DAY = "day"  #: «следующий день»: a calendar day, which gives way to the next working day


class Since(StrEnum):
    """The event that starts a term; its day is not counted."""

    HEARING_END = "hearing_end"
    ACTION_END = "action_end"
    SIGNING = "signing"
    FAMILIARISED = "familiarised"
    REMARKS_FILED = "remarks_filed"


@dataclass(frozen=True)
class Term:
    """One term of the law.

    Attributes:
        count, unit: its length.
        since: the event it runs from.
        law, article: where it stands; :func:`protocol.stages.cite` words it.
        skip_days_off: days off are not counted.
    """

    count: int
    unit: Unit
    since: Since
    law: str
    article: str
    skip_days_off: bool


@dataclass(frozen=True)
class Due:
    """When a term ends.

    Attributes:
        date: last day of the term, local.
        last_us: last µs of that day, UTC; what is done at this instant is in time.
        law, article, unit, count: of the :class:`Term`.
    """

    date: date
    last_us: int
    law: str
    article: str
    unit: Unit
    count: int


def _working(count: int, since: Since, article: str) -> Term:
    return Term(count, Unit.WORKING_DAYS, since, "gpk", article, skip_days_off=True)


def _sutki(count: int, since: Since, law: str, article: str, *, skip_days_off: bool = False) -> Term:
    return Term(count, Unit.SUTKI, since, law, article, skip_days_off)


_GPK: Final = {
    Kind.PROTOCOL: _working(3, Since.HEARING_END, "283(4)"),
    Kind.COMPLEX: _working(10, Since.HEARING_END, "283(4)"),
    Kind.FULL: _working(3, Since.HEARING_END, "283(4)"),
    Kind.SEPARATE_ACTION: Term(1, Unit.DAY, Since.ACTION_END, "gpk", "283(4)", skip_days_off=False),
    Kind.FAMILIARISE: _working(5, Since.SIGNING, "284"),
    Kind.FAMILIARISE_FULL: _working(5, Since.SIGNING, "284"),
    Kind.REMARKS: _working(3, Since.FAMILIARISED, "284"),
    Kind.REVIEW: _working(5, Since.REMARKS_FILED, "285"),
}

#: Every term the law states, by procedural code (as ``case.code`` of the journal names it) and kind.
TERMS: Final[dict[str, dict[Kind, Term]]] = {
    "gpk": _GPK,
    "appk": _GPK,  # АППК 147(1): hearing and brief protocol follow ГПК
    "upk": {
        # 347-1 has no term of its own for the brief protocol; that of 347(4) is taken.
        Kind.PROTOCOL: _sutki(5, Since.HEARING_END, "upk", "347(4)"),
        Kind.COMPLEX: _sutki(10, Since.HEARING_END, "upk", "347(4)"),
        Kind.FULL: _sutki(5, Since.HEARING_END, "upk", "347(4)"),
        # One window for both, from signing.
        Kind.FAMILIARISE: _sutki(5, Since.SIGNING, "upk", "348-1"),
        Kind.REMARKS: _sutki(5, Since.SIGNING, "upk", "348-1"),
    },
    "koap": {
        Kind.PROTOCOL: _sutki(3, Since.HEARING_END, "koap", "829-13"),
        Kind.FULL: _sutki(5, Since.HEARING_END, "koap", "829-12"),
        Kind.FAMILIARISE: _sutki(3, Since.SIGNING, "koap", "829-13", skip_days_off=True),
        Kind.FAMILIARISE_FULL: _sutki(5, Since.SIGNING, "koap", "829-12", skip_days_off=True),
        Kind.REMARKS: _sutki(3, Since.SIGNING, "koap", "829-12(6)", skip_days_off=True),
        Kind.REVIEW: _sutki(5, Since.REMARKS_FILED, "koap", "829-12(7)"),
    },
}


def due(
    code: str, kind: Kind, from_us: int, calendar: Calendar, *, utc_offset_minutes: int = KAZAKHSTAN_MINUTES
) -> Due:
    """When a term ends that an event starts.

    Args:
        code: procedural code: gpk, upk, appk, koap.
        kind: what has the term.
        from_us: when the event that ``TERMS[code][kind].since`` names happened, UTC µs.
        calendar: working days; the years that the term runs through must be entered.
        utc_offset_minutes: local time of the court.

    Raises:
        KeyError: an unknown code.
        NoTerm: the law states none.
        UnknownYear: the term reaches into a year whose holidays are not entered.
    """
    term = TERMS[code].get(kind)
    if term is None:
        raise NoTerm(f"{code} states no term for {kind.value}")
    start = _local_date(from_us, utc_offset_minutes)
    if term.skip_days_off:
        days = calendar.after(start)
        for _ in range(term.count - 1):
            next(days)
        last = next(days)
    else:
        last = calendar.first_from(start + timedelta(days=term.count))
    end_us = _midnight_us(last + timedelta(days=1), utc_offset_minutes)
    return Due(last, end_us - 1, term.law, term.article, term.unit, term.count)


def overdue(item: Due, now_us: int, done_us: int | None = None) -> bool:
    """Whether a term was missed: not done and it is past, or done after it; instants in UTC µs."""
    return (now_us if done_us is None else done_us) > item.last_us


def _local_date(at_us: int, utc_offset_minutes: int) -> date:
    # Whole microseconds through timedelta: a float second would round the last µs of a day into the next.
    return (_EPOCH + timedelta(microseconds=at_us, minutes=utc_offset_minutes)).date()


def _midnight_us(day: date, utc_offset_minutes: int) -> int:
    days = day.toordinal() - _EPOCH.toordinal()
    return (days * 86_400 - utc_offset_minutes * 60) * _SECOND_US
