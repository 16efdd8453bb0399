"""What the replay page asks for: one hearing's description, its files by ranges, its playlists. Behind sign-in.

Every first look of a person at a hearing in a session is an entry in the archive's log, before anything is handed out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from protocol.encoding import SOURCE, TAKE, b64, check_path
from protocol.errors import BadEncoding
from storage.archive.access import check_sees
from storage.archive.closed import ClosedParts, may_see_closed
from storage.archive.closed_errors import ClosedPart
from storage.archive.media import Media
from storage.archive.records import key_of
from storage.archive.service import Archive
from storage.errors import BadKey
from web.accounts import Account
from web.ranges import BadRange, parse_range
from web.rights import signed_in

PLAYLIST = "application/vnd.apple.mpegurl"


def reader(request: Request, hearing: str) -> Account:
    """Who reads; the look is logged before anything is handed out."""
    account = check_sees(request, hearing)
    archive: Archive = request.app.state.archive
    media: Media = request.app.state.media
    media.known(hearing)  # a hearing that is not there is not looked at
    archive.viewed(hearing, account.name, str(request.state.session_token))
    return account


ReadBy = Annotated[Account, Depends(reader)]


def router(archive: Archive, media: Media, closed: ClosedParts) -> APIRouter:
    """The routes of a hearing's media."""
    routes = APIRouter(prefix="/hearings/{hearing}", dependencies=[Depends(signed_in)])
    verifications = anyio.CapacityLimiter(2)

    @routes.get("/replay.json")
    def replay(request: Request, hearing: str, account: ReadBy) -> dict[str, Any]:
        shown = media.replay(hearing, closed=may_see_closed(account))
        opened = closed.is_open(hearing, account, str(request.state.session_token))
        return closed.reveal(hearing, shown) if opened else shown

    @routes.post("/verify")
    async def verify(hearing: str, _account: ReadBy) -> Response:
        report = await anyio.to_thread.run_sync(partial(archive.verify, hearing), limiter=verifications)
        return JSONResponse(report.to_json())

    @routes.get("/tracks/{take}/{source}.m3u8")
    def playlist(request: Request, hearing: str, take: str, source: str, account: ReadBy) -> Response:
        if not TAKE.match(take) or not SOURCE.match(source):
            raise BadKey("not a take, or not a source")
        _check_open(archive, request, hearing, account, closed=media.known(hearing).take(take).publicity == "closed")
        return Response(media.playlist(hearing, take, source), media_type=PLAYLIST)

    @routes.api_route("/files/{path:path}", methods=["GET", "HEAD"])
    def file(request: Request, hearing: str, path: str, account: ReadBy) -> Response:
        try:
            check_path(path)
        except BadEncoding as error:
            raise BadKey(str(error)) from error
        _check_open(archive, request, hearing, account, closed=media.is_closed(hearing, path))
        return _file(archive, media, request, hearing, path)

    return routes


def _check_open(archive: Archive, request: Request, hearing: str, account: Account, *, closed: bool) -> None:
    """What is encrypted, and that there is something, is for those who may see closed parts; who tries is in the log."""
    if closed and not may_see_closed(account):
        archive.refused(hearing, account.name, str(request.state.session_token))
        raise ClosedPart("a closed part of the hearing")


def _file(archive: Archive, media: Media, request: Request, hearing: str, path: str) -> Response:
    key = key_of(hearing, path)
    size = archive.store.size(key)
    sha256 = archive.catalogue.stored_digest(hearing, path)
    headers = {"Accept-Ranges": "bytes"}
    if sha256 is not None:
        headers["ETag"] = f'"{b64(sha256)}"'
    wanted = request.headers.get("range")
    condition = request.headers.get("if-range")
    if condition is not None and condition != headers.get("ETag"):
        wanted = None  # RFC 9110, section 13.1.5: the file is not the one the range was meant for
    try:
        chosen = parse_range(wanted, size)
    except BadRange as error:
        more = {"Content-Range": f"bytes */{size}"} if error.status == 416 else {}
        return JSONResponse({"code": error.code, "message": str(error), "advice": error.advice}, error.status, more)
    start, end = chosen or (0, size)
    headers["Content-Length"] = str(end - start)
    if chosen is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    body: Iterator[bytes] = iter(()) if request.method == "HEAD" else archive.store.get(key, start, end - start)
    kind = media.content_type(hearing, path)
    return StreamingResponse(body, 206 if chosen is not None else 200, headers, media_type=kind)
