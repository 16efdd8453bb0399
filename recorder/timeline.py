"""From media time to the hearing's clock: one straight piece for each segment, and pieces that meet.

Samples and pictures are never dropped, doubled or resampled. What follows the device's measured clock is the *place* of a
segment: its ``end_us - start_us`` is how long it took on the hearing's clock, its ``media_us`` how long it is by its own
count, and the end of one segment is the start of the next to the microsecond. The slope of a piece is fixed when its segment
begins, so that whatever is said of an open segment stays true when it is closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

# How fast a place may be moved, 10^-9. So a segment of 20 s differs from its media by at most 20 ms (sound) and 100 ms
# (pictures), less than the holes of the record format, section 7.1. A camera is moved faster: its first sender report,
# which may correct its delay by some 100 ms, comes seconds after its first picture.
SOUND_MOST_PPB = 1_000_000
PICTURE_MOST_PPB = 5_000_000
# An error that is found is worked off over this time.
HORIZON_US = 20_000_000

#: Gives the place that media of a time should have (hearing's clock, µs) and the rate of the device (10^-9); None: not known.
Steer = Callable[[int], tuple[int, int] | None]


class TimeLine:
    """Media time of a track, from 0, as time on the hearing's clock.

    Args:
        start_us: hearing's clock of media time 0.
        steer: where the line should go; without one it runs at the media's own pace.
        most_ppb: most that the line departs from the media's own pace.
    """

    def __init__(self, start_us: int, steer: Steer | None = None, most_ppb: int = SOUND_MOST_PPB) -> None:
        self._start_us, self._steer, self._most_ppb = start_us, steer, most_ppb
        # The tracks of one device share a line and pass a join one after the other: pieces before the last are still asked for.
        self._pieces: deque[_Piece] = deque([_Piece(0, start_us * 1000, 0, 0)], maxlen=8)
        self._steered_us = -1

    def at(self, media_us: int) -> int:
        """Hearing's clock at a media time, µs."""
        return self._ns(media_us) // 1000

    def begin(self, media_us: int) -> int:
        """A segment begins: the line heads for where it should be. Done once for each media time; gives its :meth:`at`."""
        if self._steer is not None and media_us > self._steered_us:
            self._steered_us = media_us
            if (wanted := self._steer(media_us)) is not None:
                place_us, rate_ppb = wanted
                now_ns = self._ns(media_us)
                slope = (place_us * 1000 - now_ns) * 10**6 // HORIZON_US
                slope = max(-self._most_ppb, min(self._most_ppb, rate_ppb + slope)) - rate_ppb
                self._pieces.append(_Piece(media_us, now_ns, rate_ppb, slope))
        return self.at(media_us)

    def shift(self, media_us: int, by_us: int) -> None:
        """Media is missing: what follows ``media_us`` is ``by_us`` later."""
        self._pieces.append(self._pieces[-1].moved(media_us, self._ns(media_us) + by_us * 1000))

    def moved_us(self, media_us: int) -> int:
        """How much later this media time lies than the count from the start says."""
        return self.at(media_us) - media_us - self._start_us

    def _ns(self, media_us: int) -> int:
        piece = next((piece for piece in reversed(self._pieces) if piece.media_us <= media_us), self._pieces[0])
        return piece.ns(media_us)


@dataclass(frozen=True)
class _Piece:
    """A segment's part of the line: from ``media_us`` at ``at_ns``, at the device's rate, and at first also towards its place."""

    media_us: int
    at_ns: int
    rate_ppb: int
    towards_ppb: int

    def ns(self, media_us: int) -> int:
        since = media_us - self.media_us
        # Not longer than the horizon: a camera with rare key frames makes segments of minutes.
        moved = since * self.rate_ppb + min(since, HORIZON_US) * self.towards_ppb
        return self.at_ns + since * 1000 + moved // 10**6

    def moved(self, media_us: int, at_ns: int) -> _Piece:
        return _Piece(media_us, at_ns, self.rate_ppb, 0)
