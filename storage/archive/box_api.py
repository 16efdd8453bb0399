"""What a box asks the archive for: ``/api/v1/records/…``, each request signed (:mod:`storage.archive.callers`).

Bodies are streamed from the socket to the disk, a piece at a time; a body that stalls is given up, so that slow senders
cannot hold the archive.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.from_thread
import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from protocol.encoding import MAX_FILE_BYTES, b64
from storage.archive.callers import Callers
from storage.archive.catalogue import Device
from storage.archive.digests import parse_repr_digest
from storage.archive.reading_back import read_back
from storage.archive.service import Archive
from storage.archive.ticket_office import TicketOffice
from storage.client import OFFER
from storage.errors import StalledBody, TooLarge
from web.rights import anyone

PREFIX = "/api/v1/records"
PIECE = 2 << 20  # bytes handed to the thread at once: each time costs two changes of threads
UPLOADS = 16  # bodies written at once; more wait for their turn
VERIFICATIONS = 2  # records verified at once: it is the processor's work


@dataclass(frozen=True)
class Pace:
    """When a body is given up.

    Attributes:
        stall_s: seconds without a byte.
        slowest: bytes a second that it must keep up on average, ``stall_s`` in hand: a trickle would hold a place for days.
    """

    stall_s: float = 30.0
    slowest: float = 4096.0


def sender(request: Request) -> Device:
    """The device that sends the request; raises :class:`storage.errors.NotEnrolled` and as :class:`Callers` says."""
    callers: Callers = request.app.state.callers
    return callers.device(request)


SentBy = Annotated[Device, Depends(sender)]


def router(archive: Archive, pace: Pace | None = None) -> APIRouter:
    """The routes of the box API."""
    # `anyone`: no person signs in here; the device's signature is what is asked for.
    routes = APIRouter(prefix=PREFIX, dependencies=[Depends(anyone)])
    office = TicketOffice(archive)
    uploads, verifications = anyio.CapacityLimiter(UPLOADS), anyio.CapacityLimiter(VERIFICATIONS)

    @routes.put("/{hearing}/files/{path:path}")
    async def put(request: Request, hearing: str, path: str, device: SentBy) -> Response:
        sha256 = parse_repr_digest(request.headers.get("repr-digest"))
        _check_length(request)
        body = _pull(request.stream(), pace or Pace())
        work = partial(archive.put, device, hearing, path, body, sha256)
        new = await anyio.to_thread.run_sync(work, limiter=uploads)
        return JSONResponse({"path": path, "new": new, "sha256": b64(sha256)}, 201 if new else 200)

    @routes.put("/{hearing}/tickets")
    async def tickets(request: Request, hearing: str, device: SentBy) -> Response:
        sha256 = parse_repr_digest(request.headers.get("repr-digest"))
        work = partial(office.answer, device, hearing, _pull(request.stream(), pace or Pace()), sha256)
        return JSONResponse(await anyio.to_thread.run_sync(work, limiter=uploads))

    @routes.get("/{hearing}")
    def held(hearing: str, device: SentBy, response: Response) -> dict[str, str]:
        if office.is_open:
            response.headers[OFFER] = "yes"
        return archive.held(device, hearing)

    @routes.get("/{hearing}/digests")
    async def digests(hearing: str, device: SentBy) -> dict[str, str]:
        return await anyio.to_thread.run_sync(partial(read_back, archive, device, hearing), limiter=verifications)

    @routes.post("/{hearing}/receipt")
    async def receipt(hearing: str, device: SentBy) -> Response:
        work: Callable[[], bytes] = partial(archive.receipt, device, hearing)
        return Response(await anyio.to_thread.run_sync(work, limiter=verifications), media_type="application/json")

    return routes


def _check_length(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > MAX_FILE_BYTES:
        raise TooLarge(f"{length} bytes are announced")


def _pull(stream: AsyncIterator[bytes], pace: Pace) -> Iterator[bytes]:
    """The body for a worker thread: pieces of about two mebibytes, each fetched on the event loop when the thread wants it."""
    began, come, ended = time.monotonic(), 0, False

    async def following() -> bytes:
        nonlocal come, ended
        parts, size = list[bytes](), 0
        while size < PIECE and not ended:
            part = await next_part()
            ended = part is None
            parts.append(part or b"")
            size, come = size + len(parts[-1]), come + len(parts[-1])
        return b"".join(parts)

    async def next_part() -> bytes | None:
        ahead = come / pace.slowest - (time.monotonic() - began)
        try:
            with anyio.fail_after(max(0.0, pace.stall_s + min(0.0, ahead))):
                return await anext(stream, None)
        except TimeoutError as error:
            raise StalledBody(f"nothing came for {pace.stall_s:.0f} s, or less than {pace.slowest:.0f} bytes a second") from error
        except ClientDisconnect as error:
            raise StalledBody("the sender went away") from error

    while not ended:
        if piece := anyio.from_thread.run(following):
            yield piece


def error_json(error: Any) -> dict[str, Any]:
    """What an error looks like on the wire."""
    report = getattr(error, "report", None)
    return {
        "code": error.code, "message": str(error), "advice": error.advice,
        **({"report": report} if report is not None else {}),
    }  # fmt: skip
