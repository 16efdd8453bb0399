"""Server-sent events: what happens, to every client that listens (HTML standard, section 9.2).

A client that reads too slowly loses levels first; when even its other events pile up, it is let go: it asks for the status
again when it comes back, so nothing is told late and wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

_WAITING = 512
_LEVELS_WAITING = 32


class Hub:
    """Passes events to listeners. Used from the event loop only."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[bytes | None]] = set()

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Tell everyone."""
        if not self._queues:
            return
        text = encode(event, data)
        for queue in list(self._queues):
            if event == "levels" and queue.qsize() > _LEVELS_WAITING:
                continue
            if queue.qsize() >= _WAITING:
                self._drop(queue)
            else:
                queue.put_nowait(text)

    async def listen(self, first: list[bytes], silent_s: float = 10.0) -> AsyncIterator[bytes]:
        """Events for one client, ``first`` before all others; a comment now and then shows a dead client."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            for text in first:
                yield text
            while True:
                try:
                    async with asyncio.timeout(silent_s):
                        text_or_end = await queue.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if text_or_end is None:
                    return
                yield text_or_end
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """End all streams."""
        for queue in list(self._queues):
            self._drop(queue)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._queues)

    def _drop(self, queue: asyncio.Queue[bytes | None]) -> None:
        self._queues.discard(queue)
        queue.put_nowait(None)


def encode(event: str, data: dict[str, Any]) -> bytes:
    """One event as it goes over the wire."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event}\ndata: {text}\n\n".encode()
