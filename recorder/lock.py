"""The lock that says whether somebody may be writing records.

One ``flock(2)`` on ``<run_dir>/capture.lock``: the daemon takes it and every capture child inherits the descriptor. The lock
belongs to the open file, so the kernel frees it only when the daemon **and** its last child are gone. A daemon that starts
after a crash therefore waits for children that are still closing their segments, and ends those that hang, before it
touches a record. Two daemons can never run at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from recorder.refusals import AlreadyRunning

_log = structlog.get_logger(__name__)


class CaptureLock:
    """The lock, held from construction to :meth:`release`."""

    def __init__(self, fd: int, children: Path) -> None:
        self.fd = fd
        self._children = children
        self._pids: dict[int, int] = {}

    @classmethod
    def take(cls, run_dir: Path, patience_s: float = 1.0, sleep: Callable[[float], None] = time.sleep) -> CaptureLock:
        """Take the lock.

        Args:
            run_dir: folder of sockets; made if needed.
            patience_s: how long children of a dead daemon may take to close their segments before they are killed.
            sleep: how to wait; a seam for tests.

        Raises:
            AlreadyRunning: a daemon, or a child that cannot be killed, holds it.
            OSError: the folder cannot be used.
        """
        run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        children = run_dir / "children.json"
        fd = os.open(run_dir / "capture.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        steps = max(1, int(patience_s / 0.1))
        for step in range(2 * steps):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if step == 0 and _lives(_entry(children, "daemon")):
                    break
                if step == steps:
                    _kill_left(children)
                sleep(0.1)
            else:
                lock = cls(fd, children)
                lock._write()
                return lock
        os.close(fd)
        raise AlreadyRunning(f"another recorder uses {run_dir}")

    def add(self, pid: int) -> None:
        """Note a child, so that the next daemon can end it if it hangs."""
        if (born := _born(pid)) is not None:
            self._pids[pid] = born
            self._write()

    def remove(self, pid: int) -> None:
        """Forget a child that is gone."""
        if self._pids.pop(pid, None) is not None:
            self._write()

    def release(self) -> None:
        """Let go; children that still live keep it taken."""
        os.close(self.fd)

    def _write(self) -> None:
        text = json.dumps({"daemon": [[os.getpid(), _born(os.getpid())]], "children": [list(i) for i in self._pids.items()]})
        temporary = self._children.with_suffix(".new")
        temporary.write_text(text, encoding="ascii")
        temporary.replace(self._children)


def _entry(path: Path, key: str) -> list[tuple[int, int]]:
    try:
        return [(int(pid), int(born)) for pid, born in json.loads(path.read_text(encoding="ascii"))[key]]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # no file yet, or torn by the crash: then only waiting is left


def _born(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), so that a reused number is not taken for it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _lives(entries: list[tuple[int, int]]) -> bool:
    return any(_born(pid) == born for pid, born in entries)


def _kill_left(path: Path) -> None:
    for pid, born in _entry(path, "children"):
        if _born(pid) == born:
            _log.warning("child_left_over", action="kill", pid=pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
