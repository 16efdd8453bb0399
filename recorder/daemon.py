"""The daemon as a process: socket, signals, readiness."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from device_config.settings import Settings
from protocol.note import Signer
from recorder.api import create_app
from recorder.service import Daemon
from recorder.watchdog import Watchdog, period, tell_systemd


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
            with _watched(daemon):
                await server.serve(sockets=[listener])
    finally:
        tell_systemd("STOPPING=1")
        await daemon.stop()


@contextlib.contextmanager
def _watched(daemon: Daemon) -> Iterator[None]:
    """Feed systemd's watchdog, if it has set one."""
    period_s = period(os.environ)
    if period_s is None:
        yield
        return
    feeder = asyncio.create_task(Watchdog(daemon, tell_systemd, period_s).run(), name="watchdog")
    try:
        yield
    finally:
        feeder.cancel()


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
    """A listening socket for whoever may enter its folder: this user, and its group where the folder lets the group in.

    The capture lock is held: a socket that lies there is dead.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o117 if path.parent.stat().st_mode & 0o010 else 0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(128)
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)
