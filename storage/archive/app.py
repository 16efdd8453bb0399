"""The archive as a web service: the box API, the judge's pages and what they play."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from device_config.closed_keys import archive_key_path
from device_config.settings import Settings
from protocol.errors import ProtocolError
from storage.archive import box_api, closed_api, copies, fleet_pages, log_api, media_api, search_pages
from storage.archive import pages as archive_pages
from storage.archive.callers import Callers
from storage.archive.closed import ClosedParts
from storage.archive.enrolment import open_archive
from storage.archive.log_witnesses import witnesses_of
from storage.archive.media import Media
from storage.archive.own_names import OwnNames
from storage.archive.service import Archive
from storage.archive.stamps import stamps_of
from storage.errors import StorageError
from storage.folder_store import FolderStore
from web.accounts import Accounts
from web.app import assemble
from web.ceremonies import Ceremonies
from web.i18n import N_
from web.pages import Pages
from web.passkeys import RelyingParty
from web.reauthentication import Reauthentication
from web.security import Policy

log = structlog.get_logger("storage.archive")

#: An idle connection is kept for longer than a box's client keeps it (5 s), so that no request goes into one that is being closed.
KEPT_S = 20
TEMPLATES = Path(__file__).parent / "templates"


def create_app(
    settings: Settings,
    *,
    archive: Archive | None = None,
    accounts: Accounts | None = None,
    pace: box_api.Pace | None = None,
) -> FastAPI:
    """The archive's web app.

    Args:
        settings: of the archive.
        archive: what it serves; the embedded archive of the settings by default, closed when the app ends.
        accounts: who may sign in; ``<state_dir>/accounts.sqlite`` by default.
        pace: when a box's body is given up.

    Raises:
        BadRelyingParty: the settings of passkeys name no address that can have them.
        LogBroken: the archive's log is not the one that it signed.
        AuthoritiesUnfit: the list of time stamp authorities cannot be read.
    """
    party = RelyingParty.of(settings.passkeys.domain, settings.passkeys.origins)
    ours = archive if archive is not None else open_archive(settings)
    stamps = stamps_of(ours.store, settings)
    ours.on_receipt = stamps.want
    media = Media(ours, stamps)
    closed = ClosedParts(ours, media, archive_key_path(settings))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if isinstance(ours.store, FolderStore) and (left := ours.store.clear_staging()):
            log.info("half-arrived files removed", action="staging_cleared", files=left)
        witnesses = witnesses_of(ours.log, settings)
        witnesses.start()
        stamps.start()
        yield
        await run_in_threadpool(stamps.stop)
        await run_in_threadpool(witnesses.stop)
        if archive is None:
            ours.close()

    accounts = accounts or Accounts(settings.state_dir / "accounts.sqlite")
    pages = Pages("archive", N_("Archive of electronic protocols"), [TEMPLATES])
    app = assemble(
        pages,
        [
            box_api.router(ours, pace),
            log_api.router(ours.log),
            media_api.router(ours, media, closed),
            copies.router(ours, media),
            closed_api.router(ours, closed),
            archive_pages.router(pages, ours),
            search_pages.router(pages, ours),
            fleet_pages.router(pages, ours, [item.key for item in settings.archive.witnesses]),
        ],
        accounts=accounts,
        policy=Policy(streams=(box_api.PREFIX,)),
        again=Reauthentication(accounts, Ceremonies(accounts, party)),
        lifespan=lifespan,
    )
    app.state.archive, app.state.media, app.state.closed = ours, media, closed
    own = OwnNames(settings.archive.addresses, settings.archive.host)
    app.state.callers = Callers(ours, tokens=settings.archive.accept_tokens, names=own)
    _handle_errors(app)
    return app


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(StorageError)
    async def refused(request: Request, error: StorageError) -> Response:
        action = "request_failed" if error.status >= 500 else "request_refused"
        log.warning("request refused", action=action, path=request.url.path, code=error.code, error=str(error))
        return JSONResponse(box_api.error_json(error), error.status)

    @app.exception_handler(ProtocolError)
    async def failed(request: Request, error: ProtocolError) -> Response:
        log.error("request failed", action="request_failed", path=request.url.path, code=error.code, error=str(error))
        return JSONResponse(box_api.error_json(error), 500)


def run(settings: Settings) -> None:
    """Serve the archive until it is told to stop (SIGTERM, SIGINT)."""
    app = create_app(settings)
    log.info("archive listens", action="listening", host=settings.archive.host, port=settings.archive.port)
    uvicorn.run(
        app,
        host=settings.archive.host,
        port=settings.archive.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEPT_S,
    )
