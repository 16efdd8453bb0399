"""A hearing as the list announces it. Values only; :mod:`recorder.cases.fields` checks them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Party:
    """A person who is expected; ``attendance`` is present or remote."""

    role: str
    name: str
    attendance: str = "present"


@dataclass(frozen=True)
class Deadline:
    """A day that matters to the case, in the case system's words."""

    day: str
    what: str


@dataclass(frozen=True)
class Listed:
    """One hearing of the list; fields as in docs/case-import.md.

    ``day`` is ``YYYY-MM-DD`` and ``time`` ``HH:MM``, both of the court's own clock; ``status`` is planned or cancelled. ``id`` is the case system's, else
    made of number, day and time, so that the same row always means the same hearing.
    """

    id: str
    number: str
    code: str
    day: str
    time: str
    title: str = ""
    kind: str = "hearing"
    publicity: str = "open"
    language: str = "kk"
    judge: str = ""
    panel: tuple[str, ...] = ()
    secretary: str = ""
    room: str = ""
    status: str = "planned"
    parties: tuple[Party, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    @property
    def moment(self) -> tuple[str, str, str]:
        """Case, day and time: no two listed hearings share them."""
        return (self.number, self.day, self.time)

    @property
    def date(self) -> date:
        """The day."""
        return date.fromisoformat(self.day)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the store and the API."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Listed:
        """What :meth:`to_json` gave."""
        parties = tuple(Party(**item) for item in value["parties"])
        deadlines = tuple(Deadline(**item) for item in value["deadlines"])
        return cls(**{**value, "panel": tuple(value["panel"]), "parties": parties, "deadlines": deadlines})


def made_id(number: str, day: str, time: str) -> str:
    """Identifier of a hearing to which the case system gave none."""
    return "h-" + hashlib.sha256("\x00".join((number, day, time)).encode()).hexdigest()[:24]


def same_room(one: str, other: str) -> bool:
    """Whether two spellings name one courtroom; a hearing without a room is everybody's."""
    left, right = (" ".join(text.split()).casefold() for text in (one, other))
    return not left or not right or left == right
