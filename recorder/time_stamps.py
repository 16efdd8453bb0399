"""Time stamps of seals as the daemon keeps them: asked for by the uploader, which has the network; named in the journal by who owns it (record format, section 8.1).

The daemon looks at one thing, that the token is over the seal it is brought for: with anything else the record would not verify any more.
Whether an authority that the court believes gave it, the uploader has checked (:mod:`storage.seal_stamps`), and whoever verifies checks again.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import FastAPI, Request
from fastapi import Path as InPath

from protocol import durable
from protocol.encoding import sha256_b64
from protocol.errors import RecordExists
from protocol.seal import Moment
from protocol.seal_stamp import LARGEST, BadStamp, imprint, path_of, sealing_note
from protocol.writer import CHECKPOINTS, JournalWriter
from recorder.bodies import read_body
from recorder.ledger import Ledger
from recorder.refusals import BadRequest, IllegalAction

if TYPE_CHECKING:
    from recorder.service import Daemon

_log = structlog.get_logger(__name__)


async def keep(folder: Path, ledger: Ledger, number: int, token: bytes) -> dict[str, Any]:
    """Keep the token of a seal; the first one stays, and another for the same seal changes nothing.

    Args:
        folder: of the record.
        ledger: its journal.
        number: of the manifest whose seal it is over.
        token: DER.

    Returns:
        ``path`` and ``sha256`` of the token that is kept, and whether it is ``new``.

    Raises:
        BadRequest: there is no such seal, or the token is not over it.
        DiskRefused: the disk refused.
    """
    for said in ledger.view.timestamps:
        if said["number"] == number:
            return {"path": said["path"], "sha256": said["sha256"], "new": False}
    seal = next((item for item in ledger.view.manifests if item.number == number), None)
    if seal is None:
        raise BadRequest(f"there is no seal {number} yet")
    note = sealing_note(await asyncio.to_thread((folder / CHECKPOINTS).read_bytes), seal.seq)
    try:
        if note is None or imprint(token) != hashlib.sha256(note).digest():
            raise BadRequest(f"the time stamp is not over seal {number}")
    except BadStamp as error:
        raise BadRequest(f"no time stamp: {error}") from error
    path, digest = path_of(number), sha256_b64(token)

    def store(writer: JournalWriter, moment: Moment) -> None:
        durable.write_once(folder / path, token)
        data = {"bytes": len(token), "number": number, "path": path, "sha256": digest}
        writer.append("timestamp", data, at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())
        writer.checkpoint()

    try:
        await ledger.work(store)
    except RecordExists as error:  # left by a crash, unnamed; gone when this journal is opened the next time
        raise IllegalAction(f"{path} is there already: {error}") from error
    _log.info("seal_stamped", action="stamped", hearing=ledger.view.hearing, seal=number)
    return {"path": path, "sha256": digest, "new": True}


def add_time_stamps(app: FastAPI, daemon: Daemon) -> None:
    """Add the route to the daemon's API."""

    @app.post("/v1/hearings/{hearing}/timestamps/{number}")
    async def timestamp(
        hearing: str, number: Annotated[int, InPath(ge=1, le=9999)], request: Request
    ) -> dict[str, Any]:
        """Keep the time stamp token (DER, the body) over the seal of a manifest."""
        body = await read_body(request, LARGEST)
        async with daemon.ledger(hearing) as (folder, ledger):
            return await keep(folder, ledger, number, body)
