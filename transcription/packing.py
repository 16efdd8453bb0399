"""Several utterances in one window of an engine, and their words back to each.

Whisper's encoder is paid by the window of 30 s, however little is said in it: an utterance of three seconds costs as much as ten of
them. So utterances that follow one another on a microphone are put into a window, with silence between them::

    utterances ─ gathered ─ packs ─ Pack: sounds and silences, where each lies ─ engine ─ words with times ─ shared_out ─ words of each

Nothing is believed of a window that would not be believed of an utterance alone, and nothing that may belong to a neighbour. Whoever has
no words, words in a silence beside it, one that reaches into two voices, a stretch of voice without words, or anything that the
guards refuse, gets no answer here and is recognised alone. Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from transcription.finding import Utterance
from transcription.guards import judge
from transcription.recognizer import SAMPLE_RATE, Recognition, RecognizedWord, Samples, Spoken

#: Sound of a window; Whisper's has 30 s, and a word that ends with it may be cut.
LONGEST: Final = SAMPLE_RATE * 59 // 2
#: Silence between two sounds, each of which has up to half a second of its own around the voice.
JOIN: Final = SAMPLE_RATE * 3 // 10
#: Engines give times by 20 ms, and the last sound of a word dies away.
_SLACK_US: Final = 150_000
#: Voice without a word for so long: something was left out. Pauses inside an utterance are shorter (0.6 s).
_LEFT_OUT_US: Final = 1_500_000


@dataclass(frozen=True)
class Pack:
    """Sounds in one window.

    Attributes:
        samples: all of them.
        starts: where each begins.
        sounds: each.
    """

    samples: Samples
    starts: tuple[int, ...]
    sounds: tuple[Spoken, ...]

    @classmethod
    def of(cls, sounds: Sequence[Spoken]) -> Pack:
        """The sounds one after another, with silence between them."""
        starts = [0, *itertools.accumulate(len(one.samples) + JOIN for one in sounds)][: len(sounds)]
        whole = np.zeros(starts[-1] + len(sounds[-1].samples), np.float32)
        for start, one in zip(starts, sounds, strict=True):
            whole[start : start + len(one.samples)] = one.samples
        return cls(whole, tuple(starts), tuple(sounds))


@dataclass(frozen=True, slots=True)
class InPack:
    """A word with its time in the pack, and what the engine thinks of the window's part that it stands in."""

    word: RecognizedWord
    log_probability: float | None
    no_speech: float | None


def packs(lengths: Sequence[int]) -> list[range]:
    """Which sounds, of so many samples, go into a window together; as many as fit, in order."""
    found: list[range] = []
    first = used = 0
    for number, length in enumerate(lengths):
        if number > first and used + JOIN + length > LONGEST:
            found.append(range(first, number))
            first, used = number, 0
        used += length + (JOIN if number > first else 0)
    return [*found, range(first, len(lengths))] if lengths else []


def gathered(utterances: Sequence[Utterance], windows: int) -> Iterator[list[Utterance]]:
    """Utterances to be recognised together: those of one microphone that fill so many windows; 0: one at a time, in order."""
    if windows == 0:
        yield from ([one] for one in utterances)
        return
    waiting: dict[str, list[Utterance]] = {}
    for one in utterances:
        there = waiting.setdefault(one.source, [])
        if there and len(packs([*map(_length, there), _length(one)])) > windows:
            yield there
            there = waiting[one.source] = []
        there.append(one)
    yield from (there for _, there in sorted(waiting.items()))


def _length(utterance: Utterance) -> int:
    return utterance.given.end - utterance.given.start


def shared_out(pack: Pack, words: Sequence[InPack]) -> list[Recognition | None]:
    """What each sound of a pack has of its words; None where it must be recognised alone.

    A word belongs to the one voice that it overlaps, also when it begins or ends in the silence beside it, as the first and the
    last before a pause do; without a voice, to the sound that its middle lies in.
    """
    bounds = [(_us(start), _us(start + len(one.samples))) for start, one in zip(pack.starts, pack.sounds, strict=True)]
    voices = [
        (_us(start + one.voice[0]) - _SLACK_US, _us(start + one.voice[1]) + _SLACK_US)
        for start, one in zip(pack.starts, pack.sounds, strict=True)
    ]
    own: list[list[InPack]] = [[] for _ in bounds]
    unclear: set[int] = set()
    for one in words:
        start, end = one.word.start_us, one.word.end_us
        over = [n for n, (first, last) in enumerate(voices) if start < last and first < end]
        middle = (start + end) // 2
        within = over or [n for n, (first, last) in enumerate(bounds) if first <= middle < last]
        if len(within) == 1:
            own[within[0]].append(one)
        else:
            unclear.update(within or _beside(bounds, middle))
    return [
        None if number in unclear else _believed(pack.sounds[number], own[number], bounds[number][0])
        for number in range(len(bounds))
    ]


def _beside(bounds: Sequence[tuple[int, int]], at_us: int) -> list[int]:
    """The sounds on both sides of a silence."""
    before = [n for n, (_, last) in enumerate(bounds) if last <= at_us]
    after = [n for n, (first, _) in enumerate(bounds) if first > at_us]
    return before[-1:] + after[:1]


def _believed(sound: Spoken, own: Sequence[InPack], origin_us: int) -> Recognition | None:
    """The words on the sound's own clock; None where the guards refuse any, or voice is left without."""
    length = _us(len(sound.samples))
    words = tuple(
        replace(
            one.word,
            start_us=min(max(one.word.start_us - origin_us, 0), length),
            end_us=min(max(one.word.end_us - origin_us, 0), length),
        )
        for one in own
    )
    worst = min((one.log_probability for one in own if one.log_probability is not None), default=None)
    nobody = max((one.no_speech for one in own if one.no_speech is not None), default=None)
    heard = Recognition(words, worst, nobody)
    if judge(heard, length).reason is not None:
        return None
    first, last = _us(sound.voice[0]), _us(sound.voice[1])
    edges = [(first, first), *((word.start_us, word.end_us) for word in words), (last, last)]
    left_out = max(later[0] - earlier[1] for earlier, later in itertools.pairwise(edges))
    return heard if left_out < _LEFT_OUT_US else None


def _us(samples: int) -> int:
    return samples * 1_000_000 // SAMPLE_RATE
