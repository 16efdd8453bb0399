"""The form for a new hearing: what the browser sends, checked, as what the daemon takes.

Fields of the room plan come as ``role-<n>``, ``name-<n>``, ``attendance-<n>``, ``source-<n>``, ``label-<n>``, ``protected-<n>``; a row without a name is nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from recorder.console.texts import ATTENDANCE, CASE_LANGUAGES, LAWS, PUBLICITY, ROLES
from web.i18n import N_

ROWS = 24
TEXT_MAX = 300
NUMBER_MAX = 100

NEEDED = N_("Fill this in.")
TOO_LONG = N_("At most 300 characters.")
NUMBER_TOO_LONG = N_("At most 100 characters.")
NOT_OFFERED = N_("Choose one of the values offered.")

_TEXTS = ("number", "title", "judge", "secretary")
_CHOICES = {"code": LAWS, "publicity": PUBLICITY, "language": CASE_LANGUAGES}


@dataclass(frozen=True)
class Row:
    """One line of the room plan: a place, and who sits there."""

    source: str = ""
    label: str = ""
    role: str = "other"
    name: str = ""
    attendance: str = "present"
    protected: bool = False


@dataclass(frozen=True)
class HearingForm:
    """The form as it was filled in, and what is wrong with it: message id by field."""

    values: Mapping[str, str]
    rows: tuple[Row, ...]
    errors: Mapping[str, str] = field(default_factory=dict)

    def body(self, *, court: str, courtroom: str) -> dict[str, Any]:
        """What ``POST /v1/hearings`` takes."""
        people = [row for row in self.rows if row.name]
        ids = {id(row): f"p{number}" for number, row in enumerate(people, 1)}
        seats = [row for row in self.rows if row.source]
        return {
            "case": {**self.values, "court": court, "courtroom": courtroom},
            "participants": [
                {"id": ids[id(row)], "role": row.role, "name": row.name, "attendance": row.attendance, "note": "", "protected": row.protected} for row in people
            ],
            "seats": [
                {"id": f"s{number}", "label": row.label, "source": row.source, "participant": ids.get(id(row))}
                for number, row in enumerate(seats, 1)
            ],
        }


def read(form: Mapping[str, str], microphones: Mapping[str, str]) -> HearingForm:
    """Check the form.

    Args:
        form: as the browser sent it; missing fields count as empty.
        microphones: label by name of every microphone of the room: only these are seats.
    """
    values, errors = _case(form)
    rows = []
    for number in range(ROWS):
        row = _row(form, number, microphones)
        if row is None:
            continue
        if not row.name and row.role in ("judge", "secretary"):
            # Who presides and who writes is asked once, above; their seats need no second entry.
            row = replace(row, name=values[row.role])
        rows.append(row)
        if row.role not in ROLES or row.attendance not in ATTENDANCE:
            errors[f"role-{number}"] = NOT_OFFERED
        if len(row.name) > TEXT_MAX:
            errors[f"name-{number}"] = TOO_LONG
    return HearingForm(values, tuple(rows), errors)


def _case(form: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The case's values, and what is wrong with them."""
    values = {name: clean(form.get(name, "")) for name in _TEXTS}
    errors = {name: TOO_LONG for name, value in values.items() if len(value) > TEXT_MAX}
    if not values["number"]:
        errors["number"] = NEEDED
    elif len(values["number"]) > NUMBER_MAX:
        errors["number"] = NUMBER_TOO_LONG
    for name, offered in _CHOICES.items():
        values[name] = form.get(name, next(iter(offered)))
        if values[name] not in offered:
            errors[name] = NOT_OFFERED
    return values, errors


def _row(form: Mapping[str, str], number: int, microphones: Mapping[str, str]) -> Row | None:
    source = form.get(f"source-{number}", "")
    name = clean(form.get(f"name-{number}", ""))
    if source not in microphones:
        source = ""
    if not source and not name:
        return None
    return Row(
        source=source,
        label=microphones.get(source, ""),
        role=form.get(f"role-{number}", "other"),
        name=name,
        attendance=form.get(f"attendance-{number}", "present"),
        protected=bool(form.get(f"protected-{number}")),
    )


def clean(text: str) -> str:
    """The text with its white space evened out and without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


#: Which role a microphone's name speaks of: the room plan's first proposal.
_GUESSES = (
    ("bench", "judge"),
    ("judge", "judge"),
    ("plaintiff", "plaintiff"),
    ("defendant", "defendant"),
    ("witness", "witness"),
    ("prosecutor", "prosecutor"),
    ("counsel", "counsel"),
    ("secretary", "secretary"),
    ("interpreter", "interpreter"),
)


def guess_role(source: str) -> str:
    """The role a microphone of this name is likely for."""
    return next((role for part, role in _GUESSES if part in source), "other")
