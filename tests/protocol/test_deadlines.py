"""Terms of the four codes over weekends, holidays, the end of a year and midnight in UTC+5; the working-day calendar and its file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deadlines import TERMS, Kind, NoTerm, Since, Unit, due, overdue
from protocol.stages import CODES, cite
from protocol.working_days import (
    DEFAULT_PATH,
    BadCalendar,
    Calendar,
    UnknownYear,
    parse_calendar,
    read_calendar,
)

CALENDAR = read_calendar()
LOCAL = timezone(timedelta(hours=5))
DAY = timedelta(days=1)
HEADER = "day\tkind\tcheck\tru\tkk\n"
PAIRS = [(code, kind) for code in CODES for kind in TERMS[code]]


def us(text: str) -> int:
    """UTC µs of a local time ``2026-11-20 16:00``."""
    span = datetime.fromisoformat(text).replace(tzinfo=LOCAL) - datetime(1970, 1, 1, tzinfo=UTC)
    return span // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("code", "kind", "count", "unit", "since", "article"),
    [
        ("gpk", "protocol", 3, "working_days", "hearing_end", "283(4)"),
        ("gpk", "complex", 10, "working_days", "hearing_end", "283(4)"),
        ("gpk", "separate_action", 1, "day", "action_end", "283(4)"),
        ("gpk", "familiarise", 5, "working_days", "signing", "284"),
        ("gpk", "remarks", 3, "working_days", "familiarised", "284"),
        ("gpk", "review", 5, "working_days", "remarks_filed", "285"),
        ("upk", "protocol", 5, "sutki", "hearing_end", "347(4)"),
        ("upk", "complex", 10, "sutki", "hearing_end", "347(4)"),
        ("upk", "familiarise", 5, "sutki", "signing", "348-1"),
        ("upk", "remarks", 5, "sutki", "signing", "348-1"),
        ("koap", "protocol", 3, "sutki", "hearing_end", "829-13"),
        ("koap", "full", 5, "sutki", "hearing_end", "829-12"),
        ("koap", "familiarise", 3, "sutki", "signing", "829-13"),
        ("koap", "familiarise_full", 5, "sutki", "signing", "829-12"),
        ("koap", "remarks", 3, "sutki", "signing", "829-12(6)"),
        ("koap", "review", 5, "sutki", "remarks_filed", "829-12(7)"),
    ],
)
def test_the_table_of_the_law(code: str, kind: str, count: int, unit: str, since: str, article: str) -> None:
    term = TERMS[code][Kind(kind)]
    assert (term.count, term.unit, term.since, term.article) == (count, Unit(unit), Since(since), article)
    assert term.law == code
    assert cite(term.law, term.article, "kk").startswith(("АПК", "ҚПК", "ӘҚБтК"))


def test_administrative_justice_has_the_terms_of_the_civil_code() -> None:
    assert TERMS["appk"] == TERMS["gpk"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("upk", Kind.REVIEW), ("upk", Kind.SEPARATE_ACTION), ("koap", Kind.COMPLEX), ("koap", Kind.SEPARATE_ACTION)],
)
def test_what_the_law_does_not_state_is_not_made_up(code: str, kind: Kind) -> None:
    with pytest.raises(NoTerm, match=f"{code} states no term for {kind.value}"):
        due(code, kind, us("2026-11-20 16:00"), CALENDAR)


@pytest.mark.parametrize(
    ("code", "kind", "start", "last"),
    [
        # A plain week: Monday 23 November 2026.
        ("gpk", "protocol", "2026-11-23 10:00", "2026-11-26"),
        ("upk", "protocol", "2026-11-23 10:00", "2026-11-30"),  # fifth day is Saturday the 28th
        ("koap", "protocol", "2026-11-23 10:00", "2026-11-26"),
        # Over a weekend: Friday 20 November 2026.
        ("gpk", "protocol", "2026-11-20 16:00", "2026-11-25"),
        ("gpk", "complex", "2026-11-20 16:00", "2026-12-04"),
        ("gpk", "separate_action", "2026-11-20 16:00", "2026-11-23"),
        ("gpk", "separate_action", "2026-11-19 16:00", "2026-11-20"),
        ("appk", "protocol", "2026-11-20 16:00", "2026-11-25"),
        ("upk", "protocol", "2026-11-20 16:00", "2026-11-25"),
        ("upk", "complex", "2026-11-20 16:00", "2026-11-30"),
        ("koap", "protocol", "2026-11-20 16:00", "2026-11-23"),  # the court: calendar days
        ("koap", "familiarise", "2026-11-20 16:00", "2026-11-25"),  # a person: days off are not counted
        ("koap", "remarks", "2026-11-20 16:00", "2026-11-25"),
        ("koap", "review", "2026-11-20 16:00", "2026-11-25"),
        ("koap", "full", "2026-11-23 10:00", "2026-11-30"),
        ("koap", "familiarise_full", "2026-11-20 16:00", "2026-11-27"),
        # A hearing on a Saturday.
        ("gpk", "protocol", "2026-11-21 12:00", "2026-11-25"),
        # Nauryz 2026: 21 to 23 March, Saturday and Sunday move to the 24th and 25th.
        ("gpk", "protocol", "2026-03-20 17:00", "2026-03-30"),
        ("gpk", "separate_action", "2026-03-20 17:00", "2026-03-26"),
        ("koap", "protocol", "2026-03-20 17:00", "2026-03-26"),
        # Victory Day on a Saturday, off on Monday the 11th; 7 May is a Thursday.
        ("gpk", "protocol", "2026-05-06 10:00", "2026-05-13"),
        ("upk", "protocol", "2026-05-06 10:00", "2026-05-12"),
        # Kurban Ait on a Wednesday.
        ("gpk", "remarks", "2026-05-26 10:00", "2026-06-01"),
        # Republic Day on a Sunday, off on Monday the 26th.
        ("gpk", "separate_action", "2026-10-23 10:00", "2026-10-27"),
        # The 31st of August is a working day since the Constitution Day moved.
        ("gpk", "separate_action", "2026-08-28 10:00", "2026-08-31"),
        # The end of the year: 1 and 2 January 2027 are Friday and Saturday, Saturday moves to Monday the 4th.
        ("gpk", "protocol", "2026-12-30 10:00", "2027-01-06"),
        ("gpk", "familiarise", "2026-12-30 10:00", "2027-01-11"),  # over Christmas too
        ("upk", "remarks", "2026-12-29 10:00", "2027-01-05"),
        ("koap", "protocol", "2026-12-29 10:00", "2027-01-05"),
        ("gpk", "protocol", "2025-12-31 10:00", "2026-01-08"),
        # The Constitution Day of 2027 is Monday, 15 March.
        ("gpk", "separate_action", "2027-03-12 10:00", "2027-03-16"),
    ],
)
def test_due_dates(code: str, kind: str, start: str, last: str) -> None:
    found = due(code, Kind(kind), us(start), CALENDAR)
    assert found.date == date.fromisoformat(last)
    assert found.last_us == us(f"{last} 23:59:59.999999")
    assert (found.count, found.unit) == (TERMS[code][Kind(kind)].count, TERMS[code][Kind(kind)].unit)


@pytest.mark.parametrize(("code", "dates"), [("gpk", (26, 27)), ("koap", (26, 27))])
def test_the_day_of_the_event_is_the_day_in_kazakhstan(code: str, dates: tuple[int, int]) -> None:
    """19:00 UTC is midnight there: one µs before it is Monday, at it Tuesday."""
    midnight = us("2026-11-24 00:00")
    assert datetime.fromtimestamp(midnight // 1_000_000, tz=UTC).hour == 19
    before = due(code, Kind.PROTOCOL, midnight - 1, CALENDAR)
    after = due(code, Kind.PROTOCOL, midnight, CALENDAR)
    assert (before.date.day, after.date.day) == dates
    in_utc = due(code, Kind.PROTOCOL, midnight, CALENDAR, utc_offset_minutes=0)
    assert in_utc.date == before.date
    assert in_utc.last_us - before.last_us == 5 * 3600 * 1_000_000


def test_a_term_is_missed_one_microsecond_after_its_last_day() -> None:
    item = due("gpk", Kind.PROTOCOL, us("2026-11-20 16:00"), CALENDAR)
    end = us("2026-11-26 00:00")
    assert not overdue(item, end - 1)
    assert overdue(item, end)
    assert not overdue(item, end + 10**12, done_us=end - 1)
    assert overdue(item, end + 10**12, done_us=end)


@pytest.mark.parametrize("code", ["gpk", "upk"])
def test_an_unknown_year_is_an_error_and_never_a_guess(code: str) -> None:
    with pytest.raises(UnknownYear, match=r"the holidays of 2028 are not entered .*entered: 2026, 2027"):
        due(code, Kind.PROTOCOL, us("2027-12-30 10:00"), CALENDAR)
    with pytest.raises(UnknownYear, match="2025"):
        due(code, Kind.PROTOCOL, us("2025-06-02 10:00"), CALENDAR)


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError):
        due("zzz", Kind.PROTOCOL, 0, CALENDAR)


MOMENTS = st.integers(us("2026-01-01 00:00"), us("2027-11-30 00:00"))


@given(pair=st.sampled_from(PAIRS), first=MOMENTS, later=st.integers(0, 40 * 86_400 * 1_000_000))
def test_a_later_event_is_never_due_earlier(pair: tuple[str, Kind], first: int, later: int) -> None:
    second = min(first + later, us("2027-11-30 00:00"))
    assert due(*pair, first, CALENDAR).last_us <= due(*pair, second, CALENDAR).last_us


@given(pair=st.sampled_from(PAIRS), moment=MOMENTS)
def test_a_term_ends_on_a_working_day_and_has_its_full_length(pair: tuple[str, Kind], moment: int) -> None:
    term = TERMS[pair[0]][pair[1]]
    found = due(*pair, moment, CALENDAR)
    assert CALENDAR.is_working(found.date)
    assert not overdue(found, moment)
    start = (datetime(1970, 1, 1, tzinfo=LOCAL) + timedelta(microseconds=moment, hours=5)).date()
    between = [start + DAY * n for n in range(1, (found.date - start).days + 1)]
    if term.skip_days_off:
        assert sum(CALENDAR.is_working(day) for day in between) == term.count
    else:
        assert len(between) >= term.count
        assert not any(CALENDAR.is_working(day) for day in between[term.count - 1 : -1])


def test_no_court_duty_of_the_offences_code_is_late_on_the_other_reading() -> None:
    """КоАП 739(3): the reading that is taken is the earlier for the court and the later for a person."""
    for kind, term in TERMS["koap"].items():
        assert term.skip_days_off is (kind in (Kind.FAMILIARISE, Kind.FAMILIARISE_FULL, Kind.REMARKS))


def test_the_holidays_move_as_the_published_calendar_of_2026_says() -> None:
    moved = {day for day in CALENDAR.moved if day.year == 2026}
    assert moved == {date(2026, 3, 9), date(2026, 3, 24), date(2026, 3, 25), date(2026, 5, 11), date(2026, 10, 26)}
    assert {day for day in CALENDAR.moved if day.year == 2027} == {
        date(2027, 1, 4), date(2027, 3, 24), date(2027, 5, 3), date(2027, 5, 10)
    }  # fmt: skip


def test_the_file_says_what_a_lawyer_must_check() -> None:
    assert {"2026", "2027", "2027-03-15", "2027-05-16", "2026-10-25"} <= CALENDAR.to_check
    assert "2026-01-01" not in CALENDAR.to_check
    assert {int(day[:4]) for day in CALENDAR.to_check} <= CALENDAR.years


def test_days_off_that_do_not_move_and_swapped_days() -> None:
    text = (
        HEADER + "2028\tyear\t-\t\t\n2028-05-06\tfree\t-\tКурбан-айт\tҚұрбан айт\n"
        "2028-05-13\tworking\t-\tвместо 12 мая\t12 мамырдың орнына\n2028-05-12\toff\t-\tперенос\tауыстыру\n"
        "2028-05-20\tholiday\t-\tсуббота\tсенбі\n2028-05-22\tholiday\t-\tпонедельник\tдүйсенбі\n"
    )
    calendar = parse_calendar(text)
    working = {day: calendar.is_working(date(2028, 5, day)) for day in (6, 8, 12, 13, 14, 20, 22, 23, 24)}
    assert working == {6: False, 8: True, 12: False, 13: True, 14: False, 20: False, 22: False, 23: False, 24: True}
    assert calendar.moved == {date(2028, 5, 23): date(2028, 5, 20)}
    assert calendar.first_from(date(2028, 5, 12)) == date(2028, 5, 13)
    assert hash(calendar) == hash(parse_calendar(text))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("2028\tyear\t-\t\t\n2028-02-30\tholiday\t-\ta\tb\n", r"line 3: '2028-02-30' is not a date"),
        ("2028\tyear\t-\t\t\n20280501\tholiday\t-\ta\tb\n", r"line 3: '20280501' is not a date"),
        ("2028\tyear\t-\t\t\n2028-05-01\tfeast\t-\ta\tb\n", r"line 3: kind is 'feast'"),
        ("2028\tyear\t-\t\t\n2028-05-01\tholiday\t?\ta\tb\n", r"line 3: check is '\?'"),
        ("2028\tyear\t-\t\t\n2028-05-01 holiday\n", r"line 3: 1 columns, not 5"),
        (
            "2028\tyear\t-\t\t\n2028-05-01\tholiday\t-\ta\tb\n2028-05-01\tfree\t-\ta\tb\n",
            r"line 4: .* is in line 3 already",
        ),
        ("2028\tyear\t-\t\t\n2028\tyear\t-\t\t\n", r"line 3: the year 2028 is listed twice"),
        ("28\tyear\t-\t\t\n", r"line 2: '28' is not a year"),
        ("٢٠٢٨\tyear\t-\t\t\n", r"line 2: '٢٠٢٨' is not a year"),
        ("2028-05-01\tholiday\t-\ta\tb\n", r"line 2: 2028-05-01 lies in a year that no line"),
        ("2028\tyear\t-\t\t\n2028-05-13\toff\t-\ta\tb\n", r"line 3: 2028-05-13 as 'off' changes nothing"),
        ("2028\tyear\t-\t\t\n2028-05-12\tworking\t-\ta\tb\n", r"line 3: 2028-05-12 as 'working' changes nothing"),
    ],
)
def test_a_slip_in_the_file_is_named_with_its_line(rows: str, reason: str) -> None:
    with pytest.raises(BadCalendar, match=reason):
        parse_calendar(HEADER + rows)


def test_a_quote_that_is_not_closed_loses_no_day() -> None:
    calendar = parse_calendar(
        HEADER + '2028\tyear\t-\t\t"\n2028-05-01\tholiday\t-\t"a\tb\n2028-05-09\tholiday\t-\ta\tb\n'
    )
    assert calendar.holidays == {date(2028, 5, 1), date(2028, 5, 9)}


def test_a_file_without_its_header_or_empty() -> None:
    with pytest.raises(BadCalendar, match="line 1: the header must be day kind check ru kk"):
        parse_calendar("2028\tyear\t-\t\t\n")
    with pytest.raises(UnknownYear, match="entered: none"):
        parse_calendar("").is_working(date(2028, 5, 1))


def test_a_file_saved_on_windows_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "holidays.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + DEFAULT_PATH.read_bytes().replace(b"\n", b"\r\n"))
    assert read_calendar(path) == CALENDAR
    path.write_bytes(DEFAULT_PATH.read_text(encoding="utf-8").encode("cp1251", "replace"))
    with pytest.raises(BadCalendar, match="not UTF-8"):
        read_calendar(path)


def test_a_calendar_asks_only_for_the_years_it_needs() -> None:
    calendar = Calendar(frozenset({2026}), frozenset())
    assert due("gpk", Kind.PROTOCOL, us("2025-12-31 12:00"), calendar).date == date(2026, 1, 5)
