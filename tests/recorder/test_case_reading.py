"""The reader of lists: every way in which a row can be wrong is named, the others are kept."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from recorder.cases.decoding import MOST_BYTES
from recorder.cases.errors import UnreadableFile
from recorder.cases.listed import Deadline, Party
from recorder.cases.problems import REFUSALS, TEXTS
from recorder.cases.reading import Reading, read
from recorder.cases.report import harmless, line_of

HEAD = "id;number;code;date;time;title;kind;publicity;language;judge;panel;secretary;room;status;parties;deadlines\n"
GOOD = {"number": "7512-26-00-2/1", "code": "gpk", "date": "2026-11-23", "time": "09:30"}


def one(**values: Any) -> Reading:
    return read(json.dumps([{**GOOD, **values}], ensure_ascii=False).encode())


def test_csv_and_json_give_the_same_hearing() -> None:
    row = "t:1;7512/1;ГПК;23.11.2026;9:30;А. к «Б»;предварительное судебное заседание;открытое;қазақша;Сейтқали Б. М.;Б. Б. | В. В.;Н. А.;Зал 3;;"
    row += "истец: Ахметов А. К. | өкіл/remote: Ким В. П.;2026-12-20: срок\n"
    csv = read((HEAD + row).encode())
    assert csv.problems == []
    value = {
        "id": "t:1", "number": "7512/1", "code": "gpk", "date": "2026-11-23", "time": "09:30", "title": "А. к «Б»", "kind": "preliminary",
        "publicity": "open", "language": "kk", "judge": "Сейтқали Б. М.", "panel": ["Б. Б.", "В. В."], "secretary": "Н. А.", "room": "Зал 3",
        "parties": [{"role": "plaintiff", "name": "Ахметов А. К."}, {"role": "representative", "name": "Ким В. П.", "attendance": "remote"}],
        "deadlines": [{"date": "2026-12-20", "what": "срок"}],
    }  # fmt: skip
    assert [item for _, item in read(json.dumps({"hearings": [value]}).encode()).good] == [item for _, item in csv.good]
    found = csv.good[0][1]
    assert found.parties == (Party("plaintiff", "Ахметов А. К."), Party("representative", "Ким В. П.", "remote"))
    assert found.deadlines == (Deadline("2026-12-20", "срок"),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(encoding: str) -> None:
    found = read((HEAD + ";1;gpk;2026-11-23;09:30;Әділет;;;;;;;;;;\n").encode(encoding))
    assert (found.good[0][1].title, found.problems) == ("Әділет", [])


@pytest.mark.parametrize(
    ("values", "column", "code"),
    [
        ({"number": " "}, "number", "missing"),
        ({"code": ""}, "code", "missing"),
        ({"code": "xyz"}, "code", "not-offered"),
        ({"date": "2026-02-30"}, "date", "no-such-date"),
        ({"date": "2025-02-29"}, "date", "no-such-date"),
        ({"date": "31.11.2026"}, "date", "no-such-date"),
        ({"date": "0000-01-01"}, "date", "no-such-date"),
        ({"date": "２０２６-11-23"}, "date", "no-such-date"),
        ({"time": "24:00"}, "time", "no-such-time"),
        ({"time": "9"}, "time", "no-such-time"),
        ({"number": "1" * 101}, "number", "too-long"),
        ({"title": "х" * 301}, "title", "too-long"),
        ({"publicity": "maybe"}, "publicity", "not-offered"),
        ({"language": "de"}, "language", "not-offered"),
        ({"kind": "party"}, "kind", "not-offered"),
        ({"status": "lost"}, "status", "not-offered"),
        ({"id": "../x"}, "id", "bad-id"),
        ({"title": 7}, "title", "not-text"),
        ({"number": None}, "number", "missing"),
        ({"parties": 7}, "parties", "not-a-list"),
        ({"parties": [7]}, "parties", "not-text"),
        ({"parties": ["nobody"]}, "parties", "bad-party"),
        ({"parties": [{"role": "king", "name": "x"}]}, "parties", "not-offered"),
        ({"parties": [{"role": "judge", "name": ""}]}, "parties", "missing"),
        ({"parties": [{"role": "judge", "name": "x", "attendance": "late"}]}, "parties", "not-offered"),
        ({"parties": ["judge: x"] * 101}, "parties", "too-many"),
        ({"deadlines": ["soon"]}, "deadlines", "bad-deadline"),
        ({"deadlines": [{"date": "2026-02-30", "what": "x"}]}, "deadlines", "bad-deadline"),
        ({"title": "\ud800"}, "title", "lost-letters"),
        ({"title": "?\ufffd"}, "title", "lost-letters"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], column: str, code: str) -> None:
    found = read(json.dumps([{**GOOD, **values}, {**GOOD, "number": "good"}]).encode())
    assert [(item.line, item.column, item.code) for item in found.problems] == [(1, column, code)]
    assert [item.number for _, item in found.good] == ["good"]
    assert len(line_of(found.problems[0]).split()) > 6, "says what to do"


def test_rows_that_spoil_only_themselves() -> None:
    head = HEAD.replace(";", ",")
    good = ",{},gpk,2026-11-23,09:30,Иск,,,,,,,,,,\n"
    lines = [
        head,
        good.format(1),
        ',2,gpk,2026-11-23,09:30,"open\n',
        good.format(3),
        ',4,gpk,2026-11-23,09:30,"a"b\n',
        "x," * 30 + "\n",
        good.format(6),
    ]
    found = read(
        "".join(lines).encode()
        + ",7,gpk,2026-11-23,09:30,Иск\n".encode("cp1251")
        + b",8,gpk,2026-11-23,09:30,\x98\xff\n"
        + good.format(9).encode()
    )
    assert [item.number for _, item in found.good] == ["1", "3", "6", "9"]
    assert [(item.line, item.code) for item in found.problems] == [
        (3, "bad-quotes"),
        (5, "bad-quotes"),
        (6, "columns"),
        (8, "looks-cp1251"),
        (9, "wrong-encoding"),
    ]
    assert found.rows == 9


def test_duplicates_are_named_by_the_first_row() -> None:
    found = read(json.dumps([{**GOOD, "id": "a"}, {**GOOD, "id": "b"}, {**GOOD, "id": "a", "time": "10:00"}]).encode())
    assert [(item.line, item.code, item.values) for item in found.problems] == [
        (2, "duplicate", {"value": "1"}),
        (3, "duplicate-id", {"value": "1"}),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b" \n", "empty"),
        (b"PK\x03\x04x", "spreadsheet"),
        (HEAD.encode("utf-16-le"), "utf16-unmarked"),
        (HEAD.encode("utf-32"), "utf32"),
        (b"a" * (MOST_BYTES + 1), "too-large"),
        (b"name;day\n1;2", "no-columns"),
        (b'{"hearings": ', "no-json"),
        (b"[" * 100_000, "no-json"),
        (b'{"cases": []}', "no-hearings"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(data)
    assert refused.value.why == why
    assert why in REFUSALS


def test_an_encoding_that_is_not_read_is_named() -> None:
    with pytest.raises(UnreadableFile, match="koi8-r"):
        read(b"x", "koi8-r")


def test_hostile_names_are_kept_as_text() -> None:
    found = one(title="<script>alert(1)</script>\u202e\x00=1+1", judge="я" * 300)
    assert found.good[0][1].title == "<script>alert(1)</script> =1+1"
    assert found.good[0][1].judge == "я" * 300
    assert harmless("=1+1") == "'=1+1"


def test_an_unknown_column_is_told_and_the_row_kept() -> None:
    found = one(judges="x")
    assert [(item.code, item.refused) for item in found.problems] == [("unknown-column", False)]
    assert len(found.good) == 1


ROW = ";{};gpk;2026-11-23;09:30;Иск о взыскании;;;;;;;;;plaintiff: Ахметов А. К.;\n"


def test_fifty_thousand_rows_and_one_more() -> None:
    found = read((HEAD + "".join(ROW.format(number) for number in range(50_001))).encode())
    assert (len(found.good), [(item.line, item.code) for item in found.problems]) == (
        50_000,
        [(50_002, "too-many-rows")],
    )


def test_memory_grows_with_the_rows_and_not_faster() -> None:
    data = (HEAD + "".join(ROW.format(number) for number in range(2_000))).encode()
    tracemalloc.start()
    found = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.good) == 2_000
    assert peak < 20 * 2**20


def test_every_reason_has_its_words() -> None:
    assert all(what.endswith((".", "}.")) and advice.endswith(".") for what, advice in TEXTS.values())
