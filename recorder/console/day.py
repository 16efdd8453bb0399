"""The day's list as the start page shows it: what is listed, what was recorded, and how far each is. Pure; routes are in day_pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from recorder.cases.listed import Listed, same_room
from recorder.cases.reconciliation import ZONE, Recorded, matched
from recorder.cases.store import Kept
from recorder.console import forms
from recorder.console.texts import ROLES, STATES
from recorder.console.views import Microphone
from web.i18n import N_

#: States of a row: the record's, and two of a hearing that has none.
DAY_STATES = {**STATES, "cancelled": N_("Cancelled"), "no-protocol": N_("No protocol is kept")}
_OPEN = ("planned", "recording", "paused", "faulty")


@dataclass(frozen=True)
class DayRow:
    """One hearing on the start page.

    ``time`` is empty where it cannot be said; ``day`` is empty for the day that is shown; ``address`` is where the row leads.
    """

    time: str
    number: str
    title: str
    judge: str
    room: str
    state: str
    address: str
    day: str = ""

    @property
    def state_text(self) -> str:
        """Message id of the state."""
        return DAY_STATES.get(self.state, self.state)

    @property
    def is_due(self) -> bool:
        """Whether somebody will still choose it."""
        return self.state in _OPEN


@dataclass(frozen=True)
class Asked:
    """What the page was asked for: a day (``YYYY-MM-DD``), words to search, whether other rooms are shown, too."""

    day: str
    words: str = ""
    every_room: bool = False

    @property
    def date(self) -> date:
        """The day."""
        return date.fromisoformat(self.day)

    def beside(self, days: int) -> str:
        """The day so many days later, or earlier; the last that there is at the ends of the calendar."""
        try:
            return (self.date + timedelta(days=days)).isoformat()
        except OverflowError:
            return self.day


def today_of(now_s: float) -> str:
    """The day in the court."""
    return datetime.fromtimestamp(now_s, ZONE).date().isoformat()


def day_rows(asked: Asked, kept: Sequence[Kept], records: Sequence[Recorded], *, room: str, today: str) -> list[DayRow]:
    """The rows, in the day's order; a hearing that is still open stands on today's page whatever day it began.

    Args:
        asked: what is shown.
        kept: the listed hearings of that day, or those a search found.
        records: all records on the box.
        room: this courtroom.
        today: the day in the court.
    """
    shown = [item for item in kept if asked.every_room or same_room(item.listed.room, room)]
    pairs = matched(kept, records)
    record_of = {item.listed.id: record for item, record in pairs}
    known = {record.hearing for _, record in pairs if record}
    rows = [_listed_row(item, record_of[item.listed.id], asked) for item in shown]
    wanted = asked.words.casefold().split()
    for record in records:
        if record.hearing in known:
            continue
        if wanted:
            fits = all(word in f"{record.number} {record.title}".casefold() for word in wanted)
        else:
            fits = record.day == asked.day or (asked.day == today and record.state.is_open)
        if fits:
            rows.append(_record_row(record, asked))
    return sorted(rows, key=lambda row: (row.day or asked.day, row.time, row.number))


def _listed_row(item: Kept, record: Recorded | None, asked: Asked) -> DayRow:
    listed = item.listed
    if record is not None:
        state = record.state.value
    elif item.decision is not None:
        state = "no-protocol"
    else:
        state = listed.status
    address = address_of(record.hearing) if record else f"/day/{quote(listed.id, safe='')}"
    day = "" if listed.day == asked.day else listed.day
    return DayRow(listed.time, listed.number, listed.title, listed.judge, listed.room, state, address, day)


def _record_row(record: Recorded, asked: Asked) -> DayRow:
    day = "" if record.day == asked.day else record.day
    opened = record.opened.astimezone(ZONE).strftime("%H:%M")
    return DayRow(
        opened, record.number or record.hearing, record.title, "", "", record.state.value, address_of(record.hearing), day
    )


def address_of(name: str) -> str:
    """Where a hearing's page is."""
    return f"/hearings/{quote(name, safe='')}"


@dataclass(frozen=True)
class Person:
    """A row of the seating: who, and at which microphone (empty: none)."""

    role: str
    name: str
    attendance: str = "present"
    source: str = ""
    protected: bool = False


def seated(listed: Listed, microphones: Sequence[Microphone], plan: Mapping[str, str]) -> list[Person]:
    """Everybody who is expected, each present one at the microphone where the room's plan has their role.

    Args:
        listed: the hearing; its judge and secretary come first.
        microphones: of the room.
        plan: role by microphone, as people of this room sat last; a microphone it does not know is guessed by its name.
    """
    chairs = [("judge", listed.judge), ("secretary", listed.secretary)]
    named = {party.role for party in listed.parties}
    people = [Person(role, name) for role, name in chairs if name and role not in named]
    people += [Person(party.role, party.name, party.attendance) for party in listed.parties]
    # What people of this room did last is stronger than a microphone's name.
    guessed = {mic.name: forms.guess_role(mic.name) for mic in microphones}
    free = {name: plan.get(name) or ("" if role in plan.values() else role) for name, role in guessed.items()}
    seats = []
    for person in people:
        source = (
            next((name for name, role in free.items() if role == person.role), "")
            if person.attendance == "present"
            else ""
        )
        free.pop(source, None)
        seats.append(Person(person.role, person.name, person.attendance, source))
    return seats


def read_people(form: Mapping[str, str], microphones: Iterable[str]) -> tuple[list[Person], dict[str, str]]:
    """The seating as the browser sent it (``role-n``, ``name-n``, ``attendance-n``, ``source-n``, ``protected-n``), and what is wrong with it by field."""
    known, taken, people, errors = set(microphones), set[str](), [], {}
    for number in range(forms.ROWS * 5):
        name = forms.clean(form.get(f"name-{number}", ""))
        if not name:
            continue
        source = form.get(f"source-{number}", "")
        person = Person(
            form.get(f"role-{number}", ""),
            name,
            form.get(f"attendance-{number}", ""),
            source if source in known else "",
            bool(form.get(f"protected-{number}")),
        )
        if person.role not in ROLES or person.attendance not in ("present", "remote", "absent"):
            errors[f"name-{number}"] = forms.NOT_OFFERED
        if len(name) > forms.TEXT_MAX:
            errors[f"name-{number}"] = forms.TOO_LONG
        if person.source and person.source in taken:
            errors[f"source-{number}"] = TAKEN
        taken.add(person.source)
        people.append(person)
    return people, errors


TAKEN = N_("Two people cannot sit at one microphone.")


def opening(
    listed: Listed, people: Sequence[Person], microphones: Sequence[Microphone], *, court: str, courtroom: str
) -> dict[str, Any]:
    """What ``POST /v1/hearings`` takes."""
    ids = {id(person): f"p{number}" for number, person in enumerate(people, 1)}
    at = {person.source: ids[id(person)] for person in people if person.source}
    case = {name: getattr(listed, name) for name in ("number", "code", "title", "kind", "language", "publicity")}
    for role in ("judge", "secretary"):
        case[role] = next((person.name for person in people if person.role == role), getattr(listed, role))
    return {
        "case": {**case, "court": court, "courtroom": courtroom},
        "participants": [
            {
                "id": ids[id(person)],
                "role": person.role,
                "name": person.name,
                "attendance": person.attendance,
                "note": "",
                "protected": person.protected,
            }
            for person in people
        ],
        "seats": [
            {"id": f"s{number}", "label": mic.label, "source": mic.name, "participant": at.get(mic.name)}
            for number, mic in enumerate(microphones, 1)
        ],
    }
