"""The page on which people sign and certify, and the routes that its script calls (docs/signing.md).

A form without a script signs with a key file; the script adds the national key client of the person's computer.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from protocol.encoding import utc_us
from recorder.console.daemon import DaemonError
from recorder.console.desk import Desk, operators
from recorder.console.in_camera import has_part, in_the_room
from recorder.console.reauthentication import confirmed
from recorder.console.signing_acts import Acts, sign_with_file
from recorder.console.signing_texts import SIGNERS, problem_of
from recorder.console.texts import CASE_LANGUAGES, STATES
from web.accounts import Account
from web.i18n import N_, Translator, from_us
from web.reauthentication import Reauthentication
from web.rights import NotAllowed, signed_in
from web.security import origin_of

#: A key file has some kilobytes.
_MOST_KEY = 256 * 1024

log = structlog.get_logger("console")


class Begin(BaseModel):
    """What a person wants to sign with the key client."""

    model_config = ConfigDict(extra="forbid")

    what: str = Field(max_length=40)
    password: str = Field(default="", max_length=1000)
    passkey: str = Field(default="", max_length=20_000)


class Finish(BaseModel):
    """What the key client gave: CMS in base64, with or without line breaks."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=100)
    signature: str = Field(max_length=200_000)


def router(desk: Desk, again: Reauthentication) -> APIRouter:
    """The routes ``/hearings/{hearing}/signing``, ``…/papers/…``, ``…/amendments`` and ``/api/hearings/{hearing}/signing/…``."""
    routes, acts = APIRouter(), Acts(desk)

    @routes.get("/hearings/{hearing}/signing")
    async def page(request: Request, hearing: str, account: Annotated[Account, Depends(signed_in)]) -> Response:
        return await _page(desk, again, request, hearing, account)

    @routes.post("/hearings/{hearing}/signing")
    async def sign(request: Request, hearing: str, account: Annotated[Account, Depends(operators)]) -> Response:
        async with request.form(max_files=1, max_fields=10) as form:
            texts = {name: str(form.get(name) or "") for name in ("what", "way", "password", "passkey", "key_password")}
            file = form.get("key")
            content = await file.read(_MOST_KEY) if isinstance(file, UploadFile) else b""
        try:
            _came_whole(texts["way"], content)
            await confirmed(again, request, account, texts["password"], texts["passkey"], hearing)
            act = await acts.begin(hearing, texts["what"], account)
            signature = await run_in_threadpool(
                sign_with_file, act, content, texts["key_password"], int(desk.now_s() * 1e6)
            )
            await acts.finish(act, signature)
        except DaemonError as error:
            return await _page(desk, again, request, hearing, account, error)
        return RedirectResponse(f"/hearings/{quote(hearing, safe='')}/signing", 303)

    _papers(routes, desk, again)
    _client(routes, desk, acts, again)
    return routes


def _papers(routes: APIRouter, desk: Desk, again: Reauthentication) -> None:
    @routes.get("/hearings/{hearing}/papers/{path:path}")
    async def paper(hearing: str, path: str, account: Annotated[Account, Depends(signed_in)]) -> Response:
        """A file as it stands in the record; one that came with remarks on a part in camera is opened for who sits in the room."""
        if path.startswith("remarks/") and path.endswith(".enc"):
            if not in_the_room(account):
                raise NotAllowed
            log.info("remarks in camera read", action="open_closed", hearing=hearing, path=path, account=account.name)
            data = await desk.daemon.get_bytes(f"{_at(hearing)}/closed/files/{quote(path)}")
            path = path.removesuffix(".enc")
        else:
            data = await desk.daemon.get_bytes(f"{_at(hearing)}/papers/{quote(path)}")
        kind, shown = (
            ("application/pdf", "inline") if path.endswith(".pdf") else ("application/octet-stream", "attachment")
        )
        name = quote(path.rpartition("/")[2])
        return Response(data, media_type=kind, headers={"Content-Disposition": f"{shown}; filename*=UTF-8''{name}"})

    @routes.get("/hearings/{hearing}/amendments/{number}.pdf", dependencies=[Depends(signed_in)])
    async def amendment_pdf(hearing: str, number: int) -> Response:
        data = await desk.daemon.get_bytes(f"{_at(hearing)}/amendments/{number}.pdf")
        return Response(data, media_type="application/pdf", headers={"Content-Disposition": "inline"})

    @routes.post("/hearings/{hearing}/amendments")
    async def draw_up(request: Request, hearing: str, account: Annotated[Account, Depends(operators)]) -> Response:
        async with request.form(max_files=0, max_fields=4) as form:
            body = {
                "by": account.name,
                "text": str(form.get("text") or "").strip(),
                "reason": str(form.get("reason") or "").strip(),
            }
        try:
            await desk.daemon.post(f"{_at(hearing)}/amendments", body)
        except DaemonError as error:
            return await _page(desk, again, request, hearing, account, error)
        return RedirectResponse(f"/hearings/{quote(hearing, safe='')}/signing", 303)

    @routes.post("/hearings/{hearing}/amendments/{number}/withdrawal")
    async def withdraw(
        request: Request, hearing: str, number: int, account: Annotated[Account, Depends(operators)]
    ) -> Response:
        try:
            await desk.daemon.post(f"{_at(hearing)}/amendments/{number}/withdrawal", {"by": account.name})
        except DaemonError as error:
            return await _page(desk, again, request, hearing, account, error)
        log.warning("amendment withdrawn", action="withdraw", hearing=hearing, number=number, account=account.name)
        return RedirectResponse(f"/hearings/{quote(hearing, safe='')}/signing", 303)


def _client(routes: APIRouter, desk: Desk, acts: Acts, again: Reauthentication) -> None:
    @routes.post("/api/hearings/{hearing}/signing/begin")
    async def begin(
        request: Request, hearing: str, body: Begin, account: Annotated[Account, Depends(operators)]
    ) -> Response:
        try:
            await confirmed(again, request, account, body.password, body.passkey, hearing)
            act = await acts.begin(hearing, body.what, account)
        except DaemonError as error:
            return _told(desk.pages.translator(request), error)
        return JSONResponse({"token": acts.wait(act), "digest": base64.b64encode(act.digest).decode()})

    @routes.post("/api/hearings/{hearing}/signing/finish")
    async def finish(
        request: Request, hearing: str, body: Finish, account: Annotated[Account, Depends(operators)]
    ) -> Response:
        try:
            act = acts.take(body.token, hearing, account)
            return JSONResponse(await acts.finish(act, _der(body.signature)))
        except DaemonError as error:
            return _told(desk.pages.translator(request), error)


def _came_whole(way: str, key: bytes) -> None:
    """The key client is asked by the page's script: a form that chose it and came all the same was sent before the script had come."""
    if way == "client" and not key:
        raise DaemonError(422, "page-not-ready", "the form came instead of a signature by the key client")


def _at(hearing: str) -> str:
    return f"/v1/hearings/{quote(hearing, safe='')}"


def _der(text: str) -> bytes:
    """The CMS object of what a key client gives: base64 with line breaks, perhaps with the lines of PEM around it."""
    lines = [line.strip() for line in text.splitlines() if not line.startswith("-----")]
    try:
        return base64.b64decode("".join(lines), validate=True)
    except binascii.Error as error:
        raise DaemonError(422, "signature-refused", "not base64", findings=[("malformed", "")]) from error


def _told(lang: Translator, error: DaemonError) -> Response:
    problem, reasons = problem_of(lang, error)
    body = {"code": error.code, "message": " ".join([problem.message, *reasons]), "advice": problem.advice}
    return JSONResponse(body, error.status)


def _has_passkey(again: Reauthentication, request: Request, account: Account) -> bool:
    """Whether this person can confirm by a passkey on the page as it was opened."""
    ceremonies = again.ceremonies
    return ceremonies.offered(origin_of(request)) and bool(ceremonies.passkeys.of(account.name))


#: What can be signed on the page, as it is called there.
_PROTOCOL = N_("Brief protocol ({language})")
_CERTIFICATION = N_("Certification of recording, electronic protocol and transcript")
_AMENDMENT = N_("Amendment № {number}")


def _choices(
    told: dict[str, Any], waiting: list[dict[str, Any]], account: Account, lang: Translator
) -> list[tuple[str, str]]:
    """What this person can sign now."""
    role, found = account.role.value, []
    if operators.roles is None or account.role not in operators.roles:
        return []
    if told["state"] == "drafted" and not told["outdated"] and told["confirmed"]:
        documents = sorted(told["documents"], key=lambda item: item["language"] != told["language"])
        for item in documents:
            if role not in item["roles"]:
                name = lang(CASE_LANGUAGES.get(item["language"], item["language"]))
                found.append((f"protocol.{item['language']}", lang(_PROTOCOL, language=name)))
        if told["signed"] and role == "secretary":
            found.insert(0, ("certification", lang(_CERTIFICATION)))
    mine = [one for one in waiting if role not in one["roles"]]
    return [*found, *((f"amendment.{one['number']}", lang(_AMENDMENT, number=one["number"])) for one in mine)]


async def _page(
    desk: Desk,
    again: Reauthentication,
    request: Request,
    hearing: str,
    account: Account,
    error: DaemonError | None = None,
) -> Response:
    lang = desk.pages.translator(request)
    view = await desk.daemon.read(_at(hearing))
    told = await desk.daemon.read(f"{_at(hearing)}/signing")
    waiting = await desk.daemon.read(f"{_at(hearing)}/amendments")
    problem, reasons = problem_of(lang, error) if error else (None, [])
    choices = _choices(told, waiting, account, lang)
    client = desk.settings.signing.client
    return desk.pages.render(
        request,
        "signing.html",
        status=error.status if error else 200,
        script="signing",
        data={"hearing": hearing, "client": client},
        passkey=await run_in_threadpool(_has_passkey, again, request, account),
        view=view,
        hearing=hearing,
        told={
            **told,
            "documents": sorted(told["documents"], key=lambda item: bool(item["language"] != told["language"])),
        },
        waiting=waiting,
        amended=[item for item in view["revisions"] if item["kind"] == "amendment" and item["path"].endswith(".pdf")],
        choices=choices,
        client=client,
        problem=problem,
        reasons=reasons,
        signers=SIGNERS,
        languages_of=CASE_LANGUAGES,
        state_text=STATES.get(told["state"], told["state"]),
        may_withdraw=account.role.value in SIGNERS,
        had_closed_part=has_part(view),
        may_amend=told["certified"] and account.role.value in SIGNERS and not waiting,
        moment=lambda at: from_us(utc_us(at)) if at else None,
    )
