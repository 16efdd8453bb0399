"""Remarks on a protocol: who has read it, remarks filed, the judge's review, and the notices to print (ГПК 284, 285)."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from protocol.stages import cite
from recorder.console.daemon import DaemonError
from recorder.console.desk import Desk, operators
from recorder.console.in_camera import has_part, in_the_room, shown_to
from recorder.console.signing_texts import DECISIONS, problem_of
from recorder.console.texts import ROLES
from web.accounts import Account, Role
from web.i18n import COURT_ZONE, from_us
from web.rights import NotAllowed, signed_in

#: All files of one entry together, bytes.
MOST_FILES = 20 * 2**20
#: Bodies under this path may be as long as that (web.security.Policy.streams).
FILES_PATH = "/remarks/"

log = structlog.get_logger("console")


def router(desk: Desk) -> APIRouter:
    """The routes ``/hearings/{hearing}/remarks``, ``…/notice`` and ``/remarks/{hearing}``."""
    routes = APIRouter()

    @routes.get("/hearings/{hearing}/remarks")
    async def page(request: Request, hearing: str, account: Annotated[Account, Depends(signed_in)]) -> Response:
        return await _page(desk, request, hearing, account)

    @routes.post("/remarks/{hearing}")
    async def enter(request: Request, hearing: str, account: Annotated[Account, Depends(operators)]) -> Response:
        """One entry. Its own path, because files may come with it."""
        address = f"/hearings/{quote(hearing, safe='')}/remarks"
        texts: dict[str, str] = {}
        try:
            _check_length(request)
            async with _in_memory(request) as form:
                texts = {name: value.strip() for name, value in form.multi_items() if isinstance(value, str)}
                files = await _files(form)
            body = _body(texts, files, await desk.daemon.read(_at(hearing)), desk.now_s())
            if body["kind"] == "reviewed" and account.role is not Role.JUDGE:
                raise NotAllowed  # the presiding judge reviews (ГПК 285)
            await desk.daemon.post(f"{_at(hearing)}/protocol-remarks", {**body, "by": account.name})
        except DaemonError as error:
            told = DaemonError(error.status, "bad-entry" if error.code == "bad-request" else error.code, str(error))
            return await _page(desk, request, hearing, account, told, texts)
        log.info("remarks entered", action="enter_remarks", hearing=hearing, kind=body["kind"], account=account.name)
        return RedirectResponse(address, 303)

    @routes.get("/remarks/{hearing}", dependencies=[Depends(signed_in)])
    async def back(hearing: str) -> Response:
        """An entry was refused and the page stood under this address: a reload or another language comes here."""
        return RedirectResponse(f"/hearings/{quote(hearing, safe='')}/remarks", 303)

    @routes.get("/hearings/{hearing}/notice")
    async def notice(
        request: Request,
        hearing: str,
        account: Annotated[Account, Depends(signed_in)],
        language: str = "kk",
        number: int = 0,
    ) -> Response:
        """A notice to print: the protocol may be read, or (``number``) the remarks were reviewed."""
        language = language if language in ("kk", "ru") else "kk"
        lang = desk.pages.catalogues.translator(language)
        view = shown_to(account, await desk.daemon.read(_at(hearing)))
        entries = await _entries(desk, hearing, account)
        review = next((item for item in entries if item["number"] == number and item["kind"] == "reviewed"), None)
        remark = next((item for item in entries if review and item["path"] == review["of"]), None)
        rows = await _terms(desk, hearing)
        return desk.pages.render(
            request,
            "notice.html",
            view=view,
            hearing=hearing,
            in_=language,
            notice=lang,
            review=review,
            remark=remark,
            rows={row["kind"]: row for row in rows if not row["person"]},
            cite=lambda row: cite(row["law"], row["article"], language),
            today=from_us(int(desk.now_s() * 1e6)),
            from_us=from_us,
        )

    return routes


@asynccontextmanager
async def _in_memory(request: Request) -> AsyncIterator[FormData]:
    """The form, nothing of it in a temporary file: what is remarked on a part in camera stands nowhere in the clear."""
    if not request.headers.get("content-type", "").strip().lower().startswith("multipart/form-data"):
        async with request.form(max_files=10, max_fields=30) as plain:
            yield plain
        return
    parser = MultiPartParser(request.headers, request.stream(), max_files=10, max_fields=30)
    parser.spool_max_size = 2 * MOST_FILES
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise DaemonError(422, "bad-entry", error.message) from error
    try:
        yield form
    finally:
        await form.close()


def _at(hearing: str) -> str:
    return f"/v1/hearings/{quote(hearing, safe='')}"


def _check_length(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_FILES:
        raise DaemonError(422, "bad-attachment", "too large, or of a length that is not told")


async def _terms(desk: Desk, hearing: str) -> list[dict[str, Any]]:
    told = await desk.daemon.read("/v1/terms")
    return [row for row in told["rows"] if row["hearing"] == hearing]


async def _files(form: FormData) -> list[dict[str, str]]:
    """The files as the daemon takes them."""
    sent = [item for item in form.getlist("files") if isinstance(item, UploadFile) and item.filename]
    return [{"name": str(item.filename)[:200], "data": base64.b64encode(await item.read()).decode()} for item in sent]


def _body(
    texts: Mapping[str, str], files: list[dict[str, str]], view: Mapping[str, Any], now_s: float
) -> dict[str, Any]:
    """What the daemon takes, of what the browser sent."""
    known = {person["name"]: person["role"] for person in view["participants"]}
    person, closed = texts.get("person", ""), has_part(view)
    at = moments(texts.get("moments", ""), view["takes"])
    if texts.get("open_part") and any(_in_closed(moment, view["takes"]) for moment in at):
        raise DaemonError(422, "in-camera-time", "a time lies in a part in camera")
    return {
        "kind": texts.get("kind", ""),
        "at_us": _court_us(texts.get("at", ""), now_s),
        "person": person,
        "role": known.get(person, ""),
        "of": texts.get("of", ""),
        "text": texts.get("text", ""),
        "decision": texts.get("decision") or None,
        "moments": at,
        "attachments": files,
        "in_camera": _declared(texts) if closed else None,
    }


def _declared(texts: Mapping[str, str]) -> bool | None:
    """Whether it speaks of a part in camera, as far as whoever enters it says so; the recorder takes it for that otherwise."""
    return False if texts.get("open_part") else True if texts.get("in_camera") else None


def _in_closed(moment: int, takes: Sequence[Mapping[str, Any]]) -> bool:
    closed = [take for take in takes if take["publicity"] == "closed"]
    return any(take["start_us"] <= moment <= (take["end_us"] or moment) for take in closed)


def _court_us(text: str, now_s: float) -> int:
    """A date and time as the page's field gives it, in the court's time; now where it is empty."""
    if not text:
        return int(now_s * 1e6)
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=COURT_ZONE)
    except ValueError as error:
        raise DaemonError(422, "bad-entry", "this is no time") from error
    return int(moment.timestamp()) * 1_000_000


def moments(text: str, takes: Sequence[Mapping[str, Any]]) -> list[int]:
    """Moments of the recording, UTC µs, of times of day as a person writes them: ``10:04:15, 10:07``.

    Raises:
        DaemonError: one is no time, or nothing was recorded then.
    """
    return [_moment(part.strip(), takes) for part in text.replace(";", ",").split(",") if part.strip()]


def _moment(text: str, takes: Sequence[Mapping[str, Any]]) -> int:
    try:
        clock = time.fromisoformat(text if ":" in text else "")
    except ValueError as error:
        raise DaemonError(422, "bad-time", f"{text[:20]!r} is no time of day") from error
    for take in takes:
        start, end = int(take["start_us"]), int(take["end_us"] or take["start_us"])
        day = from_us(start).astimezone(COURT_ZONE).date()
        while datetime.combine(day, time.min, COURT_ZONE).timestamp() * 1e6 <= end:
            found = int(datetime.combine(day, clock.replace(tzinfo=None), COURT_ZONE).timestamp()) * 1_000_000
            # A person hears seconds: the second in which a take begins is a second of it.
            if start - 1_000_000 < found <= end:
                return max(found, start)
            day += timedelta(days=1)
    raise DaemonError(422, "bad-time", f"nothing was recorded at {text[:20]}")


async def _entries(desk: Desk, hearing: str, account: Account) -> list[dict[str, Any]]:
    """What was entered; of what speaks of a part in camera who only looks on sees that there is something."""
    entries: list[dict[str, Any]] = await desk.daemon.read(f"{_at(hearing)}/protocol-remarks")
    if in_the_room(account):
        if any(item["closed"] and item["readable"] for item in entries):
            log.info("remarks in camera read", action="open_closed", hearing=hearing, account=account.name)
        return entries
    nothing = {"person": "", "role": "", "text": "", "moments": [], "attachments": [], "readable": False}
    return [{**item, **nothing} if item["closed"] else item for item in entries]


async def _page(
    desk: Desk,
    request: Request,
    hearing: str,
    account: Account,
    error: DaemonError | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    lang = desk.pages.translator(request)
    view = shown_to(account, await desk.daemon.read(_at(hearing)))
    told = await desk.daemon.read(f"{_at(hearing)}/signing")
    entries = await _entries(desk, hearing, account)
    reviews = {item["of"]: item for item in entries if item["kind"] == "reviewed"}
    problem, _ = problem_of(lang, error) if error else (None, [])
    return desk.pages.render(
        request,
        "remarks.html",
        status=error.status if error else 200,
        view=view,
        hearing=hearing,
        signed=told["signed"],
        read=[item for item in entries if item["kind"] == "familiarised"],
        filed=[item for item in entries if item["kind"] == "filed"],
        reviews=reviews,
        rows=await _terms(desk, hearing) if told["signed"] else [],
        problem=problem,
        values=sent or {},
        had_closed_part=has_part(view),
        wholly=all(take["publicity"] == "closed" for take in view["takes"]),
        people=[person for person in view["participants"] if not person.get("protected")],
        roles=ROLES,
        decisions=DECISIONS,
        may_enter=operators.roles is not None and account.role in operators.roles,
        may_review=account.role is Role.JUDGE,
        now=datetime.fromtimestamp(desk.now_s(), UTC).astimezone(COURT_ZONE).strftime("%Y-%m-%dT%H:%M"),
        cite=lambda row: cite(row["law"], row["article"], lang.language),
        from_us=from_us,
    )
