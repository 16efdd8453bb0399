"""The console's line to the recorder daemon: HTTP over its Unix socket (docs/architecture.md).

The console keeps nothing of a hearing itself: what it shows comes from here, and when nothing comes it says so.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import structlog

ClientFactory = Callable[[], httpx2.AsyncClient]

#: The daemon answers "start" when bytes of every microphone are on disk, and "stop" when the capture is read back and sealed.
ACTION_TIMEOUT_S = 600.0
READ_TIMEOUT_S = 5.0

log = structlog.get_logger("console")


class DaemonError(Exception):
    """The daemon did not do what it was asked.

    Attributes:
        status: HTTP status for the browser.
        code: stable code; the page's text comes from it.
        advice: what to do, in English, where the page has no text for the code.
        findings: codes of what is wrong, where the daemon names more than one thing; each with its ``role``.
    """

    def __init__(self, status: int, code: str, message: str, advice: str = "", findings: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)
        self.status = status
        self.code = code
        self.advice = advice


class DaemonGone(DaemonError):
    """Nobody answers on the socket."""

    def __init__(self, detail: str) -> None:
        super().__init__(503, "recorder-gone", f"the recorder does not answer: {detail}")


@dataclass(frozen=True)
class Event:
    """One server-sent event: its name and its data as they came."""

    name: str
    data: str


def socket_client(socket: Path) -> ClientFactory:
    """Clients for the daemon at this socket."""

    def make() -> httpx2.AsyncClient:
        transport = httpx2.AsyncHTTPTransport(uds=str(socket))
        return httpx2.AsyncClient(transport=transport, base_url="http://recorder", timeout=READ_TIMEOUT_S)

    return make


class Passed:
    """A file that the daemon gives, piece by piece; closed by whoever asked for it."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer
        self.status = answer.status_code
        self.headers = answer.headers

    def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they come."""
        return self._answer.aiter_raw()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._answer.aclose()


class Daemon:
    """What the console asks of the daemon.

    Args:
        client: an open client; closed by whoever opened it.
    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: str) -> Any:
        """JSON of a GET; raises DaemonError."""
        return _json(await self._send("GET", path, params=query))

    async def measured(self, path: str) -> Any:
        """JSON of a GET that may take as long as an act; raises DaemonError."""
        return _json(await self._send("GET", path, timeout=ACTION_TIMEOUT_S))

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """JSON of a POST, which may take as long as the act itself; raises DaemonError."""
        return _json(await self._send("POST", path, json=dict(body), timeout=ACTION_TIMEOUT_S))

    async def read(self, path: str) -> Any:
        """JSON of a GET for which the recorder reads and checks files, which may take a while; raises DaemonError."""
        return _json(await self._send("GET", path, timeout=ACTION_TIMEOUT_S))

    async def get_bytes(self, path: str) -> bytes:
        """Body of a GET; raises DaemonError."""
        answer = await self._send("GET", path, timeout=ACTION_TIMEOUT_S)
        return answer.content

    async def post_bytes(self, path: str, body: bytes, **query: str) -> Any:
        """JSON of a POST whose body is a file; raises DaemonError."""
        return _json(await self._send("POST", path, content=body, params=query, timeout=ACTION_TIMEOUT_S))

    async def picture(self, source: str) -> bytes:
        """The camera's last picture, JPEG; raises DaemonError."""
        answer = await self._send("GET", f"/v1/sources/{quote(source, safe='')}/picture.jpg")
        return answer.content

    async def open(self, path: str, headers: Mapping[str, str]) -> Passed:
        """A file of a record, to be passed on; raises DaemonError."""
        try:
            # A form of the protocol is made when it is asked for.
            request = self._client.build_request("GET", path, headers=dict(headers), timeout=httpx2.Timeout(READ_TIMEOUT_S, read=ACTION_TIMEOUT_S))
            answer = await self._client.send(request, stream=True)
            if answer.status_code >= 400:
                await answer.aread()
                _refuse(answer)
        except httpx2.HTTPError as error:
            raise DaemonGone(str(error) or type(error).__name__) from error
        return Passed(answer)

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Event]]:
        """The daemon's events for as long as the block runs; raises DaemonError."""
        timeout = httpx2.Timeout(READ_TIMEOUT_S, read=15.0)
        try:
            async with self._client.stream("GET", "/v1/events", timeout=timeout) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    _json(answer)
                yield _events(answer)
        except httpx2.HTTPError as error:
            raise DaemonGone(str(error) or type(error).__name__) from error

    async def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            answer = await self._client.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise DaemonGone(str(error) or type(error).__name__) from error
        if answer.status_code >= 400:
            _refuse(answer)
        return answer


async def _events(answer: httpx2.Response) -> AsyncIterator[Event]:
    name = "message"
    data: list[str] = []
    async for line in answer.aiter_lines():
        if not line:
            if data:
                yield Event(name, "\n".join(data))
            name, data = "message", []
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))


def _json(answer: httpx2.Response) -> Any:
    if answer.status_code >= 400:
        _refuse(answer)
    try:
        return answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DaemonError(502, "recorder-answer", "the recorder gave an answer that cannot be read") from error


def _refuse(answer: httpx2.Response) -> None:
    try:
        body = answer.json()
        code, message, advice = str(body["code"]), str(body["message"]), str(body.get("advice", ""))
        findings = [(str(item["code"]), str(item["role"])) for item in body.get("findings", [])]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        code, message, advice = "recorder-answer", f"the recorder answered with status {answer.status_code}", ""
        findings = []
    log.warning("refused by the recorder", action="recorder_refused", code=code, status=answer.status_code, message=message)
    raise DaemonError(answer.status_code, code, message, advice, findings)
