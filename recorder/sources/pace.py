"""Giving a file's media at the pace at which it was recorded."""

from __future__ import annotations

import threading
import time


def monotonic_us() -> int:
    """CLOCK_MONOTONIC, µs."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


class Pace:
    """Waits until media of a file is due."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._start_us: int | None = None

    def wait(self, media_us: int) -> bool:
        """Wait until ``media_us`` (time from the first media) is due.

        Returns:
            False when stopped meanwhile.
        """
        if self._start_us is None:
            self._start_us = monotonic_us() - media_us
        late_us = self._start_us + media_us - monotonic_us()
        return not (self._stopped.wait(late_us / 1e6) if late_us > 0 else self._stopped.is_set())

    def stop(self) -> None:
        """End waiting, now and for ever."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stopped.is_set()
