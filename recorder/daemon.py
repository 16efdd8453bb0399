"""The daemon as a process: socket, signals, readiness."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn

from device_config.settings import Settings
from protocol.note import Signer
from recorder.api import create_app
from recorder.service import Daemon

_log = structlog.get_logger(__name__)


def run(settings: Settings, signer: Signer) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    Args:
        settings: folders, devices.
        signer: the device's key.

    Raises:
        AlreadyRunning: another daemon uses the run folder.
        OSError: a folder or the socket cannot be made.
    """
    asyncio.run(serve(Daemon(settings, signer)))


async def serve(daemon: Daemon) -> None:
    """Serve a daemon's API on its Unix socket until a signal ends it."""
    await daemon.start()
    try:
        with _listening(daemon.settings.socket) as listener:
            config = uvicorn.Config(
                create_app(daemon), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=10
            )
            server = _Server(config, daemon)
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, server.leave)
            tell_systemd("READY=1")
            await server.serve(sockets=[listener])
    finally:
        tell_systemd("STOPPING=1")
        await daemon.stop()


class _Server(uvicorn.Server):
    """Ends event streams when it ends: they would keep it waiting.

    Signals are ours: uvicorn would raise them again at its end, and the process would be gone before the take is closed.
    """

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


@contextlib.contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    """A listening socket that only this user can open. The capture lock is held: a socket that lies there is dead."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(128)
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


def tell_systemd(state: str) -> None:
    """``sd_notify(3)``, if systemd asked for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(state.encode(), name)
    except OSError as error:
        _log.warning("systemd_not_told", action="go_on", error=str(error))
