"""The page of terms: by when which protocol must be signed and which remarks reviewed, what is overdue, until when people may read and remark."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from protocol.stages import cite
from recorder.console.desk import Desk
from recorder.console.signing_texts import TERMS
from web.i18n import COURT_ZONE, N_, Translator, from_us
from web.rights import signed_in

_NO_DATE = {
    "no-term": N_("The law states no term: set the date by hand."),
    "unknown-year": N_("The holidays of a year are not entered: the administrator completes the calendar."),
}


def router(desk: Desk) -> APIRouter:
    """The route ``/deadlines``; ``?all=1`` shows what is done, too."""
    routes = APIRouter()

    @routes.get("/deadlines", dependencies=[Depends(signed_in)])
    async def page(request: Request, all: int = 0) -> Response:  # noqa: A002 - the word in the address
        lang = desk.pages.translator(request)
        told = await desk.daemon.read("/v1/terms")
        today = from_us(told["now_us"]).astimezone(COURT_ZONE).date()
        rows = [_shown(row, told["now_us"], today, lang) for row in told["rows"]]
        shown = [row for row in rows if all or row["running"]]
        shown.sort(key=lambda row: not row["overdue"])
        return desk.pages.render(
            request,
            "deadlines.html",
            rows=shown,
            everything=bool(all),
            hidden=len(rows) - len(shown),
            overdue=sum(row["overdue"] for row in rows),
        )

    return routes


def _shown(row: Mapping[str, Any], now_us: int, today: date, lang: Translator) -> dict[str, Any]:
    """A term as a row of the page."""
    over = row["last_us"] is not None and now_us > row["last_us"]
    done = row["done_us"] is not None
    if row["problem"]:
        chip, state = "warn", lang(_NO_DATE.get(row["problem"], row["problem"]))
    elif row["overdue"]:
        chip, state = "bad", lang(N_("Done, too late")) if done else lang(N_("Overdue"))
    elif done:
        chip, state = "good", lang(N_("Done"))
    elif row["window"]:
        chip, state = ("", lang(N_("Ended"))) if over else ("", lang(N_("Runs")))
    elif date.fromisoformat(row["date"]) == today:
        chip, state = "warn", lang(N_("Due today"))
    else:
        chip, state = "", lang(N_("Runs"))
    return {
        **row,
        "chip": chip,
        "state": state,
        "overdue": row["overdue"] and not done,
        "running": not done and not (row["window"] and over),
        "text": lang(TERMS.get(row["kind"], row["kind"])),
        "article": cite(row["law"], row["article"], lang.language) if row["article"] else "",
        "last": lang.date(from_us(row["last_us"])) if row["last_us"] is not None else "",
        "from": lang.date_time(from_us(row["from_us"])),
    }
