"""A transparency log as a reader sees it: checkpoint and tiles over HTTP (https://c2sp.org/tlog-tiles). Nothing is believed here."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

import httpx2

from storage.errors import LogSilent
from storage.tiles import LONGEST, WIDTH, BadTile, tiles_of, unbundle

TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_LARGEST = WIDTH * (LONGEST + 2)
_TRIES, _PAUSE_S = 60, 1.0  # the log asks readers in a hurry to wait (429)


class TileReader:
    """One log.

    Args:
        url: its prefix, before ``/checkpoint``.
        sleep: waits for seconds.
        transport: what carries the requests; only tests give one.
    """

    def __init__(
        self, url: str, sleep: Callable[[float], object] = time.sleep, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._sleep = sleep
        verify = ssl.create_default_context() if url.startswith("https:") else True
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + "/", timeout=TIMEOUT, trust_env=False, verify=verify, transport=transport
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def checkpoint(self) -> str | None:
        """The signed note; None where the log says that it is empty.

        Raises:
            LogSilent: no answer.
        """
        data = self._get("checkpoint")
        try:
            return None if data is None else data.decode()
        except UnicodeDecodeError as error:
            raise LogSilent("checkpoint: not a text") from error

    def entries(self, start: int, end: int) -> list[bytes]:
        """Entries ``[start, end)`` of a log that has at least ``end`` of them.

        Raises:
            LogSilent: no answer, or not bundles of entries.
        """
        found: list[bytes] = []
        for tile in tiles_of(None, start, end):
            data = self._get(f"tile/{tile.path}")
            if data is None:
                raise LogSilent(f"tile/{tile.path}: the log does not show it")
            try:
                texts = unbundle(data, tile.width)
            except BadTile as error:
                raise LogSilent(f"tile/{tile.path}: {error}") from error
            found += texts[max(0, start - tile.start) :]
        return found

    def _get(self, path: str) -> bytes | None:
        for _ in range(_TRIES):
            try:
                with self._http.stream("GET", path) as answer:
                    body = bytearray()
                    for piece in answer.iter_bytes():
                        body += piece
                        if len(body) > _LARGEST:
                            raise LogSilent(f"{path}: the answer is too long")
            except httpx2.HTTPError as error:
                raise LogSilent(f"{self._http.base_url}: {error or type(error).__name__}") from error
            if answer.status_code != httpx2.codes.TOO_MANY_REQUESTS:
                break
            self._sleep(_PAUSE_S)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return None
        if answer.status_code != httpx2.codes.OK:
            raise LogSilent(f"{path}: status {answer.status_code}")
        return bytes(body)
