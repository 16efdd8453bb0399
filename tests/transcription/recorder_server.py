"""The part of the recorder daemon's API that the transcriber uses, over a real Unix socket, in a thread of the test."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Desk:
    """What the server was asked; tests change `waiting` and read the rest."""

    waiting: list[str] = field(default_factory=list)
    transcripts: dict[str, bytes] = field(default_factory=dict)
    posted: list[bytes] = field(
        default_factory=list
    )  # every transcript that was sent, also by a process killed right after
    drafts: list[str] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)
    drafted: threading.Event = field(default_factory=threading.Event)
    posting: threading.Event = field(default_factory=threading.Event)
    hold: threading.Event | None = None  # a transcript is answered only when this is set


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    desk: Desk

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of the server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Nothing."""

    def do_GET(self) -> None:
        if self.path == "/v1/hearings?state=finished":
            rows = [{"hearing": name, "state": "finished"} for name in self.server.desk.waiting]
            self._answer(200, {"hearings": rows})
        else:
            self._answer(404, {"code": "not-found", "message": self.path, "advice": ""})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, _, _, hearing, act = urlsplit(self.path).path.split("/")
        desk = self.server.desk
        if act == "progress":
            desk.progress.append(json.loads(body))
            self._answer(200, {})
            return
        if hearing not in desk.waiting:
            self._answer(409, {"code": "wrong-state", "message": hearing, "advice": ""})
        elif act == "transcripts":
            desk.posting.set()
            if desk.hold is not None:
                desk.hold.wait()
            desk.transcripts[hearing] = body
            desk.posted.append(body)
            self._answer(201, {"number": 1})
        else:
            desk.drafts.append(hearing)
            desk.waiting.remove(hearing)
            self._answer(200, {})
            desk.drafted.set()

    def _answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def recorder_server(socket: Path) -> Iterator[Desk]:
    """Serve until the block ends."""
    socket.parent.mkdir(parents=True, exist_ok=True)
    with _Server(str(socket), _Handler) as server:
        server.desk = Desk()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.desk
        finally:
            server.shutdown()
            thread.join()
