"""Placing what arrives on CLOCK_MONOTONIC, without trusting any single arrival: by count for sound, by time stamps for streams.

A packet or block never arrives early, only late: by buffers, the network, a busy machine (recorder.drift). Where the sender of a stream
says itself when it took a picture (RTCP), that is better than any arrival, if it can be believed. What follows from both for the
places of segments: recorder.timeline.
"""

from __future__ import annotations

from collections import deque

from recorder.drift import Drift

BUCKET_US = 1_000_000
BUCKETS = 10

# Less than this is not told from a late arrival. PortAudio gives no overflow flag through PulseAudio, so counting samples
# against the clock is the only way to notice a loss.
LOSS_US = 40_000
# A loss must last so many buckets: a stalled machine catches up within one or two.
LOSS_BUCKETS = 3
# Slow change is drift, not loss: 1 ms a second is 20 times what a bad crystal does.
DRIFT_US = 1_000

#: Time bases of a ``segment`` line (record format, section 7.2).
ARRIVAL, RTCP = "arrival", "rtcp"

# Of time stamps one may be wrong, and FFmpeg's first one after a report is (by a picture): the smallest two do not count.
STAMPED = 2
# Sender reports: how many time stamps with one before they are judged, and how the time on the way may be.
ENOUGH = 25
EARLY_US = 20_000
LONGEST_US = 1_000_000
MOVED_US = 100_000
PATIENCE = 5  # judgements, one in two seconds
TRIES = 15  # at first; later a clock that runs by itself might come by, and be taken for a true one


class Envelope:
    """Smallest offset of the last :data:`BUCKETS` seconds."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, int]] = deque(maxlen=BUCKETS)

    def add(self, at_us: int, offset_us: int) -> int | None:
        """Note an offset.

        Returns:
            the smallest offset of the second before, when this one begins a new second; else None.
        """
        bucket = at_us // BUCKET_US
        if self._buckets and self._buckets[-1][0] >= bucket:
            self._buckets[-1] = (self._buckets[-1][0], min(self._buckets[-1][1], offset_us))
            return None
        finished = self._buckets[-1][1] if self._buckets else None
        self._buckets.append((bucket, offset_us))
        return finished

    def restart(self) -> None:
        """Forget everything: the media time line was broken."""
        self._buckets.clear()

    @property
    def value(self) -> int | None:
        """CLOCK_MONOTONIC of media time 0, µs; None before the first offset."""
        return min((offset for _, offset in self._buckets), default=None)


class SampleClock:
    """Counts the samples of an audio device against CLOCK_MONOTONIC.

    Args:
        rate: samples a second.
        line: places what was counted.
    """

    def __init__(self, rate: int, line: StreamClock | None = None) -> None:
        self.rate = rate
        self.samples = 0
        self._line = line or StreamClock(rank=0)
        self._envelope = Envelope()
        self._baseline: int | None = None
        self._above: list[int] = []

    def arrived(self, samples: int, at_us: int, sent_us: int | None = None) -> int:
        """Note a block whose last sample arrived at ``at_us``, and was taken at ``sent_us`` of the sender's clock, if it says so.

        Returns:
            µs of sound that must have been lost before it; 0 when none was. Known some seconds after the loss.
        """
        self.samples += samples
        self._line.arrived(self.media_us, at_us, sent_us)
        finished = self._envelope.add(at_us, at_us - self.media_us)
        return 0 if finished is None else self._judge(finished)

    @property
    def media_us(self) -> int:
        """Time of the end of the last sample from the first, by the count, µs."""
        return self.samples * 1_000_000 // self.rate

    @property
    def now_us(self) -> int:
        """CLOCK_MONOTONIC of the end of the last sample, µs."""
        return self.place_us(self.media_us)

    def place_us(self, media_us: int) -> int:
        """CLOCK_MONOTONIC of a media time, µs."""
        place_us = self._line.place_us(media_us)
        return media_us if place_us is None else place_us

    @property
    def rate_ppb(self) -> int:
        """See :attr:`recorder.drift.Drift.rate_ppb`."""
        return self._line.rate_ppb

    @property
    def base(self) -> str:
        """See :attr:`StreamClock.base`."""
        return self._line.base

    def _judge(self, smallest: int) -> int:
        if self._baseline is None or smallest < self._baseline:
            self._baseline = smallest
        late = smallest - self._baseline
        if late < LOSS_US:
            self._above.clear()
            self._baseline += min(late, DRIFT_US)
            return 0
        self._above.append(late)
        if len(self._above) < LOSS_BUCKETS:
            return 0
        lost = min(self._above)
        self._above.clear()
        self._baseline += lost
        self._envelope.restart()
        self._line.restart()
        return lost


class StreamClock:
    """Places the time stamps of a stream on CLOCK_MONOTONIC: by its sender's clock while that is believed, else by arrival.

    A sender report names the moment, on the sender's own clock, of a time stamp: what was on its way however long, and however
    unevenly, is placed where it was taken. It is believed when what comes by it was on its way for no less than nothing and no more
    than :data:`LONGEST_US`, and for as long as that does not change by more than :data:`MOVED_US`: else the sender's clock is not kept
    by NTP, or ours is not. Then arrival counts again, less the delay that was measured while it was believed, so nothing jumps.

    Args:
        offset_us: hearing's clock minus CLOCK_MONOTONIC.
        delay_us: how long media is known to be on its way, for as long as no sender report tells.
        believe: whether sender reports are used at all.
        rank: see :class:`recorder.drift.Drift`.
    """

    def __init__(self, offset_us: int = 0, delay_us: int = 0, *, believe: bool = True, rank: int = STAMPED) -> None:
        self._offset_us, self._delay_us, self._believe = offset_us, delay_us, believe
        self._arrivals, self._sender = Drift(rank), Drift(STAMPED)
        self._told = 0
        self._checked_us: int | None = None
        self._strange = 0
        self.by_sender = False

    def arrived(self, media_us: int, arrival_us: int, sent_us: int | None = None) -> None:
        """Note media.

        Args:
            media_us: its time stamp.
            arrival_us: when it came, CLOCK_MONOTONIC.
            sent_us: UTC on the sender's clock when it was taken, if it said so.
        """
        self._arrivals.add(media_us, arrival_us - media_us)
        if sent_us is None or not self._believe:
            return
        self._told += 1
        self._sender.add(media_us, sent_us - self._offset_us - media_us)
        last_us = self._arrivals.last_us
        if self._told >= ENOUGH and last_us != self._checked_us:
            self._checked_us = last_us
            self._judge(media_us)

    def restart(self) -> None:
        """The media time line was broken."""
        self._arrivals.restart()
        self._sender.restart()

    def place_us(self, media_us: int) -> int | None:
        """CLOCK_MONOTONIC of a time stamp; None before anything came."""
        offset = self._sender.offset_us(media_us) if self.by_sender else self._arrivals.offset_us(media_us)
        if offset is None:
            return None
        return media_us + offset - (0 if self.by_sender else self._delay_us)

    @property
    def rate_ppb(self) -> int:
        """See :attr:`recorder.drift.Drift.rate_ppb`."""
        return (self._sender if self.by_sender else self._arrivals).rate_ppb

    @property
    def base(self) -> str:
        """What times rest on, as a ``segment`` line says it."""
        return RTCP if self.by_sender else ARRIVAL

    def _judge(self, media_us: int) -> None:
        arrival, sender = self._arrivals.offset_us(media_us), self._sender.offset_us(media_us)
        if arrival is None or sender is None:
            return
        delay_us = arrival - sender
        possible = -EARLY_US <= delay_us <= LONGEST_US
        if not self.by_sender and possible:
            self.by_sender, self._delay_us, self._strange = True, delay_us, 0
            return
        self._strange = 0 if possible and abs(delay_us - self._delay_us) <= MOVED_US else self._strange + 1
        if self._strange > (PATIENCE if self.by_sender else TRIES):
            self._believe = self.by_sender = False
