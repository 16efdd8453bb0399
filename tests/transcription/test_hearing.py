"""Who spoke when: the short form of ``python -m bench.hearing`` (ten minutes there)."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("faster_whisper", reason="needs the extra asr")

from bench.hearing import active, compared, measured


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng (apt install espeak-ng)")
def test_a_made_up_hearing_is_given_to_its_microphones() -> None:
    found = measured(60.0, -15.0, None, seed=3)
    assert found["turns"] >= 10
    assert found["error_rate"] <= 0.05, found
    assert found["unnamed"] == 0


def test_errors_are_counted_as_the_standard_does() -> None:
    reference = active([("mic-bench", 0.0, 4.0), ("mic-secretary", 3.0, 6.0)], 10.0)
    found = active([("mic-bench", 0.5, 4.0), ("mic-plaintiff", 3.0, 6.0), ("mic-bench", 8.0, 9.0)], 10.0)
    errors = compared(reference, found)
    assert (errors.spoken_s, errors.missed_s, errors.false_alarm_s, errors.confused_s) == pytest.approx(
        (7.0, 0.5, 1.0, 3.0)
    )
    assert errors.rate == pytest.approx(4.5 / 7)
