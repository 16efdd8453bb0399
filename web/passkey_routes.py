"""The account page, and the routes that its script, the sign-in page's and those of acts call for passkeys (:mod:`web.ceremonies`)."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from web.accounts import Account
from web.ceremonies import Ceremonies
from web.errors import HaveToWait, NotConfirmed, PasskeyError, PasskeyRefused, WebError
from web.i18n import N_, Translator, from_us
from web.pages import Pages, local_address
from web.passkeys import LONGEST_LABEL
from web.reauthentication import Reauthentication
from web.rights import anyone, signed_in
from web.security import cookie_name, origin_of, set_session_cookie
from web.sessions import Sessions
from web.signin import renewed
from web.throttle import Throttle

#: What a person reads: what happened and what to do, by the error's code.
TEXTS: dict[str, tuple[str, str]] = {
    "no-passkeys": (N_("Passkeys cannot be used here."), N_("Use the password.")),
    "passkey-refused": (N_("The passkey was not accepted."), N_("Try again, or use the password.")),
    "unknown-passkey": (N_("There is no such passkey any more."), N_("Reload the page.")),
    "passkey-name": (N_("This cannot be the name of a passkey."), N_("Give it a name of 1 to 60 characters.")),
    "passkey-taken": (
        N_("You have a passkey of this name, or on this device."),
        N_("Choose another name, or remove the old one first."),
    ),
    "too-many-passkeys": (N_("You have as many passkeys as are kept."), N_("Remove one that you do not use any more.")),
    "wrong-password": (
        N_("The password of your account is wrong."),
        N_("Enter the password with which you sign in here."),
    ),
    "wait": (N_("Too many wrong passwords."), N_("Wait a minute, then try again.")),
}

log = structlog.get_logger("web")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Begin(_Body):
    """Somebody wants to add a passkey."""

    password: str = Field(max_length=1000)


class Add(_Body):
    """The new key, as the browser's device gave it, and what its owner calls it."""

    label: str = Field(max_length=200)
    answer: dict[str, Any]


class Enter(_Body):
    """An answer to a sign-in's challenge, and where the person wanted to go."""

    answer: dict[str, Any]
    next: str = Field(default="/", max_length=2000)


class Confirm(_Body):
    """Which act is to be confirmed."""

    subject: str = Field(max_length=300)


def texts_of(lang: Translator, error: WebError) -> tuple[str, str]:
    """What happened and what to do, in the reader's language."""
    message, advice = TEXTS.get(error.code, TEXTS["passkey-refused"])
    return lang(message), lang(advice)


def status_of(error: WebError) -> int:
    """HTTP status; never 401, for the person may be signed in all the same."""
    return 429 if isinstance(error, HaveToWait) else 422


def router(
    pages: Pages, ceremonies: Ceremonies, sessions: Sessions, throttle: Throttle, again: Reauthentication
) -> APIRouter:
    """The routes ``/account…`` and ``/api/passkeys/…``."""
    routes = APIRouter()
    _account_page(routes, pages, ceremonies, sessions, again)
    _adding(routes, ceremonies, again)
    _entering(routes, pages.app, ceremonies, sessions, throttle)
    return routes


def _account_page(
    routes: APIRouter, pages: Pages, ceremonies: Ceremonies, sessions: Sessions, again: Reauthentication
) -> None:
    def page(request: Request, account: Account, error: WebError | None = None) -> Response:
        offered, party = ceremonies.offered(origin_of(request)), ceremonies.party
        return pages.render(
            request,
            "account.html",
            status=status_of(error) if error else 200,
            script="account" if offered else None,
            account=account,
            passkeys=ceremonies.passkeys.of(account.name),
            offered=offered,
            addresses=party.origins if party else (),
            opened=origin_of(request),
            longest=LONGEST_LABEL,
            error=texts_of(pages.translator(request), error) if error else None,
            moment=lambda seconds: from_us(seconds * 1_000_000),
        )

    @routes.get("/account")
    def account_page(request: Request, account: Annotated[Account, Depends(signed_in)]) -> Response:
        return page(request, account)

    @routes.post("/account/passkeys/remove")
    async def remove(
        request: Request,
        account: Annotated[Account, Depends(signed_in)],
        label: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        try:
            await again.check(request, account, password)
            await run_in_threadpool(ceremonies.passkeys.remove, account.name, label)
        except (PasskeyError, NotConfirmed) as error:
            return await run_in_threadpool(page, request, account, error)
        log.info("passkey removed", action="passkey_removed", account=account.name, passkey=label, by=account.name)
        # Whoever has the lost device may sit at another browser.
        await run_in_threadpool(sessions.close_all, account.name, but=request.state.session_token)
        return RedirectResponse("/account", 303)


def _adding(routes: APIRouter, ceremonies: Ceremonies, again: Reauthentication) -> None:
    @routes.post("/api/passkeys/add/begin")
    async def begin(request: Request, body: Begin, account: Annotated[Account, Depends(signed_in)]) -> Response:
        await again.check(request, account, body.password)
        options = await run_in_threadpool(
            ceremonies.begin_adding, account, request.state.session_token, origin_of(request)
        )
        return JSONResponse(options)

    @routes.post("/api/passkeys/add/finish")
    def finish(request: Request, body: Add, account: Annotated[Account, Depends(signed_in)]) -> Response:
        session, origin = request.state.session_token, origin_of(request)
        try:
            passkey = ceremonies.finish_adding(account, session, origin, body.label, body.answer)
        except PasskeyRefused as error:
            log.warning("new passkey refused", action="passkey_refused", account=account.name, reason=str(error))
            raise
        return JSONResponse({"label": passkey.label}, 201)

    @routes.post("/api/passkeys/confirm/begin")
    def confirm(request: Request, body: Confirm, account: Annotated[Account, Depends(signed_in)]) -> Response:
        session, origin = request.state.session_token, origin_of(request)
        return JSONResponse(ceremonies.begin_confirming(account, session, origin, body.subject))


def _entering(routes: APIRouter, app: str, ceremonies: Ceremonies, sessions: Sessions, throttle: Throttle) -> None:
    @routes.post("/api/passkeys/sign-in/begin", dependencies=[Depends(anyone)])
    def begin(request: Request) -> Response:
        browser, scheme = secrets.token_urlsafe(32), request.url.scheme
        answer = JSONResponse(ceremonies.begin_sign_in(browser, origin_of(request)))
        answer.set_cookie(
            _browser_cookie(app, scheme), browser, path="/", secure=scheme == "https", httponly=True, samesite="strict"
        )
        return answer

    @routes.post("/api/passkeys/sign-in/finish", dependencies=[Depends(anyone)])
    def finish(request: Request, body: Enter) -> Response:
        address, scheme = request.client.host if request.client else "", request.url.scheme
        # Counted for keys that we know only: a stranger invents as many others as they like, and each would take a password's count's place.
        known = ceremonies.known(body.answer)
        key = f"passkey {known.credential.hex()}" if known else ""  # no account's name has a space
        if key and throttle.begin(key, address):
            raise HaveToWait("too many wrong answers")
        try:
            browser = request.cookies.get(_browser_cookie(app, scheme), "")
            account, passkey = ceremonies.finish_sign_in(browser, origin_of(request), body.answer)
        except PasskeyRefused as error:
            log.warning("sign-in refused", action="sign_in_refused", address=address, way="passkey", reason=str(error))
            raise
        throttle.right(key, address)
        token = renewed(sessions, account, request.state.session_token)
        log.info(
            "signed in",
            action="signed_in",
            account=account.name,
            role=account.role,
            address=address,
            way="passkey",
            passkey=passkey.label,
        )
        answer = JSONResponse({"next": local_address(body.next)})
        answer.delete_cookie(
            _browser_cookie(app, scheme), path="/", secure=scheme == "https", httponly=True, samesite="strict"
        )
        set_session_cookie(answer, app, scheme, token)
        return answer


def _browser_cookie(app: str, scheme: str) -> str:
    """Binds a challenge to the browser that asked for it, before there is a session."""
    return f"{cookie_name(app, scheme)}-passkey"
