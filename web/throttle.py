"""Slows guessing of passwords down (ASVS 6.3.1): after five wrong ones in a row a name has to wait, longer each time.

The count stands in memory and is for a name *and* an address, so that a stranger elsewhere cannot lock the secretary out of the console.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

FREE_TRIES = 5
FIRST_WAIT_S = 15.0
LONGEST_WAIT_S = 15 * 60.0
_FORGET_S = 30 * 60.0
MOST_COUNTED = 10_000


class Throttle:
    """Counts wrong sign-ins.

    Args:
        clock: seconds, never going back.
        most: how many names and addresses are counted; the one that was wrong longest ago gives way.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST_COUNTED) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        # By the time of the last wrong try: what is to be forgotten stands in front, and nobody waits for a walk through all.
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait_s(self, name: str, address: str) -> float:
        """Seconds this name has to wait at this address; 0 where it may try now."""
        with self._lock:
            return self._wait_s(name, address)

    def begin(self, name: str, address: str) -> float:
        """Seconds to wait, or 0: then the try counts as a wrong one until :meth:`right`, so that tries sent at once count each."""
        with self._lock:
            wait = self._wait_s(name, address)
            if not wait:
                self._count(name, address)
        return wait

    def wrong(self, name: str, address: str) -> None:
        """A wrong password was given."""
        with self._lock:
            self._count(name, address)

    def right(self, name: str, address: str) -> None:
        """The right password was given."""
        with self._lock:
            self._wrong.pop((name, address), None)

    def _wait_s(self, name: str, address: str) -> float:
        count, last = self._wrong.get((name, address), (0, 0.0))
        if count < FREE_TRIES:
            return 0.0
        # The exponent is bounded too: a thousand tries make a number no float can hold.
        wait = min(FIRST_WAIT_S * 2.0 ** min(count - FREE_TRIES, 10), LONGEST_WAIT_S)
        return max(0.0, last + wait - self._clock())

    def _count(self, name: str, address: str) -> None:
        now = self._clock()
        count, last = self._wrong.pop((name, address), (0, now))
        while self._wrong and (len(self._wrong) >= self._most or now - next(iter(self._wrong.values()))[1] > _FORGET_S):
            self._wrong.popitem(last=False)
        self._wrong[name, address] = (1 if now - last > _FORGET_S else count + 1, now)
