"""Passages in the order in which a person should check them."""

from __future__ import annotations

from dataclasses import replace

from protocol.doubts import ranked
from tests.protocol.test_editing import speech, transcript, word


def test_the_greatest_doubt_first_and_of_equal_ones_the_longer() -> None:
    short = replace(speech(word("а", 0, 10), end=10), doubt_pm=300)
    sure = replace(speech(word("б", 10, 20), start=10, end=20), doubt_pm=20)
    long = replace(speech(word("в", 20, 30), word("г", 30, 40), start=20, end=40), doubt_pm=300)
    worst = replace(speech(word("д", 40, 50), start=40, end=50), doubt_pm=900)
    corrected = speech(word("е", 50, 60), start=50, end=60)
    base = transcript(short, sure, long, worst, corrected)
    assert [one.index for one in ranked(base)] == [3, 2, 0, 1]
    assert [one.index for one in ranked(base, 300)] == [3, 2, 0]
    assert ranked(base)[1].wrong_words == 0.6
