"""Bodies of requests that are files: read as they come, up to a limit."""

from __future__ import annotations

from fastapi import Request

from recorder.refusals import BadRequest

MOST = 64 * 2**20


async def read_body(request: Request, most: int = MOST) -> bytes:
    """The body as it came.

    Raises:
        BadRequest: it is longer than so many bytes.
    """
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > most:
            raise BadRequest(f"the body is longer than {most // 1024} KiB")
    return bytes(found)
