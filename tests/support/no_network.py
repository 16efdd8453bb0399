"""A command in a network namespace of its own: loopback is up, and there is nothing else.

``python -m tests.support.no_network COMMAND…`` is the inner half; :func:`alone` is what tests call.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

import pytest

UNSHARE = ("unshare", "--map-root-user", "--net")
_SIOCSIFFLAGS = 0x8914  # linux/sockios.h
_IFF_UP = 0x1
_ELSEWHERE = ("192.0.2.1", 80)  # TEST-NET-1, RFC 5737


def possible() -> bool:
    """Whether this machine lets a process make a network namespace."""
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def alone(command: Sequence[str], *, timeout_s: float = 280.0) -> subprocess.CompletedProcess[str]:
    """Run a command cut off from every network but loopback; skips where nobody may make a network namespace."""
    if not possible():
        pytest.skip("this machine lets nobody make a network namespace")
    inner = [*UNSHARE, sys.executable, "-m", "tests.support.no_network", *command]
    return subprocess.run(inner, capture_output=True, text=True, check=False, timeout=timeout_s)


def main() -> None:
    """Bring loopback up, make sure that nothing else is there, and become the command."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))
    with socket.socket() as out:
        try:
            out.connect(_ELSEWHERE)
        except OSError as error:
            sys.stderr.write(f"no network: {error.strerror}\n")
        else:
            sys.exit("there is a network")
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the test's


if __name__ == "__main__":
    main()
