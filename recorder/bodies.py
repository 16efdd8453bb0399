"""Bodies of requests that are files: read as they come, up to a limit."""

from __future__ import annotations

from fastapi import Request

from recorder.refusals import BadRequest

MOST = 64 * 2**20


async def read_body(request: Request) -> bytes:
    """The body as it came.

    Raises:
        BadRequest: it is longer than 64 MiB.
    """
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > MOST:
            raise BadRequest("the body is longer than 64 MiB")
    return bytes(found)
