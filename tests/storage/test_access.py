"""Another court's hearing: every route of every kind refuses it to every role, and the attempt is in the log."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator

import httpx2
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from device_config.passkey_settings import PasskeySettings
from protocol import canonical
from protocol.note import Ed25519Signer
from storage.archive.access import sees
from storage.archive.app import create_app
from storage.archive.enrolment import enrol_device
from storage.uploader import upload_record
from tests.storage.conftest import Court
from web.accounts import Account, Role
from web.errors import BadRelyingParty

OTHER = "Басқа қаланың соты"
#: Every route of the archive has its place here: what is of one hearing or one box is found by its address and tried below, in every way.
OF_A_HEARING, OF_A_BOX = "/hearings/{hearing}", "/api/v1/records/{hearing}"
#: Lists; what they show is tried below, and in test_search and test_fleet_page.
OF_MANY_HEARINGS = ("/", "/search", "/search.json", "/fleet")
OF_NO_HEARING = ("/language", "/sign-in", "/sign-out", "/account", "/api/passkeys/", "/log/", "/static")
FILLED = {"hearing": "h1", "take": "T01", "source": "mic-bench", "path": "media/T01/mic-bench/0001.mp4"}
FILE = {FILLED["path"]: {"bytes": 9, "sha256": base64.b64encode(bytes(32)).decode()}}
BODY = json.dumps({"put": FILE, "wanted": FILE}).encode()  # what a box would ask for tickets with; anything for a file
DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"


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
        if place(route.path) == "hearing":
            found += [(method, filled(route.path)) for method in sorted(route.methods or ())]
    assert ("HEAD", "/hearings/h1/files/media/T01/mic-bench/0001.mp4") in found
    assert len(found) >= 7
    return found


def place(path: str) -> str:
    """What a route is of; nothing where nobody has thought about it."""
    if path in OF_MANY_HEARINGS:
        return "many"
    for name, beginnings in (("hearing", (OF_A_HEARING,)), ("box", (OF_A_BOX,)), ("none", OF_NO_HEARING)):
        if path.startswith(beginnings):
            return name
    return ""


def test_every_route_has_its_place(kept: Court) -> None:
    """A new route fails here until it is said what it is of, and so which of these tests tries it."""
    placed = {route.path: place(route.path) for route in _routes(kept)}
    assert [path for path, of in placed.items() if not of] == []
    assert {"hearing", "box", "many", "none"} == set(placed.values())
    assert [path for path, of in placed.items() if of not in ("hearing", "box") and "{hearing}" in path] == []
    others = [
        getattr(route, "path", "")
        for route in kept.app.routes
        if not _inside(route) and not isinstance(route, APIRoute)
    ]
    assert others == ["/static"]  # nothing else is mounted


def _inside(route: object) -> list[BaseRoute]:
    return list(getattr(getattr(route, "original_router", None), "routes", []))


def _routes(kept: Court) -> Iterator[APIRoute]:
    waiting = list(kept.app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            yield route
        else:
            waiting += _inside(route)


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: FILLED.get(match[1], "x"), path)


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
        for address in OF_MANY_HEARINGS:
            shown = client.get(address, params={"q": "7512"}).text
            assert "/hearings/h1" not in shown, address
    entries = [canonical.loads(text) for text in kept.archive.log.entries(before, 100)]
    assert [entry["type"] for entry in entries] == ["refused"]  # once a session, and nothing was viewed


@pytest.mark.parametrize("role", list(Role))
def test_what_boxes_ask_for_is_for_no_person_and_no_other_box(kept: Court, role: Role) -> None:
    """A person's session opens nothing of the box API, and an enrolled box nothing of another's hearing."""
    token = "u" * 43
    enrol_device(kept.archive, Ed25519Signer("other.test", bytes(range(3, 35))).key.text, token)
    before, size = kept.archive.catalogue.stored("h1"), kept.archive.log.size
    boxes = [route for route in _routes(kept) if place(route.path) == "box"]
    assert len(boxes) >= 4
    with kept.browser(role) as person, httpx2.Client(base_url=kept.url, trust_env=False) as other:
        for route in boxes:
            for method in sorted(route.methods or ()):
                for client, more in ((person, {}), (other, {"Authorization": f"Bearer {token}"})):
                    headers = {"Sec-Fetch-Site": "same-origin", "Repr-Digest": DIGEST, **more}
                    answer = client.request(method, filled(route.path), content=BODY, headers=headers)
                    assert answer.status_code in (401, 403), (method, route.path, answer.status_code)
                    assert answer.json()["code"] in ("not-enrolled", "bad-signature")
    assert (kept.archive.catalogue.stored("h1"), kept.archive.log.size) == (before, size)


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


def test_the_archive_offers_passkeys_where_its_settings_name_an_address(kept: Court) -> None:
    assert "data-passkey" not in httpx2.get(f"{kept.url}/sign-in", trust_env=False).text
    passkeys = PasskeySettings(domain="sot.example", origins=("https://sot.example",))
    app = create_app(kept.settings.model_copy(update={"passkeys": passkeys}), archive=kept.archive, accounts=kept.accounts)
    client = TestClient(app, base_url="https://sot.example")
    assert "data-passkey" in client.get("/sign-in").text
    options = client.post("/api/passkeys/sign-in/begin", headers={"Sec-Fetch-Site": "same-origin"}).json()
    assert (options["rpId"], options["userVerification"]) == ("sot.example", "required")
    with pytest.raises(BadRelyingParty):
        create_app(kept.settings.model_copy(update={"passkeys": PasskeySettings(domain="10.0.0.7")}), archive=kept.archive)
