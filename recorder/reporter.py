"""The child's standard output: one JSON object a line, written by a thread of its own, so that capture never waits for the daemon."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any, BinaryIO

# A reader that is this far behind gets no more levels; every other report is kept for it.
MOST_WAITING = 256


class Reporter:
    """Queues reports and writes them.

    Args:
        out: where they go, unbuffered or flushed by us.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._waiting: deque[bytes] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    def __call__(self, report: str, **fields: Any) -> None:
        """Send a report (from any thread); never waits."""
        line = json.dumps({"report": report, **fields}, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        with self._wake:
            if report != "level" or len(self._waiting) < MOST_WAITING:
                self._waiting.append(line)
                self._wake.notify()

    def close(self, patience_s: float = 5.0) -> None:
        """Write what is queued; give up on a reader that does not read."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(patience_s)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                lines = b"".join(self._waiting)
                self._waiting.clear()
            try:
                self._out.write(lines)
                self._out.flush()
            except (BrokenPipeError, ValueError):
                # Nobody listens any more. The media still has to be closed; the end of stdin tells the main loop to do it.
                return
