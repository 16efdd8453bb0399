"""Diarization of any length in bounded memory: only what is speech, piece by piece, voices known again by their vectors.

What clusters voices keeps every pair of windows in memory, so hours at once would take gigabytes. Speech is put one stretch after
another, with pauses of a second at most between them, and given in pieces of ten minutes; a voice of one piece is a voice
of an earlier one where their vectors are near, and no two voices of one piece are ever the same. Pure: the engine is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from transcription.diarizer import Diarization, Diarizer, Turn
from transcription.recognizer import SAMPLE_RATE, Samples

#: Speech of one piece, and the longest pause that is left between two stretches.
PIECE: Final = 600 * SAMPLE_RATE
PAUSE: Final = SAMPLE_RATE
#: Cosine of two vectors of one voice, at least. Measured by bench.diarization.
SAME: Final = 0.5


@dataclass(frozen=True)
class Stretch:
    """Speech of one channel: where it stands among the channel's takes, and its samples there.

    Attributes:
        take: number of the take, in their order.
        start, end: samples of the take's grid.
    """

    take: int
    start: int
    end: int


@dataclass(frozen=True)
class VoiceTurn:
    """A voice speaks in a take: samples of its grid; the voice's number holds for the whole hearing."""

    take: int
    start: int
    end: int
    voice: int


@dataclass(frozen=True)
class Heard:
    """All turns of a channel: those that may overlap, and those with one voice at a time; both ordered."""

    turns: tuple[VoiceTurn, ...]
    single: tuple[VoiceTurn, ...]


def diarize(
    stretches: Sequence[Stretch],
    sound: Callable[[Stretch], Samples],
    diarizer: Diarizer,
    *,
    most: int | None = None,
    piece: int = PIECE,
) -> Heard:
    """Turns of the voices of one channel.

    Args:
        stretches: its speech, ordered, not overlapping.
        sound: the samples of a stretch; asked for once each.
        diarizer: the engine.
        most: there are not more voices than this, where that is known.
        piece: samples of speech given to the engine at a time.

    Raises:
        DiarizationFailed: as the engine.
    """
    turns: list[VoiceTurn] = []
    single: list[VoiceTurn] = []
    known: list[_Known] = []
    for part in _pieces(stretches, piece):
        joined, places = _joined(part, sound)
        found = diarizer.diarize(joined, most)
        numbers = _numbered(found, known)
        turns += _placed(found.turns, numbers, part, places)
        single += _placed(found.single, numbers, part, places)
    order = _by_first_word(single + turns)
    return Heard(_ordered(turns, order), _ordered(single, order))


def _pieces(stretches: Sequence[Stretch], size: int) -> Iterator[list[Stretch]]:
    """As many stretches as make up a piece; one that is longer by itself is cut."""
    part: list[Stretch] = []
    held = 0
    for whole in stretches:
        start = whole.start
        while start < whole.end:
            end = min(whole.end, start + size - held)
            part.append(Stretch(whole.take, start, end))
            held += end - start
            start = end
            if held >= size:
                yield part
                part, held = [], 0
    if part:
        yield part


def _joined(part: Sequence[Stretch], sound: Callable[[Stretch], Samples]) -> tuple[Samples, list[int]]:
    """The stretches one after another with their pauses, and where each begins."""
    places, at = [], 0
    for index, one in enumerate(part):
        if index:
            before = part[index - 1]
            at += min(PAUSE, one.start - before.end) if one.take == before.take else PAUSE
        places.append(at)
        at += one.end - one.start
    joined = np.zeros(at, np.float32)
    for one, place in zip(part, places, strict=True):
        joined[place : place + one.end - one.start] = sound(one)
    return joined, places


@dataclass
class _Known:
    """A voice of the hearing: the sum of its vectors, each as long as the voice spoke (unit length × samples)."""

    total: np.ndarray[tuple[int], np.dtype[np.float64]]


def _numbered(found: Diarization, known: list[_Known]) -> list[int]:
    """The hearing's number of each voice of a piece; a voice that is near to none before gets a new one.

    The nearest pair is joined first, and each voice of the hearing is given to one voice of the piece at most. One that said
    too little for a vector (all zeros) is near to none.
    """
    vectors = [_unit(vector) for vector in found.voices]
    spoken = [sum(t.end - t.start for t in found.turns if t.voice == index) for index in range(len(vectors))]
    pairs = [
        (float(vector @ _unit(one.total)), index, number)
        for index, vector in enumerate(vectors)
        for number, one in enumerate(known)
        if vector.any()
    ]
    numbers: dict[int, int] = {}
    for near, index, number in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if near >= SAME and index not in numbers and number not in numbers.values():
            numbers[index] = number
    for index, vector in enumerate(vectors):
        if index not in numbers:
            numbers[index] = len(known)
            known.append(_Known(vector * 0.0))
        known[numbers[index]].total = known[numbers[index]].total + vector * spoken[index]
    return [numbers[index] for index in range(len(vectors))]


def _unit(
    vector: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    array = np.asarray(vector, np.float64)
    length = math.sqrt(float(array @ array))
    return array / length if length > 0 else array


def _placed(
    turns: Sequence[Turn], numbers: Sequence[int], part: Sequence[Stretch], places: Sequence[int]
) -> Iterator[VoiceTurn]:
    """Turns of the joined sound, cut to the stretches and put back where these were."""
    for turn in turns:
        for one, place in zip(part, places, strict=True):
            start, end = max(turn.start, place), min(turn.end, place + one.end - one.start)
            if start < end:
                yield VoiceTurn(one.take, one.start + start - place, one.start + end - place, numbers[turn.voice])


def _by_first_word(turns: Sequence[VoiceTurn]) -> dict[int, int]:
    """Voices are numbered as they are first heard."""
    order: dict[int, int] = {}
    for turn in sorted(turns, key=lambda one: (one.take, one.start, one.voice)):
        order.setdefault(turn.voice, len(order))
    return order


def _ordered(turns: Sequence[VoiceTurn], order: dict[int, int]) -> tuple[VoiceTurn, ...]:
    named = [VoiceTurn(t.take, t.start, t.end, order[t.voice]) for t in turns]
    return tuple(sorted(named, key=lambda one: (one.take, one.start, one.end, one.voice)))
