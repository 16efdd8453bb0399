"""One connection to a camera: asked what it gives, set up, played, kept alive and torn down (RFC 2326, section 10)."""

from __future__ import annotations

import re
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import unquote, urljoin, urlsplit

from recorder.errors import NotUnderstood, SourceFormat, SourceRefused, SourceUnavailable
from recorder.sources.opening import OPEN_TIMEOUT_S, READ_TIMEOUT_S
from recorder.sources.rtsp.messages import Message, message_at, refusal, request
from recorder.sources.rtsp.rtcp import receiver_report
from recorder.sources.rtsp.sdp import Pictures, pictures_of
from recorder.sources.rtsp.sign_in import SignIn, challenge

PORT = 554
#: What a camera may send before its answer to PLAY: pictures, which are kept.
MOST_EARLY = 1 << 22
_READ = 1 << 16
_REDIRECTS = 3
_LIFE_S = 60  # of a session, where the camera does not say (RFC 2326, 12.37)
_LEAST_LIFE_S = 2
_REPORT_S = 5.0
_UNAUTHORIZED, _FORBIDDEN, _TRANSPORT = 401, 403, 461


class Session:
    """A camera that is asked for its pictures.

    Args:
        url: its address, with name and password if it has them.

    Attributes:
        pictures: what it gives.
        channels: of the frames with RTP and with RTCP.
        waiting: what came after the answer to PLAY.
    """

    pictures: Pictures

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or PORT
        login = parts.username is not None
        self._sign_in = SignIn(unquote(parts.username or ""), unquote(parts.password or "")) if login else None
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        self._base = self._url
        self._socket: socket.socket | None = None
        self._sending = threading.Lock()
        self._deadline = time.monotonic() + OPEN_TIMEOUT_S
        self._sequence = 0
        self._session = self._all_url = ""
        self._life_s = float(_LIFE_S)
        self._alive = "OPTIONS"
        self._again = False
        self._alive_at = self._reported_at = 0.0
        self._own = secrets.randbits(32)
        self.channels = 0, 1
        self.waiting = bytearray()

    def open(self) -> None:
        """Connect, and have the pictures sent.

        Raises:
            NotUnderstood: FFmpeg may read it.
            SourceFormat, SourceRefused, SourceUnavailable: it gives no pictures.
            OSError: the network.
        """
        self._connect()
        if "GET_PARAMETER" in self._ask("OPTIONS", self._url, needed=False).get("public").upper():
            self._alive = "GET_PARAMETER"
        self.pictures = pictures_of(self._describe())
        answer = self._ask(
            "SETUP", self._under_base(self.pictures.control), {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        )
        self._set_up(answer)
        self._all_url = self._under_base(self.pictures.all_control)
        self._ask("PLAY", self._all_url, {"Range": "npt=0.000-"})
        self._alive_at = time.monotonic() + self._life_s / 2

    def play(self) -> Callable[[memoryview], int]:
        """From now on reads wait for the camera in one system call, :data:`READ_TIMEOUT_S` at most.

        Returns:
            ``recv_into`` of the connection; it raises ``BlockingIOError`` when nothing came.
        """
        connection = self._connection()
        limit = struct.pack("ll", int(READ_TIMEOUT_S), int(READ_TIMEOUT_S % 1 * 1e6))
        connection.setblocking(True)  # takes no keyword
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        return connection.recv_into

    def keep_alive(self, now: float) -> None:
        """Tell the camera that somebody is there, when it is time; ``now`` is ``time.monotonic()``.

        Called when something came: it needs no waking of its own.
        """
        if now >= self._alive_at:
            self._alive_at = now + self._life_s / 2
            self._again = True
            self._send(self._alive, self._all_url, {})

    def heard(self, message: Message) -> None:
        """A message while it plays: an answer to :meth:`keep_alive`, or a request of the camera's."""
        if not message.status:
            self._send_bytes(refusal(message))
        elif message.status == _UNAUTHORIZED and self._sign_in is not None:
            asked = challenge(message.all("www-authenticate"))
            if asked is not None:  # a new nonce, which not every camera calls so
                self._sign_in.ask(asked)
            if asked is not None and self._again:  # once, and in half a life when that fails too
                self._again = False
                self._send(self._alive, self._all_url, {})

    def report(self, now: float, source: int, highest: int, missing: int, middle: int) -> None:
        """Answer a sender's report, every :data:`_REPORT_S` seconds at most: to some cameras it is the sign of life."""
        if now - self._reported_at >= _REPORT_S:
            self._reported_at = now
            packet = receiver_report(self._own, source, highest, missing, middle)
            self._send_bytes(struct.pack(">cBH", b"$", self.channels[1], len(packet)) + packet)

    def close(self) -> None:
        """Tell the camera that nobody reads any more, and end the connection; from any thread, more than once."""
        connection, self._socket = self._socket, None
        if connection is None:
            return
        with suppress(OSError, NotUnderstood):
            if self._session:
                connection.settimeout(0.2)
                connection.sendall(self._made("TEARDOWN", self._all_url, {}))
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
        connection.close()

    def _connect(self) -> None:
        if not self._host:
            raise NotUnderstood("an address without a host")
        self._socket = socket.create_connection((self._host, self._port), self._left())
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connection(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionAbortedError("closed")
        return self._socket

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise SourceUnavailable(f"did not answer within {OPEN_TIMEOUT_S:g} s")
        return min(left, READ_TIMEOUT_S)

    def _describe(self) -> bytes:
        for _ in range(_REDIRECTS + 1):
            answer = self._ask("DESCRIBE", self._url, {"Accept": "application/sdp"})
            if not 300 <= answer.status < 400:
                break
            self._follow(answer.get("location"))
        else:
            raise SourceUnavailable("sends us from one address to the next")
        self._base = answer.get("content-base") or answer.get("content-location") or self._url
        if "://" not in self._base:
            self._base = urljoin(self._url.replace("rtsp:", "http:", 1), self._base).replace("http:", "rtsp:", 1)
        return answer.body

    def _follow(self, location: str) -> None:
        """Go to another address of the same machine: no camera may have this one look at others of the court's network."""
        try:
            parts = urlsplit(location)
            port = parts.port or PORT
        except ValueError:
            raise SourceUnavailable("sends us to an address that cannot be read") from None
        if parts.scheme != "rtsp" or parts.hostname != self._host:
            raise SourceUnavailable("sends us to another machine; set that address if it is right")
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
        if port != self._port:
            self.close()
            self.waiting.clear()
            self._port = port
            self._connect()

    def _under_base(self, control: str) -> str:
        if "://" in control or not control:
            return control or self._base
        return f"{self._base.rstrip('/')}/{control.lstrip('/')}"

    def _set_up(self, answer: Message) -> None:
        session, *more = (part.strip() for part in answer.get("session").split(";"))
        self._session = session
        for part in more:
            if found := re.fullmatch(r"timeout\s*=\s*(\d{1,5})", part, re.ASCII | re.IGNORECASE):
                self._life_s = max(_LEAST_LIFE_S, float(found[1]))
        transport = answer.get("transport")
        if transport and "TCP" not in transport.upper():
            raise NotUnderstood("a camera that does not send by the connection it was asked by")
        if found := re.search(r"interleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?", transport, re.ASCII):
            first, second = int(found[1]), int(found[2] or int(found[1]) + 1)
            if first > 255 or second > 255 or first == second:
                raise NotUnderstood("channels that there are not")
            self.channels = first, second

    def _ask(self, method: str, url: str, headers: dict[str, str] | None = None, *, needed: bool = True) -> Message:
        """Send a request and wait for its answer, after signing in where the camera asks for that."""
        tries = 0
        while True:
            self._send(method, url, headers or {})
            answer = self._answer()
            if answer.status != _UNAUTHORIZED:
                break
            asked = challenge(answer.all("www-authenticate"))
            if asked is None and self._sign_in is not None:
                raise NotUnderstood("a way of signing in that is not known")
            tries += 1
            if self._sign_in is None or asked is None or tries > 2 or (tries > 1 and not asked.stale):
                raise SourceRefused(answer.told)
            self._sign_in.ask(asked)
        if answer.status == _FORBIDDEN:
            raise SourceRefused(answer.told)
        if answer.status == _TRANSPORT:
            raise NotUnderstood(answer.told)
        if needed and answer.status >= (400 if method == "DESCRIBE" else 300):
            raise SourceUnavailable(f"{method}: {answer.told}")
        return answer

    def _answer(self) -> Message:
        """The answer to the last request. Frames before it stay in :attr:`waiting`."""
        waiting, at = self.waiting, 0
        connection = self._connection()
        while True:
            while len(waiting) - at >= 4 and waiting[at] == 0x24:  # $
                after = at + 4 + int.from_bytes(waiting[at + 2 : at + 4])
                if after > len(waiting):
                    break
                at = after
            found = message_at(waiting, at, len(waiting)) if at < len(waiting) and waiting[at] != 0x24 else None
            if found is not None:
                message, after = found
                del waiting[at:after]
                if not message.status:
                    self._send_bytes(refusal(message))
                elif message.status >= 200 and not self._earlier(message.get("cseq")):
                    return message
                continue
            if len(waiting) > MOST_EARLY:
                raise SourceFormat(f"more than {MOST_EARLY >> 20} MiB before its answer")
            connection.settimeout(self._left())
            if not (data := connection.recv(_READ)):
                raise SourceUnavailable("ended the connection")
            waiting += data

    def _earlier(self, sequence: str) -> bool:
        """Whether an answer is to a request before the last one; some cameras count in their own way."""
        return sequence.isascii() and sequence.isdecimal() and len(sequence) < 10 and 0 < int(sequence) < self._sequence

    def _send(self, method: str, url: str, headers: dict[str, str]) -> None:
        self._send_bytes(self._made(method, url, headers))

    def _made(self, method: str, url: str, headers: dict[str, str]) -> bytes:
        self._sequence += 1
        session = {"Session": self._session} if self._session else {}
        signed = self._sign_in.header(method, url) if self._sign_in else {}
        return request(method, url, self._sequence, {**headers, **session, **signed})

    def _send_bytes(self, data: bytes) -> None:
        with self._sending:
            self._connection().sendall(data)
