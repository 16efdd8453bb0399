"""The stream of events, over a real Unix socket; and what the console says when nobody answers there."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from recorder.console.app import create_app
from recorder.console.daemon import socket_client
from tests.support.console_server import PASSWORD, Served, console, make_accounts, serving, settings
from tests.support.fake_recorder import create_app as fake_app
from web.i18n import catalogues

SAME = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "ru"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with console(tmp_path) as served:
        yield served


@contextmanager
def signed_in(address: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=address, headers=SAME, timeout=30) as client:
        assert client.post("/sign-in", data={"name": "secretary", "password": PASSWORD}).status_code == 303
        yield client


def events(answer: httpx2.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_status_levels_and_lines_come_through_with_texts(served: Served) -> None:
    with signed_in(served.address) as client:
        served.fake.lost.add("mic-witness")
        answer = client.post("/hearings", data={"number": "1", "code": "gpk", "language": "ru", "publicity": "open"})
        name = answer.headers["location"].rsplit("/", 1)[1]
        seen: dict[str, Any] = {}
        with client.stream("GET", "/api/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            for kind, value in events(stream):
                if not seen:
                    assert client.post(f"/api/hearings/{name}/start").status_code == 200
                seen[kind] = value
                if seen.keys() >= {"status", "levels", "line"} and seen["status"]["state"] == "recording":
                    break
        finding = seen["status"]["findings"][0]
        assert finding["message"] == "Трибуна свидетеля: нет сигнала"
        assert finding["advice"].startswith("Проверьте питание")
        assert seen["status"]["now_us"] > 0
        assert seen["status"]["missing_models"] == ["Казахский"]
        assert set(seen["levels"]) == {"mic-bench", "mic-plaintiff", "mic-defendant", "mic-witness"}


def test_how_far_the_upload_is_comes_in_the_readers_words(served: Served) -> None:
    with signed_in(served.address) as client:
        answer = client.post("/hearings", data={"number": "1", "code": "gpk", "language": "ru", "publicity": "open"})
        name = answer.headers["location"].rsplit("/", 1)[1]
        told = {"left_bytes": 12_000_000, "lag_s": 8, "kept": 0, "silent_since_us": None, "refused": False, "told_us": 1}
        served.fake.sending[name] = told
        with client.stream("GET", "/api/events") as stream:
            found = iter(events(stream))
            next(item for item in found if item[0] == "status")
            served.fake.publish("sending", {"hearing": name, **told})
            value = next(value for kind, value in found if kind == "sending")
        assert (value["hearing"], value["text"]) == (name, "В архив: осталось 12 МБ, отставание 8 с")
        assert "В архив: осталось 12 МБ, отставание 8 с" in client.get("/").text
        assert "отставание 8 с" in client.get(f"/hearings/{name}").text


def test_a_disabled_accounts_stream_ends(served: Served, tmp_path: Path) -> None:
    with signed_in(served.address) as client:
        served.accounts.disable("secretary")
        answer = client.get("/api/events")
        assert answer.status_code == 401


def test_a_stream_ends_when_its_session_does(tmp_path: Path) -> None:
    moment = [1_790_000_000.0]
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        address = tmp_path / "recorder.sock"
        accounts = make_accounts(tmp_path)
        app = create_app(settings(tmp_path), socket_client(address), accounts=accounts, clock=lambda: moment[0])
        with serving(fake_app(), uds=address), serving(app, sock=sock), signed_in(f"http://127.0.0.1:{sock.getsockname()[1]}") as client:
            last = ""
            with client.stream("GET", "/api/events") as stream:
                for kind, _value in events(stream):
                    accounts.disable("secretary")
                    moment[0] += 31
                    last = kind
            assert last == "signed-out"


def test_without_a_recorder_the_console_says_so_and_stays_up(tmp_path: Path) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        app = create_app(settings(tmp_path), socket_client(tmp_path / "nobody.sock"), accounts=make_accounts(tmp_path))
        with serving(app, sock=sock), signed_in(f"http://127.0.0.1:{sock.getsockname()[1]}") as client:
            page = client.get("/")
            assert page.status_code == 200
            assert "Регистратор не отвечает." in page.text
            answer = client.get("/hearings/x")
            assert answer.status_code == 503
            with client.stream("GET", "/api/events") as stream:
                kind, value = next(events(stream))
            assert (kind, value["code"]) == ("gone", "recorder-gone")
            assert value["message"] == catalogues().translator("ru")("The recorder does not answer.")
