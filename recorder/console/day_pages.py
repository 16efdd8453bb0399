"""Pages of the day: the start page with the list, a listed hearing before it is opened, importing a list, the day's reconciliation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from protocol.working_days import read_calendar
from recorder.cases.errors import CasesError, NotListed
from recorder.cases.fields import day_of
from recorder.cases.folder import LOOK_S, WatchedFolder, describe
from recorder.cases.listed import same_room
from recorder.cases.reconciliation import Recorded, reconcile, recorded
from recorder.cases.report import table
from recorder.cases.store import CaseList, Decision, Kept
from recorder.console import forms
from recorder.console.daemon import DaemonError
from recorder.console.day import Asked, Person, address_of, day_rows, opening, read_people, seated, today_of
from recorder.console.day_texts import FINDINGS, KINDS, NO_LIST, WAYS
from recorder.console.desk import Desk, operators
from recorder.console.sending import sending_text
from recorder.console.texts import ATTENDANCE, CASE_LANGUAGES, LAWS, PUBLICITY, ROLES, Problem, error_texts
from recorder.console.views import microphones
from web.accounts import Account, Role
from web.i18n import Translator, from_us
from web.rights import allow, signed_in

log = structlog.get_logger("console")

#: Only the judge decides that no protocol is kept (ГПК 281(1)); the secretary enters what was decided.
MOST_SHOWN = 500
EXTRA_PEOPLE = 3
_REASON_MAX = 500


def list_of(desk: Desk) -> CaseList:
    """The box's list."""
    return CaseList(desk.settings.state_dir / "cases.sqlite")


def may_operate(account: Account) -> bool:
    """Whether this person records."""
    return operators.roles is not None and account.role in operators.roles


def asked_of(desk: Desk, request: Request) -> Asked:
    """What the address asks for; a day that does not exist is today."""
    day = day_of(request.query_params.get("day", "").strip()) or today_of(desk.now_s())
    return Asked(day, forms.clean(request.query_params.get("q", ""))[:200], request.query_params.get("rooms") == "all")


async def records_of(desk: Desk) -> list[Recorded]:
    """Every record on the box; raises DaemonError."""
    return recorded(await desk.daemon.get("/v1/hearings"))


def _read_list(desk: Desk, asked: Asked) -> list[Kept]:
    cases = list_of(desk)
    return cases.search(asked.words, asked.day) if asked.words else cases.days(asked.day, asked.day)


async def start_page(
    desk: Desk, request: Request, form: forms.HearingForm, *, status: int = 200, failed: DaemonError | None = None
) -> Response:
    """The day's list, and below it the form for a hearing that nobody listed."""
    lang = desk.pages.translator(request)
    asked, today = asked_of(desk, request), today_of(desk.now_s())
    problem = error_texts(lang, failed.code) if failed else None
    records: list[Recorded] = []
    try:
        records = await records_of(desk)
    except DaemonError as error:
        problem = problem or error_texts(lang, error.code)
    kept: list[Kept] = []
    try:
        kept = await run_in_threadpool(_read_list, desk, asked)
    except CasesError as error:  # a hearing can be entered by hand all the same
        log.warning("the list cannot be used", action="cases_failed", **describe(error))
        problem = problem or Problem(lang(NO_LIST.message), lang(NO_LIST.advice))
    told: dict[str, Any] = {}
    with contextlib.suppress(DaemonError):  # said above
        told = (await desk.daemon.get("/v1/status")).get("sending", {})
    rows = day_rows(asked, kept, records, room=desk.settings.courtroom, today=today)
    account: Account = request.state.account
    return desk.pages.render(
        request,
        "start.html",
        status=status,
        script="day",
        form=form,
        rows=[*form.rows, *(forms.Row() for _ in range(4))][: forms.ROWS],
        by_hand=bool(form.errors or failed) or not kept,
        days=rows,
        due=next((row for row in rows if row.is_due), None),
        sending={address_of(item.hearing): sending_text(lang, told.get(item.hearing), running=item.state.is_open) for item in records},
        asked=asked,
        is_today=asked.day == today,
        day_text=_day_text(lang, asked.day),
        day_texts={row.day: _day_text(lang, row.day) for row in rows if row.day},
        problem=problem,
        may_operate=may_operate(account),
        laws=LAWS,
        publicities=PUBLICITY,
        case_languages=CASE_LANGUAGES,
        roles=ROLES,
        attendances=ATTENDANCE,
    )


def _day_text(lang: Translator, day: str) -> str:
    return lang.date(datetime.fromisoformat(f"{day}T12:00+05:00"))


def router(desk: Desk) -> APIRouter:
    """The routes ``/day/…``, ``/lists`` and ``/reconciliation``."""
    routes = APIRouter()
    _listed_hearing(routes, desk)
    _lists(routes, desk)

    @routes.get("/reconciliation", dependencies=[Depends(signed_in)])
    async def reconciliation(request: Request) -> Response:
        """End of the day: what is listed against what was recorded."""
        return await _reconciliation_page(desk, request)

    return routes


async def _reconciliation_page(desk: Desk, request: Request) -> Response:
    lang = desk.pages.translator(request)
    asked = asked_of(desk, request)
    records = await records_of(desk)
    kept = await run_in_threadpool(list_of(desk).days, asked.day, asked.day)
    kept = [item for item in kept if asked.every_room or same_room(item.listed.room, desk.settings.courtroom)]
    remembered = {item.hearing for item in kept}
    records = [item for item in records if item.day == asked.day or item.hearing in remembered]
    found = reconcile(kept, records, datetime.fromtimestamp(desk.now_s(), UTC), read_calendar())
    return desk.pages.render(
        request,
        "reconciliation.html",
        asked=asked,
        day_text=_day_text(lang, asked.day),
        found=found,
        alarms=sum(item.alarm for item in found),
        listed=len(kept),
        recorded=len(records),
        findings=FINDINGS,
        due_text=lambda item: lang.date(from_us(item.due.last_us)) if item.due else "",
        hearing_address=lambda name: f"/hearings/{quote(name, safe='')}",
        day_address=lambda name: f"/day/{quote(name, safe='')}",
    )


def _listed_hearing(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/day/{listed}", dependencies=[Depends(signed_in)])
    async def listed_page(request: Request, listed: str) -> Response:
        """A listed hearing before it is opened: who is expected, at which microphone."""
        kept = await _kept(desk, listed)
        plan = await run_in_threadpool(list_of(desk).plan, desk.settings.courtroom)
        return await _prepare_page(desk, request, kept, seated(kept.listed, microphones(desk.settings), plan))

    @routes.post("/day/{listed}")
    async def open_listed(request: Request, listed: str, account: Annotated[Account, Depends(operators)]) -> Response:
        """Open the hearing with the seats as they were arranged, and remember them as the room's plan."""
        kept = await _kept(desk, listed)
        sent = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        mics = microphones(desk.settings)
        people, errors = read_people(sent, (mic.name for mic in mics))
        if errors:
            return await _prepare_page(desk, request, kept, people, errors=errors, status=422)
        body = opening(kept.listed, people, mics, court=desk.settings.court, courtroom=desk.settings.courtroom)
        try:
            opened = str((await desk.daemon.post("/v1/hearings", body))["hearing"])
        except DaemonError as error:
            return await _prepare_page(desk, request, kept, people, status=error.status, failed=error)
        log.info(
            "a listed hearing was opened",
            action="listed_opened",
            listed=kept.listed.id,
            hearing=opened,
            account=account.name,
        )
        cases = list_of(desk)
        await run_in_threadpool(cases.opened, kept.listed.id, opened)
        await run_in_threadpool(
            cases.remember_plan,
            desk.settings.courtroom,
            {person.source: person.role for person in people if person.source},
        )
        return RedirectResponse(f"/hearings/{quote(opened, safe='')}", 303)

    @routes.post("/day/{listed}/decision")
    async def decide(
        request: Request, listed: str, account: Annotated[Account, Depends(allow(Role.JUDGE))]
    ) -> Response:
        """The judge decides that no protocol is kept, with the reason; an empty reason takes it back."""
        await _kept(desk, listed)
        form = await request.form()
        reason = forms.clean(str(form.get("reason", "")))[:_REASON_MAX]
        decision = Decision(account.name, reason, int(desk.now_s() * 1e6)) if reason else None
        await run_in_threadpool(list_of(desk).decide, listed, decision)
        log.info(
            "decided about a protocol", action="no_protocol", listed=listed, kept=decision is None, account=account.name
        )
        return RedirectResponse(f"/day/{quote(listed, safe='')}", 303)


async def _kept(desk: Desk, listed: str) -> Kept:
    try:
        return await run_in_threadpool(list_of(desk).get, listed)
    except NotListed as error:
        raise HTTPException(404, str(error)) from error


async def _prepare_page(
    desk: Desk,
    request: Request,
    kept: Kept,
    people: list[Person],
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    failed: DaemonError | None = None,
) -> Response:
    lang = desk.pages.translator(request)
    account: Account = request.state.account
    if not people or not any(person.role == "secretary" for person in people):
        people = [*people, Person("secretary", account.display if account.role is Role.SECRETARY else "")]
    problem: Problem | None = error_texts(lang, failed.code) if failed else None
    mics = microphones(desk.settings)
    return desk.pages.render(
        request,
        "prepare.html",
        status=status,
        script="day",
        data={"microphones": [{"name": mic.name, "label": mic.label} for mic in mics]},
        item=kept.listed,
        kept=kept,
        day_text=_day_text(lang, kept.listed.day),
        people=[*people, *(Person("other", "") for _ in range(EXTRA_PEOPLE))],
        microphones=mics,
        errors=errors or {},
        problem=problem,
        hearing_address=f"/hearings/{quote(kept.hearing, safe='')}" if kept.hearing else "",
        law=LAWS.get(kept.listed.code, kept.listed.code),
        kind=KINDS.get(kept.listed.kind, kept.listed.kind),
        publicity=PUBLICITY[kept.listed.publicity],
        case_language=CASE_LANGUAGES[kept.listed.language],
        may_operate=may_operate(account),
        may_decide=account.role is Role.JUDGE,
        roles=ROLES,
        attendances=ATTENDANCE,
    )


def _lists(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/lists", dependencies=[Depends(signed_in)])
    async def lists(request: Request) -> Response:
        """Importing a list, and what became of the last ones."""
        reports = await run_in_threadpool(list_of(desk).reports)
        return desk.pages.render(
            request,
            "lists.html",
            script="day",
            reports=[_with_moment(row) for row in reports],
            ways=WAYS,
            folder=desk.settings.cases.folder,
        )

    @routes.get("/lists/{number}", dependencies=[Depends(signed_in)])
    async def report_page(request: Request, number: int) -> Response:
        """One import: its counts and everything that was wrong."""
        report = await run_in_threadpool(list_of(desk).report, number)
        if report is None:
            raise HTTPException(404)
        lang = desk.pages.translator(request)
        shown = [(item, *item.told(lang)) for item in report.problems[:MOST_SHOWN]]
        at = from_us(report.at_us)
        return desk.pages.render(request, "list-report.html", report=report, shown=shown, at=at, ways=WAYS)

    @routes.get("/lists/{number}/report.csv", dependencies=[Depends(signed_in)])
    async def report_table(request: Request, number: int) -> Response:
        """The same as a table."""
        report = await run_in_threadpool(list_of(desk).report, number)
        if report is None:
            raise HTTPException(404)
        text = await run_in_threadpool(table, report.problems, desk.pages.translator(request))
        headers = {"Content-Disposition": f'attachment; filename="import-{number}.csv"'}
        return Response(text, media_type="text/csv", headers=headers)


def _with_moment(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": from_us(int(row["at_us"]))}


@asynccontextmanager
async def keeping(desk: Desk) -> AsyncIterator[None]:
    """While the app runs: look into the watched folder, and forget old days once a day."""
    task = asyncio.create_task(_keep(desk), name="cases")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep(desk: Desk) -> None:
    watched = (
        WatchedFolder(desk.settings.cases.folder, list_of(desk), desk.now_s) if desk.settings.cases.folder else None
    )
    forgotten = ""
    failing = False
    while True:
        try:
            if watched is not None:
                await asyncio.to_thread(watched.look)
            today = today_of(desk.now_s())
            if today != forgotten:
                await asyncio.to_thread(list_of(desk).forget, Asked(today).beside(-desk.settings.cases.keep_days))
                forgotten = today
            failing = False
        except (CasesError, OSError) as error:
            if not failing:  # said once, and again after it went well
                log.warning("the list cannot be kept", action="cases_failed", **describe(error))
            failing = True
        await asyncio.sleep(LOOK_S)


def with_keeping(desk: Desk) -> Any:
    """The desk's lifespan, with the list kept beside it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with desk.lifespan(app), keeping(desk):
            yield

    return lifespan
