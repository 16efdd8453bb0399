"""The console's JSON routes: what the components of the hearing's page call. Rights are checked here, the acts are the daemon's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from recorder.console.daemon import DaemonError, Event
from recorder.console.desk import Desk, operators
from recorder.console.in_camera import Onlooker, in_the_room, shown_to
from recorder.console.sending import sending_text
from recorder.console.texts import error_texts
from recorder.console.views import OPEN, event, page_check, page_status, page_view
from web.accounts import Account
from web.i18n import Translator
from web.rights import signed_in
from web.sessions import Sessions

#: How often an open page's session is looked at again.
SESSION_CHECK_S = 30.0
RETRY_S = 2.0
#: While these last, the page that shows them is in use, whether or not a key is pressed.
_WATCHED = ("recording", "paused", "faulty")

log = structlog.get_logger("console")


class _Mark(BaseModel):
    """How the page names a mark that it may have to say again, and when it was made (recorder.marking)."""

    model_config = ConfigDict(extra="forbid")

    token: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{8,64}$")
    ago_ms: int = Field(default=0, ge=0, le=600_000)
    replaces: int | None = Field(default=None, ge=1)

    def about(self) -> dict[str, Any]:
        """What of it the daemon is told."""
        return self.model_dump(include={"token", "ago_ms", "replaces"}, exclude_defaults=True)


class StageMark(_Mark):
    """A stage to mark."""

    code: str = Field(pattern=r"^[A-Z][A-Z_]{0,39}$")
    participant: str | None = Field(default=None, max_length=80)
    note: str = Field(default="", max_length=2000)


class RemarkText(_Mark):
    """A remark to enter."""

    text: str = Field(min_length=1, max_length=2000)


class Withdrawal(BaseModel):
    """A stage or remark to take back, by the number of its line."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(ge=1)
    reason: str = Field(default="", max_length=2000)


def router(desk: Desk) -> APIRouter:
    """The routes under ``/api``."""
    routes = APIRouter()

    @routes.get("/api/hearings/{hearing}")
    async def hearing(hearing: str, account: Annotated[Account, Depends(signed_in)]) -> Response:
        return JSONResponse(page_view(shown_to(account, await desk.daemon.get(_path(hearing)))))

    @routes.post("/api/hearings/{hearing}/{act}")
    async def act(
        hearing: str, act: Literal["start", "pause", "resume", "stop"], account: Annotated[Account, Depends(operators)]
    ) -> Response:
        log.info("asked to act", action=f"hearing_{act}", hearing=hearing, account=account.name)
        return JSONResponse(await desk.daemon.post(f"{_path(hearing)}/{act}", {"by": account.name}))

    @routes.post("/api/hearings/{hearing}/marks/stage")
    async def mark_stage(hearing: str, mark: StageMark, account: Annotated[Account, Depends(operators)]) -> Response:
        body: dict[str, Any] = {"code": mark.code, "by": account.name, "note": mark.note.strip(), **mark.about()}
        if mark.participant:
            body["participant"] = mark.participant
        return JSONResponse(await desk.daemon.post(f"{_path(hearing)}/stages", body))

    @routes.post("/api/hearings/{hearing}/marks/remark")
    async def remark(hearing: str, remark: RemarkText, account: Annotated[Account, Depends(operators)]) -> Response:
        return JSONResponse(await desk.daemon.post(f"{_path(hearing)}/remarks", {"text": remark.text.strip(), "by": account.name, **remark.about()}))

    @routes.get("/api/events")
    async def events(request: Request, account: Annotated[Account, Depends(signed_in)]) -> Response:
        watcher = _Watcher(desk, desk.pages.translator(request), request.app.state.sessions, request.state.session_token, account)
        return StreamingResponse(watcher.stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    _room(routes, desk)
    return routes


def _room(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/api/hearings/{hearing}/marks/withdraw")
    async def withdraw(hearing: str, mark: Withdrawal, account: Annotated[Account, Depends(operators)]) -> Response:
        body = {"line": mark.line, "by": account.name, "reason": mark.reason.strip()}
        return JSONResponse(await desk.daemon.post(f"{_path(hearing)}/withdrawals", body))

    @routes.get("/api/hearings/{hearing}/speech")
    async def speech(hearing: str, account: Annotated[Account, Depends(signed_in)]) -> Response:
        """Live words and how far the transcript is; the page is told the rest by events."""
        told = await desk.daemon.get(f"{_path(hearing)}/speech")
        if not in_the_room(account) and (told.get("live") or {}).get("publicity") == "closed":
            told = {**told, "live": None}
        return JSONResponse(told)

    @routes.get("/api/sources/{name}/picture.jpg")
    async def picture(name: str, account: Annotated[Account, Depends(signed_in)]) -> Response:
        if not in_the_room(account) and (await desk.daemon.get("/v1/status")).get("publicity") == "closed":
            return Response(status_code=204)
        try:
            return Response(await desk.daemon.picture(name), media_type="image/jpeg")
        except DaemonError as error:
            if error.code != "no-source":
                raise
            # No picture yet is no fault: the page says so in the picture's place, and the browser's console stays clean.
            return Response(status_code=204)

    @routes.post("/api/check")
    async def check(request: Request, account: Annotated[Account, Depends(operators)]) -> Response:
        """A real capture through every source; its result with texts in the reader's language."""
        log.info("asked to check the room", action="check", account=account.name)
        return JSONResponse(page_check(await desk.daemon.post("/v1/check", {}), desk.pages.translator(request)))


class _Watcher:
    """One open page: passes the daemon's events on, for as long as the page's session is valid."""

    def __init__(self, desk: Desk, lang: Translator, sessions: Sessions, token: str, account: Account) -> None:
        self._onlooker = None if in_the_room(account) else Onlooker(lambda hearing: desk.daemon.get(_path(hearing)))
        self._desk = desk
        self._lang = lang
        self._sessions = sessions
        self._token = token
        self._checked_s = 0.0
        self._watched = False
        self._room: tuple[str | None, str | None] = (None, None)

    async def stream(self) -> AsyncIterator[str]:
        yield f"retry: {int(RETRY_S * 1000)}\n\n"
        while await self._may_go_on():
            try:
                async with self._desk.daemon.events() as events:
                    async for item in events:
                        if self._onlooker is None or await self._onlooker.may_see(item):
                            yield self._passed_on(item)
                        if not await self._may_go_on():
                            break
            except DaemonError as error:
                texts = error_texts(self._lang, error.code)
                yield event("gone", {"code": error.code, "message": texts.message, "advice": texts.advice})
            await asyncio.sleep(RETRY_S)
        yield event("signed-out", {})

    def _passed_on(self, item: Event) -> str:
        if item.name == "sending":
            told = json.loads(item.data)
            running = self._room[0] == told["hearing"] and self._room[1] in OPEN
            return event("sending", {**told, "text": sending_text(self._lang, told, running=running)})
        if item.name != "status":
            return f"event: {item.name}\ndata: {item.data}\n\n"
        status = json.loads(item.data)
        self._watched = status.get("state") in _WATCHED
        self._room = status.get("hearing"), status.get("state")
        return event("status", page_status(status, self._lang, int(self._desk.now_s() * 1_000_000)))

    async def _may_go_on(self) -> bool:
        now = self._desk.now_s()
        if now - self._checked_s < SESSION_CHECK_S:
            return True
        self._checked_s = now
        return await run_in_threadpool(self._sessions.find, self._token, touch=self._watched) is not None


def _path(hearing: str) -> str:
    return f"/v1/hearings/{quote(hearing, safe='')}"
