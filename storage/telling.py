"""How far a record is on its way to the archive, told to the recorder daemon for the pages (``POST /v1/hearings/{id}/sending``).

::

    uploader ── left, lag, silence ──► Teller ──► Unix socket ──► daemon (in memory) ──► console

Nothing depends on it: it is told at most every few seconds, waits no longer than half a second, and is left alone for half a
minute when nobody listens or takes it. It raises nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx2
import structlog

log = structlog.get_logger("storage.uploader")

#: A daemon that is there answers in milliseconds; one that hangs must not cost the upload more than this, s.
PATIENCE_S: Final = 0.5
#: For so long nobody is told anything after that, s.
PAUSE_S: Final = 30.0
#: How often a record is told of: one of a hearing that runs, and any other, s. The daemon forgets after 90 s (recorder.sending).
EVERY_S: Final = (2.0, 15.0)


@dataclass(frozen=True)
class Told:
    """What is told of one record.

    Attributes:
        left_bytes: that have not been sent.
        lag_s: how long ago the capture of the oldest segment that has not been sent ended; 0 where there is none.
        kept: files that cannot be sent as they are (missing, altered, not encrypted).
        silent_since_us: when the archive stopped answering, UTC µs; None while it answers.
        refused: the archive says no to this record.
    """

    left_bytes: int
    lag_s: int
    kept: int
    silent_since_us: int | None
    refused: bool


class Teller:
    """Tells the daemon.

    Args:
        path: its Unix socket.
        clock: monotonic seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._not_before = float("-inf")
        self._told: dict[str, tuple[float, Told]] = {}

    def is_due(self, hearing: str, *, running: bool) -> bool:
        """Whether it is time to tell of a record again."""
        if not hearing or self._clock() < self._not_before:
            return False
        known = self._told.get(hearing)
        return known is None or self._clock() - known[0] >= EVERY_S[0 if running else 1]

    def tell(self, hearing: str, told: Told) -> bool:
        """Tell it; whether somebody took it."""
        self._told[hearing] = (self._clock(), told)
        taken = self._post(hearing, told)
        if not taken:
            self._not_before = self._clock() + PAUSE_S
        return taken

    def forget(self, hearing: str) -> None:
        """Nothing more is told of a record."""
        self._told.pop(hearing, None)

    def _post(self, hearing: str, told: Told) -> bool:
        if not self._listens():
            return False
        url = f"http://recorder/v1/hearings/{quote(hearing, safe='')}/sending"
        try:
            with httpx2.Client(
                transport=httpx2.HTTPTransport(uds=str(self._path)), timeout=PATIENCE_S, trust_env=False
            ) as client:
                answer = client.post(url, json=asdict(told))
        except httpx2.HTTPError as error:
            log.warning("progress not told", action="progress_untold", hearing=hearing, error=str(error))
            return False
        return answer.is_success or answer.status_code == httpx2.codes.NOT_FOUND  # a record of another box's

    def _listens(self) -> bool:
        """Asked by hand, because httpx2 leaves its socket open when nobody does."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(PATIENCE_S)
            try:
                probe.connect(str(self._path))
            except OSError:
                return False
        return True
