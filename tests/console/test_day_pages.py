"""The day's pages over HTTP: the list and its states, opening with seats, importing, the case system's door, the judge's decision, reconciliation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from device_config.settings import CasesSettings
from recorder.cases.reading import read
from recorder.cases.reconciliation import ZONE
from recorder.cases.store import CaseList
from recorder.console.app import create_app
from tests.support.console_server import make_accounts, settings
from tests.support.fake_recorder import FakeRecorder
from tests.support.fake_recorder import create_app as fake_app

TOKEN = "a token of the case system"
NOON = datetime(2026, 11, 23, 12, tzinfo=ZONE).timestamp()
TODAY = "2026-11-23"
ROW = {
    "id": "t1",
    "number": "7512/1",
    "code": "gpk",
    "date": TODAY,
    "time": "00:00",
    "room": "зал 3",
    "title": "А. к Б.",
    "judge": "С. Б.",
}


@pytest.fixture
def app(tmp_path: Path, fake: FakeRecorder) -> FastAPI:
    def client() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=fake_app(fake)), base_url="http://recorder")

    box = settings(tmp_path).model_copy(update={"cases": CasesSettings(token=TOKEN)})
    return create_app(box, client, accounts=make_accounts(tmp_path), clock=lambda: NOON)


@pytest.fixture
def cases(tmp_path: Path) -> CaseList:
    cases = CaseList(tmp_path / "cases.sqlite")
    rows = [
        ROW,
        {**ROW, "id": "t2", "number": "7512/2", "room": "Зал 4"},
        {**ROW, "id": "t3", "number": "7512/3", "publicity": "closed", "time": "00:01"},
    ]
    cases.take(read(json.dumps(rows).encode()), name="x", way="command", by="x", at_us=1)
    return cases


def send(client: TestClient, value: Any, **headers: str) -> Any:
    client.cookies.clear()
    return client.post(
        "/api/v1/cases", content=json.dumps(value).encode(), headers={"Authorization": f"Bearer {TOKEN}", **headers}
    )


def test_the_list_shows_this_room_and_the_state_of_each(
    secretary: TestClient, cases: CaseList, fake: FakeRecorder
) -> None:
    page = secretary.get("/").text
    assert "7512/1" in page
    assert "7512/2" not in page, "another room's"
    assert "7512/2" in secretary.get("/?rooms=all").text
    assert "7512/2" not in secretary.get(f"/?q=7512/1&day={TODAY}&rooms=all").text
    answer = secretary.post(
        "/day/t1", data={"role-0": "judge", "name-0": "С. Б.", "attendance-0": "present", "source-0": "mic-bench"}
    )
    assert answer.status_code == 303
    page = secretary.get("/").text
    assert f'href="{answer.headers["location"]}"' in page
    assert 'href="/day/t1"' not in page
    (body,) = [call[1] for call in fake.calls if call[0] == "new"]
    assert body["case"]["judge"] == "С. Б."
    assert body["case"]["kind"] == "hearing"
    assert secretary.get("/day/none").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role-0": "king"}, "error-0"),
        ({"attendance-0": "late"}, "error-0"),
        ({"name-0": "я" * 301}, "error-0"),
        ({"name-1": "Б", "role-1": "other", "attendance-1": "present", "source-1": "mic-bench"}, "error-1"),
    ],
)
def test_a_wrong_seat_is_named_and_nothing_is_opened(
    secretary: TestClient, cases: CaseList, fake: FakeRecorder, changes: dict[str, str], field: str
) -> None:
    form = {"role-0": "judge", "name-0": "А", "attendance-0": "present", "source-0": "mic-bench", **changes}
    answer = secretary.post("/day/t1", data=form)
    assert (answer.status_code, f'id="{field}"' in answer.text) == (422, True)
    assert fake.calls == []


def test_the_case_system_sends_asks_and_is_told_what_is_wrong(client: TestClient, fake: FakeRecorder) -> None:
    assert client.post("/api/v1/cases", content=b"[]").status_code == 401
    assert send(client, [], Authorization="Bearer wrong").json()["code"] == "no-token"
    answer = send(client, {"hearings": [ROW, {**ROW, "date": "2026-02-30"}, {**ROW, "code": ""}]})
    report = answer.json()
    assert (answer.status_code, report["added"], report["refused"]) == (200, 1, 2)
    assert [(item["line"], item["column"], item["code"]) for item in report["problems"]] == [
        (2, "date", "no-such-date"),
        (3, "code", "missing"),
    ]
    assert send(client, [ROW]).json()["unchanged"] == 1
    assert send(client, {"cases": []}).status_code == 422
    table = "number;code;date;time\n9;гпк;24.11.2026;09:30\n".encode("cp1251")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert (
        client.post(
            "/api/v1/cases", content=table, headers={**bearer, "Content-Type": "text/csv; charset=windows-1251"}
        ).json()["added"]
        == 1
    )
    day = client.get(f"/api/v1/cases?day={TODAY}", headers=bearer).json()
    assert [(row["id"], row["hearing"], row["state"]) for row in day["hearings"]] == [("t1", None, None)]


def test_a_list_that_is_too_long_is_refused_and_not_read_to_its_end(secretary: TestClient) -> None:
    answer = secretary.post("/api/lists", content=b"x" * (33 * 2**20), headers={"X-File-Name": "big.csv"})
    assert (answer.status_code, "32 MiB" in answer.json()["message"]) == (413, True)


def test_a_report_is_harmless_as_a_page_and_as_a_table(secretary: TestClient) -> None:
    bad = "number,code,date,time,=cmd|x\n<script>alert(1)</script>,gpk,=1+1,09:30,\n"
    report = secretary.post("/api/lists", content=bad.encode(), headers={"X-File-Name": "%3Cb%3E.csv"}).json()
    page = secretary.get(f"/lists/{report['number']}").text
    assert "<script>alert" not in page
    assert "<b>.csv" not in page
    table = secretary.get(f"/lists/{report['number']}/report.csv").text
    assert "'=cmd|x" in table
    assert all(not cell.startswith("=") for line in table.splitlines() for cell in line.split(","))
    assert secretary.get("/lists/999").status_code == 404


def test_the_judge_decides_and_the_day_is_in_order(sign_in: Callable[[str], TestClient], cases: CaseList) -> None:
    client = sign_in("judge")
    assert client.get("/reconciliation").text.count('data-code="no-record"') == 2
    for listed in ("t1", "t3"):
        assert client.post(f"/day/{listed}/decision", data={"reason": "никто не явился"}).status_code == 303
    assert 'data-code="' not in client.get("/reconciliation").text
    assert client.get("/reconciliation?rooms=all").text.count('data-code="no-record"') == 1
    client.post("/day/t1/decision", data={"reason": " "})
    assert client.get("/reconciliation").text.count('data-code="no-record"') == 1


def test_a_damaged_list_is_told_and_the_form_by_hand_is_one_page_away(secretary: TestClient, tmp_path: Path) -> None:
    for name in ("cases.sqlite-wal", "cases.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "cases.sqlite").write_bytes(b"no database " * 1000)
    assert secretary.get("/").status_code == 200, "a hearing can be opened by hand all the same"
    assert secretary.get("/lists").status_code == 500
