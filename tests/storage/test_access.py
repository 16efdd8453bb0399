"""Another court's hearing: every route of every kind refuses it to every role, and the attempt is in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from fastapi.routing import APIRoute

from protocol import canonical
from storage.archive.access import sees
from storage.uploader import upload_record
from tests.storage.conftest import Court
from web.accounts import Account, Role

OTHER = "Басқа қаланың соты"
FILLED = {"hearing": "h1", "take": "T01", "source": "mic-bench", "path": "media/T01/mic-bench/0001.mp4"}


@pytest.fixture
def kept(served: Court) -> Court:
    upload_record(served.record().folder, served.settings)
    return served


def court_of(kept: Court) -> str:
    summary = kept.archive.summary("h1")
    assert summary is not None
    return summary.court


def routes(kept: Court) -> list[tuple[str, str]]:
    """Method and address of each route of one hearing, as people use them."""
    found = []
    for route in _routes(kept):
        if "{hearing}" in route.path and not route.path.startswith("/api/v1/"):
            address = re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: FILLED.get(match[1], "x"), route.path)
            found += [(method, address) for method in sorted(route.methods or ())]
    assert ("HEAD", "/hearings/h1/files/media/T01/mic-bench/0001.mp4") in found
    assert len(found) >= 7
    return found


def _routes(kept: Court) -> Iterator[APIRoute]:
    waiting = list(kept.app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            yield route
        else:
            waiting += getattr(getattr(route, "original_router", None), "routes", [])


def asked(client: httpx2.Client, method: str, address: str, headers: dict[str, str]) -> httpx2.Response:
    own = {"Sec-Fetch-Site": "same-origin", **headers}
    return client.request(method, address, headers=own)


@pytest.mark.parametrize("role", list(Role))
def test_every_route_refuses_another_courts_hearing(kept: Court, role: Role) -> None:
    kept.accounts.set_courts(role.value, [OTHER])
    before = kept.archive.log.size
    with kept.browser(role) as client:
        for method, address in routes(kept):
            for headers in ({}, {"Range": "bytes=0-99"}):
                answer = asked(client, method, address, headers)
                assert answer.status_code == 403, (method, address, answer.status_code)
                assert b"7512-26-00-2" not in answer.content
        assert "7512-26-00-2" not in client.get("/").text
        assert client.get("/search.json", params={"q": "идёт"}).json()["hits"] == []
    entries = [canonical.loads(text) for text in kept.archive.log.entries(before, 100)]
    assert [entry["type"] for entry in entries] == ["refused"]  # once a session, and nothing was viewed


def test_a_person_sees_hearings_of_their_own_court(kept: Court) -> None:
    kept.accounts.set_courts("judge", [OTHER, court_of(kept).upper()])
    with kept.browser() as client:
        assert client.get("/hearings/h1/replay.json").status_code == 200
        assert "7512-26-00-2" in client.get("/").text
        assert client.get("/?q=7512").status_code == 200
        assert client.get("/search.json", params={"q": "идёт"}).json()["hits"] != []
        assert client.get("/hearings/h9").status_code == 404


def test_nobody_who_is_not_signed_in_gets_anything(kept: Court) -> None:
    with httpx2.Client(base_url=kept.url, trust_env=False) as client:
        for method, address in routes(kept):
            answer = asked(client, method, address, {"Accept": "application/json"})
            assert answer.status_code in (303, 401), (method, address, answer.status_code)


def test_whose_hearings() -> None:
    judge = Account("a", "A", Role.JUDGE)
    assert sees(judge, "")
    assert sees(judge, "Алматы соты")
    own = Account("a", "A", Role.JUDGE, courts=("Алматы қалалық соты",))
    assert sees(own, "АЛМАТЫ  қалалық соты.")
    for court in ("", " ", "Алматы соты", "Алматы қалалық соты 2"):
        assert not sees(own, court)
    assert not sees(Account("a", "A", Role.JUDGE, courts=("...",)), "...")
