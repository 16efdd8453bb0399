"""Whose hearings a person may see: every court's, or those of the courts that their account names (web.accounts).

Each route that hands out something of one hearing asks :func:`check_sees` first; lists and search ask the catalogue for the person's courts only. A
refusal is an entry in the log, as a view is: somebody who tries is seen.
"""

from __future__ import annotations

from fastapi import Request

from storage.archive.records import check_hearing
from storage.archive.search import whole_name
from storage.archive.service import Archive
from storage.errors import ForeignHearing
from web.accounts import Account


def sees(account: Account, court: str) -> bool:
    """Whether the account may see hearings of a court, by its name as the case bears it; case and punctuation do not matter."""
    name = whole_name(court)
    return not account.courts or (bool(name) and name in {whole_name(one) for one in account.courts})


def check_sees(request: Request, hearing: str) -> Account:
    """Who asks, if they may see the hearing; a hearing that is not there is everybody's, and found missing later.

    Raises:
        BadKey: not an identifier of a hearing.
        ForeignHearing: another court's; the attempt is in the log.
    """
    account: Account = request.state.account
    archive: Archive = request.app.state.archive
    check_hearing(hearing)
    summary = archive.summary(hearing) if account.courts else None
    if summary is not None and not sees(account, summary.court):
        archive.refused(hearing, account.name, str(request.state.session_token))
        raise ForeignHearing(f"{hearing}: is not a hearing of {account.name}'s courts")
    return account
