"""JSON routes of the list: a file from the page, and the case system's door with a token (docs/case-import.md)."""

from __future__ import annotations

import hmac
from typing import Annotated, Any
from urllib.parse import unquote

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from recorder.cases.decoding import MOST_BYTES
from recorder.cases.errors import CasesError, UnreadableFile
from recorder.cases.fields import clean, day_of
from recorder.cases.problems import REFUSALS
from recorder.cases.reading import read
from recorder.cases.reconciliation import matched
from recorder.cases.store import CaseList, Report
from recorder.console.day import today_of
from recorder.console.day_pages import list_of, records_of
from recorder.console.day_texts import NO_TOKEN
from recorder.console.desk import Desk
from web.accounts import Account
from web.rights import anyone, signed_in

#: Addresses whose bodies may be long (web.security.Policy).
STREAMS = ("/api/lists", "/api/v1/cases")

log = structlog.get_logger("console")


class _TooLong(Exception):
    """The body is longer than a list may be."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.post("/api/lists")
    async def from_page(request: Request, account: Annotated[Account, Depends(signed_in)]) -> Response:
        """A file chosen on the page: its bytes as the body, its name in ``X-File-Name``."""
        name = clean(unquote(request.headers.get("x-file-name", "")))[:200] or "list"
        encoding = request.query_params.get("encoding") or None
        return await _take(desk, request, name=name, way="page", by=account.name, encoding=encoding)

    @routes.post("/api/v1/cases", dependencies=[Depends(anyone)])
    async def from_case_system(request: Request) -> Response:
        """The case system sends a list; the token says that it is it."""
        if (refused := _refused(desk, request)) is not None:
            return refused
        return await _take(desk, request, name="cases", way="api", by="case system", encoding=_charset(request))

    @routes.get("/api/v1/cases", dependencies=[Depends(anyone)])
    async def to_case_system(request: Request) -> Response:
        """A day as the box knows it, with the record of each hearing and its state."""
        if (refused := _refused(desk, request)) is not None:
            return refused
        day = day_of(request.query_params.get("day", "")) or today_of(desk.now_s())
        kept = await run_in_threadpool(list_of(desk).days, day, day)
        rows = [
            {
                **item.listed.to_json(),
                "hearing": record.hearing if record else None,
                "state": record.state.value if record else None,
            }
            for item, record in matched(kept, await records_of(desk))
        ]
        return JSONResponse({"day": day, "hearings": rows})

    return routes


def _refused(desk: Desk, request: Request) -> Response | None:
    """The refusal, unless the request carries the box's token; a box without one has no such door."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = desk.settings.cases.token
    if wanted and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), wanted.encode()):
        return None
    log.warning("a list without the token", action="cases_token_refused")
    lang = desk.pages.translator(request)
    body = {"code": "no-token", "message": lang(NO_TOKEN.message), "advice": lang(NO_TOKEN.advice)}
    return JSONResponse(body, 401, headers={"WWW-Authenticate": "Bearer"})


async def _take(desk: Desk, request: Request, *, name: str, way: str, by: str, encoding: str | None) -> Response:
    lang = desk.pages.translator(request)
    try:
        data = await _body(request)
        report = await run_in_threadpool(
            _stored,
            list_of(desk),
            data,
            encoding,
            {"name": name, "way": way, "by": by, "at_us": int(desk.now_s() * 1e6)},
        )
    except (UnreadableFile, _TooLong) as error:
        why, values = (
            ("too-large", {"most": str(MOST_BYTES >> 20)}) if isinstance(error, _TooLong) else (error.why, error.values)
        )
        what, advice = REFUSALS[why]
        log.warning("a list was refused", action="cases_refused", name=name, way=way, reason=why)
        body = {"code": UnreadableFile.code, "message": lang(what, **values), "advice": lang(advice, **values)}
        return JSONResponse(body, 413 if why == "too-large" else 422)
    except CasesError as error:
        log.warning("the list cannot be kept", action="cases_failed", code=error.code, message=str(error))
        return JSONResponse({"code": error.code, "message": str(error), "advice": error.advice}, 500)
    log.info(
        "a list was imported",
        action="cases_imported",
        name=name,
        way=way,
        by=by,
        rows=report.rows,
        refused=report.refused,
    )
    return JSONResponse(await run_in_threadpool(_facts, report, whole=way == "api"))


def _stored(cases: CaseList, data: bytes, encoding: str | None, about: dict[str, Any]) -> Report:
    return cases.take(read(data, encoding), **about)


def _facts(report: Report, *, whole: bool) -> dict[str, Any]:
    """The report; the page asks for its problems by the report's own address."""
    return report.to_json() if whole else {**report.__dict__, "refused": report.refused, "problems": []}


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > MOST_BYTES:
            raise _TooLong
    return bytes(found)


def _charset(request: Request) -> str | None:
    """What the sender says the encoding is: ``Content-Type: text/csv; charset=windows-1251``."""
    for part in request.headers.get("content-type", "").split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == "charset":
            return value.strip().strip('"')
    return None
