"""The uploader tells the recorder how far a record is, and goes on whoever listens."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from storage.telling import EVERY_S, PAUSE_S, Teller, Told
from storage.uploader import Uploader
from tests.storage.conftest import Court
from tests.storage.records import START_US
from tests.storage.servers import wait_for

TOLD = Told(12_000_000, 8, 0, None, refused=False)


@pytest.fixture
def at() -> Iterator[Path]:
    """A place for a socket; its path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="hattama-"))
    yield folder / "recorder.sock"
    shutil.rmtree(folder)


@contextmanager
def recorder(path: Path) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Whoever listens where the recorder does; what it was told."""
    heard: list[tuple[str, dict[str, Any]]] = []
    app = FastAPI()

    @app.post("/v1/hearings/{hearing}/sending")
    async def tell(hearing: str, body: dict[str, Any]) -> dict[str, int]:
        heard.append((hearing, body))
        return {}

    server = uvicorn.Server(uvicorn.Config(app, uds=str(path), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield heard
    finally:
        server.should_exit = True
        thread.join(30)


def test_nobody_listens_and_nothing_is_lost(at: Path) -> None:
    now = [0.0]
    teller = Teller(at, lambda: now[0])
    assert teller.is_due("h1", running=True)
    assert not teller.tell("h1", TOLD)
    assert not teller.is_due("h2", running=True)  # nobody is asked again soon
    now[0] = PAUSE_S
    with recorder(at) as heard:
        assert teller.is_due("h2", running=True)
        assert teller.tell("h2", TOLD)
        assert not teller.is_due("h2", running=True)
        now[0] += EVERY_S[0]
        assert teller.is_due("h2", running=True)
        assert not teller.is_due("h2", running=False)
    assert heard == [
        ("h2", {"left_bytes": 12_000_000, "lag_s": 8, "kept": 0, "silent_since_us": None, "refused": False})
    ]


def test_a_recorder_that_hangs_costs_no_more_than_its_patience(at: Path) -> None:
    now = [0.0]
    teller = Teller(at, lambda: now[0])
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(at))
        deaf.listen(1)
        assert not teller.tell("h1", TOLD)
    assert not teller.is_due("h1", running=True)


def test_what_is_told_of_an_upload(served: Court, at: Path) -> None:
    """An archive that does not answer, then does: since when, how much, and that all is sent; of a box whose recorder is away the record goes all the same."""
    record = served.record()
    now, wall = [0.0], [START_US / 1e6 + 60]
    settings = served.settings.model_copy(update={"run_dir": at.parent})
    assert settings.socket == at
    away = settings.model_copy(update={"archive": settings.archive.model_copy(update={"url": "http://127.0.0.1:9"})})
    with recorder(at) as heard:
        first = Uploader(away, clock=lambda: now[0], wall=lambda: wall[0])
        first.tick()
        first.close()
        hearing, told = heard[-1]
        assert hearing == "h1"
        assert told["left_bytes"] > 1000
        assert told["silent_since_us"] == int(wall[0] * 1e6)
        second = Uploader(settings, served.client(), now=True, clock=lambda: now[0], wall=lambda: wall[0])
        second.tick()
        second.close()
        assert heard[-1] == ("h1", {"left_bytes": 0, "lag_s": 0, "kept": 0, "silent_since_us": None, "refused": False})
    assert (record.folder / "receipt.json").exists()
