"""One running capture process: started, spoken to, listened to, killed.

The process leads its own process group, so that whatever it started dies with it. It inherits the descriptor of the capture
lock (recorder.lock): as long as any child lives, a daemon that starts anew knows that somebody may still be writing.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

CAPTURE: tuple[str, ...] = (sys.executable, "-m", "recorder.capture")
_LINE_LIMIT = 1 << 20


class Child:
    """A capture process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], config: dict[str, Any], keep: Sequence[int] = ()) -> Child:
        """Start a process and give it its configuration.

        Args:
            command: program and arguments.
            config: first line of its standard input.
            keep: descriptors it inherits.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, pass_fds=tuple(keep), process_group=0, limit=_LINE_LIMIT
        )
        child = cls(process)
        child.send(config)
        return child

    def send(self, command: dict[str, Any]) -> None:
        """Write one line to the process; one that is gone is found out by reading, not here."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(json.dumps(command, separators=(",", ":")).encode() + b"\n")

    async def line(self) -> bytes:
        """Next line of its output; empty at its end.

        Raises:
            ValueError: a line of more than a mebibyte.
        """
        assert self._process.stdout is not None  # noqa: S101 - opened with a pipe
        return await self._process.stdout.readline()

    async def wait(self) -> int:
        """Exit status; negative for a signal."""
        return await self._process.wait()

    def kill(self) -> None:
        """SIGKILL the whole process group (works on a stopped process too)."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def quit(self, grace_s: float) -> int:
        """Ask it to close its segments and leave; kill it when it does not.

        Returns:
            Exit status.
        """
        self.send({"do": "quit"})
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(grace_s):
                return await self.wait()
        except TimeoutError:
            self.kill()
            return await self.wait()
