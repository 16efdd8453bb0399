"""Who speaks at this moment: activity and cross-talk while the sound comes in, with the rules of the full pass.

The full pass looks at an interval of activity when it is over. In a courtroom that may take half a minute, because every
microphone hears every voice. So what is known is divided again and again: a stretch that ended a while ago is *settled*, one
that may go on is *open* and will be told again. What was settled is not looked at anew; the full pass after the end is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from transcription.activity import WINDOW, ActivitySettings, Detector, Interval, Intervals
from transcription.audio import Block
from transcription.crosstalk import Levels, own_stretches
from transcription.recognizer import SAMPLE_RATE, Samples

#: A stretch that ended so long ago is over: the pause that ends an utterance, and the time a room goes on sounding.
SETTLED: Final = SAMPLE_RATE
#: An open stretch of this length is settled as it is: an engine takes 28 s at most, a reader wants words sooner.
LONGEST: Final = SAMPLE_RATE * 20
#: A microphone that is so much behind the others is not waited for: its device is lost.
_PATIENCE: Final = SAMPLE_RATE * 3
#: Sound that is kept, and intervals that still take part in cross-talk.
_KEPT: Final = SAMPLE_RATE * 60
#: A hole shorter than this is put right silently (as in ``activity``).
_STEP: Final = SAMPLE_RATE * 40 // 1000
_SHORTEST: Final = SAMPLE_RATE // 4


@dataclass(frozen=True)
class Stretch:
    """One voice on its own microphone.

    Attributes:
        source: the microphone.
        own: from its first sound to its last so far, samples of the take's grid; its peak is that of the activity it is part of.
        settled: it is over.
    """

    source: str
    own: Interval
    settled: bool


class Ear:
    """One microphone: what was said on it, and the last minute of its sound."""

    def __init__(self, detector: Detector, settings: ActivitySettings | None = None) -> None:
        """Listen with a detector of its own: it carries a state from window to window."""
        self._detector = detector
        self._settings = settings or ActivitySettings()
        self._machine: Intervals | None = None
        self._rest = np.zeros(0, np.float32)
        self._sound = np.zeros(0, np.float32)
        self._first = 0
        self.levels = Levels()
        self.reached = 0
        self.over: list[Interval] = []

    def hear(self, block: Block) -> None:
        """Take in the next sound."""
        if block.start < self.reached:
            block = Block(self.reached, block.samples[self.reached - block.start :])
        if not len(block.samples):
            return
        hole = block.start - self.reached
        if self._machine is None or hole > _STEP:
            self.pause()
            self._detector.reset()
            self._machine, self._rest = Intervals(self._settings, block.start), np.zeros(0, np.float32)
        elif hole:
            block = Block(self.reached, np.pad(block.samples, (hole, 0)))
        for _ in self.levels.metered([block]):
            self._keep(block)
        joined = np.concatenate([self._rest, block.samples])
        count = len(joined) // WINDOW
        self._rest = joined[count * WINDOW :]
        self._end(self._machine.push(self._detector(joined[: count * WINDOW].reshape(count, WINDOW))))

    def pause(self) -> None:
        """No more sound follows for now: what is being said is over."""
        if self._machine is not None:
            self._end(self._machine.flush())
        self._machine = None

    def intervals(self, upto: int) -> list[tuple[Interval, bool]]:
        """Activity of the last minute up to `upto`, padded; and whether each is over."""
        padding = self._settings.padding
        found = [(item, True) for item in self.over]
        if self._machine is not None and self._machine.begun is not None:
            found.append((Interval(self._machine.begun, upto, self._machine.peak), False))
        out: list[tuple[Interval, bool]] = []
        for item, over in found:
            start = max(item.start - padding, out[-1][0].end if out else 0)
            end = min(item.end + padding, upto)
            if start < end:
                out.append((Interval(start, end, item.peak), over))
        return out

    def span(self, start: int, end: int) -> Samples:
        """Sound from `start` to `end`; zeros where it is not kept."""
        out = np.zeros(max(0, end - start), np.float32)
        first, last = max(start, self._first), min(end, self._first + len(self._sound))
        if first < last:
            out[first - start : last - start] = self._sound[first - self._first : last - self._first]
        return out

    def _keep(self, block: Block) -> None:
        if block.start != self.reached or not len(self._sound):
            gap = block.start - self.reached
            if len(self._sound) and 0 < gap < _KEPT:
                self._sound = np.concatenate([self._sound, np.zeros(gap, np.float32)])
            elif gap or not len(self._sound):
                self._sound, self._first = np.zeros(0, np.float32), block.start
        self._sound = np.concatenate([self._sound, block.samples])
        if (more := len(self._sound) - _KEPT) > 0:
            self._sound, self._first = self._sound[more:].copy(), self._first + more
        self.reached = block.end

    def _end(self, found: object) -> None:
        self.over += list(found)  # type: ignore[call-overload]
        self.over = [item for item in self.over if item.end > self.reached - _KEPT]


class Voices:
    """All microphones of a take."""

    def __init__(self, ears: Mapping[str, Ear], since: int = 0) -> None:
        """Listen to `ears`; what ended before `since` is not told."""
        self.ears = dict(ears)
        self._since = since
        self._told = dict.fromkeys(ears, since)

    def add(self, source: str, ear: Ear) -> None:
        """Listen to one more."""
        self.ears[source], self._told[source] = ear, self._since

    @property
    def upto(self) -> int:
        """Up to where every microphone that delivers was heard."""
        reached = [ear.reached for ear in self.ears.values()]
        return max(min(reached), max(reached) - _PATIENCE) if reached else 0

    def stretches(self, *, over: bool = False) -> list[Stretch]:
        """What is new: settled stretches, once each, and the open ones, every time; by start.

        Args:
            over: no more sound comes, everything is settled.
        """
        upto = max((ear.reached for ear in self.ears.values()), default=0) if over else self.upto
        active = {source: ear.intervals(upto) for source, ear in self.ears.items()}
        found = {source: [item for item, _ in items] for source, items in active.items()}
        levels = {source: ear.levels for source, ear in self.ears.items()}
        out: list[Stretch] = []
        for source, items in active.items():
            for item, ended in items:
                out += self._of(source, item, ended or over, upto, found, levels)
        return sorted(out, key=lambda one: (one.own.start, one.source))

    def _of(
        self,
        source: str,
        item: Interval,
        ended: bool,
        upto: int,
        found: Mapping[str, list[Interval]],
        levels: Mapping[str, Levels],
    ) -> list[Stretch]:
        """Stretches of one interval, as far as they were not told as settled."""
        rest = Interval(max(item.start, self._told[source]), min(item.end, upto))
        if rest.end - rest.start < _SHORTEST:
            return []
        out = []
        faint = rest.start == item.start or rest.end - rest.start >= 2 * SETTLED  # not the silence after a voice
        for own in own_stretches(source, rest, found, levels, faint=faint):
            settled = ended or own.end <= upto - SETTLED or own.end - own.start >= LONGEST
            out.append(Stretch(source, replace(own, peak=item.peak), settled))
            if not settled:
                return out
            self._told[source] = own.end
        self._told[source] = max(self._told[source], rest.end if ended else rest.end - 2 * SETTLED)
        return out
