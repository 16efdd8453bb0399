"""The list on the disk, and the folder that is watched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from recorder.cases.errors import ListDamaged, NotListed
from recorder.cases.folder import WatchedFolder
from recorder.cases.reading import read
from recorder.cases.store import CaseList, Decision, Report

HEAD = "id,number,code,date,time,title,parties\n"


@pytest.fixture
def cases(tmp_path: Path) -> CaseList:
    return CaseList(tmp_path / "cases.sqlite")


def take(cases: CaseList, *rows: str) -> Report:
    return cases.take(read((HEAD + "\n".join(rows) + "\n").encode()), name="day.csv", way="command", by="x", at_us=7)


def test_the_same_again_changes_nothing_and_a_change_keeps_what_people_did(cases: CaseList) -> None:
    first = take(cases, "a,1,gpk,2026-11-23,09:30,Иск,", "b,2,gpk,2026-11-23,10:30,Спор,")
    assert (first.added, first.changed, first.unchanged) == (2, 0, 0)
    cases.opened("a", "2026-11-23_1_abcd")
    cases.decide("b", Decision("judge", "никто не явился", 9))
    again = take(cases, "a,1,gpk,2026-11-23,11:00,Иск,", "b,2,gpk,2026-11-23,10:30,Спор,")
    assert (again.added, again.changed, again.unchanged) == (0, 1, 1)
    kept = cases.get("a")
    assert (kept.listed.time, kept.hearing) == ("11:00", "2026-11-23_1_abcd")
    assert cases.get("b").decision == Decision("judge", "никто не явился", 9)
    assert [item.listed.id for item in cases.days("2026-11-23", "2026-11-23")] == ["b", "a"]


def test_the_same_case_and_time_under_another_identifier_is_named(cases: CaseList) -> None:
    take(cases, "a,1,gpk,2026-11-23,09:30,,")
    report = take(cases, "z,1,gpk,2026-11-23,09:30,,")
    assert [(item.line, item.code, item.values) for item in report.problems] == [(2, "taken", {"value": "a"})]
    stored = cases.report(report.number)
    assert stored == report


def test_search_finds_every_word_in_any_case(cases: CaseList) -> None:
    take(
        cases,
        "a,7512/1,gpk,2026-11-23,09:30,Ахметов к ТОО «Береке»,witness: Ким В. П.",
        "b,7512/2,gpk,2026-12-23,09:30,x,",
    )
    assert [item.listed.id for item in cases.search("БЕРЕКЕ ким", "2026-11-23")] == ["a"]
    assert [item.listed.id for item in cases.search("7512", "2026-12-20")] == ["b", "a"]
    assert cases.search("%' OR 1=1", "2026-11-23") == []


def test_what_is_not_there_and_a_damaged_file(cases: CaseList, tmp_path: Path) -> None:
    with pytest.raises(NotListed):
        cases.get("none")
    with pytest.raises(NotListed):
        cases.opened("none", "x")
    (tmp_path / "bad.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(ListDamaged):
        CaseList(tmp_path / "bad.sqlite")


def test_old_days_are_forgotten(cases: CaseList) -> None:
    take(cases, "a,1,gpk,2026-01-01,09:30,,", "b,2,gpk,2026-11-23,09:30,,")
    assert cases.forget("2026-11-01") == 1
    assert [item.listed.id for item in cases.days("2000-01-01", "2099-01-01")] == ["b"]


def test_an_import_that_fails_leaves_the_list_as_it_was(cases: CaseList, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "cases.sqlite") as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON listed WHEN NEW.id = 'b' BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )
    connection.close()
    with pytest.raises(ListDamaged, match="disk full"):
        take(cases, "a,1,gpk,2026-11-23,09:30,,", "b,2,gpk,2026-11-23,10:30,,")
    assert cases.days("2026-11-23", "2026-11-23") == []


def test_a_file_is_taken_when_it_is_complete_and_moved_with_its_report(cases: CaseList, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    watched = WatchedFolder(folder, cases, lambda: 1_795_000_000.0)
    assert watched.look() == []
    (folder / "day.csv").write_text(HEAD + "a,1,gpk,2026-11-23,09:30,,\n", "utf-8")
    (folder / ".copying.csv").write_text("x", "utf-8")
    (folder / "day.csv.part").write_text("x", "utf-8")
    (folder / "bad.json").write_text("{", "utf-8")
    (folder / "link.csv").symlink_to("/etc/hostname")
    assert watched.look() == []
    with (folder / "day.csv").open("a") as file:
        file.write("b,2,gpk,2026-02-30,09:30,,\n")
    assert watched.look() == [], "it grew: somebody is still copying"
    assert [(item.added, item.refused) for item in watched.look()] == [(1, 1)]
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == [
        ".copying.csv",
        "day.csv.part",
        "link.csv",
    ]
    (done,) = (folder / "done").glob("*.csv")
    assert "row 3, date: «2026-02-30»" in (folder / "done" / f"{done.name}.report.txt").read_text("utf-8")
    (refused,) = (folder / "refused").glob("*.json")
    assert "error[unreadable-list]" in (folder / "refused" / f"{refused.name}.report.txt").read_text("utf-8")
    (folder / "day.csv").write_text(HEAD + "a,1,gpk,2026-11-23,09:30,,\n", "utf-8")
    watched.look()
    assert [item.unchanged for item in watched.look()] == [1]
