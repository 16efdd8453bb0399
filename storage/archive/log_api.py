"""The log as everybody may read it: ``/log/checkpoint`` and ``/log/tile/…`` (https://c2sp.org/tlog-tiles).

Everything is made from the database for each request; what a process remembers is the tree that it compared with the signed
checkpoint. Nothing private is there to be given (:mod:`storage.log_private`), so nobody is asked who they are. Requests of all strangers
together have a rate, tiles at most 256 entries, and few are worked on at once: a reader in a hurry waits, boxes do not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response

from storage.archive.log_witnesses import published, standing
from storage.errors import LogBroken
from storage.log import Log
from storage.tiles import HEIGHT, BadTile, Tile, bundle
from web.rights import anyone

PREFIX = "/log"
AT_ONCE = 4
PER_SECOND, BURST = 100.0, 400.0  # tiles for all readers together; a full read of a million entries takes 40 s
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_SECONDS = {"Cache-Control": "public, max-age=2"}


class Rate:
    """Lets ``per_second`` through on average, ``burst`` at once.

    Args:
        per_second: how many.
        burst: how many may come together after a pause.
        clock: monotonic seconds.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._at, self._lock = burst, clock(), threading.Lock()

    def take(self) -> bool:
        """Whether one more may pass."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


def router(log: Log, rate: Rate | None = None) -> APIRouter:
    """The routes of the public log."""
    routes = APIRouter(prefix=PREFIX, dependencies=[Depends(anyone)])
    limiter, rate = anyio.CapacityLimiter(AT_ONCE), rate or Rate(PER_SECOND, BURST)
    busy = PlainTextResponse("Too many requests; try again in a second.\n", 429, headers={"Retry-After": "1"})

    @routes.get("/checkpoint")
    async def checkpoint() -> Response:
        if not rate.take():
            return busy
        note = await anyio.to_thread.run_sync(partial(published, log), limiter=limiter)
        if note is None:
            return PlainTextResponse("The log is empty.\n", 404)
        return PlainTextResponse(note, headers=_FOR_SECONDS)

    @routes.get("/witnesses.json")
    async def witnesses() -> Response:
        if not rate.take():
            return busy
        rows = await anyio.to_thread.run_sync(partial(standing, log), limiter=limiter)
        return Response(rows, media_type="application/json", headers=_FOR_SECONDS)

    @routes.get("/tile/{path:path}")
    async def tile(path: str) -> Response:
        if not rate.take():
            return busy
        data = await anyio.to_thread.run_sync(partial(tile_of, log, path), limiter=limiter)
        if data is None:
            return PlainTextResponse("There is no such tile.\n", 404, headers=_FOR_SECONDS)
        return Response(data, media_type="application/octet-stream", headers=_FOR_EVER)

    return routes


def tile_of(log: Log, path: str) -> bytes | None:
    """The bytes of a tile; None if the path names none of this log as it is signed.

    Raises:
        LogBroken: the database no longer holds what was signed.
    """
    try:
        tile = Tile.parse(path)
    except BadTile:
        return None
    if (
        tile.size > log.signed_size()
    ):  # not by the tree in memory: its last leaf may be of an entry that is never committed
        return None
    if tile.level is None:
        texts = log.entries(tile.start, tile.width)
        if len(texts) != tile.width:
            raise LogBroken(f"{log.origin}: entries {tile.start} to {tile.start + tile.width - 1} are not all there")
        return bundle(texts)
    return b"".join(log.hashes(HEIGHT * tile.level, tile.start, tile.width))
