"""Pages of the console: the list with the form for a new hearing, and the hearing's own page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from protocol.stages import cite
from recorder.console import forms
from recorder.console.daemon import DaemonError
from recorder.console.day_pages import start_page
from recorder.console.desk import Desk, operators
from recorder.console.in_camera import shown_to
from recorder.console.phrases import phrases
from recorder.console.sending import sending_text
from recorder.console.texts import CASE_LANGUAGES, LAWS, PUBLICITY, ROLES, SOURCE_STATES, STATES
from recorder.console.views import OPEN, microphones, page_check, page_status, page_view
from web.accounts import Account
from web.i18n import Translator
from web.rights import signed_in

log = structlog.get_logger("console")


def router(desk: Desk) -> APIRouter:
    """The routes ``/``, ``/hearings`` and ``/hearings/{id}``."""
    routes = APIRouter()

    @routes.get("/")
    async def start(request: Request, account: Annotated[Account, Depends(signed_in)]) -> Response:
        return await start_page(desk, request, _empty_form(desk, account, desk.pages.translator(request)))

    @routes.post("/hearings")
    async def new_hearing(request: Request, _account: Annotated[Account, Depends(operators)]) -> Response:
        sent = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        form = forms.read(sent, {mic.name: mic.label for mic in microphones(desk.settings)})
        if form.errors:
            return await start_page(desk, request, form, status=422)
        body = form.body(court=desk.settings.court, courtroom=desk.settings.courtroom)
        try:
            opened = await desk.daemon.post("/v1/hearings", body)
        except DaemonError as error:
            return await start_page(desk, request, form, status=error.status, failed=error)
        return RedirectResponse(f"/hearings/{quote(str(opened['hearing']), safe='')}", 303)

    @routes.get("/hearings", dependencies=[Depends(signed_in)])
    async def back_to_the_form() -> Response:
        """The form was refused and stood under this address: a change of language or a reload comes here."""
        return RedirectResponse("/", 303)

    @routes.post("/check")
    async def check(request: Request, account: Annotated[Account, Depends(operators)]) -> Response:
        """A real capture through every source (recorder.checking); ready or not, and what to do. Refused while a hearing is recorded."""
        log.info("asked to check the room", action="check", account=account.name)
        lang = desk.pages.translator(request)
        result = page_check(await desk.daemon.post("/v1/check", {}), lang)
        at = datetime.fromtimestamp(int(result.get("at_us", 0)) / 1e6, UTC)
        return desk.pages.render(request, "check.html", check=result, at=at)

    @routes.get("/check", dependencies=[Depends(signed_in)])
    async def back_from_the_check() -> Response:
        """A reload or another language of a result comes here."""
        return RedirectResponse("/", 303)

    @routes.get("/hearings/{hearing}")
    async def hearing_page(request: Request, hearing: str, account: Annotated[Account, Depends(signed_in)]) -> Response:
        lang = desk.pages.translator(request)
        view = shown_to(account, await desk.daemon.get(f"/v1/hearings/{quote(hearing, safe='')}"))
        code = view["case"].get("code", "gpk")
        stages = await desk.daemon.get("/v1/stages", code=code)
        status = await desk.daemon.get("/v1/status")
        data = {
            "view": page_view(view),
            "stages": _stages(stages, lang.language),
            "status": page_status(status, lang, int(desk.now_s() * 1_000_000)),
            "roles": {role: lang(text) for role, text in ROLES.items()},
            "sourceStates": {state: lang(text) for state, text in SOURCE_STATES.items()},
            "states": {state: lang(text) for state, text in STATES.items()},
            "mayOperate": operators.roles is not None and account.role in operators.roles,
            "archive": desk.settings.archive.url,
            "sending": sending_text(lang, status.get("sending", {}).get(hearing), running=view["state"] in OPEN),
            "phrases": phrases(desk.settings.state_dir, view["case"].get("language", "kk")),
        }
        return desk.pages.render(
            request,
            "hearing.html",
            script="console",
            data=data,
            view=view,
            law=LAWS.get(code, code),
            publicity=PUBLICITY.get(view["case"].get("publicity", "open"), ""),
        )

    return routes


def _stages(answer: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    return [
        {
            "code": row["code"],
            "title": row[language],
            "citation": cite(row["law"], row["article"], language),
            "key": row["key"],
            "person": row["person"],
        }
        for row in answer
    ]


def _empty_form(desk: Desk, account: Account, lang: Translator) -> forms.HearingForm:
    values = {
        "number": "",
        "title": "",
        "code": "gpk",
        "publicity": "open",
        # A hearing in English does not exist; a secretary who reads English gets the state language.
        "language": lang.language if lang.language in CASE_LANGUAGES else "kk",
        "judge": account.display if account.role == "judge" else "",
        "secretary": account.display if account.role == "secretary" else "",
    }
    rows = tuple(forms.Row(mic.name, mic.label, forms.guess_role(mic.name)) for mic in microphones(desk.settings))
    return forms.HearingForm(values, rows)
