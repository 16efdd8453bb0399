"""Every route × every role, against the table in docs/console.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from web.accounts import Role
from web.app import routes_of_app
from web.rights import routes_of

DOCS = Path(__file__).parents[2] / "docs" / "console.md"
ROW = re.compile(r"^\| (GET|POST) \| `([^`]+)` \| ([^|]+) \|$", re.MULTILINE)
EVERYBODY = {"secretary", "judge", "admin"}


def documented() -> dict[tuple[str, str], set[str] | None]:
    """Who may use each route; None is everybody, signed in or not."""
    rows = ROW.findall(DOCS.read_text("utf-8"))
    return {(method, path): None if who == "everybody" else set(who.split(", ")) for method, path, who in rows}


TABLE = documented()


def test_the_docs_list_every_route_and_who_may_use_it(app: FastAPI) -> None:
    served = {
        (method, path): None if access.roles is None else {role.value for role in access.roles}
        for method, path, access in routes_of(routes_of_app(app))
    }
    assert served == TABLE


def call(client: TestClient, method: str, path: str) -> int:
    address = path.replace("{act}", "pause").replace("{hearing}", "none").replace("{name}", "cam-judge").replace("{listed}", "none").replace("{number}", "1")
    body = {"code": "OPEN"} if path.endswith("stage") else {"text": "x"} if path.endswith("remark") else {"line": 1} if path.endswith("withdraw") else None
    status: int = client.request(method, address, json=body).status_code
    return status


@pytest.mark.parametrize(("method", "path"), sorted(TABLE))
@pytest.mark.parametrize("name", ["nobody", *Role])
def test_each_role_may_do_what_the_table_says(
    name: str, method: str, path: str, client: TestClient, sign_in: Callable[[str], TestClient]
) -> None:
    allowed = TABLE[method, path]
    if name != "nobody":
        sign_in(name)
    if allowed is not None and name in allowed and path == "/api/events":
        pytest.skip("a stream without end; tests/console/test_events.py follows it")
    status = call(client, method, path)
    if path == "/api/v1/cases":
        assert status == 401, "it asks for the case system's token, and no session replaces it"
    elif allowed is None or name in allowed:
        # A sign-in without a name is refused as a wrong one, not as a forbidden one.
        assert status not in (401, 403) or path == "/sign-in"
    elif name == "nobody":
        assert status == (303 if method == "GET" and not path.startswith("/api/") else 401)
    else:
        assert status == 403


def test_nobody_operates_from_another_site(secretary: TestClient) -> None:
    answer = secretary.post("/api/hearings/none/start", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
