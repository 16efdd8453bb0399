"""Seals that the disk refused are tried again while the recorder runs, not only when it starts.

A hearing is finished, its capture is closed, and the manifest or its checkpoint could not be written: whoever stopped it was told. From then
on it is tried every few seconds, in the room's current hearing and in one that gave the room to another, until it is sealed.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from protocol.errors import ProtocolError
from protocol.hearing import State
from recorder.refusals import DiskRefused, Refusal
from recorder.session import Session

if TYPE_CHECKING:
    from recorder.service import Daemon

_log = structlog.get_logger(__name__)


class Sealing:
    """Looks after seals that are missing.

    Args:
        daemon: whose hearings they are.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._retry_s = daemon.limits.seal
        self._left: set[str] = set()
        self._next = 0.0
        self._task: asyncio.Task[None] | None = None

    def leave(self, session: Session) -> None:
        """A hearing gives the room to another: if it is not sealed, remember it."""
        if _unsealed(session):
            self._left.add(session.ledger.view.hearing)

    def look(self, session: Session | None) -> None:
        """Try again, if it is time and nobody else does at this moment."""
        waits = session is not None and not session.moving and _unsealed(session)
        now = time.monotonic()
        if not waits and not self._left:
            self._next = now + self._retry_s  # whoever stops a hearing seals it, or is told
        elif now >= self._next and (self._task is None or self._task.done()):
            self._next = now + self._retry_s
            self._task = asyncio.create_task(self._try(session if waits else None), name="sealing")

    async def close(self) -> None:
        """Let a try that is under way end."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _try(self, session: Session | None) -> None:
        if session is not None:
            await self._seal(session)
        for hearing in sorted(self._left):
            try:
                async with self._daemon.ledger(hearing) as (folder, ledger):
                    daemon = self._daemon
                    found = Session(folder, ledger, daemon.room, daemon.clock, daemon.findings, daemon.limits)
                    if not _unsealed(found) or await self._seal(found):
                        self._left.discard(hearing)
            except (ProtocolError, DiskRefused, OSError) as error:
                _log.warning("still_not_sealed", action="retry", hearing=hearing, error=str(error))

    async def _seal(self, session: Session) -> bool:
        hearing = session.ledger.view.hearing
        try:
            await session.stop("recorder")
        except (Refusal, ProtocolError, OSError) as error:
            _log.warning("still_not_sealed", action="retry", hearing=hearing, error=str(error))
            return False
        _log.warning("sealed_at_last", action="go_on", hearing=hearing)
        return True


def _unsealed(session: Session) -> bool:
    return session.state is State.FINISHED and not (session.ledger.view.manifests and session.ledger.covered)
