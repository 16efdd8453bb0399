"""The HTTP server over a daemon's API."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from recorder.api import create_app
from recorder.removal_routes import add_removal
from recorder.service import Daemon
from recorder.time_stamps import add_time_stamps


class Server(uvicorn.Server):
    """Ends event streams when it ends: they would keep it waiting.

    Signals are ours: uvicorn would raise them again at its end, and the process would be gone before the take is closed.
    """

    @classmethod
    def of(cls, daemon: Daemon) -> Server:
        """A server of a daemon's API."""
        app = create_app(daemon)
        add_removal(app, daemon)
        add_time_stamps(app, daemon)
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=10)
        return cls(config, daemon)

    def __init__(self, config: uvicorn.Config, daemon: Daemon) -> None:
        super().__init__(config)
        self._daemon = daemon

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    def leave(self) -> None:
        """End soon."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close streams, then everything else."""
        self._daemon.hub.close()
        await super().shutdown(sockets)
