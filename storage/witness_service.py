"""A witness on the network: ``POST /add-checkpoint`` (https://c2sp.org/tlog-witness) and, ours, ``GET /heads/<hex SHA-256 of origin>``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from protocol.note import VerifierKey
from storage.errors import WitnessUnfit
from storage.witness import Memory, Witness

log = structlog.get_logger("storage.witness")

LARGEST = 1 << 14  # bytes of a request: 63 lines of proof, a checkpoint and its signatures are 8 kB


def logs_of(keys: Mapping[str, str]) -> dict[str, VerifierKey]:
    """Logs that are witnessed, from the settings, which take keys only: origin → key."""
    return {origin: VerifierKey.from_text(text) for origin, text in keys.items()}


def create_app(witness: Witness) -> Starlette:
    """The witness's routes; nobody is asked who they are: only what a log signed counts."""

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    return PlainTextResponse("too long\n", 413)
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        answer = await run_in_threadpool(witness.add_checkpoint, bytes(body))
        if answer.status != 200:
            log.warning("checkpoint refused", action="refused", status=answer.status, body=answer.body.strip()[:80])
        kind = "text/x.tlog.size" if answer.is_size else "text/plain; charset=utf-8"
        return Response(answer.body, answer.status, headers={"Content-Type": kind})

    async def head(request: Request) -> Response:
        note = await run_in_threadpool(witness.head, request.path_params["origin"])
        if note is None:
            return PlainTextResponse("nothing cosigned\n", 404)
        return PlainTextResponse(note, headers={"Cache-Control": "no-store"})

    async def unfit(_request: Request, error: Exception) -> Response:
        log.error(str(error), action="witness_unfit")
        return PlainTextResponse("the witness cannot write its memory\n", 503)

    return Starlette(
        routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"]), Route("/heads/{origin}", head)],
        exception_handlers={WitnessUnfit: unfit},
    )


def run(folder: Path, name: str, logs: Mapping[str, str], host: str, port: int) -> None:
    """Be a witness until told to stop (SIGTERM, SIGINT).

    Raises:
        WitnessUnfit: see :class:`storage.witness.Memory`.
    """
    known = logs_of(logs)
    memory = Memory(folder, name)
    try:
        key = memory.cosigner.key.text
        log.info("witness listens", action="listening", host=host, port=port, key=key, logs=sorted(known))
        app = create_app(Witness(memory, known))
        uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)
    finally:
        memory.close()
