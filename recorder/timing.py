"""Placing what arrives on CLOCK_MONOTONIC, without trusting any single arrival.

A packet or block never arrives early, only late: by buffers, the network, a busy machine. So ``arrival - media time`` is
smallest for what was delayed least, and its lower envelope over some seconds is the best estimate of the moment when media
time 0 was. Within a take the anchor stays as it was at its begin, so that joins are exact; how far the device's clock has
drifted from the anchor since is reported beside it (``drift_us``), and corrected in the timeline, never in the evidence.
"""

from __future__ import annotations

from collections import deque

BUCKET_US = 1_000_000
BUCKETS = 10

# Less than this is not told from a late arrival. PortAudio gives no overflow flag through PulseAudio, so counting samples
# against the clock is the only way to notice a loss.
LOSS_US = 40_000
# A loss must last so many buckets: a stalled machine catches up within one or two.
LOSS_BUCKETS = 3
# Slow change is drift, not loss: 1 ms a second is 20 times what a bad crystal does.
DRIFT_US = 1_000


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
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.samples = 0
        self._envelope = Envelope()
        self._baseline: int | None = None
        self._above: list[int] = []

    def arrived(self, samples: int, at_us: int) -> int:
        """Note a block whose last sample arrived at ``at_us``.

        Returns:
            µs of sound that must have been lost before it; 0 when none was. Known some seconds after the loss.
        """
        self.samples += samples
        finished = self._envelope.add(at_us, at_us - self.media_us)
        return 0 if finished is None else self._judge(finished)

    @property
    def media_us(self) -> int:
        """Time of the end of the last sample from the first, by the count, µs."""
        return self.samples * 1_000_000 // self.rate

    @property
    def now_us(self) -> int:
        """CLOCK_MONOTONIC of the end of the last sample, µs."""
        return (self._envelope.value or 0) + self.media_us

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
        return lost
