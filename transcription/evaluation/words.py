"""Word and character errors (jiwer): by language of the reference, and where the language changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import jiwer

from transcription.evaluation.text import comparable

#: A word stands at a switch point if the language changes at most so many words before or after it.
SWITCH_WORDS: Final = 2
SWITCH: Final = "switch"
UNKNOWN: Final = "und"
#: Where so many words in a row agree, a long text is cut in two for the count of characters: memory grows with the square.
_ANCHOR: Final = 3


@dataclass
class Errors:
    """Errors against a number of things that were said.

    Attributes:
        said: words, or characters, of the reference.
        wrong, left_out, added: substitutions, deletions, insertions.
    """

    said: int = 0
    wrong: int = 0
    left_out: int = 0
    added: int = 0

    @property
    def count(self) -> int:
        """All errors."""
        return self.wrong + self.left_out + self.added

    @property
    def rate(self) -> float | None:
        """Errors for each thing said; may be above 1; None where nothing was said."""
        return self.count / self.said if self.said else None

    def add(self, other: Errors) -> None:
        """Take another count in."""
        self.said += other.said
        self.wrong += other.wrong
        self.left_out += other.left_out
        self.added += other.added


@dataclass
class Counts:
    """Errors of words and of characters, each by language (and ``switch``); the whole under an empty name."""

    words: dict[str, Errors] = field(default_factory=dict)
    characters: dict[str, Errors] = field(default_factory=dict)

    def add(self, other: Counts) -> None:
        """Take another count in."""
        for mine, theirs in ((self.words, other.words), (self.characters, other.characters)):
            for name, errors in theirs.items():
                mine.setdefault(name, Errors()).add(errors)


@dataclass(frozen=True, slots=True)
class Unit:
    """A word of a reference and the language it was said in."""

    text: str
    language: str


def units(said: Iterable[tuple[str, str | None]]) -> list[Unit]:
    """Words of texts, each with its text's language."""
    return [Unit(word, language or UNKNOWN) for text, language in said for word in comparable(text)]


@dataclass(frozen=True)
class Alignment:
    """Reference and hypothesis, matched word by word.

    Attributes:
        counts: the errors.
        right: for each word of the hypothesis, whether the reference has it there.
    """

    counts: Counts
    right: tuple[bool, ...]


def aligned(reference: Sequence[Unit], hypothesis: Sequence[str]) -> Alignment:
    """Match one stream of words with another; both in the form that is scored.

    An added word counts for the language of the word before it.
    """
    texts = [unit.text for unit in reference]
    chunks = _chunks(texts, hypothesis)
    names = [_names(reference, index) for index in range(len(reference))]
    counts = Counts()
    _count(counts.words, chunks, names)
    right = [False] * len(hypothesis)
    for kind, _, _, first, last in chunks:
        right[first:last] = [kind == "equal"] * (last - first)
    for (begin, end), (start, stop) in _pieces(chunks, len(texts), len(hypothesis)):
        _characters(counts.characters, reference[begin:end], names[begin:end], " ".join(hypothesis[start:stop]))
    return Alignment(counts, tuple(right))


Chunk = tuple[str, int, int, int, int]


def _chunks(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Chunk]:
    """The alignment of two lists by jiwer; each distinct word becomes one letter, so that none is parted or folded again."""
    letters: dict[str, str] = {}
    for word in (*reference, *hypothesis):
        letters.setdefault(word, chr(0x10000 + len(letters)))
    joined = ["".join(letters[word] for word in words) for words in (reference, hypothesis)]
    return _letter_chunks(*joined)


def _letter_chunks(reference: str, hypothesis: str) -> list[Chunk]:
    keep = jiwer.Compose([jiwer.ReduceToListOfListOfChars()])
    out = jiwer.process_characters(reference, hypothesis, keep, keep)
    return [
        (one.type, one.ref_start_idx, one.ref_end_idx, one.hyp_start_idx, one.hyp_end_idx) for one in out.alignments[0]
    ]


def _names(reference: Sequence[Unit], index: int) -> tuple[str, ...]:
    """What a word counts for: everything, its language, and a switch point where it is at one."""
    near = reference[max(0, index - SWITCH_WORDS) : index + SWITCH_WORDS + 1]
    switching = len({unit.language for unit in near}) > 1
    return ("", reference[index].language, SWITCH) if switching else ("", reference[index].language)


def _count(into: dict[str, Errors], chunks: Sequence[Chunk], names: Sequence[tuple[str, ...]]) -> None:
    for kind, first, last, start, stop in chunks:
        if kind == "insert":
            for name in names[max(0, first - 1)] if names else ("",):
                into.setdefault(name, Errors()).added += stop - start
            continue
        for name, times in Counter(name for index in range(first, last) for name in names[index]).items():
            errors = into.setdefault(name, Errors())
            errors.said += times
            if kind == "substitute":
                errors.wrong += times
            elif kind == "delete":
                errors.left_out += times


def _pieces(chunks: Sequence[Chunk], said: int, heard: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Both texts cut in the middle of each run of words that agree."""
    begin = start = 0
    for kind, first, last, other, _ in chunks:
        if kind == "equal" and last - first >= _ANCHOR:
            middle = (first + last) // 2
            yield (begin, middle), (start, other + middle - first)
            begin, start = middle, other + middle - first
    if begin < said or start < heard:
        yield (begin, said), (start, heard)


def _characters(
    into: dict[str, Errors], reference: Sequence[Unit], names: Sequence[tuple[str, ...]], hypothesis: str
) -> None:
    """Characters of words and the spaces between them; a space counts for the word before it."""
    text, owners = "", []
    for unit, of in zip(reference, names, strict=True):
        piece = unit.text if not text else f" {unit.text}"
        owners += [of] * len(piece)
        text += piece
    _count(into, _letter_chunks(text, hypothesis), owners)
