"""Utterances that share a window: what goes into one, and whose each word is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.transcript import Model
from transcription.activity import Interval
from transcription.finding import Utterance
from transcription.language import Languages
from transcription.packing import AROUND, JOIN, LONGEST, InPack, Pack, gathered, packed, packs, shared_out
from transcription.recognizer import (
    SAMPLE_RATE,
    FakeRecognizer,
    Recognition,
    RecognizedWord,
    Samples,
    Spoken,
    spread,
)
from transcription.scribe import Scribe
from transcription.whisper_windows import as_most
from transcription.working import RememberingRecognizer, WorkingFile

MODEL = Model("fake", "m", "1", "A" * 43 + "=", demonstration=False)
SECOND_US = 1_000_000


def spoken(seconds: float = 3.0, around: float = 0.5) -> Spoken:
    """A voice with quiet around it."""
    count, edge = round(seconds * SAMPLE_RATE), round(around * SAMPLE_RATE)
    return Spoken(np.full(count, 0.1, np.float32), (edge, count - edge))


def said(text: str, start_s: float, end_s: float, sure: float = -0.2, nobody: float = 0.1) -> InPack:
    return InPack(RecognizedWord(text, round(start_s * SECOND_US), round(end_s * SECOND_US), 900), sure, nobody)


#: Two of 3 s; voices at 0.2 … 2.2 and 2.7 … 4.7.
TWO = Pack.of([spoken(), spoken()])
FIRST = [said("суд", 0.3, 0.9), said("идёт", 0.9, 2.1)]
SECOND = [said("прошу", 2.8, 3.5), said("встать", 3.5, 4.6)]


def texts(found: Sequence[Recognition | None]) -> list[str | None]:
    return [None if one is None else one.text for one in found]


def filled(lengths: Sequence[int], places: Sequence[int]) -> int:
    return sum(lengths[place] for place in places) + JOIN * (len(places) - 1)


@given(st.lists(st.integers(1, LONGEST), max_size=40))
def test_every_sound_is_in_one_window_that_it_fits_in(lengths: list[int]) -> None:
    made = packs(lengths)
    assert sorted(place for one in made for place in one) == list(range(len(lengths)))
    assert [one[0] for one in made] == sorted(one[0] for one in made)
    step = SAMPLE_RATE // 100  # what it counts in
    for number, one in enumerate(made):
        assert list(one) == sorted(one)
        assert len(one) == 1 or filled(lengths, one) <= LONGEST
        for place in (place for after in made[number + 1 :] for place in after):
            assert filled(lengths, [*one, place]) > LONGEST - step * (len(one) + 1)


@given(st.lists(st.integers(1, LONGEST // 3), min_size=1, max_size=30), st.integers(1, 4))
def test_windows_taken_out_of_a_queue_are_packed_as_they_were(lengths: list[int], windows: int) -> None:
    made = packs(lengths)[:windows]
    taken = sorted(place for one in made for place in one)
    again = packs([lengths[place] for place in taken])
    assert [tuple(taken[place] for place in one) for one in again] == made


def test_what_fits_best_goes_together() -> None:
    """In order these would take five windows."""
    seconds = [20, 14, 9, 15, 15, 14]
    made = packs([second * SAMPLE_RATE for second in seconds])
    assert [[seconds[place] for place in one] for one in made] == [[20, 9], [14, 15], [15, 14]]
    sounds = [spoken(second) for second in seconds]
    for places, pack in packed(sounds):
        assert [len(one.samples) for one in pack.sounds] == [seconds[place] * SAMPLE_RATE for place in places]
        assert len(pack.samples) <= LONGEST


def test_a_pack_has_little_more_than_voices() -> None:
    sounds = [Spoken(np.arange(1, SAMPLE_RATE + 1, dtype=np.float32), (n, SAMPLE_RATE - 8000)) for n in (8000, 1000)]
    pack = Pack.of(sounds)
    assert pack.bounds == ((0, 2 * AROUND), (2 * AROUND + JOIN, 2 * AROUND + JOIN + 8000 + AROUND))
    for start, (first, last), one in zip(pack.starts, pack.bounds, sounds, strict=True):
        np.testing.assert_array_equal(pack.samples[first:last], one.samples[first - start : last - start])
    assert not pack.samples[2 * AROUND : 2 * AROUND + JOIN].any()
    np.testing.assert_array_equal(Pack.of(sounds[:1]).samples, sounds[0].samples)  # alone, whole


def test_words_come_back_on_each_ones_own_clock() -> None:
    assert TWO.bounds == ((0, 12 * SAMPLE_RATE // 5), (5 * SAMPLE_RATE // 2, 49 * SAMPLE_RATE // 10))
    first, second = shared_out(TWO, [*FIRST, *SECOND])
    assert first is not None
    assert second is not None
    assert (first.text, second.text) == ("суд идёт", "прошу встать")
    assert (first.words[0].start_us, first.words[-1].end_us) == (600_000, 2_400_000)
    assert (second.words[0].start_us, second.words[-1].end_us) == (600_000, 2_400_000)
    assert (first.log_probability, first.no_speech) == (-0.2, 0.1)


def test_a_word_drawn_out_over_the_pause_stays_its_voices() -> None:
    """Engines let the last word before a pause end, or the first after it begin, somewhere in the pause."""
    long = [FIRST[0], said("идёт", 0.9, 2.8), said("прошу", 2.8, 3.5), SECOND[1]]
    first, second = shared_out(TWO, long)
    assert first is not None
    assert second is not None
    assert (first.text, second.text) == ("суд идёт", "прошу встать")
    assert first.words[-1].end_us == 3 * SECOND_US  # not beyond its own sound
    assert second.words[0].start_us == 600_000
    early = [*FIRST, said("прошу", 2.1, 3.5), SECOND[1]]
    _, second = shared_out(TWO, early)
    assert second is not None
    assert (second.text, second.words[0].start_us) == ("прошу встать", 0)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([FIRST[0], said("идёт", 0.9, 3.1), SECOND[1]], [None, None]),  # one word in both voices
        ([*FIRST, said("э", 2.42, 2.48), *SECOND], [None, None]),  # one in the silence between: somebody made it up
        (FIRST, ["суд идёт", None]),  # the second was passed over
        ([*FIRST, *[said("да", 2.8 + n / 5, 2.9 + n / 5) for n in range(8)]], ["суд идёт", None]),  # a loop
        ([*FIRST, *[said(one.word.text, 2.8, 3.5, sure=-1.4) for one in SECOND]], ["суд идёт", None]),
        ([*FIRST, *[said(one.word.text, 2.8, 3.5, nobody=0.9) for one in SECOND]], ["суд идёт", None]),
        ([*FIRST, said("прошу", 2.8, 2.9)], ["суд идёт", None]),  # 1.8 s of voice without a word
        ([*FIRST, SECOND[1], SECOND[0]], ["суд идёт", None]),  # backwards
        ([], [None, None]),
    ],
)
def test_what_is_not_sure_is_recognised_alone(words: list[InPack], kept: list[str | None]) -> None:
    assert texts(shared_out(TWO, words)) == kept


@given(st.lists(st.tuples(st.floats(0, 14), st.floats(0, 4)), max_size=12), st.integers(1, 4))
def test_no_word_is_anybodys_twice_and_none_leaves_its_sound(drawn: list[tuple[float, float]], count: int) -> None:
    pack = Pack.of([spoken() for _ in range(count)])
    words = [said(f"w{n}", at, at + length) for n, (at, length) in enumerate(drawn)]
    found = [one for one in shared_out(pack, words) if one is not None]
    given_out = [word.text for one in found for word in one.words]
    assert len(given_out) == len(set(given_out))
    assert all(0 <= word.start_us <= word.end_us <= 3 * SECOND_US for one in found for word in one.words)


def utterance(start: int, seconds: float, source: str = "mic", speaker: str = "p1") -> Utterance:
    length, edge = round(seconds * SAMPLE_RATE), SAMPLE_RATE // 2
    given_ = Interval(start, start + length)
    return Utterance("T01", source, speaker, 0, Interval(start + edge, start + length - edge), given_)


@pytest.mark.parametrize("windows", [0, 1, 2])
def test_gathered_by_microphone_as_many_as_fill_the_windows(windows: int) -> None:
    every = [utterance(n * 6 * SAMPLE_RATE, 5, "abc"[n % 3]) for n in range(40)]
    made = list(gathered(every, windows))
    assert sorted((one for some in made for one in some), key=lambda one: one.own.start) == every
    for some in made:
        assert len({one.source for one in some}) == 1
        assert some == sorted(some, key=lambda one: one.own.start)
        assert len(packs([one.own.end - one.own.start + 2 * AROUND for one in some])) <= max(windows, 1)
    assert max(map(len, made)) == {0: 1, 1: 6, 2: 12}[windows]


def test_nobody_waits_for_more_than_the_next_minutes_of_speech() -> None:
    """A long one that nothing goes well with is not passed over."""
    rng = np.random.default_rng(7)
    starts = np.cumsum(rng.integers(15, 40, 200)).tolist()
    every = [utterance(start * SAMPLE_RATE, float(rng.uniform(1, 14))) for start in starts]
    made = list(gathered(every, 1))
    number = {one.own.start: place for place, one in enumerate(every)}
    assert sorted(number[one.own.start] for some in made for one in some) == list(range(200))
    assert [number[some[0].own.start] for some in made] == sorted(number[some[0].own.start] for some in made)
    seconds = [sum(one.own.end - one.own.start + 2 * AROUND + JOIN for one in some) / SAMPLE_RATE for some in made]
    assert np.mean(seconds[:-4]) > 29.2
    for some in made:
        between = every[number[some[0].own.start] : number[some[-1].own.start] + 1]
        assert sum(one.own.end - one.own.start + 2 * AROUND for one in between) < 8 * LONGEST


class _Engines:
    def __init__(self, engine: FakeRecognizer) -> None:
        self.engine = engine

    def for_language(self, _language: str) -> FakeRecognizer:
        return self.engine


class _Packing(FakeRecognizer):
    """Tells languages together: the loud are Kazakh, and a soft one cannot be told."""

    def languages_together(self, sounds: Sequence[Spoken]) -> Sequence[Mapping[str, float] | None]:
        return [{"kk": 0.99, "ru": 0.01} if one.samples[0] > 0.2 else None for one in sounds]


def _alone(samples: Samples, language: str) -> Recognition:
    return Recognition(spread(["alone", language], 500_000, len(samples) * SECOND_US // SAMPLE_RATE - 500_000), -0.1)


def test_the_scribe_asks_alone_for_whoever_got_no_answer() -> None:
    asked: list[tuple[int, str]] = []

    def together(sounds: Sequence[Spoken], language: str) -> list[Recognition | None]:
        asked.append((len(sounds), language))
        return [_alone(sounds[0].samples, "together"), *[None] * (len(sounds) - 1)]

    engine = _Packing(MODEL, frozenset({"kk", "ru"}), _alone, windows=1, together=together)
    engine.detected = [{"ru": 1.0}, {"ru": 1.0}]
    scribe = Scribe(_Engines(engine), "ru", Languages("ru", ["kk", "ru"]))  # type: ignore[arg-type]
    levels = [0.1, 0.5, 0.5, 0.1]
    items = [
        (utterance(n * 4 * SAMPLE_RATE, 3), np.full(3 * SAMPLE_RATE, level, np.float32))
        for n, level in enumerate(levels)
    ]
    made = scribe.write_together(items)
    assert [(p.language, p.text) for p in made] == [
        ("ru", "alone together"), ("kk", "alone together"), ("kk", "alone kk"), ("ru", "alone ru"),
    ]  # fmt: skip
    assert asked == [(2, "ru"), (2, "kk")]
    assert [p.start_us for p in made] == [500_000 + n * 4 * SECOND_US for n in range(4)]


def test_an_engine_that_fails_together_is_asked_alone() -> None:
    def together(_sounds: Sequence[Spoken], _language: str) -> list[Recognition | None]:
        raise RuntimeError("no memory for a window")

    engine = FakeRecognizer(MODEL, frozenset({"ru"}), _alone, windows=1, together=together)
    scribe = Scribe(_Engines(engine), "ru", Languages("ru", ["ru"]))  # type: ignore[arg-type]
    made = scribe.write_together([(utterance(0, 3), np.full(3 * SAMPLE_RATE, 0.1, np.float32))] * 2)
    assert [p.text for p in made] == ["alone ru"] * 2


def test_answers_together_are_remembered_together(tmp_path: Path) -> None:
    calls: list[int] = []

    def together(sounds: Sequence[Spoken], _language: str) -> list[Recognition | None]:
        calls.append(len(sounds))
        return [_alone(sounds[0].samples, "ru"), None]

    engine = FakeRecognizer(MODEL, frozenset({"ru"}), _alone, windows=1, together=together)
    sounds = [spoken(3), spoken(4)]
    with WorkingFile(tmp_path) as memory:
        first = RememberingRecognizer(engine, "s", memory).recognize_together(sounds, "ru")
    with WorkingFile(tmp_path) as memory:
        again = RememberingRecognizer(engine, "s", memory)
        assert again.recognize_together(sounds, "ru") == first == [_alone(sounds[0].samples, "ru"), None]
        assert calls == [2]
        again.recognize_together([sounds[1], sounds[0]], "ru")  # in another window
        again.recognize_together([sounds[0], spoken(4, 0.4)], "ru")  # a voice elsewhere in the same sound
        assert calls == [2, 2, 2]


def test_a_language_is_told_together_only_where_it_is_clear_and_most_are_in_it() -> None:
    clear, other, unclear = {"ru": 0.99, "kk": 0.01}, {"ru": 0.02, "kk": 0.98}, {"ru": 0.9, "kk": 0.1}
    assert as_most([clear, other, unclear, clear, {}, None]) == [clear, None, None, clear, None, None]
    assert as_most([unclear]) == [None]
