"""Signing in and out, and choosing a language: the routes every app has."""

from __future__ import annotations

import math
from typing import Annotated

import anyio
import anyio.to_thread
import structlog
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from web.accounts import Account, Accounts
from web.ceremonies import Ceremonies
from web.i18n import LANGUAGES, N_
from web.pages import LANGUAGE_COOKIE, Pages, local_address
from web.reauthentication import HASHES
from web.rights import anyone
from web.security import clear_session_cookie, origin_of, set_session_cookie
from web.sessions import Sessions
from web.throttle import Throttle

WRONG = N_("The name or the password is wrong.")
WAIT = N_("Too many wrong passwords. Try again in {seconds} s.")

log = structlog.get_logger("web")


def renewed(sessions: Sessions, account: Account, old: str | None) -> str:
    """A new session in the place of the old one, if there is one."""
    if old:
        sessions.close(old)
    return sessions.open(account)


def router(pages: Pages, accounts: Accounts, sessions: Sessions, throttle: Throttle, ceremonies: Ceremonies) -> APIRouter:
    """The routes ``/sign-in``, ``/sign-out`` and ``/language``; signing in by a passkey is in :mod:`web.passkey_routes`."""
    routes = APIRouter()
    hashes = anyio.CapacityLimiter(HASHES)

    def page(request: Request, address: str, name: str = "", error: str | None = None, status: int = 200) -> Response:
        offered, address = ceremonies.offered(origin_of(request)), local_address(address)
        script, data = ("sign-in", {"next": address}) if offered else (None, None)
        return pages.render(
            request, "sign-in.html", status=status, script=script, data=data, next=address, name=name, error=error, passkeys=offered
        )

    @routes.get("/sign-in", dependencies=[Depends(anyone)])
    def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002 - the usual name in an address
        return page(request, next)

    @routes.post("/sign-in", dependencies=[Depends(anyone)])
    async def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
    ) -> Response:
        name = name.strip().lower()
        address = request.client.host if request.client else ""
        lang = pages.translator(request)
        if wait := throttle.begin(name, address):
            return page(request, next, name, lang(WAIT, seconds=math.ceil(wait)), 429)
        account = await anyio.to_thread.run_sync(accounts.verify, name, password, limiter=hashes)
        if account is None:
            log.warning("sign-in refused", action="sign_in_refused", account=name, address=address)
            return page(request, next, name, lang(WRONG), 401)
        throttle.right(name, address)
        token = await run_in_threadpool(renewed, sessions, account, request.state.session_token)
        log.info("signed in", action="signed_in", account=account.name, role=account.role, address=address, way="password")
        answer = RedirectResponse(local_address(next), 303)
        set_session_cookie(answer, pages.app, request.url.scheme, token)
        return answer

    @routes.post("/sign-out", dependencies=[Depends(anyone)])
    def sign_out(request: Request) -> Response:
        if request.state.session_token:
            sessions.close(request.state.session_token)
            log.info("signed out", action="signed_out", account=request.state.account.name)
        answer = RedirectResponse("/sign-in", 303)
        clear_session_cookie(answer, pages.app, request.url.scheme)
        return answer

    @routes.post("/language", dependencies=[Depends(anyone)])
    def choose(
        request: Request,
        language: Annotated[str, Form(max_length=10)],
        next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
    ) -> Response:
        answer = RedirectResponse(local_address(next), 303)
        if language in LANGUAGES:
            https = request.url.scheme == "https"
            answer.set_cookie(
                LANGUAGE_COOKIE, language, max_age=31_536_000, path="/", secure=https, httponly=True, samesite="lax"
            )
        return answer

    return routes
