"""How far the making of a transcript is, and how long it may still take. Pure: times are given.

A transcript is made in two phases: the sound of every microphone is gone through (``activity``), then every utterance is
recognised. How long the second takes is known only when some of it is done, so that no remaining time is told before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Phase = Literal["activity", "recognition"]
#: Share of the first phase, per mille: activity is hundreds of times faster than real time, recognition tens at best.
_ACTIVITY_PM: Final = 100
#: Seconds of recognition after which its rate is believed.
_BELIEVED_S: Final = 3.0


@dataclass(frozen=True)
class Step:
    """What is done and what there is, in the phase that is on.

    Attributes:
        phase: which one.
        done_us, total_us: microseconds of sound (`activity`) or of speech (`recognition`).
    """

    phase: Phase
    done_us: int
    total_us: int


#: Called after each step; the pipeline does nothing meanwhile, so that what is called may use its time.
Told: TypeAlias = Callable[[Step], None]


@dataclass(frozen=True)
class Progress:
    """What a person is told.

    Attributes:
        done_pm: how much is done, per mille.
        left_s: seconds that the rest will take, or None where that is not known yet.
    """

    done_pm: int
    left_s: int | None = None


class Estimate:
    """Turns steps into progress."""

    def __init__(self, now_s: float) -> None:
        """Begin now (monotonic seconds)."""
        self._phase: Phase = "activity"
        self._since_s = now_s
        self._before_us = 0

    def at(self, step: Step, now_s: float) -> Progress:
        """How far it is at `step`."""
        if step.phase != self._phase:
            self._phase, self._since_s, self._before_us = step.phase, now_s, step.done_us
        share = step.done_us / step.total_us if step.total_us else 1.0
        if step.phase == "activity":
            return Progress(int(_ACTIVITY_PM * share))
        done_pm = _ACTIVITY_PM + int((1000 - _ACTIVITY_PM) * share)
        took, worked = now_s - self._since_s, step.done_us - self._before_us
        if worked <= 0 or (took < _BELIEVED_S and step.done_us < step.total_us):
            return Progress(done_pm)
        return Progress(done_pm, round((step.total_us - step.done_us) * took / worked))
