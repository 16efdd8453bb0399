from __future__ import annotations

import json
from pathlib import Path

from tests.support.command import hattama

HEAD = "number,code,date,time,title,parties\n"


def _file(folder: Path, data: str | bytes, name: str = "day.csv") -> str:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def test_import_names_each_bad_row_and_keeps_the_good_ones(tmp_path: Path) -> None:
    bad = (
        HEAD
        + "1,gpk,2026-11-23,09:30,Иск,plaintiff: Ахметов А. К.\n2,,2026-02-30,09:30,,\n1,gpk,23.11.2026,9:30,again,\n"
    )
    said = hattama("cases", "import", _file(tmp_path, bad))
    assert said.status == 65
    assert "3 rows (utf-8): 1 added, 0 changed, 0 unchanged, 2 left out" in said.out
    assert "row 3, code: Nothing is entered." in said.out
    assert "row 3, date: «2026-02-30» is no date that exists." in said.out
    assert "row 4, number: The same case at the same time stands in row 2 already." in said.out
    assert hattama("cases", "list", "--day", "23.11.2026").out == "09:30\t1\tgpk\t\tplanned\tИск\n"
    again = hattama(
        "cases", "import", "--json", _file(tmp_path, HEAD + "1,gpk,2026-11-23,09:30,Иск,plaintiff: Ахметов А. К.\n")
    )
    assert (again.status, json.loads(again.out)["unchanged"]) == (0, 1)


def test_a_file_that_is_no_list_is_refused_by_name(tmp_path: Path) -> None:
    said = hattama("cases", "import", _file(tmp_path, "имя,дата\n"))
    assert (said.status, "the header lacks number, code, date, time" in said.err) == (65, True)
    said = hattama("cases", "import", _file(tmp_path, HEAD.encode("utf-16-le")))
    assert "UTF-16 without its mark" in said.err
    assert hattama("cases", "import", str(tmp_path / "none.csv")).status != 0
    assert hattama("cases", "list", "--day", "2026-02-30").status == 64


def test_windows_1251_is_read_where_it_is_named(tmp_path: Path) -> None:
    file = _file(tmp_path, (HEAD + "1,гпк,23.11.2026,9:30,Иск о взыскании,истец: Ахметов А. К.\n").encode("cp1251"))
    refused = hattama("cases", "import", file)
    assert (refused.status, "look like Windows-1251" in refused.out) == (65, True)
    assert hattama("cases", "import", file, "--encoding", "windows-1251").status == 0
    assert "Иск о взыскании" in hattama("cases", "list", "--day", "2026-11-23").out


def test_reconciling_needs_the_recorder() -> None:
    assert hattama("cases", "reconcile").status == 69
