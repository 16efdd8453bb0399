"""Reading a live stream with few wakes: pictures are handed over by fragments, and between two fragments the reader rests.

A process that is woken for each datagram spends most of its time on being woken. Right after a fragment has gone to the disk
nothing is lost by leaving the next pictures in the socket for a moment (recorder.fragments). The rest ends before the fragment does,
so its last picture is waited for: one picture of each fragment has the true time of its arrival, and the lower envelope
of arrivals stays what it was (recorder.timing). Who is behind does not rest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction

from recorder.fragments import FragmentStarts
from recorder.packets import Picture, ticks_us
from recorder.sources.base import PictureGroup, Put
from recorder.sources.pace import monotonic_us

# Of the media between two rests, so that reading is always faster than the camera; at 25 pictures a second four of five.
SHARE = 0.85
LONGEST_US = 200_000
# Shorter ones are not worth the wake.
SHORTEST_US = 20_000
# So often rests are left out until pictures come no earlier any more: late is what comes later than the earliest of the last times.
PROBE_US = 20_000_000
PROBES = 3
EARLIER_US = 2_000


class Rests:
    """Hands pictures over in groups, and rests after each.

    Args:
        put: takes the pictures.
        base: time base of the pictures.
        rest: sleeps for so many seconds.
        now_us: CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        put: Put,
        base: Fraction,
        rest: Callable[[float], None] = time.sleep,
        now_us: Callable[[], int] = monotonic_us,
    ) -> None:
        self._put, self._base, self._rest, self._now_us = put, base, rest, now_us
        self._starts = FragmentStarts(base)
        self._group: list[Picture] = []
        self._media_us = 0  # of the last group's last picture
        self._least_us: deque[int] = deque(maxlen=PROBES)  # arrival minus media time of pictures that were waited for
        self._probed_us: int | None = None  # media time
        self._probe: int | None = None  # smallest of the probe that is going on

    def take(self, picture: Picture) -> None:
        """Take the next picture; rests when it begins a fragment."""
        self._group.append(picture)
        if self._starts.begins(picture):
            rest_us = self._due(picture)
            self.flush()  # last: who takes them wakes when this thread sleeps already, and need not wait for Python's lock
            if rest_us >= SHORTEST_US:
                self._rest(rest_us / 1e6)

    def flush(self) -> None:
        """Hand over what is held."""
        group, self._group = self._group, []
        if group:
            self._put(PictureGroup(tuple(group)))

    def _due(self, picture: Picture) -> int:
        """How long to rest now, µs."""
        media_us = ticks_us(picture.dts, self._base)
        offset_us = self._now_us() - media_us
        since_us, self._media_us = media_us - self._media_us, media_us
        if self._probed_us is None or media_us - self._probed_us >= PROBE_US:
            self._probed_us, self._probe = media_us, offset_us
            return 0
        if self._probe is not None:
            before, self._probe = self._probe, min(self._probe, offset_us)
            if offset_us < before - EARLIER_US:
                return 0
            self._least_us.append(self._probe)
            self._probe = None
        late_us = max(0, offset_us - min(self._least_us))
        return min(LONGEST_US, round(since_us * SHARE)) - late_us
