"""Playing the box's own record on the console: what of it can be played, and its bytes, passed on from the daemon.

::

    browser ── GET replay.json, files/… (ranges) ── this app ── Unix socket ── daemon ── disk

The secretary and the presiding judge may listen, while the hearing is recorded too. Parts in camera the daemon does not give out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from recorder.console.daemon import DaemonError, Passed
from recorder.console.desk import Desk, operators
from recorder.console.review import at
from web.accounts import Account

#: What the browser asks by and is told, beside the bytes.
_ASKED = ("range",)
_TOLD = ("content-type", "content-length", "content-range", "accept-ranges", "etag", "cache-control")
log = structlog.get_logger("console")


def router(desk: Desk) -> APIRouter:
    """``replay.json`` and ``files/`` of a hearing."""
    routes = APIRouter(prefix="/api/hearings/{hearing}")

    @routes.get("/replay.json")
    async def replay(
        hearing: str,
        account: Annotated[Account, Depends(operators)],
        since_us: Annotated[int, Query(ge=0, le=2**53)] = 0,
    ) -> Response:
        """What can be played, keys as in the archive's ``replay.json``; with ``since_us`` only what ends later, and no transcript."""
        media = await desk.daemon.get(f"{at(hearing)}/media", since_us=str(since_us))
        if not since_us:
            log.info("record played back", action="played_back", hearing=hearing, account=account.name)
            media["transcript"] = await transcript_of(desk, hearing)
        return JSONResponse(media, headers={"Cache-Control": "no-store"})

    @routes.get("/files/{path:path}")
    async def file(
        request: Request, hearing: str, path: str, _account: Annotated[Account, Depends(operators)]
    ) -> Response:
        """Bytes of a segment or a paper of the record; one range at a time."""
        asked = {name: value for name in _ASKED if (value := request.headers.get(name)) is not None}
        passed = await desk.daemon.open(f"{at(hearing)}/files/{quote(path)}", asked)
        headers = {name: value for name in _TOLD if (value := passed.headers.get(name)) is not None}
        return StreamingResponse(_whole(passed), passed.status, headers)

    return routes


async def transcript_of(desk: Desk, hearing: str, number: int = 0) -> dict[str, Any] | None:
    """A revision of the transcript as JSON values, 0 the newest; None where there is none."""
    try:
        found: dict[str, Any] = await desk.daemon.get(f"{at(hearing)}/transcripts/{number}")
    except DaemonError as error:
        if error.code != "no-hearing":
            raise
        return None
    return found


async def _whole(passed: Passed) -> AsyncIterator[bytes]:
    """The bytes; the daemon's answer is closed however this ends."""
    try:
        async for piece in passed.pieces():
            yield piece
    finally:
        await passed.close()
