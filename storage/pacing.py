"""How much of the network the uploader may take, and when: a cap of bytes a second, and hours of the day.

Pure: the time is given. What is exempt is decided by who asks (:mod:`storage.uploader`): the journal and the checkpoints of a
hearing that runs leave at any hour, and count for the cap without waiting for it; they are a few kilobytes a minute.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from storage.errors import NoArchive

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])\Z")


@dataclass(frozen=True)
class Hours:
    """Hours of the day in which files may be sent.

    Attributes:
        spans: beginnings and ends, the end excluded; one that ends before it begins goes over midnight, one that ends when
            it begins lasts the day. None at all: always.
    """

    spans: tuple[tuple[time, time], ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> Hours:
        """From texts like ``18:30-08:00``.

        Raises:
            NoArchive: one is no such text.
        """
        spans = []
        for text in texts:
            if not (found := _SPAN.match(text)):
                raise NoArchive(f"archive.hours: {text!r} is not of the form 18:30-08:00")
            spans.append((time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))))
        return cls(tuple(spans))

    def allow(self, now: time) -> bool:
        """Whether files may be sent at a time of the day."""
        if not self.spans:
            return True
        return any(
            since <= now < until if since < until else now >= since or now < until for since, until in self.spans
        )


class Cap:
    """At most so many bytes a second on average; what was not used is not saved up.

    Args:
        rate: bytes a second; None: no cap.
    """

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._free_at = float("-inf")  # monotonic seconds at which what was reserved so far has had its time
        self._lock = threading.Lock()

    def reserve(self, count: int, now: float) -> float:
        """Seconds that bytes have to wait before they are sent; their time is taken. From any thread."""
        if not self._rate:
            return 0.0
        with self._lock:
            begin = max(self._free_at, now)
            self._free_at = begin + count / self._rate
            return begin - now
