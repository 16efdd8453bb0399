"""The bucket as the box sees it: an address where a ticket (:mod:`storage.tickets`) lets one body in.

What it answers is not believed: it only decides whether the archive is asked to look, or gets the body itself. So no fault here
is an error; after some in a row nothing is tried for a while, for a court's network may not reach the bucket at all.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import structlog

from storage.bodies import Between, pieces
from storage.tickets import Ticket

log = structlog.get_logger("storage.uploader")

MOST_FAULTS = 3  # in a row
SHUT_S = 600.0  # seconds for which nothing is tried then


class StoreClient:
    """Puts bodies by ticket.

    Args:
        patience_s: seconds without a byte after which a request is given up.
        secure: only https addresses count, because the archive's own is one.
        clock: monotonic seconds.
    """

    def __init__(self, patience_s: float, *, secure: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._begins = ("https://",) if secure else ("https://", "http://")
        self._clock = clock
        self._lock = threading.Lock()
        self._faults, self._shut_until = 0, float("-inf")
        self._patience_s = patience_s
        self._made: httpx2.Client | None = None

    def close(self) -> None:
        """Close the connections."""
        if self._made is not None:
            self._made.close()

    @property
    def is_open(self) -> bool:
        """Whether it is worth trying."""
        return self._clock() >= self._shut_until

    def put(self, ticket: Ticket, file: Path, size: int, between: Between | None = None) -> bool:
        """Send a file by its ticket; whether the bucket said yes. Raises :class:`OSError` where the file cannot be read."""
        if not self.is_open or not ticket.url.startswith(self._begins):
            return False
        try:
            with self._http().stream(
                "PUT", ticket.url, headers=dict(ticket.headers), content=pieces(file, 0, size, between)
            ) as answer:
                said = next(answer.iter_bytes(300), b"").decode(errors="replace")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self.fault(f"{error or type(error).__name__}")
            return False
        if not answer.is_success:
            self.fault(f"{answer.status_code} {said}")
        return answer.is_success

    def arrived(self) -> None:
        """The archive has found what was put: the faults before count no more."""
        with self._lock:
            self._faults = 0

    def fault(self, what: str) -> None:
        """Count one."""
        with self._lock:
            self._faults += 1
            shut = self._faults >= MOST_FAULTS
            if shut:
                self._faults, self._shut_until = 0, self._clock() + SHUT_S
        log.warning(
            "a file goes through the archive", action="ticket_failed", what=what[:300], shut_s=SHUT_S if shut else 0
        )

    def _http(self) -> httpx2.Client:
        with self._lock:
            if self._made is None:
                self._made = httpx2.Client(
                    timeout=httpx2.Timeout(self._patience_s, connect=min(10.0, self._patience_s)),
                    trust_env=False, verify=ssl.create_default_context(),
                )  # fmt: skip
            return self._made
