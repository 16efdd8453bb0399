"""A real archive on a loopback port, in this process or in its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

DEADLINE_S = 60.0


@contextmanager
def serve(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Run an app on a free port in a thread; gives its address."""
    sock = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE_S)
        sock.close()


def wait_for(condition: object, seconds: float = DEADLINE_S) -> None:
    """Wait until the callable gives something true."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@contextmanager
def process(*arguments: str | Path, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program; it is killed at the end."""
    child = subprocess.Popen(
        [sys.executable, *map(str, arguments)], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stderr:
            child.stderr.close()
