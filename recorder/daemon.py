"""The daemon as a process: socket, signals, readiness."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from device_config.settings import Settings
from protocol.note import Signer
from recorder.service import Daemon
from recorder.watchdog import Watchdog, period, tell_systemd

if TYPE_CHECKING:
    from recorder.server import Server


def run(settings: Settings, signer: Signer) -> None:
    """Run the daemon until SIGTERM or SIGINT.

    Args:
        settings: folders, devices.
        signer: the device's key.

    Raises:
        AlreadyRunning: another daemon uses the run folder.
        OSError: a folder or the socket cannot be made.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # children inherit it: keys and words in camera are in their memory
    asyncio.run(serve(Daemon(settings, signer)))


async def serve(daemon: Daemon) -> None:
    """Serve a daemon's API on its Unix socket until a signal ends it."""
    await daemon.start()
    try:
        server = await asyncio.to_thread(_server_of, daemon)
        with _listening(daemon.settings.socket) as listener:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, server.leave)
            tell_systemd("READY=1")
            with _watched(daemon):
                await server.serve(sockets=[listener])
    finally:
        tell_systemd("STOPPING=1")
        await daemon.stop()


def _server_of(daemon: Daemon) -> Server:
    """The server; loaded only now, because loading it takes longer than all before, and devices are opening meanwhile."""
    from recorder.server import Server

    return Server.of(daemon)


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
