"""The administrator's page of the archive: what scrub did and found, and how the log's witnesses stand.

Read from the catalogue and the log's tables; nothing is asked for when the page is opened. Whose records a person may not see are counted and not named.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from storage.archive.access import sees
from storage.archive.log_witnesses import WitnessState, cosigned_at, states
from storage.archive.scrub_notes import Run, ScrubNotes
from storage.archive.service import Archive
from storage.errors import WitnessConflict, WitnessSilent
from storage.log import Log
from web.accounts import Account, Role
from web.i18n import N_, Translator, from_us
from web.pages import Pages
from web.rights import allow

RUNS, FINDINGS = 5, 50  # shown

#: What a finding's code means to a person; any other is the verifier's.
KINDS = {
    "object-missing": N_("A file that was received is missing"),
    "receipt-altered": N_("A receipt is not the one that was given"),
    "timestamp-altered": N_("A time stamp does not prove what it was given for"),
    "stray-version": N_("Somebody wrote over a file; the first version is kept"),
    "stray-marker": N_("Somebody tried to delete a file; it is kept"),
    "lock-missing": N_("A file is not locked against deletion"),
    "not-playable": N_("A recording does not play"),
    "unreadable": N_("The record cannot be read"),
    "record-gone": N_("A whole record is gone"),
}
OTHER = N_("The record does not pass verification")


def router(pages: Pages, archive: Archive, witnesses: Sequence[str]) -> APIRouter:
    """The route ``/fleet``.

    Args:
        pages: the archive's.
        archive: what it tells of.
        witnesses: keys of the settings, as lists carry them.
    """
    routes = APIRouter(dependencies=[Depends(allow(Role.ADMIN))])
    notes = ScrubNotes(archive.catalogue.database)

    @routes.get("/fleet")
    def fleet(request: Request) -> Response:
        account: Account = request.state.account
        lang = pages.translator(request)
        runs, share, kinds = notes.runs(RUNS), notes.share(), notes.kinds()
        return pages.render(
            request,
            "fleet.html",
            runs=[_run(run, lang) for run in runs],
            share={
                "hearings": lang.number(share.hearings),
                "looked_at": lang.number(share.looked_at),
                "oldest": _when(share.oldest_us, lang),
            },
            kinds=[
                {"name": lang(KINDS.get(kind.code, OTHER)), "code": kind.code, "hearings": lang.number(kind.hearings), "findings": lang.number(kind.findings)}
                for kind in kinds
            ],
            findings=[
                _finding(item, lang) for item in notes.findings(FINDINGS, lambda court: sees(account, court))
            ],
            size=lang.number(archive.log.signed_size()),
            witnesses=[_witness(archive.log, key, lang) for key in witnesses],
        )  # fmt: skip

    return routes


def _when(us: int, lang: Translator) -> str:
    return lang.date_time(from_us(us)) if us else ""


def _run(run: Run, lang: Translator) -> dict[str, str]:
    return {
        "began": _when(run.began_us, lang),
        "ended": _when(run.ended_us, lang),
        "hearings": lang.number(run.hearings),
        "gib": lang.number(round(run.bytes / (1 << 30), 2)),
        "findings": lang.number(run.findings),
        "chip": "bad" if run.findings else "good" if run.ended_us else "warn",
    }


def _finding(item: dict[str, Any], lang: Translator) -> dict[str, str]:
    def when(text: str) -> str:
        return lang.date_time(datetime.fromisoformat(text)) if text else ""

    return {
        "hearing": item["hearing"],
        "address": f"/hearings/{quote(item['hearing'], safe='')}" if item["known"] else "",
        "name": lang(KINDS.get(item["code"], OTHER)),
        "code": item["code"],
        "path": item["path"],
        "detail": item["detail"],
        "found": when(item["found_at"]),
        "good": when(item["good_at"]),
    }


def _witness(log: Log, key: str, lang: Translator) -> dict[str, str]:
    """A line of the table; a witness of the settings that was never asked has no state yet."""
    state = next((state for state in states(log) if state.witness == key), WitnessState(key, 0, "", ""))
    behind = max(log.signed_size() - state.size, 0)
    chip, verdict = _standing(state, behind, lang)
    at = cosigned_at(log, state)
    return {
        "name": key.split("+", 1)[0],
        "chip": chip,
        "verdict": verdict,
        "size": lang.number(state.size),
        "cosigned": _when(at * 1_000_000, lang) if at else "",
        "asked": lang.date_time(datetime.fromisoformat(state.asked_at)) if state.asked_at else "",
    }


def _standing(state: WitnessState, behind: int, lang: Translator) -> tuple[str, str]:
    if state.trouble == WitnessConflict.code:
        return "bad", lang("refuses: it was shown another log")
    if state.trouble == WitnessSilent.code:
        return "warn", lang("does not answer")
    if state.trouble:
        return "warn", lang("could not be asked")
    if behind and not state.asked_at:
        return "warn", lang("not asked yet")
    if behind:
        return "warn", lang("behind by {count}", count=lang.number(behind))
    return "good", lang("has cosigned everything")
