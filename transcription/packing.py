"""Several utterances in one window of an engine, and their words back to each.

Whisper's encoder is paid by the window of 30 s, however little is said in it: an utterance of three seconds costs as much as ten of
them. So utterances of a microphone are put into a window, with little more than their voices, and silence between them::

    utterances ─ gathered ─ packs ─ Pack: sounds and silences, where each lies ─ engine ─ words with times ─ shared_out ─ words of each

Windows are filled with what fits best: the utterance that waits longest, and those of the next two minutes of speech that leave least room
beside it. In order, a seventh of the room stayed empty. Only times wait; the sound is read when the window is made.

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
#: Kept of what is around a voice: as much as activity keeps for soft consonants.
AROUND: Final = SAMPLE_RATE // 5
#: Silence between two sounds: with what is around them half a second between two voices, hardly less than the pause that ends an utterance.
JOIN: Final = SAMPLE_RATE // 10
#: Utterances of so many windows wait on a microphone, beside those that are being recognised.
_AHEAD: Final = 3
#: Lengths are added up in steps of 10 ms.
_STEP: Final = SAMPLE_RATE // 100
#: Engines give times by 20 ms and let a word before a pause end where the next one begins: so much of another's voice does no harm.
_SLACK_US: Final = 150_000
#: Voice without a word for so long: something was left out. Pauses inside an utterance are shorter (0.6 s).
_LEFT_OUT_US: Final = 1_500_000


@dataclass(frozen=True)
class Pack:
    """Sounds in one window.

    Attributes:
        samples: all of them; one that is alone, whole; of several the voices and :data:`AROUND`.
        starts: where the first sample of each would lie, kept or not.
        bounds: first sample of each in it, and the one after the last.
        sounds: each, whole.
    """

    samples: Samples
    starts: tuple[int, ...]
    bounds: tuple[tuple[int, int], ...]
    sounds: tuple[Spoken, ...]

    @classmethod
    def of(cls, sounds: Sequence[Spoken]) -> Pack:
        """The sounds one after another, with silence between them."""
        kept = [_kept(one) for one in sounds] if len(sounds) > 1 else [(0, len(one.samples)) for one in sounds]
        ends = list(itertools.accumulate(last - first + JOIN for first, last in kept))
        bounds = [(end - JOIN - (last - first), end - JOIN) for end, (first, last) in zip(ends, kept, strict=True)]
        whole = np.zeros(bounds[-1][1], np.float32)
        for (at, end), (first, last), one in zip(bounds, kept, sounds, strict=True):
            whole[at:end] = one.samples[first:last]
        starts = tuple(at - first for (at, _), (first, _) in zip(bounds, kept, strict=True))
        return cls(whole, starts, tuple(bounds), tuple(sounds))


@dataclass(frozen=True, slots=True)
class InPack:
    """A word with its time in the pack, and what the engine thinks of the window's part that it stands in."""

    word: RecognizedWord
    log_probability: float | None
    no_speech: float | None


def packed(sounds: Sequence[Spoken]) -> list[tuple[tuple[int, ...], Pack]]:
    """Windows, each with the places of its sounds among all."""
    lengths = [last - first for first, last in map(_kept, sounds)]
    return [(places, Pack.of([sounds[place] for place in places])) for places in packs(lengths)]


def packs(lengths: Sequence[int]) -> list[tuple[int, ...]]:
    """Which sounds, of so many samples, go into a window together: the first that is left, and those that fill it best."""
    left, made = list(range(len(lengths))), []
    while left:
        chosen = tuple(left[place] for place in _fullest([lengths[place] for place in left]))
        made.append(chosen)
        left = [place for place in left if place not in chosen]
    return made


def _fullest(lengths: Sequence[int]) -> list[int]:
    """The first, and of the others those that leave least room in its window; where several do, the earliest.

    Without those that come to lie in other windows the answer is the same, so a group can be cut out of a queue and packed again.
    """
    sizes = [-(-(length + JOIN) // _STEP) for length in lengths]
    room = max(0, (LONGEST + JOIN) // _STEP - sizes[0])
    sums = [1]  # bit n: some of the last 0, 1, 2 … make n steps
    for size in reversed(sizes[1:]):
        sums.append((sums[-1] | sums[-1] << size) & ((1 << room + 1) - 1))
    wanted = sums[-1].bit_length() - 1
    chosen = [0]
    for place in range(1, len(sizes)):
        without = wanted - sizes[place]
        if without >= 0 and sums[len(sizes) - 1 - place] >> without & 1:
            chosen.append(place)
            wanted = without
    return chosen


def gathered(utterances: Sequence[Utterance], windows: int) -> Iterator[list[Utterance]]:
    """Utterances to be recognised together: those of one microphone that fill so many windows; 0: one at a time, in order."""
    if windows == 0:
        yield from ([one] for one in utterances)
        return
    waiting: dict[str, list[Utterance]] = {}
    for one in utterances:
        there = waiting.setdefault(one.source, [])
        there.append(one)
        if sum(map(_length, there)) > (windows + _AHEAD) * LONGEST:
            yield _taken(there, windows)
    for _, there in sorted(waiting.items()):
        while there:
            yield _taken(there, windows)


def _taken(waiting: list[Utterance], windows: int) -> list[Utterance]:
    """The next windows' utterances, in order, which wait no longer."""
    made = packs([_length(one) for one in waiting])[:windows]
    places = sorted(place for some in made for place in some)
    taken = [waiting[place] for place in places]
    waiting[:] = [one for place, one in enumerate(waiting) if place not in places]
    return taken


def _length(utterance: Utterance) -> int:
    first, last = _with_quiet(utterance.own.start, utterance.own.end, utterance.given.start, utterance.given.end)
    return last - first


def _kept(sound: Spoken) -> tuple[int, int]:
    return _with_quiet(*sound.voice, 0, len(sound.samples))


def _with_quiet(first: int, last: int, low: int, high: int) -> tuple[int, int]:
    return max(low, first - AROUND), min(high, last + AROUND)


def shared_out(pack: Pack, words: Sequence[InPack]) -> list[Recognition | None]:
    """What each sound of a pack has of its words; None where it must be recognised alone.

    A word belongs to the voice that it overlaps, also when it begins or ends in the silence beside it, as the first and the
    last before a pause do; without a voice, to the sound that its middle lies in.
    """
    bounds = [(_us(first), _us(last)) for first, last in pack.bounds]
    voices = [
        (_us(start + one.voice[0]), _us(start + one.voice[1]))
        for start, one in zip(pack.starts, pack.sounds, strict=True)
    ]
    own: list[list[InPack]] = [[] for _ in bounds]
    unclear: set[int] = set()
    for one in words:
        within = _within(one.word.start_us, one.word.end_us, voices, bounds)
        if len(within) == 1:
            own[within[0]].append(one)
        else:
            unclear.update(within)
    return [
        None if number in unclear else _believed(pack.sounds[number], own[number], _us(pack.starts[number]))
        for number in range(len(bounds))
    ]


def _within(
    start_us: int, end_us: int, voices: Sequence[tuple[int, int]], bounds: Sequence[tuple[int, int]]
) -> list[int]:
    """Whose a word may be; the sounds on both sides where it is nobody's."""
    over = [min(end_us, last) - max(start_us, first) for first, last in voices]
    most = max(over)
    if most > 0:
        return [n for n, one in enumerate(over) if one == most or one > min(_SLACK_US, most // 2)]
    middle = (start_us + end_us) // 2
    return [n for n, (first, last) in enumerate(bounds) if first <= middle < last] or _beside(bounds, middle)


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
