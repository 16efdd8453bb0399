"""Language that changes inside an utterance: where it is looked for, where it is cut, and what the demonstration model makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from protocol.transcript import Model, Passage
from transcription.activity import Interval
from transcription.finding import Utterance
from transcription.language import Languages
from transcription.models import Engines
from transcription.recognizer import SAMPLE_RATE, FakeRecognizer, Recognition, RecognizedWord, Samples, spread
from transcription.scribe import Scribe
from transcription.switching import SHORTEST_PART, Part, doubtful, parts

MODEL = Model("fake", "fake", "1", "A" * 43 + "=")
SECOND = SAMPLE_RATE
EVEN = {"kk": 1.0, "ru": 1.0}


def tone(seconds: float, level: float) -> Samples:
    """A sound whose loudness says its language to :func:`look`."""
    return np.full(round(seconds * SECOND), level, np.float32)


def look(sound: Samples) -> Mapping[str, float]:
    """Kazakh is loud (0.4), Russian is soft (0.1), a pause is nothing."""
    loud, soft = float((np.abs(sound) > 0.3).sum()), float(((np.abs(sound) > 0.05) & (np.abs(sound) <= 0.3)).sum())
    whole = loud + soft
    return {"kk": loud / whole, "ru": soft / whole} if whole else {}


def languages(found: list[Part]) -> list[str]:
    return [part.language for part in found]


@pytest.mark.parametrize("before", [2.0, 3.3, 5.0, 8.7])
@pytest.mark.parametrize("after", [2.0, 4.4])
def test_a_change_is_cut_in_the_pause(before: float, after: float) -> None:
    pause = tone(0.4, 0.0)
    sound = np.concatenate([tone(before, 0.1), pause, tone(after, 0.4)])
    found = parts(sound, look, EVEN)
    assert languages(found) == ["ru", "kk"]
    assert (found[0].start, found[0].end, found[1].end) == (0, found[1].start, len(sound))
    assert before * SECOND <= found[0].end <= (before + 0.4) * SECOND


def test_there_and_back_and_no_change() -> None:
    pause = tone(0.3, 0.0)
    sound = np.concatenate([tone(4, 0.4), pause, tone(4, 0.1), pause, tone(4, 0.4)])
    assert languages(parts(sound, look, EVEN)) == ["kk", "ru", "kk"]
    assert parts(tone(9, 0.4), look, EVEN) == [Part(0, 9 * SECOND, "kk")]
    assert parts(tone(9, 0.0), look, EVEN) == []  # an engine that cannot tell
    assert languages(parts(tone(28, 0.1), look, EVEN)) == ["ru"]


def test_between_looks_that_agree_nothing_is_looked_at() -> None:
    asked: list[int] = []

    def counted(sound: Samples) -> Mapping[str, float]:
        asked.append(len(sound))
        return look(sound)

    sound = np.concatenate([tone(13, 0.1), tone(0.3, 0.0), tone(6, 0.4)])
    assert languages(parts(sound, counted, EVEN)) == ["ru", "kk"]
    # Every third of 19 windows; and the two before and after the third that has the change, which is in neither clearly.
    assert len(asked) == 7 + 2 + 2


def test_a_name_in_the_other_language_stays_in_its_sentence() -> None:
    sound = np.concatenate([tone(4, 0.1), tone(0.5, 0.4), tone(4, 0.1)])
    assert languages(parts(sound, look, EVEN)) == ["ru"]


def test_one_window_of_doubt_is_no_change_and_the_prior_decides_what_is_even() -> None:
    def unsure(_sound: Samples) -> Mapping[str, float]:
        return {"kk": 0.5, "ru": 0.5}

    assert languages(parts(tone(8, 0.1), unsure, {"kk": 1.0, "ru": 3.0})) == ["ru"]
    assert languages(parts(tone(8, 0.1), unsure, {"kk": 3.0, "ru": 1.0})) == ["kk"]


def test_parts_cover_the_utterance_whatever_is_heard() -> None:
    random = np.random.default_rng(5)
    for _ in range(60):
        levels = random.choice([0.0, 0.1, 0.4], size=random.integers(1, 9))
        sound = np.concatenate([tone(float(random.uniform(0.1, 4)), float(level)) for level in levels])
        found = parts(sound, look, EVEN)
        if found:
            assert (found[0].start, found[-1].end) == (0, len(sound))
            assert all(a.end == b.start and a.language != b.language for a, b in itertools.pairwise(found))
            assert len(found) == 1 or all(part.end - part.start >= SHORTEST_PART for part in found)


def heard(*words: tuple[int, int, int]) -> Recognition:
    return Recognition(tuple(RecognizedWord("w", a * 1000, b * 1000, sure) for a, b, sure in words))


@pytest.mark.parametrize(
    ("said", "share", "seconds", "wanted"),
    [
        (heard((0, 2000, 900), (2000, 5900, 900)), 1.0, 6, False),  # all of it is there, and sure
        (heard((0, 2000, 900), (2000, 3000, 900)), 1.0, 6, True),  # three seconds of voice without a word
        (heard((3000, 5900, 900)), 1.0, 6, True),
        (heard((0, 1000, 900), (4000, 5900, 900)), 1.0, 6, True),
        (heard((0, 2000, 500), (2000, 4000, 500), (4000, 5900, 500)), 1.0, 6, True),  # three doubted words in a row
        (heard((0, 2000, 900), (2000, 4000, 500), (4000, 5900, 900)), 1.0, 6, False),
        (heard((0, 5900, 900)), 0.8, 6, True),  # the whole may be the other language
        (Recognition(()), 1.0, 6, True),
        (heard((0, 500, 300)), 0.5, 2, False),  # too short to be two thoughts
    ],
)
def test_it_is_looked_for_only_where_something_does_not_fit(
    said: Recognition, share: float, seconds: int, wanted: bool
) -> None:
    shares = {"ru": share, "kk": 1 - share}
    assert doubtful(said, shares, "ru", seconds * SECOND, (0, seconds * 1_000_000)) is wanted
    assert not doubtful(said, {}, "ru", seconds * SECOND, (0, seconds * 1_000_000))  # an engine that cannot tell


@dataclass
class _Engines:
    """Engines of a scribe, by language."""

    by_language: dict[str, FakeRecognizer]

    def for_language(self, language: str) -> FakeRecognizer | None:
        return self.by_language.get(language)


class _Telling(FakeRecognizer):
    """One that tells languages by :func:`look`."""

    def languages_of(self, samples: Samples, *, piece: bool = False) -> Mapping[str, float]:  # noqa: ARG002 - the seam gives it
        return look(samples)


def scribe(*known: str, kazakh: str = "біз келдік") -> Scribe:
    """Two engines: each says words of its own language for its own sound, and nothing for the other's."""

    def say(samples: Samples, language: str) -> Recognition:
        shares = look(samples)
        if shares.get(language, 0.0) < 0.5:
            return Recognition((RecognizedWord("шум", 0, 300_000, 200),), -0.3)
        text = {"ru": "мы пришли", "kk": kazakh}[language]
        last = int(np.flatnonzero(samples)[-1]) * 1_000_000 // SAMPLE_RATE
        return Recognition(tuple(spread(text.split(), 0, last)), -0.2)

    engines = {one: _Telling(MODEL, frozenset({"ru", "kk"}), say) for one in known}
    return Scribe(_Engines(engines), "ru", Languages("ru", ["kk", "ru"]))  # type: ignore[arg-type]


def utterance(sound: Samples) -> Utterance:
    return Utterance("T01", "mic", "p1", 0, Interval(0, len(sound)), Interval(0, len(sound)))


MIXED = np.concatenate([tone(5, 0.1), tone(0.4, 0.0), tone(4, 0.4)])


def test_a_passage_is_divided_where_its_language_changes() -> None:
    made = scribe("ru", "kk").write(utterance(MIXED), MIXED)
    assert [(p.language, p.text, p.kind) for p in made] == [
        ("ru", "мы пришли", "speech"),
        ("kk", "біз келдік", "speech"),
    ]
    assert made[0].end_us == made[1].start_us
    assert 5_000_000 <= made[0].end_us <= 5_400_000
    assert (made[0].start_us, made[1].end_us) == (0, 9_400_000)


def test_it_stays_whole_where_a_part_is_not_believed() -> None:
    loop = scribe("ru", "kk", kazakh="рақмет " * 9)
    assert len(loop.write(utterance(MIXED), MIXED)) == 1
    alone = scribe("ru")  # the Kazakh engine is not there: nothing is divided, and the whole is what it was
    assert [p.kind for p in alone.write(utterance(MIXED), MIXED)] == ["speech"]


def test_a_speaker_whose_own_language_the_case_has() -> None:
    own = Languages("ru", ["kk", "ru"], {"p2": "kk", "p3": "zh"})
    assert own.decide("p2", {"kk": 0.45, "ru": 0.55}) == "kk"
    assert own.decide("p1", {"kk": 0.45, "ru": 0.55}) == "ru"
    assert own.decide("p2", {}) == "kk"
    assert own.decide("p3", {}) == "ru"  # no model knows theirs


# The demonstration model, on turns of the demo joined with pauses.

GAPS_S = (0.25, 0.4, 0.7)
#: How far a cut may lie from the pause that parts the languages.
NEAR_S = 0.5


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engines, list[tuple[str, str, Samples]]]:
    pytest.importorskip("faster_whisper", reason="needs the extra asr")
    from hattama.demo.room import demonstration_speech
    from tests.support.demo_turns import demo_turns

    return Engines(demonstration_speech()), demo_turns()


def joined(first: Samples, second: Samples, gap_s: float) -> Samples:
    gap = np.random.default_rng(3).normal(0, 1e-3, round(gap_s * SECOND)).astype(np.float32)
    return np.concatenate([first, gap, second])


def test_the_demonstration_model_hears_both_languages_of_one_utterance(
    demonstration: tuple[Engines, list[tuple[str, str, Samples]]], tmp_path: Path
) -> None:
    engines, turns = demonstration
    long = [turn for turn in turns if 2.5 <= len(turn[2]) / SECOND <= 5]
    pairs = [(a, b) for a in long for b in long if a[0] != b[0]][::4][:3]
    found = near = 0
    for number, (first, second) in enumerate(pairs):
        gap_s = GAPS_S[number % len(GAPS_S)]
        sound = joined(first[2], second[2], gap_s)
        scribe = Scribe(engines, "ru", Languages("ru", ["kk", "ru"]))
        made: list[Passage] = [p for p in scribe.write(utterance(sound), sound) if p.kind == "speech"]
        if [p.language for p in made] == [first[0], second[0]]:
            found += 1
            pause = len(first[2]) / SECOND
            cut = made[0].end_us / 1e6 if made[0].end_us == made[1].start_us else made[1].start_us / 1e6
            near += pause - NEAR_S <= cut <= pause + gap_s + NEAR_S
    assert len(pairs) == 3
    assert found >= 2, f"{found} of {len(pairs)} changes found"
    assert near == found, f"{near} of {found} cuts near the pause"


def test_the_demonstration_model_divides_no_turn_of_one_language(
    demonstration: tuple[Engines, list[tuple[str, str, Samples]]],
) -> None:
    engines, turns = demonstration
    for language, text, sound in turns[::2]:
        made = Scribe(engines, "ru", Languages("ru", ["kk", "ru"])).write(utterance(sound), sound)
        assert {p.language for p in made} == {language}, text
        assert len(made) == 1, text
