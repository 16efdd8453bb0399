"""Keys of closed takes are forgotten when the hearing is certified: from then on only the archive and the escrow open them.

Keys of remarks on a closed part, which come later, are forgotten when the remarks were reviewed (recorder.closed_remarks).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from protocol.errors import ProtocolError
from protocol.hearing import State
from recorder.closed_remarks import pending_keys
from recorder.refusals import DiskRefused, IllegalAction, NoHearing, Refusal
from recorder.removal import LOG, was_removed

if TYPE_CHECKING:
    from recorder.service import Daemon

_log = structlog.get_logger(__name__)
EVERY_S = 5
_OVER = (State.CERTIFIED, State.ARCHIVED)


class Forgetting:
    """Sees to it that keys are forgotten, also where the power went between the certification and this.

    Args:
        daemon: whose keys they are.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._task: asyncio.Task[None] | None = None

    async def forget(self, hearing: str) -> int:
        """Forget the keys of a certified hearing, and what was read with them.

        Returns:
            How many there were; 0 when it was done before.

        Raises:
            NoHearing: there is none of that name.
            IllegalAction: it is not certified yet: its transcripts could not be made or corrected any more.
            DiskRefused: the disk refused; it is tried again.
        """
        view = self._daemon.view(hearing)
        if view.state not in _OVER:
            raise IllegalAction(f"hearing {hearing} is {view.state}: its keys are forgotten when it is certified")
        async with self._daemon._writing[hearing]:  # noqa: SLF001 - a key that was made a moment ago is not named by any file yet
            keep = await asyncio.to_thread(pending_keys, self._daemon.store.path(hearing), self._daemon.view(hearing))
            count = await asyncio.to_thread(self._daemon.vault.forget, hearing, keep)
        if keep and not count:
            return 0
        self._daemon.store.forget(hearing)
        session = self._daemon.session
        if session is not None and session.ledger.view.hearing == hearing:
            await session.ledger.read_again()
        return count

    def look(self, second: int) -> None:
        """Now and then."""
        if second % EVERY_S == 0 and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._look(), name="forgetting")

    async def close(self) -> None:
        """Let a turn end that is under way."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        for hearing in await asyncio.to_thread(self._daemon.vault.hearings):
            try:
                if self._daemon.view(hearing).state in _OVER:
                    await self.forget(hearing)
            except NoHearing:
                await self._forget_removed(hearing)
            except (Refusal, ProtocolError, OSError) as error:
                _log.error("closed_keys_not_forgotten", action="retry", hearing=hearing, error=str(error))

    async def _forget_removed(self, hearing: str) -> None:
        """Keys of remarks that nobody reviewed, of a record whose removal was cut off before they went with it."""
        daemon = self._daemon
        try:
            async with daemon._writing[hearing]:  # noqa: SLF001 - whoever removes it is not at it
                if await asyncio.to_thread(was_removed, daemon.settings.state_dir / LOG, hearing):
                    await asyncio.to_thread(daemon.vault.forget, hearing)
                else:  # its disk may be away
                    _log.error(
                        "closed_keys_not_forgotten", action="retry", hearing=hearing, error="no such hearing here"
                    )
        except (DiskRefused, ProtocolError, OSError) as error:
            _log.error("closed_keys_not_forgotten", action="retry", hearing=hearing, error=str(error))
