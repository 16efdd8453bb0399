"""The courtroom console: the secretary's and the presiding judge's web app.

::

    browser ── this app (127.0.0.1:8801) ── Unix socket ── recorder daemon

Killing this process does nothing to a recording; started again, it shows what the daemon knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

from device_config.settings import Settings
from recorder.cases.errors import CasesError
from recorder.console import (
    api_routes,
    day_api,
    day_pages,
    deadlines,
    media,
    page_routes,
    participants,
    quality,
    remarks,
    review,
    signing,
)
from recorder.console.daemon import ClientFactory, DaemonError, socket_client
from recorder.console.desk import Desk
from recorder.console.texts import error_texts
from web.accounts import Accounts
from web.app import assemble, problem
from web.ceremonies import Ceremonies
from web.i18n import N_
from web.pages import Pages
from web.passkeys import RelyingParty
from web.reauthentication import Reauthentication
from web.security import Policy

TITLE = N_("Courtroom console")

log = structlog.get_logger("console")


def create_app(
    settings: Settings,
    client_factory: ClientFactory | None = None,
    *,
    accounts: Accounts | None = None,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The console's app.

    Args:
        settings: the box's settings.
        client_factory: makes the client for the daemon; default: its Unix socket.
        accounts: who may sign in; default: ``<state_dir>/accounts.sqlite``.
        clock: seconds since 1970, UTC.
    """
    room = {"court_name": settings.court, "courtroom": settings.courtroom}
    pages = Pages("console", TITLE, [Path(__file__).parent / "templates"], globals_=room)
    desk = Desk(settings, pages, client_factory or socket_client(settings.socket), clock)
    accounts = accounts or Accounts(settings.state_dir / "accounts.sqlite")
    party = RelyingParty.of(settings.passkeys.domain, settings.passkeys.origins)
    again = Reauthentication(accounts, Ceremonies(accounts, party, clock))
    signed = [signing.router(desk, again), remarks.router(desk), deadlines.router(desk)]
    client = (settings.signing.client,) if settings.signing.client else ()
    app = assemble(
        pages,
        [review.router(desk), media.router(desk), quality.router(desk), page_routes.router(desk), participants.router(desk), api_routes.router(desk), day_pages.router(desk), day_api.router(desk), *signed],
        accounts=accounts,
        clock=clock,
        again=again,
        policy=Policy(connect=client, streams=(*day_api.STREAMS, remarks.FILES_PATH)),
        lifespan=day_pages.with_keeping(desk),
    )

    @app.exception_handler(DaemonError)
    async def daemon_error(request: Request, error: DaemonError) -> Response:
        texts = error_texts(pages.translator(request), error.code)
        return problem(pages, request, error.status, error.code, texts.message, texts.advice)

    @app.exception_handler(CasesError)
    async def list_error(request: Request, error: CasesError) -> Response:
        log.error("the list cannot be used", action="cases_failed", code=error.code, message=str(error))
        return problem(pages, request, 500, error.code)

    return app


def run(settings: Settings) -> None:
    """Serve the console until SIGTERM or Ctrl-C."""
    app = create_app(settings)
    log.info("console starts", action="console_start", host=settings.console.host, port=settings.console.port)
    uvicorn.run(
        app,
        host=settings.console.host,
        port=settings.console.port,
        log_level="warning",
        server_header=False,
        # Open pages hold their event streams for ever; a stop does not wait for them.
        timeout_graceful_shutdown=2,
    )
