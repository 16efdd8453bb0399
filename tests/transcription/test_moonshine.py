"""Real weights through the seam: moonshine's English, on real speech."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device_config.settings import ModelSettings, Settings, SpeechSettings
from tests.transcription.courtroom import RATE, Courtroom, noise, silence
from transcription.audio import decode
from transcription.errors import ModelUnusable
from transcription.recognizer import SAMPLE_RATE

pytest.importorskip("moonshine_voice", reason="needs the extra moonshine")

import numpy as np

from transcription.moonshine_engine import MoonshineRecognizer, bundled_model
from transcription.worker import transcribe_record

JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def weights() -> Path:
    folder = bundled_model()
    if folder is None:
        pytest.skip("this moonshine-voice carries no weights; 0.0.73 does")
    return folder


def model(folder: Path, **options: str | float | bool) -> ModelSettings:
    return ModelSettings(engine="moonshine", path=folder, languages=("en",), options=dict(options))


def in_order(expected: list[str], found: list[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(found) + 1)
    for word in expected:
        before = row[:]
        for index, other in enumerate(found, 1):
            row[index] = before[index - 1] + 1 if word == other else max(before[index], row[index - 1])
    return row[-1]


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", "", text.lower()).split()


@pytest.mark.shared
def test_jfk(weights: Path, shared_data: Path, tmp_path: Path) -> None:
    """The whole way: a real FLAC becomes segments of a record, and the transcript has the sentence."""
    spoken = decode((shared_data / "en/jfk.flac").read_bytes(), "jfk.flac")
    places = np.arange(int(len(spoken) * 3)) / 3
    track = np.interp(places, np.arange(len(spoken)), spoken).astype(np.float32)
    room = Courtroom(tmp_path / "h1", language="en")
    room.take({"mic": np.concatenate([silence(2), track, silence(2)])}, segment_s=10)
    settings = Settings(state_dir=tmp_path, speech=SpeechSettings(models=(model(weights),)))
    transcript = transcribe_record(room.folder, settings)
    words = [word for passage in transcript.passages for word in passage.words]
    assert in_order(JFK, plain(" ".join(word.text for word in words))) >= 18
    assert {word.timing for word in words} == {"spread"}
    assert {word.probability_pm for word in words} == {None}
    assert transcript.models[0].engine == "moonshine"
    assert transcript.models[0].version == "0.0.73"
    assert RATE == 3 * SAMPLE_RATE


def test_silence_has_no_words(weights: Path, tmp_path: Path) -> None:
    room = Courtroom(tmp_path / "h1", language="en")
    room.take({"mic": np.concatenate([silence(10), noise(10, -30)])})
    settings = Settings(state_dir=tmp_path, speech=SpeechSettings(models=(model(weights),)))
    assert transcribe_record(room.folder, settings).passages == ()


def test_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"encoder_model\.ort"):
        MoonshineRecognizer(model(tmp_path))
    with pytest.raises(ModelUnusable, match="arch"):
        MoonshineRecognizer(model(weights, arch="huge"))
