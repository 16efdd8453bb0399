"""What a person should listen to first: passages by the doubt about their words (docs/transcript-format.md, section 5.1)."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.passage import Passage
from protocol.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Doubt:
    """A passage to check.

    Attributes:
        index: its place in :attr:`Transcript.passages`, as edits name it.
        passage: kind ``speech``.
        doubt_pm: estimated probability that one of its words, whichever, is wrong, per mille.
    """

    index: int
    passage: Passage
    doubt_pm: int

    @property
    def wrong_words(self) -> float:
        """How many of its words are expected to be wrong."""
        return self.doubt_pm * len(self.passage.words) / 1000


def ranked(transcript: Transcript, least_pm: int = 0) -> list[Doubt]:
    """Passages with a doubt of `least_pm` per mille or more, the greatest first; of equal ones first where more words are expected to be wrong.

    Passages that a person corrected are not among them.
    """
    found = [
        Doubt(index, passage, passage.doubt_pm)
        for index, passage in enumerate(transcript.passages)
        if passage.doubt_pm is not None and passage.doubt_pm >= least_pm
    ]
    return sorted(found, key=lambda one: (-one.doubt_pm, -one.wrong_words, one.index))
