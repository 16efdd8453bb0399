"""A proxy on loopback between a box and its archive, which does to requests what networks and servers do to them.

It takes a request whole, then decides by its :class:`Plan`. What it lets through it lets through byte for byte. A thread for each
connection; all are ended with the proxy.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PATIENCE_S = 20.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_DIGEST = re.compile(rb"\r\n(?:repr|content)-digest: *sha-256=:([^:\r]+):", re.IGNORECASE)
_PATH = re.compile(rb"^[A-Z]+ [^ ]*/records/[^/ ]+/files/([^ ]+) ")


@dataclass
class Request:
    """One request: its bytes, and where its body begins."""

    raw: bytes
    body_at: int

    @property
    def method(self) -> str:
        return self.raw.split(b" ", 1)[0].decode()

    @property
    def path(self) -> str:
        """Of the file in the record; empty where it is about no file."""
        found = _PATH.match(self.raw)
        return found[1].decode() if found else ""

    @property
    def digest(self) -> str:
        """The digest that it announces."""
        found = _DIGEST.search(self.raw[: self.body_at])
        return found[1].decode() if found else ""


@dataclass
class Deed:
    """What is done to one request.

    Attributes:
        up: so many bytes of it go on, then the way to the archive is cut; None: all.
        down: so many bytes of the answer come back, then the way to the box is cut; None: all.
        change: what becomes of the request before it goes on.
        answer: what the box is told instead of what the archive said.
        unasked: the archive is not asked at all.
        stall_s: nothing comes back for so long.
        reset: cut by RST and not by FIN.
    """

    up: int | None = None
    down: int | None = None
    change: Callable[[Request], bytes] | None = None
    answer: bytes | None = None
    unasked: bool = False
    stall_s: float = 0.0
    reset: bool = False


Plan = Callable[[Request], Deed | None]


def flipped(request: Request) -> bytes:
    """One bit of the body turned over on the way."""
    raw = bytearray(request.raw)
    if len(raw) > request.body_at:
        raw[(request.body_at + len(raw)) // 2] ^= 1
    return bytes(raw)


def says(status: int, value: object) -> bytes:
    """An answer of one's own."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def yes(request: Request) -> bytes:
    """The archive's own words for: it is stored."""
    return says(201, {"path": request.path, "new": True, "sha256": request.digest})


@dataclass
class Cut:
    """Cuts the session after so many bytes in one direction, whatever they belong to."""

    after: int
    upwards: bool
    reset: bool = False
    seen: int = 0
    done: bool = False

    def __call__(self, request: Request) -> Deed | None:
        if self.done:
            return None
        if not self.upwards:
            return Deed(down=self.after - self.seen, reset=self.reset)
        start, self.seen = self.seen, self.seen + len(request.raw)
        if self.seen < self.after:
            return None
        self.done = True
        return Deed(up=self.after - start, reset=self.reset)


@dataclass
class Proxy:
    """The proxy.

    Attributes:
        upstream: port of the archive.
        plan: decides what is done to a request; None: nothing.
        up, down: bytes that went through.
    """

    upstream: int
    plan: Plan | None = None
    up: int = 0
    down: int = 0
    url: str = ""
    open: set[socket.socket] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def serve(self, client: socket.socket) -> None:
        """Requests of one connection, until one is cut."""
        self.open.add(client)
        try:
            client.settimeout(PATIENCE_S)
            while (request := _request(client)) is not None:
                if not self._pass(client, request, (self.plan(request) if self.plan else None) or Deed()):
                    return
        except OSError:
            pass
        finally:
            client.close()
            self.open.discard(client)

    def _pass(self, client: socket.socket, request: Request, deed: Deed) -> bool:
        """Do it; False when the connection is over."""
        raw = deed.change(request) if deed.change else request.raw
        self.up += len(raw)
        answer = b"" if deed.unasked else self._ask(raw if deed.up is None else raw[: deed.up], deed)
        if deed.stall_s:
            self.stop.wait(deed.stall_s)
        if deed.answer is not None:
            answer = deed.answer
        if deed.up is not None and deed.answer is None:
            return self._end(client, deed)
        if deed.down is not None:
            cut, plan = deed.down < len(answer), self.plan
            if isinstance(plan, Cut):
                plan.seen += len(answer)
                plan.done = cut
            if cut:
                client.sendall(answer[: max(0, deed.down)])
                return self._end(client, deed)
        client.sendall(answer)
        self.down += len(answer)
        return bool(answer)

    def _ask(self, raw: bytes, deed: Deed) -> bytes:
        with socket.create_connection(("127.0.0.1", self.upstream), PATIENCE_S) as archive:
            if deed.up is not None:
                archive.sendall(raw)
                self._end(archive, deed)
                return b""
            archive.sendall(raw.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            parts = []
            while part := archive.recv(1 << 16):
                parts.append(part)
        return b"".join(parts).replace(b"connection: close\r\n", b"", 1)

    def _end(self, end: socket.socket, deed: Deed) -> bool:
        if deed.reset:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
        return False


def _request(client: socket.socket) -> Request | None:
    raw = b""
    while (at := raw.find(b"\r\n\r\n")) < 0:
        if not (part := client.recv(1 << 16)):
            return None
        raw += part
    length = _LENGTH.search(raw[: at + 2])
    whole = at + 4 + (int(length[1]) if length else 0)
    while len(raw) < whole:
        if not (part := client.recv(1 << 16)):
            return None
        raw += part
    return Request(raw, at + 4)


@contextmanager
def lying_proxy(archive_url: str) -> Iterator[Proxy]:
    """Run the proxy in front of an archive on loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(int(archive_url.rpartition(":")[2]))
    proxy.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for client in list(proxy.open):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_S)
