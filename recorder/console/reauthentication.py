"""The person once more, before an act that binds them (:mod:`web.reauthentication`), told as the console tells its problems."""

from __future__ import annotations

from fastapi import Request

from recorder.console.daemon import DaemonError
from web.accounts import Account
from web.errors import NotConfirmed, PasskeyError
from web.reauthentication import Reauthentication


async def confirmed(again: Reauthentication, request: Request, account: Account, password: str, passkey: str, subject: str) -> None:
    """Go on only with the password of the account that is signed in, or with its passkey's answer for this subject.

    Raises:
        DaemonError: neither is right, or too many wrong ones were given; status 422, for the person is signed in all the same.
    """
    try:
        await again.check(request, account, password, passkey=passkey, subject=subject)
    except (NotConfirmed, PasskeyError) as error:
        raise DaemonError(422, error.code, str(error)) from error
