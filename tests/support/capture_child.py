"""A real capture child driven over pipes, as the daemon does it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0


class CaptureChild:
    """A running child; reports are collected by a thread."""

    def __init__(self, config: dict[str, Any], environment: dict[str, str] | None = None) -> None:
        self.reports: list[dict[str, Any]] = []
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "recorder.capture"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            cwd=Path(__file__).parents[2],
            process_group=0,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.send(config)

    def send(self, command: dict[str, Any]) -> None:
        """Write a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def wait_for(self, report: str, match: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Next report of this kind that matches; fails when the child ends or nothing comes."""
        while True:
            found = self._queue.get(timeout=PATIENCE_S)
            assert found is not None, f"the child ended before {report}: {self.reports[-3:]}"
            if found["report"] == report and match(found):
                return found

    def finish(self) -> int:
        """Close its input and wait; exit status."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        """Exit status once it has ended and all reports are read."""
        status = self.process.wait(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        return status

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.process.kill()
        self.wait()

    def all(self, report: str, **fields: Any) -> list[dict[str, Any]]:
        """Reports of this kind so far whose fields have these values."""
        found = [item for item in self.reports if item["report"] == report]
        return [item for item in found if all(item[key] == value for key, value in fields.items())]

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            report = json.loads(line)
            self.reports.append(report)
            self._queue.put(report)
        self._queue.put(None)


@contextmanager
def capture_child(config: dict[str, Any], environment: dict[str, str] | None = None) -> Iterator[CaptureChild]:
    """A child that is dead at the end, whatever happened."""
    child = CaptureChild(config, environment)
    try:
        yield child
    finally:
        if child.process.poll() is None:
            child.process.kill()
        child.wait()
        for pipe in (child.process.stdin, child.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
