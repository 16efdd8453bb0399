"""The day's list against the records: what is missing, unlisted, unsealed, unsigned, overdue; and what is no alarm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from protocol.working_days import read_calendar
from recorder.cases.listed import Listed
from recorder.cases.reconciliation import matched, reconcile, recorded
from recorder.cases.store import Decision, Kept

NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)  # Monday, 18:00 in the court


def listed(number: str, time: str = "09:30", *, day: str = "2026-11-23", **more: Any) -> Kept:
    known = {key: more.pop(key) for key in ("hearing", "decision") if key in more}
    return Kept(Listed(f"{number}-{time}", number, "gpk", day, time, **more), **known)


def record(number: str, state: str = "certified", at: str = "2026-11-23T04:35:00.000Z", **more: Any) -> dict[str, Any]:
    row = {
        "hearing": f"h-{number}-{at}",
        "number": number,
        "code": "gpk",
        "title": "",
        "state": state,
        "sealed": True,
        "opened_at": at,
        "state_at": at,
    }
    return {**row, "ended_us": None, **more}


def codes(items: list[Kept], rows: list[dict[str, Any]], now: datetime = NOW) -> list[str]:
    return [item.code for item in reconcile(items, recorded(rows), now, read_calendar())]


@pytest.mark.parametrize(
    ("items", "rows", "found"),
    [
        ([listed("1")], [record("1")], []),
        ([listed("1")], [record("1", "archived")], []),
        ([listed("1")], [], ["no-record"]),
        ([listed("1", "19:00")], [], []),
        ([listed("1", status="cancelled")], [], []),
        ([listed("1", decision=Decision("judge", "никто не явился", 1))], [], []),
        ([listed("1", decision=Decision("judge", "никто не явился", 1))], [record("1", "finished")], []),
        ([listed("1", decision=Decision("judge", "x", 1))], [record("1", "recording", sealed=False)], ["not-sealed"]),
        ([], [record("1")], ["unlisted"]),
        ([listed("1", status="cancelled")], [record("1")], ["unlisted"]),
        ([listed("1")], [record("1", "paused", sealed=False)], ["not-sealed"]),
        ([listed("1")], [record("1", "finished")], ["not-drafted"]),
        ([listed("1")], [record("1", "drafted")], ["unsigned"]),
        ([listed(" 7512 / 1 ")], [record("7512/1")], []),
        ([listed("1"), listed("2")], [record("2"), record("3", "drafted")], ["no-record", "unlisted", "unsigned"]),
    ],
)
def test_a_day(items: list[Kept], rows: list[dict[str, Any]], found: list[str]) -> None:
    assert codes(items, rows) == found


def test_the_term_of_the_protocol_runs_from_the_end_of_the_hearing() -> None:
    rows = [record("1", "drafted", ended_us=int(datetime(2026, 11, 23, 6, tzinfo=UTC).timestamp() * 1e6))]
    assert codes([listed("1")], rows, datetime(2026, 11, 26, 18, 59, tzinfo=UTC)) == ["unsigned"]
    assert codes([listed("1")], rows, datetime(2026, 11, 26, 19, 0, 1, tzinfo=UTC)) == ["overdue"]


def test_a_term_that_nobody_can_count_is_told() -> None:
    far = [record("1", "drafted", at="2068-12-31T05:00:00.000Z")]
    assert codes([listed("1", day="2068-12-31")], far, NOW) == ["term-unknown"]


def test_a_case_that_is_heard_twice_a_day_has_two_records() -> None:
    items = [listed("1", "15:00"), listed("1", "09:00")]
    rows = recorded([record("1", at="2026-11-23T10:01:00.000Z"), record("1", at="2026-11-23T04:01:00.000Z")])
    pairs = {item.listed.time: found.opened.hour for item, found in matched(items, rows) if found}
    assert pairs == {"09:00": 4, "15:00": 10}


def test_what_the_list_remembers_is_stronger_than_a_number() -> None:
    rows = recorded([record("typed otherwise", hearing="known"), record("1", hearing="other")])
    assert [(found.hearing if found else None) for _, found in matched([listed("1", hearing="known")], rows)] == [
        "known"
    ]
