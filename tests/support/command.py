"""The ``hattama`` command in tests: in this process for what it prints, or as a process of its own for services."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hattama import cli


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


def hattama(*arguments: str, given: str = "") -> Said:
    """Run the command's own entry point here; ``given`` is its standard input."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["hattama", *arguments], io.StringIO(given)
    status = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                cli.main()
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
    finally:
        sys.argv, sys.stdin = before
    return Said(status, out.getvalue(), err.getvalue())


@contextmanager
def service(log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """``hattama ARGUMENTS`` as a process; ended by SIGTERM at the latest when the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "hattama", *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def eventually(what: str, found: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, limit_s: float = 90) -> None:
    """Wait until ``found`` or the process ended; time only bounds a test that hangs."""
    until = time.monotonic() + limit_s
    while not found():
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"no {what}; status {process.poll()}; log:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)
