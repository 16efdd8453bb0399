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
    a, b = metered(sound, 777).decibels(0, 132), metered(sound, 100_000).decibels(0, 132)
    assert np.allclose(a, b, atol=0.01)
    assert np.allclose(a, -20, atol=1.2)
    assert metered(sound).decibels(400, 403).tolist() == [-100.0] * 3


def test_bleed_is_dropped() -> None:
    levels = {"a": metered(noise(4, -20, R)), "b": metered(noise(4, -35, R))}
    own, others = own_voices({"a": [Interval(0, 4 * R)], "b": [Interval(R, 3 * R)]}, levels)
    assert own == {"a": [Interval(0, 4 * R)], "b": []}
    assert others["b"] == [Interval(R, 3 * R)]


def test_a_neighbour_ten_decibels_softer_is_still_bleed() -> None:
    """12 dB softer, give or take 2."""
    levels = {"a": metered(noise(4, -20, R)), "b": metered(noise(4, -30, R))}
    own, _ = own_voices({"a": [Interval(0, 4 * R)], "b": [Interval(0, 4 * R)]}, levels)
    assert own == {"a": [Interval(0, 4 * R)], "b": []}


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
    levels = {"a": metered(noise(2, -20, R)), "b": metered(np.concatenate([noise(2, -35, R), noise(2, -25, R)]))}
    own, others = own_voices({"a": [Interval(0, 2 * R)], "b": [Interval(0, 4 * R)]}, levels)
    assert len(own["b"]) == 1
    assert abs(own["b"][0].start - 2 * R) < R // 4
    assert own["b"][0].end == 4 * R
    assert own["a"] == [Interval(0, 2 * R)]
    assert others["b"][0].start == 0
    assert CELL * 40 == R


def test_a_conversation_is_cut_where_the_voice_changes() -> None:
    """Both are active all the time, each in the other's crosstalk; the second answers twice, once over the first's last words."""
    voice, bleed, hiss = -22.0, -47.0, -66.0
    first = [(0.5, 2.5), (4.0, 6.0), (8.5, 10.0)]
    second = [(2.6, 3.9), (5.5, 8.0)]

    def channel(own: list[tuple[float, float]], other: list[tuple[float, float]], seed: int) -> Samples:
        sound = noise(10.5, hiss, R, seed).astype(np.float64)
        for spans, level in ((own, voice), (other, bleed)):
            for start, end in spans:
                a, b = int(start * R), int(end * R)
                sound[a:b] += noise(end - start + 0.1, level, R, seed + int(start * 10))[: b - a]
        return sound.astype(np.float32)

    levels = {"a": metered(channel(first, second, 3)), "b": metered(channel(second, first, 4))}
    whole = [Interval(R // 4, 10 * R)]
    own, _ = own_voices({"a": whole, "b": whole}, levels)
    for name, spans in (("a", first), ("b", second)):
        assert len(own[name]) == len(spans)
        for item, (start, end) in zip(own[name], spans, strict=True):
            assert abs(item.start / R - start) <= 0.3
            assert abs(item.end / R - end) <= 0.3
