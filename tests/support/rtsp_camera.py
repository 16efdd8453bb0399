"""A camera by RTSP whose every answer a test may change: pictures of a clip by the connection, in a thread of this process."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.rtsp_source import Clip
from tests.support import hostile

FRAME = 3600
MIDDLE = 0x83AA_7E80  # of NTP's seconds: 1 January 1970


@dataclass
class Asked:
    """One request."""

    method: str
    url: str
    headers: dict[str, str]


Answer = Callable[[Asked], tuple[str, list[str], str] | None]


@dataclass
class Camera:
    """What the camera does.

    Attributes:
        answer: gives status, headers and body instead of the usual ones; None for the usual ones.
        between: bytes that are sent between pictures, by the number of the picture after them.
        reports: whether sender reports come, one a second.
        marks: whether the last packet of a picture says that it is.
        new_sender_at: from this picture on, another sender's number counts time and packets from elsewhere.
        password: of the user ``court``, asked for by Digest with this hash; the nonce is stale after ``nonces`` requests.
        asked: every request.
    """

    clip: Clip
    answer: Answer = lambda _asked: None
    between: dict[int, bytes] = field(default_factory=dict)
    reports: bool = False
    password: str = ""
    hash: str = "MD5"
    nonces: int = 1000
    pictures: int = 50
    marks: bool = True
    new_sender_at: int = 1 << 30
    asked: list[Asked] = field(default_factory=list)
    heard: bytes = b""
    port: int = 0
    _used: int = 0

    def url(self, login: str = "") -> str:
        """Its address."""
        return f"rtsp://{login}127.0.0.1:{self.port}/live/one"

    def serve(self, connection: socket.socket) -> None:
        """Answer who comes, and play."""
        waiting = b""
        while data := connection.recv(4096):
            waiting += data
            while found := re.match(rb"([A-Z_]+) (\S+) RTSP/1.0\r\n(.*?)\r\n\r\n", waiting, re.DOTALL):
                waiting = waiting[found.end() :]
                lines = (line.partition(": ") for line in found[3].decode().split("\r\n"))
                asked = Asked(found[1].decode(), found[2].decode(), {name: value for name, _, value in lines})
                self.asked.append(asked)
                status, headers, body = self._refused(asked) or self.answer(asked) or self._usual(asked)
                head = [
                    f"RTSP/1.0 {status}",
                    f"CSeq: {asked.headers['CSeq']}",
                    *headers,
                    f"Content-Length: {len(body)}",
                ]
                connection.sendall(("\r\n".join(head) + "\r\n\r\n" + body).encode())
                if asked.method == "PLAY" and status.startswith("200"):
                    self._play(connection)
                    return

    def _usual(self, asked: Asked) -> tuple[str, list[str], str]:
        if asked.method == "OPTIONS":
            return "200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER"], ""
        if asked.method == "DESCRIBE":
            return "200 OK", [f"Content-Base: {asked.url}/"], self.clip.sdp()
        if asked.method == "SETUP":
            return "200 OK", ["Session: 77;timeout=10", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1"], ""
        return "200 OK", ["Session: 77"], ""

    def _refused(self, asked: Asked) -> tuple[str, list[str], str] | None:
        if not self.password:
            return None
        self._used += 1
        nonce = f"n{self._used // self.nonces}"
        given = dict(re.findall(r'(\w+)="?([^",]*)', asked.headers.get("Authorization", "")))

        def digest(text: str) -> str:
            return hashlib.new(self.hash.replace("-", "").lower(), text.encode()).hexdigest()

        secret, action = digest(f"court:cam:{self.password}"), digest(f"{asked.method}:{asked.url}")
        middle = f"{given.get('nonce')}:{given.get('nc')}:{given.get('cnonce')}:auth"
        right = given.get("response") == digest(f"{secret}:{middle}:{action}") and given.get("uri") == asked.url
        if right and given["nonce"] == nonce:
            return None
        stale = ", stale=true" if right else ""
        challenge = f'Digest realm="cam", nonce="{nonce}", qop="auth", algorithm={self.hash}{stale}'
        return "401 Unauthorized", [f"WWW-Authenticate: {challenge}", 'WWW-Authenticate: Basic realm="cam"'], ""

    def _play(self, connection: socket.socket) -> None:
        """Send pictures at their pace, and hear what is answered meanwhile."""
        begun, sequence = time.monotonic(), 0
        for number in range(self.pictures):
            time.sleep(max(0.0, begun + number / 25 - time.monotonic()))
            payloads, _ = self.clip.pictures[number % len(self.clip.pictures)]
            data = self.between.get(number, b"")
            if self.reports and number % 25 == 0:
                now = time.time()
                ntp = int(now) + MIDDLE, int(now % 1 * 2**32)
                data += struct.pack(">cBHBBHIIIIII", b"$", 1, 28, 0x80, 200, 6, 7, *ntp, number * FRAME, 0, 0)
            for at, payload in enumerate(payloads, 1):
                marker = 0x80 if self.marks and at == len(payloads) else 0
                new = number >= self.new_sender_at
                stamp = number * FRAME + 900_000_000 * new
                head = struct.pack(">BBHII", 0x80, marker | 96, sequence + 9_000 * new & 0xFFFF, stamp, 8 if new else 7)
                data += struct.pack(">cBH", b"$", 0, 12 + len(payload)) + head + payload
                sequence += 1
            self._hear(connection)
            connection.settimeout(10)
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        self._hear(connection, 1.0)

    def _hear(self, connection: socket.socket, seconds: float = 0.001) -> None:
        """Take what was said, which may be the last before the client went."""
        connection.settimeout(seconds)
        with suppress(TimeoutError, ConnectionResetError):
            self.heard += connection.recv(65_536)


@contextmanager
def camera(clip: Path, **what: object) -> Iterator[Camera]:
    """A camera that plays ``clip`` (MP4 with H.264); see :class:`Camera` for what may be changed."""
    made = Camera(Clip(clip), **what)  # type: ignore[arg-type]
    with hostile.server(made.serve) as made.port:
        yield made


def basic(user: str, password: str) -> str:
    """Value of ``Authorization``."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
