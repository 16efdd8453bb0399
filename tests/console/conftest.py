from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recorder.console.app import create_app
from tests.support.browser import chromium
from tests.support.console_server import PASSWORD, make_accounts, settings
from tests.support.fake_recorder import FakeRecorder
from tests.support.fake_recorder import create_app as fake_app

SAME = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}


@pytest.fixture
def fake() -> FakeRecorder:
    return FakeRecorder()


@pytest.fixture
def app(tmp_path: Path, fake: FakeRecorder) -> FastAPI:
    def client() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=fake_app(fake)), base_url="http://recorder")

    return create_app(settings(tmp_path), client, accounts=make_accounts(tmp_path))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, headers=SAME, follow_redirects=False) as client:
        yield client


@pytest.fixture
def sign_in(client: TestClient) -> Callable[[str], TestClient]:
    def as_(name: str) -> TestClient:
        client.cookies.clear()
        assert client.post("/sign-in", data={"name": name, "password": PASSWORD}).status_code == 303
        return client

    return as_


@pytest.fixture
def secretary(sign_in: Callable[[str], TestClient]) -> TestClient:
    return sign_in("secretary")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for a module's tests; each takes a context of its own."""
    with chromium() as started:
        yield started
