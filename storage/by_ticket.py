"""The files of one record that go straight from the box to the store (:mod:`storage.tickets`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from storage.bodies import Between
from storage.client import ArchiveClient
from storage.errors import Diverged, Refused
from storage.tickets import FOLDER, FRESH_S, Announced, Ticket

BATCH = 32  # files for which tickets are asked at once
TELL_S = 2.0  # seconds after which the archive is told of what was put, if no batch ends before


class ByTicket:
    """Asks for tickets, uses them, and has the archive look at what came.

    Args:
        client: the archive.
        clock: monotonic seconds.
    """

    def __init__(self, client: ArchiveClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._tickets: dict[str, tuple[float, Ticket]] = {}  # with the time when they were asked for
        self._put: dict[str, Announced] = {}
        self._lost: set[str] = set()  # put, and not found by the archive: they go through it
        self._asked_at = float("-inf")

    def reset(self) -> None:
        """Forget what was put and not told: the archive is asked what it holds."""
        with self._lock:
            self._tickets, self._put, self._lost = {}, {}, set()

    @property
    def is_due(self) -> bool:
        """Whether it is time to tell the archive."""
        return bool(self._put) and self._clock() - self._asked_at >= TELL_S

    def ask(self, hearing: str, files: Mapping[str, Announced]) -> list[str]:
        """Tell the archive what was put since the last time, and ask tickets for files; those in no question are left out.

        Returns:
            Paths of files that were put and that the archive has found.

        Raises:
            Unreachable: as :class:`ArchiveClient` says.
        """
        with self._lock:
            put, self._put = self._put, {}
        wanted = {path: item for path, item in files.items() if path.startswith(FOLDER) and self._needs(path)}
        if not self._client.gives_tickets or not self._client.store.is_open:
            wanted = {}
        now = self._asked_at = self._clock()
        if not put and not wanted:
            return []
        try:
            found, tickets = self._client.tickets(hearing, put, wanted)
        except (Refused, Diverged):  # the archive says why where it is sent the file itself
            found, tickets = [], {}
        if found:
            self._client.store.arrived()
        for path in put.keys() - set(found):
            self._lost.add(path)
            self._client.store.fault(f"{path}: the archive does not find it in the store")
        with self._lock:
            self._tickets |= {path: (now, ticket) for path, ticket in tickets.items()}
        return found

    def send(self, path: str, announced: Announced, file: Path, between: Between) -> bool:
        """Put a file; False where it must go through the archive."""
        with self._lock:
            at, ticket = self._tickets.pop(path, (0.0, None))
        if ticket is None or self._clock() - at > FRESH_S:
            return False
        if not self._client.store.put(ticket, file, announced.size, between):
            return False
        with self._lock:
            self._put[path] = announced
        return True

    def _needs(self, path: str) -> bool:
        """Whether there is no ticket that is good for as long as the next files may take."""
        return (
            path not in self._lost and self._clock() - self._tickets.get(path, (float("-inf"), None))[0] > FRESH_S / 2
        )
