"""The archive's page of search, and the same as JSON. Closed parts are in no index, so nobody's role matters here; whose hearings a person may see does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from storage.archive import search
from storage.archive.passages import KINDS
from storage.archive.search import Hit
from storage.archive.service import Archive
from storage.archive.words import Term, match_spans, terms_of
from web.accounts import Account
from web.i18n import COURT_ZONE, N_, Translator, from_us
from web.pages import Pages
from web.rights import signed_in

log = structlog.get_logger("storage.archive")

ROWS = 30
AROUND = 25  # words shown before and after those that were found
KIND_NAMES = {
    "speech": N_("Said"),
    "stage": N_("Stage of the hearing"),
    "remark": N_("Remark"),
    "case": N_("Case data"),
}
Short = Annotated[str, Query(max_length=200)]


class _Asked:
    """What the address asks for."""

    def __init__(
        self,
        q: Short = "",
        speaker: Short = "",
        court: Short = "",
        judge: Short = "",
        since: Annotated[str, Query(max_length=10)] = "",
        until: Annotated[str, Query(max_length=10)] = "",
        kind: Annotated[str, Query(max_length=10)] = "",
        page: Annotated[int, Query(ge=1, le=1000)] = 1,
    ) -> None:
        self.fields: dict[str, Any] = {
            "q": q,
            "speaker": speaker,
            "court": court,
            "judge": judge,
            "since": since,
            "until": until,
            "kind": kind,
        }
        self.page = page
        last = _day(until)
        self.query = search.Query(
            q, speaker, court, judge, _us(_day(since)), _us(last + timedelta(days=1)) if last else None,
            kind if kind in KINDS else "", ROWS + 1, (page - 1) * ROWS,
        )  # fmt: skip

    def address(self, page: int) -> str:
        """The same question, another page of its answer."""
        return "/search?" + urlencode({**{name: value for name, value in self.fields.items() if value}, "page": page})


Asked = Annotated[_Asked, Depends(_Asked)]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise HTTPException(422) from error


def _us(day: date | None) -> int | None:
    """The day's first moment in the court's time, UTC µs."""
    if day is None:
        return None
    return int(datetime(day.year, day.month, day.day, tzinfo=COURT_ZONE).timestamp()) * 1_000_000


def router(pages: Pages, archive: Archive) -> APIRouter:
    """The routes ``/search`` and ``/search.json``."""
    routes = APIRouter(dependencies=[Depends(signed_in)])

    def found(request: Request, question: _Asked) -> list[Hit]:
        account: Account = request.state.account
        hits = archive.find(replace(question.query, courts=account.courts))
        log.info("searched", action="searched", user=account.name, hits=len(hits))
        return hits

    @routes.get("/search")
    def search_page(request: Request, question: Asked) -> Response:
        hits = found(request, question)
        lang, terms = pages.translator(request), terms_of(question.query.text)
        more = len(hits) > ROWS
        return pages.render(
            request,
            "search.html",
            **question.fields,
            kinds={kind: lang(KIND_NAMES[kind]) for kind in KINDS},
            asked=question.query.asks,
            hits=[_row(hit, terms, lang) for hit in hits[:ROWS]],
            page=question.page,
            earlier=question.address(question.page - 1) if question.page > 1 else None,
            later=question.address(question.page + 1) if more else None,
        )

    @routes.get("/search.json")
    def search_json(request: Request, question: Asked) -> Response:
        hits = found(request, question)
        shown = [{**asdict(hit), "address": _address(hit)} for hit in hits[:ROWS]]
        return JSONResponse({"hits": shown, "page": question.page, "more": len(hits) > ROWS})

    return routes


def _address(hit: Hit) -> str:
    place = f"/hearings/{quote(hit.hearing, safe='')}"
    return place if hit.kind == "case" else f"{place}?at={hit.at_us}"


def _row(hit: Hit, terms: Sequence[Term], lang: Translator) -> dict[str, Any]:
    at = from_us(hit.at_us)
    return {
        "address": _address(hit),
        "number": hit.number or hit.hearing,
        "title": hit.title,
        "place": ", ".join(part for part in (hit.court, hit.judge) if part),
        "date": lang.date(at),
        "time": at.astimezone(COURT_ZONE).strftime("%H:%M:%S"),
        "kind": lang(KIND_NAMES[hit.kind]) if hit.kind in KIND_NAMES else hit.kind,
        "speaker": hit.speaker,
        "parts": excerpt(hit.text, terms),
    }


def excerpt(text: str, terms: Sequence[Term], around: int = AROUND) -> list[tuple[str, bool]]:
    """The text as pieces with whether they were looked for, cut to ``around`` words on either side."""
    words = text.split()
    marked = match_spans(text, list(terms))
    first, last = (min(marked), max(marked)) if marked else (0, 0)
    begin, end = max(0, first - around), min(len(words), max(last, first) + around + 1)
    end = min(end, begin + 4 * around)
    parts: list[tuple[str, bool]] = [("… ", False)] if begin else []
    for place in range(begin, end):
        is_marked = place in marked
        if parts and parts[-1][1] == is_marked:
            parts[-1] = (f"{parts[-1][0]} {words[place]}".replace("…  ", "… "), is_marked)
        else:
            parts.append((words[place], is_marked))
    return [*parts, ("…", False)] if end < len(words) else parts
