"""The demo's processes: each in a process group of its own, its output in a file, ended by its id when the demo ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from hattama.errors import ChildEnded, DemoFailed

T = TypeVar("T")

GRACE_S = 20.0  # the recorder closes its segments in this time
TAIL_LINES = 5
_NOT_TOLD = ("event", "level", "action", "timestamp")


@dataclass(frozen=True)
class Running:
    """A process, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Processes:
    """Starts processes and ends all of them at the end of the block, last started first.

    Args:
        logs: folder of their output, one file a process.
        kept: a descriptor that each of them holds, so that a lock on it is free when the last of them is gone.
    """

    def __init__(self, logs: Path, kept: int | None = None) -> None:
        self._logs = logs
        self._kept = () if kept is None else (kept,)
        self._running: list[Running] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def start(self, name: str, *module: str) -> None:
        """Start ``python -m MODULE ARGS…``; it gets none of the caller's ``HATTAMA_*`` variables."""
        environment: Mapping[str, str] = {
            key: value for key, value in os.environ.items() if not key.startswith("HATTAMA_")
        }
        command = [sys.executable, "-m", "hattama.demo.tied", str(os.getpid()), sys.executable, "-m", *module]
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            # A pipe that nobody writes to: its end tells a camera that the demo is gone.
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                process_group=0,
                pass_fds=self._kept,
            )
        self._running.append(Running(name, process, log))

    def check(self) -> None:
        """Raise ChildEnded, with the end of its log, if a process is no longer there."""
        for item in self._running:
            status = item.process.poll()
            if status is not None:
                raise ChildEnded(f"{item.name} ended with status {status}; the end of {item.log}:\n{_tail(item.log)}")

    def wait_for(self, what: str, found: Callable[[], T | None], limit_s: float, pause_s: float = 0.2) -> T:
        """Ask until ``found`` gives something.

        Raises:
            ChildEnded: a process ended meanwhile.
            DemoFailed: nothing came within ``limit_s`` seconds.
        """
        until = time.monotonic() + limit_s
        while True:
            self.check()
            value = found()
            if value is not None:
                return value
            if time.monotonic() > until:
                raise DemoFailed(f"waited {limit_s:.0f} s in vain for {what}; logs are in {self._logs}")
            time.sleep(pause_s)

    def end(self) -> None:
        """End every process: SIGTERM, then after a time of grace SIGKILL to its whole group."""
        while self._running:
            item = self._running[-1]
            item.process.terminate()
            try:
                item.process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                os.killpg(item.process.pid, signal.SIGKILL)
                item.process.wait()
            if item.process.stdin is not None:
                item.process.stdin.close()
            self._running.pop()


def _tail(log: Path) -> str:
    return "\n".join(
        _plain(line) for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    )


def _plain(line: str) -> str:
    """A line of a log as a person reads it: what happened, and with what; other lines stay as they are."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict) or "event" not in entry:
        return line
    facts = ", ".join(f"{key}: {value}" for key, value in entry.items() if key not in _NOT_TOLD)
    return f"{entry.get('level', 'info')}: {str(entry['event']).replace('_', ' ')}" + (f" ({facts})" if facts else "")
