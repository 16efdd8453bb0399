"""The password once more, before an act that binds a person: a browser left open signs nothing (ASVS 5.0, 7.5.3)."""

from __future__ import annotations

import anyio
import anyio.to_thread
import structlog
from fastapi import Request

from recorder.console.daemon import DaemonError
from web.accounts import Account, Accounts
from web.signin import HASHES
from web.throttle import Throttle

log = structlog.get_logger("console")


class Reauthentication:
    """Asks whether it is still the same person.

    Args:
        accounts: who may sign in.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._throttle = Throttle()
        self._hashes = anyio.CapacityLimiter(HASHES)

    async def check(self, request: Request, account: Account, password: str) -> None:
        """Go on only with the right password of the account that is signed in.

        Raises:
            DaemonError: it is wrong, or too many wrong ones were given; status 422, for the person is signed in all the same.
        """
        address = request.client.host if request.client else ""
        if self._throttle.begin(account.name, address):
            raise DaemonError(422, "wait", "too many wrong passwords")
        found = await anyio.to_thread.run_sync(self._accounts.verify, account.name, password, limiter=self._hashes)
        if found is None or found.name != account.name:
            log.warning(
                "password refused before an act",
                action="reauthentication_refused",
                account=account.name,
                address=address,
            )
            raise DaemonError(422, "wrong-password", "the password is wrong")
        self._throttle.right(account.name, address)
