"""Curves from scores to how often words are wrong: learnt, written, read, refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.test_pipeline import MODEL
from transcription.calibration import BLOCK_WORDS, FEWEST_WORDS, Calibration, Curve, Learnt, fit, read, to_json
from transcription.errors import CalibrationUnusable, TooLittleToLearn

pytest.importorskip("meeteval", reason="needs the extra evaluate")

from transcription.evaluation.calibrating import learnt, reliability
from transcription.evaluation.measuring import HeardWord

SCORED = st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=400)


def drawn(seed: int, words: int = 6000) -> list[tuple[int, bool]]:
    """Words of an engine that is too unsure of itself: at a score of s, 0.3 s + 0.02 of the words are wrong."""
    random = np.random.default_rng(seed)
    scores = random.integers(0, 900, words)
    truth = 0.3 * scores / 1000 + 0.02
    return [(int(score), bool(wrong)) for score, wrong in zip(scores, random.random(words) < truth, strict=True)]


def heard(scored: list[tuple[int, bool]]) -> list[HeardWord]:
    return [HeardWord(0, None, score, not wrong, MODEL) for score, wrong in scored]


def test_without_a_curve_the_score_is_the_doubt() -> None:
    assert [Curve().at(score) for score in (0, 1, 333, 999, 1000)] == [0, 1, 333, 999, 1000]
    assert Calibration().doubt(MODEL, 321) == 321


def test_what_is_learnt_holds_for_other_words() -> None:
    curve = fit(drawn(1))
    other = drawn(2)
    before = reliability(heard(other))
    after = reliability(heard([(curve.at(score), wrong) for score, wrong in other]))
    assert before is not None
    assert after is not None
    assert after["words"] == before["words"] == 6000
    assert after["wrong"] == before["wrong"] == sum(wrong for _, wrong in other)
    assert before["error"] > 0.25
    assert after["error"] < 0.03


@given(SCORED)
def test_a_greater_score_is_never_a_smaller_doubt(scored: list[tuple[int, bool]]) -> None:
    curve = fit(scored)
    doubts = [curve.at(score) for score in range(1001)]
    assert doubts == sorted(doubts)
    assert (doubts[0], doubts[-1]) == (0, 1000)


@given(SCORED)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, scored: list[tuple[int, bool]]) -> None:
    path = tmp_path_factory.getbasetemp() / "curves.json"
    curve = fit(scored)
    path.write_text(to_json([Learnt(MODEL, curve, len(scored), 0)]), encoding="utf-8")
    assert dict(read(path).curves) == {(MODEL.engine, MODEL.sha256): curve}


def test_few_words_are_no_certainty() -> None:
    curve = fit([(500, False)] * BLOCK_WORDS)
    assert curve.at(500) == 19  # half a word of 26
    assert learnt(heard([(500, False)] * FEWEST_WORDS))[0].words == FEWEST_WORDS
    with pytest.raises(TooLittleToLearn, match=f"{FEWEST_WORDS - 1} of fake; {FEWEST_WORDS} of a model are wanted"):
        learnt(heard([(500, False)] * (FEWEST_WORDS - 1)))
    with pytest.raises(TooLittleToLearn, match="on: none;"):
        learnt([HeardWord(0, 900, None, True, MODEL)])


def test_figures_by_tenths() -> None:
    assert reliability([HeardWord(0, 900, None, True, MODEL)]) is None
    assert reliability(heard([(0, False), (100, True), (150, False), (1000, True)])) == {
        "words": 4,
        "wrong": 2,
        "error": 0.1875,
        "tenths": [
            {"from": 0.0, "words": 1, "wrong": 0, "expected": 0.0},
            {"from": 0.1, "words": 2, "wrong": 1, "expected": 0.25},
            {"from": 0.9, "words": 1, "wrong": 1, "expected": 1.0},
        ],
    }


GOOD = json.loads(to_json([Learnt(MODEL, Curve(), 100, 1)]))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "not hattama-calibration/1"),
        (json.dumps({**GOOD, "format": "hattama-calibration/2"}), "not hattama-calibration/1"),
        (json.dumps({**GOOD, "curves": [1]}), r"curves\[0\]: model"),
        (json.dumps({**GOOD, "curves": [{**GOOD["curves"][0], "points": [[0, 0], [1000]]}]}), r"curves\[0\]: points"),
        (json.dumps({**GOOD, "curves": [{**GOOD["curves"][0], "points": [[0, 0], [1000, 900]]}]}), "ends with"),
        (json.dumps({**GOOD, "curves": [{**GOOD["curves"][0], "points": []}]}), "begins with"),
        (json.dumps({**GOOD, "curves": [{**GOOD["curves"][0], "points": [[0, 0], [5, 9], [6, 8], [1000, 1000]]}]}), "never fall"),
        (json.dumps({**GOOD, "curves": [{**GOOD["curves"][0], "points": [[0, 0], [5, 9], [5, 9], [1000, 1000]]}]}), "scores of a curve rise"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_of_its_form_is_refused(tmp_path: Path, data: str, says: str) -> None:
    path = tmp_path / "curves.json"
    path.write_text(data, encoding="utf-8")
    with pytest.raises(CalibrationUnusable, match=says):
        read(path)
    with pytest.raises(CalibrationUnusable, match="cannot be read"):
        read(tmp_path / "none.json")
