"""Errors where it matters who said it (meeteval), and errors of who spoke when (pyannote.metrics)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meeteval.io import SegLST
from meeteval.wer.wer.cp import cp_word_error_rate
from meeteval.wer.wer.time_constrained import time_constrained_minimum_permutation_word_error_rate
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from transcription.evaluation.text import comparable
from transcription.evaluation.words import Errors

#: A word counts only within so many seconds of when it was said (meeteval's own advice).
COLLAR_S: Final = 5.0
#: Beyond so many speakers on either side the best matching is not looked for.
_MOST_SPEAKERS: Final = 40


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of one voice, seconds from the start; `text` where words are compared."""

    speaker: str
    start_s: float
    end_s: float
    text: str = ""


@dataclass
class SpeakerTime:
    """Errors of who spoke when, seconds; no collar, overlap counted."""

    spoken_s: float = 0.0
    missed_s: float = 0.0
    invented_s: float = 0.0
    confused_s: float = 0.0

    @property
    def rate(self) -> float | None:
        """Diarization error rate; None where nobody spoke."""
        wrong = self.missed_s + self.invented_s + self.confused_s
        return wrong / self.spoken_s if self.spoken_s else None

    def add(self, other: SpeakerTime) -> None:
        """Take another count in."""
        self.spoken_s += other.spoken_s
        self.missed_s += other.missed_s
        self.invented_s += other.invented_s
        self.confused_s += other.confused_s


def attributed(reference: Sequence[Turn], hypothesis: Sequence[Turn], *, timed: bool) -> Errors | None:
    """Word errors with each speaker's words together, under the best matching of names (cpWER; timed: tcpWER).

    Args:
        reference: who said what, in whole utterances.
        hypothesis: the same, a turn a word.
        timed: a word counts only within :data:`COLLAR_S` of its time.

    Returns:
        the errors; None where there are more speakers than can be matched.
    """
    said, heard = _segments(reference), _segments(hypothesis)
    count = sum(len(comparable(turn.text)) for turn in reference)
    if not said:
        return Errors(0, 0, 0, len(heard))
    if not heard:
        return Errors(count, 0, count, 0)
    if max(len({one["speaker"] for one in both}) for both in (said, heard)) > _MOST_SPEAKERS:
        return None
    if timed:
        found = time_constrained_minimum_permutation_word_error_rate(
            SegLST(said), SegLST(heard), collar=COLLAR_S, hypothesis_pseudo_word_level_timing="character_based_points"
        )
    else:
        found = cp_word_error_rate(SegLST(said), SegLST(heard))
    return Errors(int(found.length), int(found.substitutions), int(found.deletions), int(found.insertions))


def _segments(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    ordered = sorted(turns, key=lambda turn: (turn.start_s, turn.end_s))
    return [
        {"session_id": "", "speaker": turn.speaker, "start_time": turn.start_s, "end_time": turn.end_s, "words": words}
        for turn in ordered
        if (words := " ".join(comparable(turn.text)))
    ]


def speaker_time(reference: Sequence[Turn], hypothesis: Sequence[Turn], seconds: float) -> SpeakerTime:
    """Who spoke when, over the whole recording."""
    whole = Timeline([Segment(0.0, seconds)])
    found: Mapping[str, Any] = DiarizationErrorRate(collar=0.0, skip_overlap=False)(
        _annotation(reference), _annotation(hypothesis), uem=whole, detailed=True
    )
    return SpeakerTime(
        float(found["total"]), float(found["missed detection"]), float(found["false alarm"]), float(found["confusion"])
    )


def _annotation(turns: Iterable[Turn]) -> Any:
    made = Annotation()
    for number, turn in enumerate(turns):
        if turn.start_s < turn.end_s:
            made[Segment(turn.start_s, turn.end_s), number] = turn.speaker
    return made
