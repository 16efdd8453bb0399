"""Whose voice it is: the loudest microphone's, and nobody is silenced by a fan."""

from __future__ import annotations

import numpy as np

from tests.transcription.courtroom import noise
from transcription.activity import Interval
from transcription.audio import Block
from transcription.crosstalk import CELL, Levels, own_voices
from transcription.recognizer import SAMPLE_RATE, Samples

R = SAMPLE_RATE


def metered(samples: Samples, size: int = 7000) -> Levels:
    levels = Levels()
    for _ in levels.metered(Block(at, samples[at : at + size]) for at in range(0, len(samples), size)):
        pass
    return levels


def test_levels_do_not_depend_on_the_cutting() -> None:
    sound = noise(3.3, -20, R)
    a, b = metered(sound, 777).decibels(0, 33), metered(sound, 100_000).decibels(0, 33)
    assert np.allclose(a, b, atol=0.01)
    assert np.allclose(a, -20, atol=0.5)
    assert metered(sound).decibels(100, 103).tolist() == [-100.0] * 3


def test_bleed_is_dropped() -> None:
    levels = {"a": metered(noise(4, -20, R)), "b": metered(noise(4, -35, R))}
    own, others = own_voices({"a": [Interval(0, 4 * R)], "b": [Interval(R, 3 * R)]}, levels)
    assert own == {"a": [Interval(0, 4 * R)], "b": []}
    assert others["b"] == [Interval(R, 3 * R)]


def test_two_who_speak_at_once_both_stay() -> None:
    levels = {"a": metered(noise(4, -20, R)), "b": metered(noise(4, -27, R))}
    own, others = own_voices({"a": [Interval(0, 4 * R)], "b": [Interval(0, 4 * R)]}, levels)
    assert own["a"]
    assert own["b"]
    assert not any(others.values())


def test_a_loud_channel_without_speech_silences_nobody() -> None:
    levels = {"fan": metered(noise(4, -6, R)), "b": metered(noise(4, -35, R))}
    own, _ = own_voices({"fan": [], "b": [Interval(0, 4 * R)]}, levels)
    assert own["b"] == [Interval(0, 4 * R)]


def test_an_answer_after_a_loud_question_stays() -> None:
    levels = {"a": metered(noise(2, -20, R)), "b": metered(np.concatenate([noise(2, -35, R), noise(2, -30, R)]))}
    own, _ = own_voices({"a": [Interval(0, 2 * R)], "b": [Interval(0, 4 * R)]}, levels)
    assert own["b"]
    assert CELL * 10 == R
