"""Voices of long sound: pieces, places and numbers, with a diarizer that says what it is told."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from protocol.transcript import Model
from transcription.activity import Interval
from transcription.diarization_pieces import PAUSE, Stretch, VoiceTurn, diarize
from transcription.diarizer import Diarization, FakeDiarizer, Turn
from transcription.recognizer import SAMPLE_RATE, Samples
from transcription.voices import SHORT, beside, parted

MODEL = Model("fake", "fake", "1", "A" * 43 + "=")
A, B, C = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def sound(stretch: Stretch) -> Samples:
    """Each sample tells the place it has in its take."""
    return np.arange(stretch.start, stretch.end, dtype=np.float32)


def one_after_another(*voices: tuple[float, ...], each: int) -> Diarization:
    turns = tuple(Turn(index * each, (index + 1) * each, index) for index in range(len(voices)))
    return Diarization(turns, turns, voices)


def test_pauses_are_shortened_and_turns_put_back_where_they_were() -> None:
    stretches = [Stretch(0, 1000, 3000), Stretch(0, 3100, 4000), Stretch(0, 900_000, 901_000), Stretch(1, 50, 1050)]
    given_: list[Samples] = []

    def answer(samples: Samples) -> Diarization:
        given_.append(samples)
        whole = (Turn(0, len(samples), 0),)
        return Diarization(whole, whole, (A,))

    heard = diarize(stretches, sound, FakeDiarizer(MODEL, answer))
    assert len(given_[0]) == 2000 + 100 + 900 + PAUSE + 1000 + PAUSE + 1000
    assert [(t.take, t.start, t.end) for t in heard.turns] == [(s.take, s.start, s.end) for s in stretches]
    assert given_[0][2000] == 0.0  # pauses are silent
    assert given_[0][2100] == 3100.0


def test_a_voice_is_known_again_in_the_next_piece_whatever_its_place_there() -> None:
    fake = FakeDiarizer(
        MODEL, [one_after_another(A, B, each=500), one_after_another((0.1, 0.9, 0.1), C, (0.8, 0.1, 0), each=300)]
    )
    heard = diarize([Stretch(0, 0, 1000), Stretch(0, 1000, 1900)], sound, fake, piece=1000)
    assert [(t.start, t.voice) for t in heard.single] == [(0, 0), (500, 1), (1000, 1), (1300, 2), (1600, 0)]
    assert [length for length, _ in fake.heard] == [1000, 900]


def test_two_voices_of_a_piece_are_never_the_same_and_a_far_one_is_new() -> None:
    near = (0.9, 0.1, 0.0)
    fake = FakeDiarizer(MODEL, [one_after_another(A, each=1000), one_after_another(near, A, each=500)])
    heard = diarize([Stretch(0, 0, 1000), Stretch(0, 1000, 2000)], sound, fake, piece=1000)
    assert [t.voice for t in heard.single] == [0, 1, 0]  # the nearer one keeps the number


def test_a_voice_too_short_for_a_vector_is_nobodys_known() -> None:
    none = (0.0, 0.0, 0.0)
    fake = FakeDiarizer(MODEL, [one_after_another(A, none, each=500), one_after_another(none, each=1000)])
    heard = diarize([Stretch(0, 0, 1000), Stretch(0, 1000, 2000)], sound, fake, piece=1000)
    assert [t.voice for t in heard.single] == [0, 1, 2]


def test_nothing_is_asked_about_nothing() -> None:
    fake = FakeDiarizer(MODEL, [])
    assert diarize([], sound, fake).turns == ()
    assert fake.heard == []


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 3000)), min_size=1, max_size=12), st.integers(50, 700))
def test_no_sample_is_lost_or_given_twice(steps: list[tuple[int, int]], piece: int) -> None:
    stretches, at = [], 0
    for length, pause in steps:
        stretches.append(Stretch(0, at, at + length))
        at += length + pause
    asked: list[Stretch] = []

    def listen(stretch: Stretch) -> Samples:
        asked.append(stretch)
        return sound(stretch)

    def all_of_it(samples: Samples) -> Diarization:
        whole = (Turn(0, len(samples), 0),)
        return Diarization(whole, whole, (A,))

    heard = diarize(stretches, listen, FakeDiarizer(MODEL, all_of_it), piece=piece)
    wanted = [n for one in stretches for n in range(one.start, one.end)]
    assert [n for one in asked for n in range(one.start, one.end)] == wanted
    assert [n for turn in heard.single for n in range(turn.start, turn.end)] == wanted
    assert sum(one.end - one.start for one in asked) == len(wanted)


SPANS = st.lists(
    st.tuples(st.integers(0, 6 * SAMPLE_RATE), st.integers(1, 2 * SAMPLE_RATE), st.integers(0, 3)), max_size=8
)


@given(SPANS)
def test_an_utterance_is_cut_without_loss(spans: list[tuple[int, int, int]]) -> None:
    own = Interval(SAMPLE_RATE, 6 * SAMPLE_RATE)
    pieces = parted(own, [VoiceTurn(0, start, start + length, voice) for start, length, voice in spans])
    assert pieces[0][0].start == own.start
    assert pieces[-1][0].end == own.end
    assert all(a.end == b.start for (a, _), (b, _) in itertools.pairwise(pieces))
    assert all(voice != after for (_, voice), (_, after) in itertools.pairwise(pieces))


def test_a_turn_shorter_than_a_word_belongs_to_those_around_it() -> None:
    own = Interval(0, 4 * SAMPLE_RATE)
    short = VoiceTurn(0, 2 * SAMPLE_RATE, 2 * SAMPLE_RATE + SHORT - 1, 1)
    turns = [VoiceTurn(0, 0, 2 * SAMPLE_RATE, 0), short, VoiceTurn(0, short.end, 4 * SAMPLE_RATE, 0)]
    assert parted(own, turns) == [(own, 0)]
    assert parted(Interval(short.start, short.end), turns) == [(Interval(short.start, short.end), 1)]


def test_two_at_once_are_marked_for_as_long_as_they_were() -> None:
    turns = [VoiceTurn(0, 0, 4 * SAMPLE_RATE, 0), VoiceTurn(0, SAMPLE_RATE, 3 * SAMPLE_RATE, 1)]
    assert beside(Interval(0, 4 * SAMPLE_RATE), 0, turns) == [(SAMPLE_RATE, 3 * SAMPLE_RATE, 1)]
    assert beside(Interval(0, SAMPLE_RATE + 100), 0, turns) == []
