"""Routes for the sources of the hearing that has the room (docs/architecture.md, "Recorder daemon API")."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field

from device_config.sources import SOURCE_NAME, SourceSettings
from recorder.service import Daemon
from recorder.sourcing import SourceInfo

_BY = Field(min_length=1, max_length=300)


class AddBody(BaseModel):
    """A device to add; or only the ``name`` of one of the settings that somebody took out of this hearing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = _BY
    source: SourceSettings | Annotated[str, Field(pattern=SOURCE_NAME)]


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """List, add, remove."""

    @app.get("/v1/sources")
    async def sources() -> list[SourceInfo]:
        """All devices, with those that somebody took out of this hearing."""
        return daemon.sourcing.listed()

    @app.post("/v1/sources", status_code=201)
    async def add(body: AddBody) -> list[SourceInfo]:
        """Add a device to this hearing; while it is recorded, the device is too when it answers."""
        if isinstance(body.source, str):
            await _whole(daemon.sourcing.restore(body.source, body.by))
        else:
            await _whole(daemon.sourcing.add(body.source, body.by))
        return daemon.sourcing.listed()

    @app.delete("/v1/sources/{name}")
    async def remove(name: str, by: Annotated[str, Query(min_length=1, max_length=300)]) -> list[SourceInfo]:
        """Take a device out of this hearing; what it gave is on the disk and journalled when it answers."""
        await _whole(daemon.sourcing.remove(name, by))
        return daemon.sourcing.listed()


async def _whole(change: Coroutine[Any, Any, None]) -> None:
    """Shielded: a client that goes away must not leave a change half done."""
    await asyncio.shield(asyncio.ensure_future(change))
