"""By when what is due for the hearings on this box: protocol.deadlines over what their journals say.

The program does not know whether a case is complex, nor what has no term in the law: such rows carry a ``problem`` and no date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol.deadlines import TERMS, Kind, NoTerm, Since, due, overdue
from protocol.encoding import utc_us
from protocol.hearing import State
from protocol.remarks import Kind as What
from protocol.remarks import Remarks
from protocol.view import HearingView
from protocol.working_days import Calendar, UnknownYear
from recorder.certification import newest_brief, read_paper, signed_by_both
from recorder.closed_remarks import covers


@dataclass(frozen=True)
class Facts:
    """What the terms of one hearing run from. Times are UTC µs."""

    hearing: str
    number: str
    title: str
    code: str
    full: bool
    ended_us: int
    signed_us: int | None
    remarks: tuple[Remarks, ...]


@dataclass(frozen=True)
class Row:
    """One term of one hearing.

    ``kind``: of protocol.deadlines; ``person``: whose, where it is one person's; ``window``: it is a right of people that ends, not a
    duty of the court; ``problem``: why there is no date.
    """

    hearing: str
    number: str
    title: str
    code: str
    kind: str
    from_us: int
    person: str = ""
    of: str = ""
    window: bool = False
    done_us: int | None = None
    last_us: int | None = None
    date: str = ""
    law: str = ""
    article: str = ""
    overdue: bool = False
    problem: str = ""


def facts_of(folder: Path, view: HearingView) -> Facts | None:
    """What a hearing's record says; None while it is not over. Reads files."""
    if view.state.is_open or not view.takes:
        return None
    signed, brief = signed_by_both(view), newest_brief(view)
    full = brief is not None and json.loads(read_paper(folder, brief)).get("form") == "full"
    ended = max(take.end_us or take.start_us for take in view.takes.values())
    signed_us = utc_us(signed.at) if signed is not None else None
    remarks = tuple(covers(folder, view)) if view.state is not State.FINISHED else ()
    return Facts(view.hearing, view.case.number, view.case.title, view.case.code, full, ended, signed_us, remarks)


def rows(facts: Facts, calendar: Calendar, now_us: int) -> list[Row]:
    """Every term of a hearing that runs or ran."""
    return [_dated(row, calendar, now_us) for row in _started(facts)]


def _started(facts: Facts) -> Iterator[Row]:
    def row(kind: Kind, from_us: int, **more: Any) -> Row:
        return Row(facts.hearing, facts.number, facts.title, facts.code, kind.value, from_us, **more)

    yield row(Kind.FULL if facts.full else Kind.PROTOCOL, facts.ended_us, done_us=facts.signed_us)
    if facts.signed_us is None:
        return
    yield row(Kind.FAMILIARISE_FULL if facts.full else Kind.FAMILIARISE, facts.signed_us, window=True)
    term = TERMS[facts.code].get(Kind.REMARKS)
    if term is None or term.since is Since.SIGNING:
        yield row(Kind.REMARKS, facts.signed_us, window=True)
    for item in facts.remarks:
        if item.kind is What.FAMILIARISED and term is not None and term.since is Since.FAMILIARISED:
            yield row(Kind.REMARKS, item.at_us, window=True, person=item.person)
        if item.kind is What.FILED:
            yield row(
                Kind.REVIEW, item.at_us, person=item.person, of=item.path, done_us=_reviewed(facts.remarks, item.path)
            )


def _reviewed(remarks: Sequence[Remarks], path: str) -> int | None:
    return next((item.at_us for item in remarks if item.kind is What.REVIEWED and item.of == path), None)


def _dated(row: Row, calendar: Calendar, now_us: int) -> Row:
    values = vars(row)
    try:
        found = due(row.code, Kind(row.kind), row.from_us, calendar)
    except (NoTerm, UnknownYear) as error:
        return Row(**{**values, "problem": error.code})
    late = not row.window and overdue(found, now_us, row.done_us)
    return Row(
        **{
            **values,
            "last_us": found.last_us,
            "date": found.date.isoformat(),
            "law": found.law,
            "article": found.article,
            "overdue": late,
        }
    )
