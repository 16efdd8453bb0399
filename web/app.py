"""Puts an app together: its routes and the shared ones, rights, sessions, headers, error pages, static files.

::

    app = assemble(pages, [my_router], accounts=Accounts(path))

Errors a person meets are pages in their language; under ``/api/`` they are JSON ``{"code", "message", "advice"}``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from web import passkey_routes, signin
from web.accounts import Accounts
from web.ceremonies import Ceremonies
from web.errors import NotConfirmed, PasskeyError, WebError
from web.i18n import N_
from web.pages import STATIC, Pages, StaticSite, address_of
from web.reauthentication import Reauthentication
from web.rights import NotAllowed, SignInNeeded, check_routes
from web.security import Guard, Policy, protect
from web.sessions import Clock, Sessions
from web.throttle import Throttle

log = structlog.get_logger("web")

#: What a person reads: title and advice, by HTTP status.
TEXTS: dict[int, tuple[str, str]] = {
    401: (N_("Sign in first"), N_("Your session has ended. Sign in again; a running recording is not affected.")),
    403: (N_("You may not do this"), N_("Your role does not allow this action.")),
    404: (N_("There is no such page"), N_("Check the address, or go back to the first page.")),
    405: (N_("This cannot be done here"), N_("Go back to the first page and try again.")),
    422: (N_("Something was filled in wrongly"), N_("Go back, check what you entered and try again.")),
    500: (N_("Something went wrong here"), N_("The fault was logged. Try again; if it stays, call the administrator.")),
}

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _no_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


def assemble(
    pages: Pages,
    routers: Sequence[APIRouter],
    *,
    accounts: Accounts,
    policy: Policy | None = None,
    clock: Clock = time.time,
    throttle: Throttle | None = None,
    again: Reauthentication | None = None,
    lifespan: Lifespan = _no_lifespan,
) -> FastAPI:
    """The finished app.

    Args:
        pages: the app's templates; its name is the app's.
        routers: the app's routes; each names who may use it (:mod:`web.rights`).
        accounts: who may sign in.
        policy: what pages may load.
        clock: seconds since 1970, for the sessions' limits.
        throttle: slows guessing down.
        again: asks for password or passkey before acts, and knows the app's passkeys; without passkeys by default.
        lifespan: what is opened at start and closed at the end.

    Raises:
        OpenRoute: a route names nobody.
    """
    sessions = Sessions(accounts.path, pages.app, clock)
    throttle = throttle or Throttle()
    again = again or Reauthentication(accounts, Ceremonies(accounts, None, clock))
    entrance = signin.router(pages, accounts, sessions, throttle, again.ceremonies)
    all_routers = [*routers, entrance, passkey_routes.router(pages, again.ceremonies, sessions, throttle, again)]
    # No generated docs pages: they load their scripts from another host.
    app = FastAPI(title=pages.app, openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    for router in all_routers:
        check_routes(router.routes)
        app.include_router(router)
    app.mount("/static", StaticSite(directory=STATIC))
    app.state.sessions = sessions
    app.state.routes = [route for router in all_routers for route in router.routes]
    policy = policy or Policy()
    _handle_errors(app, pages, policy)
    app.add_middleware(Guard, name=pages.app, sessions=sessions, policy=policy)
    return app


def routes_of_app(app: FastAPI) -> list[BaseRoute]:
    """Every route of an assembled app but the static files: what tests of rights walk over."""
    routes: list[BaseRoute] = app.state.routes
    return routes


def problem(pages: Pages, request: Request, status: int, code: str, message: str = "", advice: str = "") -> Response:
    """An error, as JSON under ``/api/``, else as a page; texts by status where none are given."""
    lang = pages.translator(request)
    title, hint = TEXTS.get(status, TEXTS[500] if status >= 500 else TEXTS[422])
    message, advice = message or lang(title), advice or lang(hint)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"code": code, "message": message, "advice": advice}, status)
    return pages.render(request, "error.html", status=status, error_title=message, advice=advice, code=code)


def _handle_errors(app: FastAPI, pages: Pages, policy: Policy) -> None:
    @app.exception_handler(SignInNeeded)
    async def sign_in_needed(request: Request, _error: Exception) -> Response:
        if request.url.path.startswith("/api/") or request.method != "GET":
            return problem(pages, request, 401, "sign-in-needed")
        address = request.url_for("sign_in_page").include_query_params(next=address_of(request))
        return RedirectResponse(f"{address.path}?{address.query}", 303)

    @app.exception_handler(NotAllowed)
    async def not_allowed(request: Request, _error: Exception) -> Response:
        return problem(pages, request, 403, "not-allowed")

    @app.exception_handler(PasskeyError)
    @app.exception_handler(NotConfirmed)
    async def not_confirmed(request: Request, error: WebError) -> Response:
        message, advice = passkey_routes.texts_of(pages.translator(request), error)
        return problem(pages, request, passkey_routes.status_of(error), error.code, message, advice)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return problem(pages, request, error.status_code, f"http-{error.status_code}")

    @app.exception_handler(RequestValidationError)
    async def wrong_input(request: Request, error: RequestValidationError) -> Response:
        fields = [".".join(str(part) for part in item["loc"]) for item in error.errors()]
        log.info("wrong input", action="wrong_input", path=request.url.path, fields=fields)
        return problem(pages, request, 422, "wrong-input")

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        log.error("fault in a page", action="page_fault", path=request.url.path, exc_info=error)
        answer = problem(pages, request, 500, "fault")
        # This handler runs outside the guard.
        protect(answer.headers, request.url.scheme, policy)
        return answer
