"""What every route of the console shares: settings, pages, the daemon's client, the people who may act."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from fastapi import FastAPI

from device_config.settings import Settings
from recorder.console.daemon import ClientFactory, Daemon
from web.accounts import Role
from web.pages import Pages
from web.rights import allow

#: The secretary records, the presiding judge beside them may; the administrator looks on.
operators = allow(Role.SECRETARY, Role.JUDGE)


@dataclass
class Desk:
    """One console app's things.

    Attributes:
        now_s: seconds since 1970, UTC.
    """

    settings: Settings
    pages: Pages
    client_factory: ClientFactory
    now_s: Callable[[], float] = time.time
    _client: httpx2.AsyncClient | None = field(default=None, init=False)

    @property
    def daemon(self) -> Daemon:
        """The daemon; only while the app runs."""
        if self._client is None:
            raise RuntimeError("the console's app is not running")
        return Daemon(self._client)

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Open the client at start, close it at the end."""
        self._client = self.client_factory()
        try:
            yield
        finally:
            await self._client.aclose()
            self._client = None
