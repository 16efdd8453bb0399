"""faster-whisper's real code, on a Whisper-shaped model made here: alone, and through the whole pipeline."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from device_config.settings import ModelSettings, Settings, SpeechSettings
from protocol.transcript import Transcript
from tests.transcription.courtroom import RATE, Courtroom, noise, silence, speech
from transcription.errors import ModelUnusable, RecognitionFailed
from transcription.recognizer import SAMPLE_RATE, Spoken

pytest.importorskip("faster_whisper", reason="needs the extra asr")

import faster_whisper
import threadpoolctl

from tests.transcription.tiny_whisper import make_model
from transcription.faster_whisper_engine import FasterWhisperRecognizer
from transcription.worker import transcribe_record

WORDS = ["Сот", "отырысы", "ашық", "деп", "жарияланады."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny", WORDS)


def model(folder: Path, *languages: str, **options: str | float | bool) -> ModelSettings:
    return ModelSettings(
        engine="faster-whisper", path=folder, languages=languages or ("kk", "ru"), options=dict(options)
    )


def test_words_with_times(folder: Path) -> None:
    engine = FasterWhisperRecognizer(model(folder), device="cpu")
    for language in ("kk", "ru"):
        heard = engine.recognize(noise(3, -20, SAMPLE_RATE), language)
        assert [word.text for word in heard.words] == WORDS
        assert all(word.timing == "measured" and word.probability_pm == 1000 for word in heard.words)
        times = [(word.start_us, word.end_us) for word in heard.words]
        assert times == [(0, 400_000)] + [(200_000 * n, 200_000 * n + 200_000) for n in range(2, 6)]
    assert engine.identity.version.startswith("1.")
    assert engine.identity.name == "tiny"


def test_same_sound_same_words(folder: Path) -> None:
    engine = FasterWhisperRecognizer(model(folder), device="cpu")
    sound = noise(3, -20, SAMPLE_RATE)
    assert engine.recognize(sound, "kk") == engine.recognize(sound, "kk")


def test_asking_for_the_language_first_changes_no_word(folder: Path) -> None:
    sound = noise(3, -20, SAMPLE_RATE)
    asked, unasked = (FasterWhisperRecognizer(model(folder), device="cpu") for _ in range(2))
    assert sum(asked.languages_of(sound).values()) == pytest.approx(1)
    assert asked.recognize(sound, "kk") == unasked.recognize(sound, "kk")


def test_a_piece_is_encoded_at_its_own_length_where_the_model_is_for_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import faster_whisper

    given: list[int] = []
    encode = faster_whisper.WhisperModel.encode

    def seen(model: faster_whisper.WhisperModel, features: Any) -> Any:
        given.append(features.shape[-1])
        return encode(model, features)

    monkeypatch.setattr(faster_whisper.WhisperModel, "encode", seen)
    sound = noise(2, -20, SAMPLE_RATE)
    for pieces, frames in (("window", 3000), ("short", 300)):
        engine = FasterWhisperRecognizer(model(folder, pieces=pieces), device="cpu")
        given.clear()
        assert sum(engine.languages_of(sound, piece=True).values()) == pytest.approx(1)
        assert given == [frames]
        engine.languages_of(sound)
        engine.recognize(sound, "kk")
        assert given[-1] == 3000
    with pytest.raises(ModelUnusable, match="pieces = 'long'"):
        FasterWhisperRecognizer(model(folder, pieces="long"))


def test_no_thread_of_a_sum_waits_busily_beside_the_encoder(folder: Path) -> None:
    FasterWhisperRecognizer(model(folder))
    assert {one["num_threads"] for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas"} == {1}


def test_windows_at_once_are_looked_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their spectra are made for the look at their languages, and the words are read from the same."""
    seen: list[int] = []
    made = faster_whisper.feature_extractor.FeatureExtractor.__call__

    def counted(self: Any, samples: Any, *more: Any, **named: Any) -> Any:
        seen.append(len(samples))
        return made(self, samples, *more, **named)

    monkeypatch.setattr(faster_whisper.feature_extractor.FeatureExtractor, "__call__", counted)
    engine = FasterWhisperRecognizer(model(folder, window="packed", windows=4))
    sounds = [Spoken(noise(20.0 + n, rate=SAMPLE_RATE, seed=n), (0, 20 * SAMPLE_RATE)) for n in range(4)]
    engine.languages_together(sounds)
    engine.recognize_together(sounds, "ru")
    assert sorted(seen) == sorted(len(one.samples) for one in sounds)


def test_an_unknown_language_fails_one_utterance(folder: Path) -> None:
    with pytest.raises(RecognitionFailed):
        FasterWhisperRecognizer(model(folder), device="cpu").recognize(noise(1, -20, SAMPLE_RATE), "xx")


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named_and_not_fetched(folder: Path, tmp_path: Path, name: str) -> None:
    made = make_model(tmp_path / "m", ["a"])
    (made / name).unlink()
    with pytest.raises(ModelUnusable, match=name):
        FasterWhisperRecognizer(model(made))


def test_wrong_options_and_weights(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="beam"):
        FasterWhisperRecognizer(model(folder, beam="5"))
    with pytest.raises(ModelUnusable, match=r"model\.bin is missing"):
        FasterWhisperRecognizer(model(Path("large-v3")))  # never taken for the name of a model to fetch
    made = make_model(tmp_path / "m", ["a"])
    (made / "model.bin").write_bytes(b"weights")
    with pytest.raises(ModelUnusable):
        FasterWhisperRecognizer(model(made))


def _on_cuda(loaded: Any) -> Any:
    return SimpleNamespace(device="cuda", n_mels=loaded.model.n_mels)


def test_a_gpu_that_does_not_compute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a driver and without cuBLAS: it loads, and stops at the first sound."""

    load: Any = faster_whisper.WhisperModel

    def stops(_features: Any) -> Any:
        raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")

    def driven(path: str, device: str, **more: Any) -> Any:
        loaded = load(path, device="cpu", **more)
        return loaded if device == "cpu" else SimpleNamespace(model=_on_cuda(loaded), encode=stops)

    monkeypatch.setattr(faster_whisper, "WhisperModel", driven)
    with pytest.raises(ModelUnusable, match=r"does not compute on the GPU.*libcublas"):
        FasterWhisperRecognizer(model(folder, "kk"), device="cuda")
    assert FasterWhisperRecognizer(model(folder, "kk"), device="auto").recognize(noise(2, -20, SAMPLE_RATE), "kk").words


def test_an_english_model_is_not_used_for_kazakh(tmp_path: Path) -> None:
    made = make_model(tmp_path / "m", ["a"], multilingual=False)
    with pytest.raises(ModelUnusable, match="English-only"):
        FasterWhisperRecognizer(model(made, "kk"), device="cpu")
    FasterWhisperRecognizer(model(made, "en"), device="cpu")


@pytest.fixture
def connections() -> Iterator[list[str]]:
    """What Python's own audit saw of the network while the test ran."""
    seen: list[str] = []
    on = True

    def hook(event: str, args: tuple[object, ...]) -> None:
        if on and event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
            seen.append(f"{event} {args}")

    sys.addaudithook(hook)  # it stays for ever, so it is switched off
    yield seen
    on = False


def test_from_the_record_to_the_transcript(folder: Path, tmp_path: Path, connections: list[str]) -> None:
    """Two microphones, real FLAC segments, Silero, faster-whisper; and nobody opens a connection."""
    sentence = speech()
    bench = np.concatenate([silence(1.0), sentence, silence(2.0)])
    plaintiff = np.concatenate([silence(len(bench) / RATE), sentence, silence(1.0)])
    room = Courtroom(tmp_path / "h1")
    room.seat("mic-bench", "judge")
    room.take({"mic-bench": bench, "mic-plaintiff": plaintiff})
    settings = Settings(state_dir=tmp_path, speech=SpeechSettings(models=(model(folder),), device="cpu"))
    transcript = transcribe_record(room.folder, settings)
    spoken = [p for p in transcript.passages if p.kind == "speech"]
    assert spoken[0].source == "mic-bench"
    assert spoken[-1].source == "mic-plaintiff"
    assert {p.text for p in spoken} == {" ".join(WORDS)}
    assert {p.speaker for p in spoken if p.source == "mic-bench"} == {"judge"}
    assert {p.speaker for p in spoken if p.source == "mic-plaintiff"} == {None}
    assert transcript.models[0].engine == "faster-whisper"
    assert transcript.missing == ()
    for passage in spoken:
        assert all(passage.start_us <= w.start_us <= w.end_us <= passage.end_us for w in passage.words)
    assert connections == []
    assert Transcript.from_json(transcript.to_json()) == transcript
    assert transcribe_record(room.folder, settings) == transcript


def test_a_model_in_a_loop_writes_nothing(tmp_path: Path) -> None:
    made = make_model(tmp_path / "loop", ["Рақмет", "рақмет."], repeat=8)
    room = Courtroom(tmp_path / "h1")
    room.take({"mic": np.concatenate([silence(1.0), speech(), speech(), silence(1.0)])})
    speech_settings = SpeechSettings(models=(model(made),), device="cpu")
    transcript = transcribe_record(room.folder, Settings(state_dir=tmp_path, speech=speech_settings))
    assert transcript.word_count == 0
    assert {(p.kind, p.reason) for p in transcript.passages} <= {("refused", "repetition"), ("refused", "compression")}
    assert transcript.passages
