"""What is not believed, and that what is said in court is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.guards import judge, repeats
from transcription.recognizer import Recognition, RecognizedWord, spread

SECOND = 1_000_000


def heard(text: str, seconds: float = 10.0, log_probability: float | None = -0.3) -> Recognition:
    return Recognition(spread(text.split(), 0, int(seconds * SECOND)), log_probability)


@pytest.mark.parametrize(
    ("text", "seconds", "log_probability", "reason"),
    [
        ("", 5, None, "no_text"),
        ("сот отырысы ашық деп жарияланады", 4, -1.2, "improbable"),
        ("спасибо " * 8, 8, -0.1, "repetition"),
        ("субтитры сделал кто-то " * 7, 14, -0.1, "repetition"),
        (
            "ab " * 3 + "abababababababababababababababababababababababababababababababababababab",
            10,
            -0.1,
            "compression",
        ),
        ("мәселе " + "қ" * 30 + " сот мәжілісі ашық, тараптар келді, дәлелдер зерттелді", 1, -0.1, "speech_rate"),
    ],
)
def test_refused(text: str, seconds: float, log_probability: float | None, reason: str) -> None:
    judged = judge(heard(text, seconds, log_probability), int(seconds * SECOND))
    assert judged.reason == reason
    assert judged.words == ()


@pytest.mark.parametrize(
    "text",
    ["да", "Да, да, да, да.", "сот отырысы ашық деп жарияланады", "Прошу суд приобщить документы к делу.", "no no no"],
)
def test_believed(text: str) -> None:
    judged = judge(heard(text), 10 * SECOND)
    assert judged.reason is None
    assert " ".join(word.text for word in judged.words) == text


def test_an_engine_that_hears_nobody_is_believed() -> None:
    words = spread(["сот", "отырысы"], 0, SECOND)
    assert judge(Recognition(words, -0.1, 0.7), SECOND).reason == "no_speech"
    assert judge(Recognition(words, -0.1, 0.5), SECOND).reason is None


def test_words_outside_the_sound() -> None:
    inside = RecognizedWord("сот", 0, SECOND)
    beyond = RecognizedWord("отырысы", 3 * SECOND, 4 * SECOND)
    judged = judge(Recognition((inside, beyond)), 2 * SECOND)
    assert (judged.words, judged.reason, judged.refused_from_us) == ((inside,), "outside", SECOND)
    backwards = judge(Recognition((RecognizedWord("x", SECOND, SECOND), inside)), 2 * SECOND)
    assert [word.text for word in backwards.words] == ["x"]
    assert judge(Recognition((beyond,)), 2 * SECOND).words == ()


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 9))
def test_repeats(phrase: list[str], times: int) -> None:
    count = repeats(phrase * times)
    assert (count >= times) if phrase and len(phrase) <= 6 else count >= 0
    assert repeats(list("abcdefgh")) == 1
    assert repeats([]) == 0


@given(st.lists(st.text("абвғ", min_size=1, max_size=9), max_size=20), st.integers(0, 10**9), st.integers(0, 10**8))
def test_spread_fills_the_stretch(words: list[str], start: int, length: int) -> None:
    out = spread(words, start, start + length)
    assert [word.text for word in out] == words
    if out:
        assert (out[0].start_us, out[-1].end_us) == (start, start + length)
        assert all(a.end_us == b.start_us for a, b in itertools.pairwise(out))
        assert {word.timing for word in out} == {"spread"}
