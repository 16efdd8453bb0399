"""Decode times of pictures of which only the time of showing is known, as RTP gives it."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

# H.264 and H.265 hold back no more pictures (H.264, A.3.1; H.265, A.4.2).
DEEPEST = 16


def depth_of(times: Sequence[int]) -> int:
    """How many pictures are decoded before one that is shown before them, at most."""
    return max((sum(other > time for other in times[:at]) for at, time in enumerate(times)), default=0)


class DecodeTimes:
    """Gives each picture, in order of decoding, the earliest time of showing that was not given yet: so no picture is shown before it is decoded.

    Nearly every camera shows pictures in the order in which it codes them, and then both times are the same.

    Args:
        depth: see :func:`depth_of`; a picture that needs more makes it grow.
        nominal: usual duration of a picture, ticks: for the times before the first one.
        jump: a step that is no order of pictures but another time line, ticks.
    """

    def __init__(self, depth: int, nominal: int, jump: int) -> None:
        self._depth, self._nominal, self._jump = min(depth, DEEPEST), nominal, jump
        self._times: list[int] = []  # the latest depth + 1, sorted
        self._before: tuple[int, int] | None = None  # times of showing and of decoding of the picture before

    def next(self, pts: int) -> int:
        """Decode time of the next picture, or of the next slice of the same."""
        before = self._before
        if not self._depth and (before is None or pts > before[1]):
            self._before = pts, pts
            return pts
        if before is not None:
            shown, decoded = before
            if pts == shown:
                return decoded
            if abs(pts - shown) >= self._jump:
                self._times.clear()
            elif pts < decoded and self._depth < DEEPEST:
                self._times = self._times or [shown]
                self._depth += 1
        times = self._times
        insort(times, pts)
        if len(times) > self._depth + 1:
            del times[0]
        dts = times[0] - (self._depth + 1 - len(times)) * self._nominal
        self._before = pts, dts
        return dts
