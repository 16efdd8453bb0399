"""The receipt's last step: to the daemon that journals it, or beside the record when none runs."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from protocol.note import VerifierKey
from protocol.receipt import Receipt
from storage.chunks import Tail
from storage.errors import BadReceipt, Unreachable
from storage.handover import hand_over
from storage.sender import Sender
from storage.uploader import Uploader
from tests.storage.conftest import Court
from tests.storage.servers import DEADLINE_S, wait_for


@contextmanager
def daemon(status: int, seen: list[tuple[str, bytes]]) -> Iterator[Path]:
    """Something that answers on a Unix socket as the recorder daemon would."""

    async def receipt(request: Request) -> Response:
        seen.append((request.path_params["hearing"], await request.body()))
        return JSONResponse({"code": "x", "message": "x", "advice": "x"}, status)

    app = Starlette(routes=[Route("/v1/hearings/{hearing}/receipt", receipt, methods=["POST"])])
    with tempfile.TemporaryDirectory(prefix="hattama-") as folder:  # a socket's path has at most 107 bytes
        path = Path(folder) / "recorder.sock"
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(path))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started)
            yield path
        finally:
            server.should_exit = True
            thread.join(DEADLINE_S)
            sock.close()


@pytest.fixture
def given(served: Court) -> tuple[Court, Tail, bytes]:
    """A record that was sent, and its receipt."""
    record = served.record()
    with served.client() as client:
        sender = Sender(record.folder, client)
        sender.step()
        return served, sender.tail, client.receipt("h1")


def test_the_daemon_gets_the_receipt_and_writes_it_itself(given: tuple[Court, Tail, bytes]) -> None:
    court, tail, text = given
    seen: list[tuple[str, bytes]] = []
    with daemon(200, seen) as path:
        hand_over(tail, text, court.settings.state_dir / "trust", path)
    assert seen == [("h1", text)]
    assert not (tail.folder / "receipt.json").exists()


@pytest.mark.parametrize("status", [404, None])
def test_without_a_daemon_for_it_the_receipt_is_written(given: tuple[Court, Tail, bytes], status: int | None) -> None:
    court, tail, text = given
    if status is None:
        hand_over(tail, text, court.settings.state_dir / "trust", court.root / "none.sock")
    else:
        with daemon(status, []) as path:
            hand_over(tail, text, court.settings.state_dir / "trust", path)
    assert (tail.folder / "receipt.json").read_bytes() == text


def test_a_socket_that_a_dead_daemon_left(given: tuple[Court, Tail, bytes]) -> None:
    court, tail, text = given
    with tempfile.TemporaryDirectory(prefix="hattama-") as folder:
        path = Path(folder) / "recorder.sock"
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(path))
        sock.close()
        hand_over(tail, text, court.settings.state_dir / "trust", path)
    assert (tail.folder / "receipt.json").read_bytes() == text


@pytest.mark.parametrize(
    ("status", "error"), [(400, BadReceipt), (409, BadReceipt), (500, Unreachable), (503, Unreachable)]
)
def test_a_daemon_that_says_no(given: tuple[Court, Tail, bytes], status: int, error: type[Exception]) -> None:
    court, tail, text = given
    with daemon(status, []) as path, pytest.raises(error, match=str(status)):
        hand_over(tail, text, court.settings.state_dir / "trust", path)
    assert not (tail.folder / "receipt.json").exists()


def test_a_false_receipt_never_reaches_the_daemon(given: tuple[Court, Tail, bytes]) -> None:
    court, tail, text = given
    good = Receipt.from_bytes(text)
    stranger = VerifierKey("archive.test", bytes(32))
    false = Receipt(good.hearing, stranger, good.entry, good.index, good.proof, good.checkpoint).to_bytes()
    seen: list[tuple[str, bytes]] = []
    with daemon(200, seen) as path:
        for data in (false, text[:-1], b""):
            with pytest.raises(BadReceipt):
                hand_over(tail, data, court.settings.state_dir / "trust", path)
    assert seen == []


def test_a_receipt_for_an_older_seal_ends_nothing(served: Court) -> None:
    """What came after the certification is not believed received for a receipt that was good before it came."""
    record = served.record(drafted=False)
    upload = Uploader(served.settings, now=True)
    upload.tick()
    old = (record.folder / "receipt.json").read_bytes()
    record.draft()
    with served.client() as client:
        sender = Sender(record.folder, client)
        sender.step()
        with pytest.raises(BadReceipt, match="for seal 1, the newest is 2"):
            hand_over(sender.tail, old, served.settings.state_dir / "trust", served.root / "none.sock")
        newest = hand_over(
            sender.tail, client.receipt("h1"), served.settings.state_dir / "trust", served.root / "none.sock"
        )
    assert newest.seal.number == 2
    assert (record.folder / "receipt.json").read_bytes() == old, "the record keeps the first"
    upload.close()
