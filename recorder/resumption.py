"""What a recorder does when it starts: first the hearing that was being recorded, then everything else that a crash left.

A room in which a hearing is going on waits for nobody. So the devices are opened before a journal is read, only the hearing that goes on is
brought in order before it records again, and the others, seals that are missing and signatures that are missing follow while it
records. Where nothing was being recorded all of it is done before the recorder says that it is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from protocol.errors import ProtocolError
from protocol.hearing import State
from recorder.glance import Glance
from recorder.refusals import DiskRefused
from recorder.session import Session

if TYPE_CHECKING:
    from recorder.service import Daemon

_log = structlog.get_logger(__name__)
_RUNNING = (State.RECORDING, State.FAULTY)


class Resumption:
    """Goes on with what was interrupted.

    Args:
        daemon: whose hearings they are; its room must be there.
        found: all hearings on the box.
    """

    def __init__(self, daemon: Daemon, found: Sequence[Glance]) -> None:
        self._daemon = daemon
        self._open = _in_order(found)
        self._ended = [item for item in found if not item.state.is_open]
        self._leaving = False
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """The current hearing goes on: the one that was being recorded, else the newest that is open."""
        running = bool(self._open) and self._open[-1].state in _RUNNING
        if running:
            self._daemon.room.open()
        while self._open and self._daemon.session is None:
            await self._current(self._open.pop())
        if running and self._daemon.session is not None:
            self._task = asyncio.create_task(self._rest(), name="resumption")
            return
        if running and self._daemon.session is None:
            await self._daemon.room.close()
        await self._rest()

    async def close(self) -> None:
        """Leave the rest to the next start, when what is under way is done."""
        self._leaving = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _current(self, item: Glance) -> None:
        try:
            await self._daemon.adopt(await self._daemon.recover(item.hearing))
        except (ProtocolError, DiskRefused, OSError) as error:
            _log.error("not_recovered", action="leave_as_it_is", hearing=item.hearing, error=str(error))

    async def _rest(self) -> None:
        """Bring the others in order, one after the other."""
        for item in [*self._open, *self._ended]:
            if self._leaving:
                return
            try:
                if item.state.is_open:
                    await self._daemon.tidy_up(item.hearing)
                elif item.state is State.FINISHED and not item.sealed:
                    await self._seal(item.hearing)
                elif self._daemon.store.signed(item.hearing) < item.lines:
                    await self._sign(item.hearing)
            except (ProtocolError, DiskRefused, OSError) as error:
                _log.error("not_brought_in_order", action="leave_as_it_is", hearing=item.hearing, error=str(error))

    async def _seal(self, hearing: str) -> None:
        """Seal a hearing that was finished when the power went."""
        daemon = self._daemon
        async with daemon.ledger(hearing) as (folder, ledger):
            session = Session(folder, ledger, daemon.room, daemon.clock, daemon.findings, daemon.limits)
            await session.stop("recorder")

    async def _sign(self, hearing: str) -> None:
        """Sign the last lines of a hearing, if the power went before their checkpoint: it may be the seal."""
        async with self._daemon.ledger(hearing) as (_, ledger):
            await ledger.post(checkpoint=True)


def next_of(found: Sequence[Glance]) -> Glance | None:
    """The hearing that gets the room at a start, if it can be brought in order."""
    return next(reversed(_in_order(found)), None)


def _in_order(found: Sequence[Glance]) -> list[Glance]:
    """Open hearings; the one that gets the room comes last."""
    return sorted((item for item in found if item.state.is_open), key=_rank)


def _rank(item: Glance) -> tuple[bool, str]:
    return item.state in _RUNNING, item.since
