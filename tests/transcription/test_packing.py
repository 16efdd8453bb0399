"""Utterances that share a window: what goes into one, and whose each word is."""

from __future__ import annotations

import itertools
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
from transcription.packing import JOIN, LONGEST, InPack, Pack, gathered, packs, shared_out
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


#: Two of 3 s; voices at 0.5 … 2.5 and 3.8 … 5.8.
TWO = Pack.of([spoken(), spoken()])
FIRST = [said("суд", 0.6, 1.2), said("идёт", 1.2, 2.4)]
SECOND = [said("прошу", 3.9, 4.6), said("встать", 4.6, 5.7)]


def texts(found: Sequence[Recognition | None]) -> list[str | None]:
    return [None if one is None else one.text for one in found]


@given(st.lists(st.integers(1, LONGEST), max_size=40))
def test_every_sound_is_in_one_window_that_it_fits_in(lengths: list[int]) -> None:
    made = packs(lengths)
    assert [place for one in made for place in one] == list(range(len(lengths)))
    for one in made:
        assert sum(lengths[place] for place in one) + JOIN * (len(one) - 1) <= LONGEST
    for one, after in itertools.pairwise(made):
        assert sum(lengths[place] for place in [*one, after[0]]) + JOIN * len(one) > LONGEST


def test_words_come_back_on_each_ones_own_clock() -> None:
    assert TWO.starts == (0, 3 * SAMPLE_RATE + JOIN)
    first, second = shared_out(TWO, [*FIRST, *SECOND])
    assert first is not None
    assert second is not None
    assert (first.text, second.text) == ("суд идёт", "прошу встать")
    assert (first.words[0].start_us, first.words[-1].end_us) == (600_000, 2_400_000)
    assert (second.words[0].start_us, second.words[-1].end_us) == (600_000, 2_400_000)
    assert (first.log_probability, first.no_speech) == (-0.2, 0.1)


def test_a_word_drawn_out_over_the_pause_stays_its_voices() -> None:
    """Engines let the last word before a pause end, or the first after it begin, somewhere in the pause."""
    long = [FIRST[0], said("идёт", 1.2, 3.4), said("прошу", 3.4, 4.6), SECOND[1]]
    first, second = shared_out(TWO, long)
    assert first is not None
    assert second is not None
    assert (first.text, second.text) == ("суд идёт", "прошу встать")
    assert first.words[-1].end_us == 3 * SECOND_US  # not beyond its own sound
    assert second.words[0].start_us == 100_000


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([FIRST[0], said("идёт", 1.2, 4.2), SECOND[1]], [None, None]),  # one word in both voices
        ([*FIRST, said("э", 3.1, 3.2), *SECOND], [None, None]),  # one in the silence between: somebody made it up
        (FIRST, ["суд идёт", None]),  # the second was passed over
        ([*FIRST, *[said("да", 3.9 + n / 5, 4.0 + n / 5) for n in range(8)]], ["суд идёт", None]),  # a loop
        ([*FIRST, *[said(one.word.text, 3.9, 4.6, sure=-1.4) for one in SECOND]], ["суд идёт", None]),
        ([*FIRST, *[said(one.word.text, 3.9, 4.6, nobody=0.9) for one in SECOND]], ["суд идёт", None]),
        ([*FIRST, said("прошу", 3.9, 4.0)], ["суд идёт", None]),  # 1.8 s of voice without a word
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
        assert len(packs([one.given.end - one.given.start for one in some])) <= max(windows, 1)
    assert max(map(len, made)) == {0: 1, 1: 5, 2: 10}[windows]


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
