"""The daemon's routes for playing the box's own record (recorder.playback), while it is recorded and after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from protocol.passage import MAX_INT
from recorder.playback import Readable, check_length, description, pieces, readable
from recorder.service import Daemon
from web.ranges import BadRange, parse_range

#: So many pieces are read from the disk at once for people who listen; the rest of them wait, the capture does not.
_READERS = 2


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add them to the daemon's API."""
    turn = asyncio.Semaphore(_READERS)

    @app.get("/v1/hearings/{hearing}/media", response_class=Response)
    async def media(hearing: str, since_us: Annotated[int, Query(ge=0, le=MAX_INT)] = 0) -> Response:
        """What can be played now: takes, tracks and segments; of a segment that grows, the part that is signed."""
        folder, view = daemon.store.path(hearing), daemon.view(hearing)
        async with turn:  # thousands of segments: told in the thread too, the loop is the recording's
            data = await asyncio.to_thread(
                lambda: json.dumps(description(folder, view, since_us), separators=(",", ":"))
            )
        return Response(data, media_type="application/json", headers={"Cache-Control": "no-store"})

    @app.get("/v1/hearings/{hearing}/files/{path:path}", response_class=Response)
    async def file(request: Request, hearing: str, path: str) -> Response:
        """Bytes of a segment or a paper; one range at a time."""
        folder, found = daemon.store.path(hearing), readable(daemon.view(hearing), path)
        await asyncio.to_thread(check_length, folder / path, found)
        return _answer(folder / path, found, request.headers.get("range"), turn)


def _answer(path: Path, found: Readable, wanted: str | None, turn: asyncio.Semaphore) -> Response:
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{found.sha256}"', "Cache-Control": "no-store"}
    try:
        chosen = parse_range(wanted, found.bytes)
    except BadRange as error:
        more = {"Content-Range": f"bytes */{found.bytes}"} if error.status == 416 else {}
        return JSONResponse({"code": error.code, "message": str(error), "advice": error.advice}, error.status, more)
    start, end = chosen or (0, found.bytes)
    headers["Content-Length"] = str(end - start)
    if chosen is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.bytes}"
    return StreamingResponse(
        _body(path, start, end, turn), 206 if chosen else 200, headers, media_type=found.media_type
    )


async def _body(path: Path, start: int, end: int, turn: asyncio.Semaphore) -> AsyncIterator[bytes]:
    next_piece = pieces(path, start, end)
    while True:
        async with turn:
            piece = await asyncio.to_thread(next_piece)
        if not piece:
            return
        yield piece
