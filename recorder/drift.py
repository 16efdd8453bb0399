"""How far a device's own time lies from CLOCK_MONOTONIC, and how fast that changes: the filter behind all times of a track.

A block or picture never arrives early, only late, so of ``arrival - media time`` only the smallest values say something. Of
each :data:`BUCKET_US` one is kept. The *rate* is the slope of the lower hull of the last ten minutes at its middle (Moon,
Skelly, Towsley: Estimation and removal of clock skew from network delay measurements, INFOCOM 1999): lateness of any length
and frequency lies above it and does not count. The *offset* is the smallest of the last :data:`NEAR_US`, each carried on at
that rate. So a wrong rate can do little harm, and a delay that changes for good is followed within that time.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

BUCKET_US = 2_000_000
BUCKETS = 300
NEAR_US = 20_000_000
# Below this span a slope would be noise; 100 ppm are 6 ms by then.
SPAN_US = 60_000_000
# Parts in 10^9. A crystal is off by 20 to 100 ppm, a bad one by 300.
RATE_MOST_PPB = 500_000

_Point = tuple[int, int]  # media time, offset


class Drift:
    """The line under the offsets of one device.

    Args:
        rank: how many smaller offsets of a bucket are not believed. 0 where media time is counted; more where it is
            somebody's time stamp, of which one may be wrong.
    """

    def __init__(self, rank: int = 0) -> None:
        self._rank = rank
        self._done: deque[_Point] = deque(maxlen=BUCKETS)
        self._open: list[tuple[int, int]] = []  # smallest (offset, media time) of the bucket that is being filled
        self._bucket = 0
        self._kept_ppb = 0
        self._rate_ppb: int | None = 0

    def add(self, media_us: int, offset_us: int) -> None:
        """Note that media of the time ``media_us`` arrived ``offset_us`` later than that on CLOCK_MONOTONIC."""
        bucket = media_us // BUCKET_US
        if self._open and bucket > self._bucket:
            self._done.append(self._best())
            self._open, self._rate_ppb = [], None
        self._bucket = max(bucket, self._bucket) if self._open else bucket
        if len(self._open) <= self._rank or offset_us < self._open[-1][0]:
            self._open = sorted([*self._open, (offset_us, media_us)])[: self._rank + 1]

    def restart(self) -> None:
        """The media time line was broken: forget the offsets, keep the rate."""
        self._kept_ppb = self.rate_ppb
        self._done.clear()
        self._open, self._rate_ppb = [], None

    def offset_us(self, media_us: int) -> int | None:
        """CLOCK_MONOTONIC minus media time at ``media_us``; None before anything came."""
        near = [point for point in self._done if point[0] >= media_us - NEAR_US]
        if self._open and (not near or len(self._open) > self._rank):
            near.append(self._best())
        near = near or list(self._done)[-1:]
        rate = self.rate_ppb
        return min((offset + (media_us - at) * rate // 10**9 for at, offset in near), default=None)

    @property
    def rate_ppb(self) -> int:
        """By how much the offset grows in a second of media, ns (10^-9); positive when the device's clock is slow."""
        if self._rate_ppb is None:
            points = self._done
            long = bool(points) and points[-1][0] - points[0][0] >= SPAN_US
            slope = _slope(list(points)) if long else self._kept_ppb
            self._rate_ppb = max(-RATE_MOST_PPB, min(RATE_MOST_PPB, round(slope)))
        return self._rate_ppb

    @property
    def last_us(self) -> int | None:
        """Media time of the last bucket that is complete."""
        return self._done[-1][0] if self._done else None

    def _best(self) -> _Point:
        offset, media = self._open[-1]
        return media, offset


def _slope(points: list[_Point]) -> float:
    """Slope of the lower hull's edge over the middle of the points, 10^-9."""
    hull: list[_Point] = []
    for x, y in points:
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2:]
            if (y1 - y0) * (x - x0) < (y - y0) * (x1 - x0):
                break
            hull.pop()
        hull.append((x, y))
    middle = sum(x for x, _ in points) / len(points)
    for (x0, y0), (x1, y1) in pairwise(hull):
        if x1 >= middle:
            return (y1 - y0) / (x1 - x0) * 1e9
    return 0.0
