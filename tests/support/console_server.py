"""The real console on a free port, over a fake recorder on a Unix socket: what browser tests use."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from device_config.settings import Settings, SourceSettings
from recorder.console.app import create_app
from recorder.console.daemon import socket_client
from tests.support.fake_recorder import FakeRecorder
from tests.support.fake_recorder import create_app as fake_app
from web.accounts import WEAKEST, Accounts, Role

PASSWORD = "four words in a row"


@dataclass(frozen=True)
class Served:
    """A running console: its address, its fake recorder, its accounts (secretary, judge, admin; all with PASSWORD)."""

    address: str
    fake: FakeRecorder
    accounts: Accounts


def settings(folder: Path) -> Settings:
    """A room with two cameras and four microphones."""
    return Settings(
        state_dir=folder,
        court="Специализированный межрайонный экономический суд",
        courtroom="Зал 3",
        sources=(
            SourceSettings(name="cam-judge", kind="camera", media="video", label="Камера судьи", url="rtsp://127.0.0.1/1"),
            SourceSettings(name="cam-hall", kind="camera", media="video", label="Камера зала", url="rtsp://127.0.0.1/2"),
            SourceSettings(
                name="mics",
                kind="microphone",
                media="audio",
                device="room",
                channels=("mic-bench", "mic-plaintiff", "mic-defendant", "mic-witness"),
                labels=("Стол судьи", "Стол истца", "Стол ответчика", "Трибуна свидетеля"),
            ),
        ),
    )


def make_accounts(folder: Path) -> Accounts:
    """A secretary, a judge and an administrator."""
    accounts = Accounts(folder / "accounts.sqlite", WEAKEST)
    accounts.add("secretary", "Нурланова А. С.", Role.SECRETARY, PASSWORD)
    accounts.add("judge", "Сейтқали Б. М.", Role.JUDGE, PASSWORD)
    accounts.add("admin", "Администратор", Role.ADMIN, PASSWORD)
    return accounts


@contextmanager
def serving(app: ASGIApp, *, uds: Path | None = None, sock: socket.socket | None = None) -> Iterator[None]:
    """Serve the app in a thread while the block runs."""
    config = uvicorn.Config(app, uds=str(uds) if uds else None, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock] if sock else None}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def console(folder: Path) -> Iterator[Served]:
    """A console and its recorder while the block runs."""
    fake, accounts, address = FakeRecorder(), make_accounts(folder), folder / "recorder.sock"
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        app = create_app(settings(folder), socket_client(address), accounts=accounts)
        with serving(fake_app(fake), uds=address), serving(app, sock=sock):
            yield Served(f"http://127.0.0.1:{sock.getsockname()[1]}", fake, accounts)
