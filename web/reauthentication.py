"""The person once more, before an act that binds them: a browser left open signs nothing (ASVS 5.0, 7.5.3). By password, or by a passkey."""

from __future__ import annotations

import json

import anyio
import anyio.to_thread
import structlog
from fastapi import Request

from web.accounts import Account, Accounts
from web.ceremonies import Ceremonies
from web.errors import HaveToWait, PasskeyRefused, WrongPassword
from web.security import origin_of
from web.throttle import Throttle

#: Passwords checked at once. A hash takes 64 MiB on purpose: forty at once would take the memory that the recorder needs.
HASHES = 2

log = structlog.get_logger("web")


class Reauthentication:
    """Asks whether it is still the same person.

    Args:
        accounts: who may sign in.
        ceremonies: the app's passkeys.
    """

    def __init__(self, accounts: Accounts, ceremonies: Ceremonies) -> None:
        self._accounts = accounts
        self.ceremonies = ceremonies
        self._throttle = Throttle()
        self._hashes = anyio.CapacityLimiter(HASHES)

    async def check(
        self, request: Request, account: Account, password: str, *, passkey: str = "", subject: str = ""
    ) -> None:
        """Go on only with the right password of the account that is signed in, or with an answer of one of its passkeys.

        Args:
            request: which is answered.
            account: who is signed in.
            password: as it was typed; not looked at where there is an answer of a passkey.
            passkey: JSON of the answer to a challenge for this subject; empty: none.
            subject: which act is confirmed.

        Raises:
            WrongPassword, PasskeyRefused, NoPasskeysHere: it was not shown.
            HaveToWait: too many wrong ones were given.
        """
        address = request.client.host if request.client else ""
        if self._throttle.begin(account.name, address):
            raise HaveToWait("too many wrong passwords or passkeys")
        try:
            if passkey:
                await self._by_passkey(request, account, passkey, subject)
            else:
                await self._by_password(account, password)
        except (WrongPassword, PasskeyRefused) as error:
            log.warning(
                "not shown to be the same person before an act",
                action="reauthentication_refused",
                account=account.name,
                address=address,
                reason=str(error),
            )
            raise
        self._throttle.right(account.name, address)

    async def _by_password(self, account: Account, password: str) -> None:
        found = await anyio.to_thread.run_sync(self._accounts.verify, account.name, password, limiter=self._hashes)
        if found is None or found.name != account.name:
            raise WrongPassword("the password is wrong")

    async def _by_passkey(self, request: Request, account: Account, passkey: str, subject: str) -> None:
        try:
            answer = json.loads(passkey)
        except ValueError as error:
            raise PasskeyRefused("the answer is no JSON") from error
        if not isinstance(answer, dict):
            raise PasskeyRefused("the answer is no JSON object")
        session = request.state.session_token or ""
        found = await anyio.to_thread.run_sync(
            self.ceremonies.finish_confirming, account, session, origin_of(request), subject, answer
        )
        log.info("confirmed by a passkey", action="passkey_confirmed", account=account.name, passkey=found.label)
