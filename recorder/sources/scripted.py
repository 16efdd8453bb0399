"""A source that gives what it was told to give: the shipped fake of the seam, for tests without a device."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from recorder.sources.base import Item, Put


class ScriptedSource:
    """Hands over ``items`` at once, then waits to be stopped, or fails with ``error``."""

    def __init__(self, items: Iterable[Item], error: Exception | None = None) -> None:
        self._items, self._error = items, error
        self._stopped = threading.Event()

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        for item in self._items:
            put(item)
        if self._error is not None:
            raise self._error
        self._stopped.wait()

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._stopped.set()
