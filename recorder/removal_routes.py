"""The route by which a record is deleted from this box (recorder.removal)."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request

from recorder import removal
from recorder.refusals import BadRequest
from recorder.service import Daemon

_MOST_RECEIPT = 1 << 20


def add_removal(app: FastAPI, daemon: Daemon) -> None:
    """Add it to the daemon's API."""

    @app.post("/v1/hearings/{hearing}/removal")
    async def remove(
        hearing: str,
        request: Request,
        lines: Annotated[int, Query(ge=1)],
        by: Annotated[str, Query(min_length=1, max_length=300)],
    ) -> dict[str, Any]:
        """Delete a record whose last seal the archive's receipt (the body) is for; answers with the line of the log of removals."""
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _MOST_RECEIPT:
                raise BadRequest("a receipt is not as long as that")
        work = removal.remove(daemon, hearing, bytes(body), lines, by)
        return await asyncio.shield(asyncio.ensure_future(work))
