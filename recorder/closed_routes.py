"""The daemon's routes for closed takes: what is encrypted on the disk, for programs of this box while the box has the keys."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response

from protocol.encoding import check_path
from protocol.errors import BadEncoding, Closed
from protocol.opening import encrypted_files, plain_file
from protocol.record import DirectoryRecord
from recorder.refusals import BadRequest, KeysForgotten, NoHearing
from recorder.service import Daemon


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add them to the daemon's API."""

    @app.get("/v1/hearings/{hearing}/closed")
    async def closed(hearing: str) -> dict[str, Any]:
        """Closed takes of a hearing, each with its key's name and whether the key is on this box; transcripts of it that were made."""
        view, keys = daemon.view(hearing), daemon.vault.keys(hearing)
        found = [(take, view.key_of(take.id)) for take in view.takes.values() if take.publicity == "closed"]
        made = {item.key: item.path for item in view.revisions if item.kind == "transcript" and item.key is not None}
        return {
            "publicity": view.publicity,
            "takes": [{"take": take.id, "key": key, "opens": key in keys, "transcript": made.get(key or "")} for take, key in found],
        }

    @app.get("/v1/hearings/{hearing}/closed/files/{path:path}", response_class=Response)
    async def file(hearing: str, path: str) -> Response:
        """An encrypted file, opened; nothing of it is written anywhere."""
        try:
            check_path(path)
        except BadEncoding as error:
            raise BadRequest(f"path: {error}") from error
        view, folder = daemon.view(hearing), daemon.store.path(hearing)
        named = encrypted_files(view).get(path)
        if named is None:
            raise NoHearing(f"{hearing}: no encrypted file {path}")
        keys = dict(daemon.vault.keys(hearing))
        if named[0] not in keys:
            raise KeysForgotten(f"{path}: key {named[0]} is not on this box")
        try:
            data = await asyncio.to_thread(plain_file, DirectoryRecord(folder), view, path, keys)
        except Closed as error:
            raise BadRequest(f"{path}: does not open: {error}") from error
        return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})

    @app.post("/v1/hearings/{hearing}/forget-keys")
    async def forget(hearing: str) -> dict[str, int]:
        """Leave nothing on this box that opens the closed takes of a certified hearing."""
        return {"keys": await daemon.forgetting.forget(hearing)}
