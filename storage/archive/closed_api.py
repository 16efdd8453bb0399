"""Routes of closed parts: say for what, then read. Every refusal is in the log, as every opening is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from protocol.encoding import check_path
from protocol.errors import BadEncoding
from storage.archive.access import check_sees
from storage.archive.closed import ClosedParts, may_see_closed, require
from storage.archive.closed_errors import ClosedKeyMissing, ClosedPart, NoPurpose
from storage.archive.service import Archive
from storage.errors import BadKey
from web.accounts import Account
from web.ranges import BadRange, parse_range
from web.rights import signed_in

log = structlog.get_logger("storage.archive")


def shown(request: Request, hearing: str) -> str:
    """What the hearing's page says of closed parts: ``none``, ``forbidden``, ``shut`` or ``open`` to whoever asks."""
    account: Account = request.state.account
    closed: ClosedParts = request.app.state.closed
    if not closed.any(hearing):
        return "none"
    if not may_see_closed(account):
        return "forbidden"
    return "open" if closed.is_open(hearing, account, str(request.state.session_token)) else "shut"


def router(archive: Archive, closed: ClosedParts) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/hearings/{hearing}/closed", dependencies=[Depends(signed_in)])

    def judge(request: Request, hearing: str) -> tuple[Account, str]:
        """Who asks, if closed parts are theirs to see."""
        account, session = check_sees(request, hearing), str(request.state.session_token)
        if not may_see_closed(account):
            archive.refused(hearing, account.name, session)
            raise ClosedPart("a closed part of the hearing")
        return account, session

    @routes.post("")
    def open_(request: Request, hearing: str, purpose: Annotated[str, Form(max_length=5000)] = "") -> Response:
        account, session = judge(request, hearing)
        address = f"/hearings/{quote(hearing, safe='')}"
        try:
            closed.open(hearing, account, session, purpose)
        except (NoPurpose, ClosedKeyMissing) as error:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            log.warning("closed part not opened", action="request_refused", hearing=hearing, code=error.code)
            return RedirectResponse(f"{address}?refused={error.code}", status_code=303)  # a person, whose form it was
        return RedirectResponse(address, status_code=303)

    @routes.api_route("/{path:path}", methods=["GET", "HEAD"])
    def file(request: Request, hearing: str, path: str) -> Response:
        account, session = judge(request, hearing)
        try:
            check_path(path)
        except BadEncoding as error:
            raise BadKey(str(error)) from error
        require(closed.is_open(hearing, account, session))
        data = closed.read(hearing, path)
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
        try:
            chosen = parse_range(request.headers.get("range"), len(data))
        except BadRange as error:
            return Response(str(error), error.status, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
        start, end = chosen or (0, len(data))
        if chosen is not None:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        headers["Content-Length"] = str(end - start)
        body = b"" if request.method == "HEAD" else data[start:end]
        return Response(body, 206 if chosen is not None else 200, headers, media_type=closed.media_type(hearing, path))

    return routes
