"""A transcript in the words that were said, where it writes numbers in figures (docs/transcript-format.md, section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise

from protocol.passage import Word
from protocol.transcript import Transcript


def as_spoken(transcript: Transcript) -> Transcript:
    """The same revision with every word as it was said: for scoring programs, and for who doubts a figure.

    The words behind one written word share its time by their length, and are flagged as ``spread``.
    """
    passages = tuple(
        replace(passage, words=tuple(part for word in passage.words for part in spoken_words(word)))
        for passage in transcript.passages
    )
    return replace(transcript, passages=passages)


def spoken_words(word: Word) -> Iterator[Word]:
    """The words that were said for one that is written."""
    if word.spoken is None:
        yield word
        return
    parts = word.spoken.split()
    ends = list(accumulate(len(part) for part in parts))
    edges = [word.start_us, *(word.start_us + (word.end_us - word.start_us) * end // ends[-1] for end in ends)]
    timing = word.timing if len(parts) == 1 else "spread"
    for part, (start, end) in zip(parts, pairwise(edges), strict=True):
        yield replace(word, text=part, start_us=start, end_us=end, timing=timing, spoken=None)
