from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from web.accounts import WEAKEST, Account, Accounts, Role
from web.app import assemble
from web.errors import OpenRoute
from web.pages import Pages, json_block, local_address
from web.reauthentication import HASHES
from web.rights import allow, anyone, signed_in
from web.security import LARGEST_BODY, Policy, is_same_origin
from web.throttle import FREE_TRIES

LOCK = threading.Lock()
PASSWORD = "long enough"
SAME = {"Sec-Fetch-Site": "same-origin"}


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/", dependencies=[Depends(signed_in)])
    def start(request: Request) -> Response:
        return PlainTextResponse(request.state.account.name)

    @routes.post("/api/act")
    def act(account: Annotated[Account, Depends(allow(Role.JUDGE))]) -> Response:
        return PlainTextResponse(account.name)

    @routes.get("/fault", dependencies=[Depends(anyone)])
    def fault() -> Response:
        raise RuntimeError("on purpose")

    return routes


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    accounts = Accounts(tmp_path / "accounts.sqlite", WEAKEST)
    accounts.add("aigul", "Айгүл <script>", Role.SECRETARY, PASSWORD)
    accounts.add("judge", "Судья", Role.JUDGE, PASSWORD)
    return accounts


@pytest.fixture
def client(accounts: Accounts) -> Iterator[TestClient]:
    app = assemble(Pages("console", "Courtroom console", []), [router()], accounts=accounts)
    with TestClient(app, base_url="http://testserver", follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def sign_in(client: TestClient, name: str = "aigul", password: str = PASSWORD, **more: str) -> httpx2.Response:
    return client.post("/sign-in", data={"name": name, "password": password, **more}, headers=SAME)


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {}, True),
        ("POST", {}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, True),
        ("POST", {"sec-fetch-site": "same-site", "origin": "http://court:8801"}, False),
        ("POST", {"sec-fetch-site": "cross-site"}, False),
        ("POST", {"sec-fetch-site": "none"}, False),
        ("DELETE", {"origin": "http://court:8801"}, True),
        ("POST", {"origin": "http://court:8802"}, False),
        ("POST", {"origin": "https://court:8801"}, False),
        ("POST", {"origin": "null"}, False),
        ("POST", {"origin": "http://court:8801.evil.example"}, False),
        ("PUT", {"authorization": "Bearer x"}, True),
    ],
)
def test_what_counts_as_our_own_page(method: str, headers: dict[str, str], expected: bool) -> None:
    assert is_same_origin(method, Headers({"host": "court:8801", **headers}), "http") is expected


def test_a_form_of_another_site_is_refused_even_for_signing_in(client: TestClient) -> None:
    for headers in ({}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/sign-in", data={"name": "aigul", "password": PASSWORD}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-security-policy"]


def test_every_answer_carries_the_headers(client: TestClient) -> None:
    for path in ("/sign-in", "/nothing-here", "/fault", "/", "/static/hattama.css"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        if not path.startswith("/static"):
            assert headers["cache-control"] == "no-store"
    assert "worker-src 'self' blob:" in Policy(blob_workers=True).content_security_policy()


def test_signing_in_gives_a_new_strict_cookie_and_out_takes_it(client: TestClient) -> None:
    headers = {**SAME, "Cookie": "hattama-console=a-fixed-id"}
    answer = client.post("/sign-in", data={"name": "aigul", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "a-fixed-id" not in cookie
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in cookie
    first = client.cookies["hattama-console"]
    assert client.get("/").text == "aigul"
    sign_in(client)
    second = client.cookies["hattama-console"]
    assert first != second
    client.cookies.clear()
    assert client.get("/", headers={"Cookie": f"hattama-console={first}"}).status_code == 303, "the old id died at the new sign-in"
    assert client.post("/sign-out", headers={**SAME, "Cookie": f"hattama-console={second}"}).status_code == 303
    assert client.get("/", headers={"Cookie": f"hattama-console={second}"}).status_code == 303


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(accounts: Accounts) -> None:
    app = assemble(Pages("console", "Courtroom console", []), [router()], accounts=accounts)
    with TestClient(app, base_url="https://testserver", follow_redirects=False) as client:
        answer = sign_in(client)
        assert answer.headers["set-cookie"].startswith("__Host-hattama-console=")
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"]


def test_wrong_and_unknown_and_disabled_read_the_same(client: TestClient, accounts: Accounts) -> None:
    accounts.disable("judge")
    pages = {sign_in(client, name, "wrong word here").text.replace(name, "") for name in ("aigul", "nobody", "judge")}
    assert len(pages) == 1
    assert sign_in(client, "judge").status_code == 401


def test_guessing_is_slowed_down(client: TestClient) -> None:
    for _ in range(FREE_TRIES):
        assert sign_in(client, password="wrong").status_code == 401
    assert sign_in(client).status_code == 429
    assert sign_in(client, "judge").status_code == 303


def test_a_role_that_may_not_is_refused_and_a_page_leads_to_the_sign_in(client: TestClient) -> None:
    answer = client.get("/?a=1")
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fa%3D1"
    answer = client.post("/api/act", headers=SAME)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-needed")
    sign_in(client)
    answer = client.post("/api/act", headers=SAME)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
    sign_in(client, "judge")
    assert client.post("/api/act", headers=SAME).text == "judge"


def test_a_programs_request_brings_no_persons_rights(client: TestClient) -> None:
    sign_in(client, "judge")
    assert client.post("/api/act", headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_route_that_names_nobody_cannot_be_served(accounts: Accounts) -> None:
    routes = APIRouter()
    routes.get("/open")(lambda: None)
    with pytest.raises(OpenRoute, match="/open"):
        assemble(Pages("console", "Courtroom console", []), [routes], accounts=accounts)


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.post("/sign-in", content=b"name=" + b"x" * LARGEST_BODY, headers={**SAME, "Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413
    chunks = (b"x" * 65536 for _ in range(LARGEST_BODY // 65536 + 1))
    assert client.post("/sign-in", content=chunks, headers={**SAME, "Content-Type": "application/x-www-form-urlencoded"}).status_code in (400, 413)


@pytest.mark.parametrize("path", ["/sign-in", "/api/act"])
def test_a_programs_header_does_not_lift_the_limit(client: TestClient, path: str) -> None:
    """Whoever sends it: a form is read whole before anybody is asked for rights."""
    content = b"name=" + b"x" * LARGEST_BODY
    headers = {"Authorization": "Bearer x", "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(path, content=content, headers=headers).status_code == 413


class SlowAccounts(Accounts):
    """Accounts whose check takes a while, and which count how many are made at once."""

    running, most = 0, 0

    def verify(self, name: str, password: str) -> Account | None:
        with LOCK:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.1)
        found = super().verify(name, password)
        with LOCK:
            self.running -= 1
        return found


def test_tries_sent_at_once_are_counted_each_and_take_turns(accounts: Accounts) -> None:
    slow = SlowAccounts(accounts.path, WEAKEST)
    app = assemble(Pages("console", "Courtroom console", []), [router()], accounts=slow)
    with TestClient(app) as client, ThreadPoolExecutor(4 * FREE_TRIES) as pool:
        answers = list(pool.map(lambda _: sign_in(client, password="wrong").status_code, range(4 * FREE_TRIES)))
    assert answers.count(401) == FREE_TRIES
    assert answers.count(429) == 3 * FREE_TRIES
    assert slow.most <= HASHES


def test_a_fault_says_nothing_of_itself(client: TestClient) -> None:
    answer = client.get("/fault", headers={"Accept-Language": "en"})
    assert answer.status_code == 500
    assert "on purpose" not in answer.text
    assert "Something went wrong here" in answer.text


@pytest.mark.parametrize("address", [None, "", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "/\nx", "x"])
def test_a_sign_in_leads_nowhere_else(address: str | None) -> None:
    assert local_address(address) == "/"


def test_a_path_here_is_kept() -> None:
    assert local_address("/hearings/x?y=1") == "/hearings/x?y=1"


def test_the_chosen_language_is_remembered(client: TestClient) -> None:
    assert 'lang="kk"' in client.get("/sign-in").text
    answer = client.post("/language", data={"language": "ru", "next": "//evil.example"}, headers=SAME)
    assert answer.headers["location"] == "/"
    page = client.get("/sign-in")
    assert 'lang="ru"' in page.text
    assert page.headers["content-language"] == "ru"
    client.post("/language", data={"language": "../x"}, headers=SAME)
    assert 'lang="ru"' in client.get("/sign-in").text


def test_names_cannot_become_markup(client: TestClient) -> None:
    answer = sign_in(client, '"><script>alert(1)</script>', "wrong")
    assert "<script>alert" not in answer.text
    assert "</script" not in json_block({"x": "</script><!--"})


def test_static_files_are_kept_by_their_digest(client: TestClient) -> None:
    page = client.get("/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in client.get(address).headers["cache-control"]
    assert client.get("/static/hattama.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/../accounts.py").status_code == 404
