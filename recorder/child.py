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
from typing import Any, Protocol

CAPTURE: tuple[str, ...] = (sys.executable, "-m", "recorder.capture")
_LINE_LIMIT = 1 << 20


class Child:
    """A capture process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], keep: Sequence[int] = ()) -> Child:
        """Start a process; it waits for its configuration, the first line that it is sent.

        Args:
            command: program and arguments.
            keep: descriptors it inherits.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, pass_fds=tuple(keep), process_group=0, limit=_LINE_LIMIT
        )
        return cls(process)

    @property
    def lives(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

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


class ChildLock(Protocol):
    """What of recorder.lock.CaptureLock children need."""

    fd: int

    def add(self, pid: int) -> None:
        """Note a child."""
        ...

    def remove(self, pid: int) -> None:
        """Forget it."""
        ...


class Reserve:
    """Starts children, and keeps one in hand that has started already: a lost one is replaced without waiting for Python.

    The one in hand costs memory and no time: it waits for its configuration.

    Args:
        command: the capture program.
        lock: the lock that children inherit.
        delay_s: how long after a start the next one is made ready, so that it does not compete with the first.
    """

    def __init__(self, command: Sequence[str] = CAPTURE, lock: ChildLock | None = None, delay_s: float = 2.0) -> None:
        self._command, self._lock, self._delay_s = command, lock, delay_s
        self._spare: Child | None = None
        self._filling: asyncio.Task[None] | None = None

    async def child(self, config: dict[str, Any]) -> Child:
        """A child that has its configuration.

        Raises:
            OSError: none can be started.
        """
        child, self._spare = self._spare, None
        if child is not None and not child.lives:
            await self.reap(child)
            child = None
        if child is None:
            child = await self._start()
        child.send(config)
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill(), name="reserve")
        return child

    async def close(self) -> None:
        """End the one in hand."""
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)
        child, self._spare = self._spare, None
        if child is not None:
            await self.reap(child)

    async def reap(self, child: Child, grace_s: float = 0.0) -> int:
        """The end of a child that closed its output, or is to end: waited for, then killed with whatever it started and left.

        Returns:
            Exit status; it writes no more.
        """
        try:
            async with asyncio.timeout(grace_s):
                status = await child.wait()
        except TimeoutError:
            child.kill()
            status = await child.wait()
        child.kill()
        if self._lock:
            self._lock.remove(child.pid)
        return status

    async def _start(self) -> Child:
        child = await Child.start(self._command, [self._lock.fd] if self._lock else [])
        if self._lock:
            self._lock.add(child.pid)
        return child

    async def _fill(self) -> None:
        await asyncio.sleep(self._delay_s)
        with suppress(OSError):  # the next child is then started when it is needed, and says what is wrong
            self._spare = await self._start()
