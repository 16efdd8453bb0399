"""End of a day: what was listed against what was recorded (domain: ГПК 427(4)6, a missing protocol reverses a judgment). Pure.

A listed hearing and a record belong together when the list remembers it, or when case number and day are the same; of several hearings of one case on a day the
earlier belongs to the earlier record. What is found:

======================  =====================================================================================================
no-record               listed, its time has passed, and there is no record of it
not-sealed              its record is still open, or could not be sealed
unlisted                a record without a listed hearing
not-drafted             recorded and sealed, and no protocol is drafted
unsigned                a protocol is drafted and not certified
overdue                 the same, and the term for making and signing it is over
term-unknown            the term reaches into a year whose holidays nobody entered
======================  =====================================================================================================

Nothing is said of a cancelled hearing, nor of one for which the judge decided to keep no protocol (ГПК 281(1)): no false alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from protocol.brief import KAZAKHSTAN_MINUTES
from protocol.deadlines import TERMS, Due, Kind, due
from protocol.hearing import State
from protocol.working_days import Calendar, UnknownYear
from recorder.cases.store import Kept
from web.i18n import from_us

#: The court's clock.
ZONE = timezone(timedelta(minutes=KAZAKHSTAN_MINUTES))
#: Findings that mean that something is wrong now, and give the command its exit status; the others are work still in time.
ALARMS = frozenset({"no-record", "not-sealed", "unlisted", "overdue", "term-unknown"})
_DONE = (State.CERTIFIED, State.ARCHIVED)


@dataclass(frozen=True)
class Recorded:
    """A record on this box (keys of recorder.hearings.Summary): ``ended`` is the end of its last take, else when it was opened."""

    hearing: str
    number: str
    code: str
    title: str
    state: State
    sealed: bool
    opened: datetime
    ended: datetime

    @property
    def day(self) -> str:
        """The day it was opened, on the court's clock."""
        return self.opened.astimezone(ZONE).date().isoformat()


@dataclass(frozen=True)
class Finding:
    """One thing that is open; ``listed`` or ``record`` may be None, never both. ``due``: the term for making and signing the protocol, where it runs."""

    code: str
    listed: Kept | None
    record: Recorded | None
    due: Due | None = None

    @property
    def alarm(self) -> bool:
        """Whether it is wrong now."""
        return self.code in ALARMS


def recorded(rows: Iterable[Mapping[str, Any]]) -> list[Recorded]:
    """The daemon's list (``GET /v1/hearings``), earliest first."""
    found = [
        Recorded(
            str(row["hearing"]),
            str(row["number"]),
            str(row["code"]),
            str(row["title"]),
            State(row["state"]),
            bool(row["sealed"]),
            datetime.fromisoformat(str(row["opened_at"])),
            from_us(int(row["ended_us"])) if row.get("ended_us") else datetime.fromisoformat(str(row["opened_at"])),
        )
        for row in rows
    ]
    return sorted(found, key=lambda item: item.opened)


def matched(listed: Sequence[Kept], records: Sequence[Recorded]) -> list[tuple[Kept, Recorded | None]]:
    """Each listed hearing with its record; by what the list remembers, then by number and day."""
    by_name = {item.hearing: item for item in records}
    found = {item.listed.id: by_name[item.hearing] for item in listed if item.hearing in by_name}
    taken = {item.hearing for item in found.values()}
    for item in sorted(listed, key=lambda item: (item.listed.day, item.listed.time)):
        if item.listed.id in found or item.listed.status == "cancelled":
            continue
        wanted = _plain(item.listed.number)
        same = (
            one
            for one in records
            if one.hearing not in taken and one.day == item.listed.day and _plain(one.number) == wanted
        )
        if (record := next(same, None)) is not None:
            found[item.listed.id] = record
            taken.add(record.hearing)
    return [(item, found.get(item.listed.id)) for item in listed]


def reconcile(listed: Sequence[Kept], records: Sequence[Recorded], now: datetime, calendar: Calendar) -> list[Finding]:
    """What is open, alarms first, in the day's order.

    Args:
        listed: hearings of the days in question.
        records: records of the same days; one of another day that the list remembers may be among them.
        now: what time it is.
        calendar: working days, for the term of the protocol.
    """
    pairs = matched(listed, records)
    known = {record.hearing for _, record in pairs if record}
    found = [finding for item, record in pairs for finding in _of_listed(item, record, now, calendar)]
    for record in records:
        if record.hearing not in known:
            found.append(Finding("unlisted", None, record))
            found += _of_record(None, record, now, calendar)
    return sorted(found, key=lambda item: not item.alarm)


def _of_listed(item: Kept, record: Recorded | None, now: datetime, calendar: Calendar) -> list[Finding]:
    if record is not None:
        return [] if item.decision is not None and record.sealed else _of_record(item, record, now, calendar)
    if item.listed.status == "cancelled" or item.decision is not None:
        return []
    begins = datetime.fromisoformat(f"{item.listed.day}T{item.listed.time}").replace(tzinfo=ZONE)
    return [Finding("no-record", item, None)] if begins <= now else []


def _of_record(item: Kept | None, record: Recorded, now: datetime, calendar: Calendar) -> list[Finding]:
    if record.state.is_open or not record.sealed:
        return [Finding("not-sealed", item, record)]
    if record.state in _DONE:
        return []
    try:
        term = _term(record, calendar)
    except UnknownYear:
        return [Finding("term-unknown", item, record)]
    if term is not None and _us(now) > term.last_us:
        return [Finding("overdue", item, record, term)]
    return [Finding("unsigned" if record.state is State.DRAFTED else "not-drafted", item, record, term)]


def _term(record: Recorded, calendar: Calendar) -> Due | None:
    """The term for making and signing; it runs from the end of the hearing."""
    return due(record.code, Kind.PROTOCOL, _us(record.ended), calendar) if record.code in TERMS else None


def _us(moment: datetime) -> int:
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _plain(number: str) -> str:
    return "".join(number.split()).casefold()
