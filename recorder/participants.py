"""People who join, leave or move while a hearing runs: what the console tells, as lines of the journal (docs/record-format.md, section 4.3).

::

    console ──► participant line (its id's last one is valid), seat lines, and a remark that names the second ──► journal, one post

A person who leaves has taken part: their line and their microphone stay, and the remark says when they left. While the hearing is closed
the lines are sealed as all that people say (recorder.closed_takes). Of a protected witness only a pseudonym may ever be told: a name that
already stands in the journal cannot be taken back by it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from protocol.hearing import Participant, Seat
from protocol.view import HearingView
from recorder.ledger import Entry
from recorder.refusals import BadRequest
from recorder.service import Daemon

#: Of one hearing; a journal is no guest book.
MOST_PEOPLE = 500


class PersonBody(BaseModel):
    """Who joins, leaves or is told of anew.

    Attributes:
        by: who says so.
        id: of a participant who is known; without it, somebody new.
        attendance: how they take part; ``left`` changes nothing of what is known of them.
        source: microphone that is theirs from now on; empty: none; None: as before.
        protected: a witness whose identity is kept from everybody: ``name`` is a pseudonym.
        said: the remark that marks the second, in the language of the proceedings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1, max_length=300)
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")] | None = None
    role: str = Field(max_length=100)
    name: str = Field(min_length=1, max_length=300)
    attendance: Literal["present", "remote", "left"] = "present"
    source: Annotated[str, Field(max_length=80)] | None = None
    protected: bool = False
    said: str = Field(min_length=1, max_length=2000)


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """``…/participants``."""

    @app.post("/v1/hearings/{hearing}/participants", status_code=201)
    async def person(hearing: str, body: PersonBody) -> dict[str, Any]:
        """Somebody joins, leaves, sits elsewhere or is told of anew."""
        view = daemon.view(hearing)
        known = _known(view, body)
        who = known.id if known is not None else _new_id(view)
        entries = _entries(view, who, known, body, set(daemon.room.tracks))
        line = await daemon.mark(hearing, "remark", {"text": body.said, "by": body.by}, before=entries)
        return {"id": who, "seq": line.seq, "at_us": line.data["at_us"]}


def _known(view: HearingView, body: PersonBody) -> Participant | None:
    """The participant who is meant; None for somebody new."""
    if body.id is None:
        if body.attendance == "left":
            raise BadRequest("id: somebody new cannot leave")
        if len(view.participants) >= MOST_PEOPLE:
            raise BadRequest(f"a hearing has at most {MOST_PEOPLE} participants")
        return None
    known = view.participants.get(body.id)
    if known is None:
        raise BadRequest(f"id: {body.id!r} does not take part")
    if body.protected and not known.protected:
        raise BadRequest(
            f"protected: the name of {body.id} stands in the journal; let a new participant join under a pseudonym"
        )
    if known.protected and not body.protected:
        raise BadRequest(f"protected: {body.id} stays protected; what identifies them does not belong into the journal")
    return known


def _entries(view: HearingView, who: str, known: Participant | None, body: PersonBody, tracks: set[str]) -> list[Entry]:
    """The lines before the remark."""
    if body.attendance == "left":
        return []
    note = known.note if known is not None else ""
    identity = dict(known.identity) if known is not None else {}
    told = Participant(who, body.role, body.name, body.attendance, note, identity, protected=body.protected)
    entries: list[Entry] = []
    if told != known:
        entries.append(("participant", asdict(told)))
    return entries + _seats(view, who, body.source, tracks)


def _seats(view: HearingView, who: str, source: str | None, tracks: set[str]) -> list[Entry]:
    """Whoever gets a microphone gives up the one they had; whoever had it sits at none."""
    if source is None:
        return []
    if source and source not in tracks:
        raise BadRequest(f"source: {source!r} is no microphone of this hearing")
    changed = [
        Seat(seat.id, seat.label, seat.source, None)
        for seat in view.seats.values()
        if seat.participant == who and seat.source != source
    ]
    if source:
        seat = next((item for item in view.seats.values() if item.source == source), None)
        if seat is None:
            number = next(n for n in range(1, len(view.seats) + 2) if f"s{n}" not in view.seats)
            seat = Seat(f"s{number}", source, source)
        if seat.participant != who:
            changed.append(Seat(seat.id, seat.label, seat.source, who))
    return [("seat", asdict(seat)) for seat in changed]


def _new_id(view: HearingView) -> str:
    return next(f"p{n}" for n in range(1, MOST_PEOPLE + 2) if f"p{n}" not in view.participants)
