"""Which terms run for a hearing, by its code and by what was signed, read, filed and reviewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from protocol.remarks import Decision, Kind, Remarks, read_remarks
from protocol.working_days import read_calendar
from recorder.certification_terms import Facts, Row, rows

CALENDAR = read_calendar()
LOCAL = timezone(timedelta(hours=5))


def us(text: str) -> int:
    span = datetime.fromisoformat(text).replace(tzinfo=LOCAL) - datetime(1970, 1, 1, tzinfo=UTC)
    return span // timedelta(microseconds=1)


def entry(number: int, kind: Kind, at: str, of: str = "", decision: Decision | None = None) -> Remarks:
    return Remarks("h", number, kind, us(at), us(at), "s", "A", "plaintiff", of, "text", decision)


def shown(
    code: str, now: str, *remarks: Remarks, signed: str | None = "2026-11-24 10:00", full: bool = False
) -> list[Row]:
    """Terms of a hearing that ended on Friday, 20 November 2026."""
    facts = Facts("h", "1", "A v. B", code, full, us("2026-11-20 16:00"), us(signed) if signed else None, remarks)
    return rows(facts, CALENDAR, us(now))


@pytest.mark.parametrize(
    ("code", "dates"),
    [
        ("gpk", {"protocol": "2026-11-25", "familiarise": "2026-12-01"}),
        ("appk", {"protocol": "2026-11-25", "familiarise": "2026-12-01"}),
        ("upk", {"protocol": "2026-11-25", "familiarise": "2026-11-30", "remarks": "2026-11-30"}),
        ("koap", {"protocol": "2026-11-23", "familiarise": "2026-11-27", "remarks": "2026-11-27"}),
    ],
)
def test_what_runs_after_both_have_signed(code: str, dates: dict[str, str]) -> None:
    assert {row.kind: row.date for row in shown(code, "2026-11-24 12:00")} == dates


def test_an_unsigned_protocol_is_overdue_with_the_end_of_its_day() -> None:
    (row,) = shown("gpk", "2026-11-25 23:59", signed=None)
    assert not row.overdue
    (row,) = shown("gpk", "2026-11-26 00:01", signed=None)
    assert row.overdue
    assert [
        row.overdue for row in shown("gpk", "2026-11-27 00:01", signed="2026-11-26 09:00") if row.kind == "protocol"
    ] == [True]


def test_the_end_of_the_year() -> None:
    facts = Facts("h", "1", "", "gpk", False, us("2026-12-30 10:00"), None, ())
    assert rows(facts, CALENDAR, us("2026-12-31 10:00"))[0].date == "2027-01-06"
    facts = Facts("h", "1", "", "gpk", False, us("2027-12-31 10:00"), None, ())
    assert rows(facts, CALENDAR, us("2027-12-31 10:00"))[0].problem == "unknown-year"


def test_remarks_start_a_term_of_review_and_reading_one_of_remarks() -> None:
    read = entry(1, Kind.FAMILIARISED, "2026-11-25 10:00")
    filed = entry(2, Kind.FILED, "2026-11-26 10:00")
    found = {row.kind: row for row in shown("gpk", "2026-11-27 10:00", read, filed)}
    assert (found["remarks"].date, found["remarks"].person, found["remarks"].window) == ("2026-11-30", "A", True)
    assert (found["review"].date, found["review"].done_us, found["review"].of) == (
        "2026-12-03",
        None,
        "remarks/0002.json",
    )
    late = shown("gpk", "2026-12-04 00:01", read, filed)
    assert [row.kind for row in late if row.overdue] == ["review"]
    reviewed = entry(3, Kind.REVIEWED, "2026-12-03 18:00", "remarks/0002.json", Decision.REJECTED)
    assert not any(row.overdue for row in shown("gpk", "2026-12-10 10:00", read, filed, reviewed))


def test_what_the_law_does_not_state_has_no_date() -> None:
    filed = entry(1, Kind.FILED, "2026-11-26 10:00")
    review = next(row for row in shown("upk", "2026-11-27 10:00", filed) if row.kind == "review")
    assert (review.problem, review.date, review.overdue) == ("no-term", "", False)


def test_a_full_protocol_has_terms_of_its_own() -> None:
    assert [row.kind for row in shown("koap", "2026-11-24 12:00", full=True)] == ["full", "familiarise_full", "remarks"]
    assert next(iter(shown("koap", "2026-11-24 12:00", full=True))).date == "2026-11-25"


def test_a_file_of_remarks_is_read_back_as_it_was() -> None:
    made = entry(3, Kind.REVIEWED, "2026-12-03 18:00", "remarks/0002.json", Decision.PARTLY)
    assert read_remarks(made.to_json()) == made
