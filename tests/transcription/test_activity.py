"""Where speech is: nothing in silence and noise, the sentence in speech, the same however the stream is cut."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transcription.courtroom import noise, silence, speech
from transcription.activity import (
    WINDOW,
    ActivitySettings,
    Detector,
    Interval,
    Intervals,
    LevelDetector,
    SileroDetector,
    padded,
    reaching,
    silero_path,
    speech_in,
)
from transcription.audio import Block
from transcription.errors import ModelUnusable
from transcription.recognizer import SAMPLE_RATE, Samples

R = SAMPLE_RATE


@pytest.fixture(scope="module")
def silero() -> Detector:
    try:
        return SileroDetector()
    except ModelUnusable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def spoken() -> Samples:
    pause = silence(1.5, R)
    return np.concatenate([pause, speech(rate=R), pause, speech("I object to this question.", rate=R), pause])


def cut(samples: Samples, size: int) -> Iterator[Block]:
    for start in range(0, len(samples), size):
        yield Block(start, samples[start : start + size])


@pytest.mark.parametrize("sound", ["silence", "noise", "loud noise", "hum", "clicks"])
def test_no_speech_in(silero: Detector, sound: str) -> None:
    times = np.arange(20 * R) / R
    clicks = silence(20, R)
    clicks[::8000] = 0.9
    made = {
        "silence": silence(20, R),
        "noise": noise(20, -50, R),
        "loud noise": noise(20, -20, R),
        "hum": (0.2 * np.sin(2 * np.pi * 50 * times)).astype(np.float32),
        "clicks": clicks,
    }[sound]
    assert speech_in(cut(made, 5 * R), silero) == []


def test_speech_is_found(silero: Detector, spoken: Samples) -> None:
    found = speech_in(cut(spoken, 4 * R), silero)
    assert 2 <= len(found) <= 4
    assert abs(found[0].start - 1.5 * R) < 0.4 * R
    assert abs(found[-1].end - (len(spoken) - 1.5 * R)) < 0.6 * R
    covered = sum(item.end - item.start for item in found)
    assert covered > 0.7 * (len(spoken) - 4.5 * R)


@pytest.mark.parametrize("size", [777, 16_000, 10_000_000])
def test_cutting_changes_nothing(silero: Detector, spoken: Samples, size: int) -> None:
    assert speech_in(cut(spoken, size), silero) == speech_in(cut(spoken, 160_000), silero)


def test_same_probabilities_as_the_library(silero: Detector, spoken: Samples) -> None:
    from faster_whisper.vad import SileroVADModel

    whole = spoken[: len(spoken) // WINDOW * WINDOW]
    theirs = SileroVADModel(str(silero_path()))(whole).reshape(-1)
    silero.reset()
    windows = whole.reshape(-1, WINDOW)
    ours = np.concatenate([silero(windows[:7]), silero(windows[7:50]), silero(windows[50:])])
    assert np.allclose(ours, theirs, atol=1e-4)


def test_a_hole_ends_an_utterance() -> None:
    loud = np.full(R, 0.5, np.float32)
    found = speech_in([Block(0, loud), Block(3 * R, loud)], LevelDetector())
    assert found == [Interval(0, R), Interval(3 * R, 4 * R)]


def test_a_small_step_does_not() -> None:
    loud = np.full(R, 0.5, np.float32)
    assert speech_in([Block(0, loud), Block(R + 200, loud)], LevelDetector()) == [Interval(0, 2 * R + 200)]


def test_nothing_in_nothing() -> None:
    assert speech_in([], LevelDetector()) == []
    assert speech_in([Block(5, np.zeros(0, np.float32))], LevelDetector()) == []


def test_silero_file_that_is_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("vad") / "silero.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(ModelUnusable, match=r"silero\.onnx"):
        SileroDetector(path)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.4, 0.9]), st.integers(1, 400)), max_size=30), st.integers(0, 5000))
def test_intervals_keep_order_bounds_and_length(runs: list[tuple[float, int]], start: int) -> None:
    chosen = ActivitySettings()
    machine = Intervals(chosen, start)
    probabilities = [value for value, count in runs for _ in range(count)]
    found = [*machine.push(probabilities), *machine.flush()]
    last = start + len(probabilities) * WINDOW
    out = padded(found, chosen, start, last)
    for item in out:
        assert start <= item.start < item.end <= last
        assert item.end - item.start <= chosen.max_speech + WINDOW
    for before, after in itertools.pairwise(out):
        assert before.end <= after.start
    loud = [start + i * WINDOW for i, p in enumerate(probabilities) if p >= chosen.threshold]
    kept = sum(1 for at in loud if any(item.start <= at < item.end for item in out))
    if probabilities and all(p == 0.9 for p in probabilities) and len(probabilities) * WINDOW >= chosen.min_speech:
        assert kept == len(loud)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(20, 500), st.integers(1, 18)), min_size=1, max_size=12))
def test_no_speech_is_lost_where_a_long_interval_is_cut(runs: list[tuple[int, int]]) -> None:
    """Talk with dips, none as long as the pause that ends an utterance: all of it stands in some interval."""
    chosen = ActivitySettings()
    machine = Intervals(chosen, 0)
    probabilities = [value for spoken, dip in runs for value in [0.9] * spoken + [0.1] * dip]
    found = [*machine.push(probabilities), *machine.flush()]
    left = [not any(item.start <= i * WINDOW < item.end for item in found) for i in range(len(probabilities))]
    lost = [at for at, p in enumerate(probabilities) if p == 0.9 and left[at]]
    assert len(lost) * WINDOW < chosen.min_speech  # the last bit after a cut may be too short for an interval


def test_a_dip_at_the_cut_is_not_taken_for_the_pause_before() -> None:
    """27.6 s of talk, a pause at 5 s, and the 27.6 s are over within a stop consonant: the 22 s between were left out."""
    machine = Intervals(ActivitySettings(), 0)
    talk = [0.9] * 156 + [0.1] * 7 + [0.9] * 698 + [0.1] * 2 + [0.9] * 90
    found = [*machine.push(talk), *machine.flush()]
    assert [(item.start // WINDOW, item.end // WINDOW) for item in found] == [(0, 156), (156, 953)]


def test_what_reaches_into_a_stretch() -> None:
    rng = np.random.default_rng(5)
    edges = np.cumsum(rng.integers(0, 4, 41))
    intervals = [Interval(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < b]
    for start, end in itertools.combinations(range(-2, int(edges[-1]) + 3), 2):
        brute = [one for one in intervals if one.start < end and start < one.end]
        assert list(reaching(intervals, start, end)) == brute


def test_an_interval_tells_how_sure_the_detector_was() -> None:
    class Weak(LevelDetector):
        def __call__(self, windows: Samples) -> npt.NDArray[np.float32]:
            return super().__call__(windows) * np.float32(0.625)

    block = Block(0, np.concatenate([silence(1, SAMPLE_RATE), noise(1, -20, SAMPLE_RATE), silence(1, SAMPLE_RATE)]))
    assert [item.peak for item in speech_in([block], Weak())] == [0.625]
    assert [item.peak for item in speech_in([block], LevelDetector())] == [1.0]
