"""onnx-asr's real code and ONNX Runtime, on a model in GigaAM's form made here: alone, and through the whole pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from device_config.settings import ModelSettings, Settings, SpeechSettings
from tests.transcription.courtroom import Courtroom, noise, silence, speech
from transcription.errors import ModelUnusable, RecognitionFailed
from transcription.models import Engines
from transcription.recognizer import SAMPLE_RATE
from transcription.worker import transcribe_record

pytest.importorskip("onnx_asr", reason="needs the extra asr")

from tests.transcription.tiny_gigaam import FRAME_US, make_model
from transcription import onnx_asr_engine
from transcription.onnx_asr_engine import OnnxAsrRecognizer, joined

WORDS = ["сот", "отырысы", "ашық"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "gigaam", WORDS)


def model(folder: Path, **options: str | float | bool) -> ModelSettings:
    given: dict[str, str | float | bool] = {"type": "gigaam-v2-ctc", **options}
    return ModelSettings(engine="onnx-asr", path=folder, languages=("kk",), options=given)


def test_words_with_times(folder: Path) -> None:
    engine = OnnxAsrRecognizer(model(folder), device="cpu")
    heard = engine.recognize(noise(4, -20, SAMPLE_RATE), "kk")
    assert [word.text for word in heard.words] == WORDS
    letters = [5, 5 + 2 * len("сот "), 5 + 2 * len("сот отырысы ")]
    assert [word.start_us for word in heard.words] == [frame * FRAME_US for frame in letters]
    assert all(word.start_us < word.end_us <= 4_000_000 and word.timing == "measured" for word in heard.words)
    assert all(a.end_us <= b.start_us for a, b in zip(heard.words, heard.words[1:], strict=False))
    assert all(word.probability_pm is not None and word.probability_pm >= 980 for word in heard.words)
    assert engine.identity.name == "gigaam"
    assert engine.identity.engine == "onnx-asr"


def test_a_short_sound_holds_as_much_as_fits_and_a_very_short_one_nothing(folder: Path) -> None:
    engine = OnnxAsrRecognizer(model(folder), device="cpu")
    heard = engine.recognize(noise(0.5, -20, SAMPLE_RATE), "kk")
    assert heard.text == "сот"
    assert heard.words[-1].end_us <= 500_000
    assert engine.recognize(noise(0.05, -20, SAMPLE_RATE), "kk").words == ()
    assert engine.recognize(np.zeros(0, np.float32), "kk").words == ()


def test_it_is_found_by_its_name_in_the_settings(folder: Path) -> None:
    engines = Engines(SpeechSettings(models=(model(folder),), device="cpu"))
    found = engines.for_language("kk")
    assert found is not None
    assert found.languages_of(noise(1, -20, SAMPLE_RATE)) == {}
    assert engines.for_language("ru") is None


@pytest.mark.parametrize("missing", ["v2_ctc.onnx", "v2_vocab.txt"])
def test_a_missing_file_is_named_and_not_fetched(tmp_path: Path, missing: str) -> None:
    made = make_model(tmp_path / "m", ["а"])
    (made / missing).unlink()
    with pytest.raises(ModelUnusable, match=r"v\?_\w+\.(onnx|txt)' not found"):
        OnnxAsrRecognizer(model(made))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"type": ""}, "type is needed"),
        ({"type": "owner/name"}, "type is needed"),
        ({"type": "no-such"}, "no-such"),
        ({"beam": 3}, "beam"),
        ({"quantization": 8}, "quantization"),
    ],
)
def test_wrong_options(folder: Path, options: dict[str, str | float | bool], said: str) -> None:
    with pytest.raises(ModelUnusable, match=said):
        OnnxAsrRecognizer(model(folder, **options))


def test_weights_that_are_none(tmp_path: Path) -> None:
    made = make_model(tmp_path / "m", ["а"])
    (made / "v2_ctc.onnx").write_bytes(b"weights")
    with pytest.raises(ModelUnusable):
        OnnxAsrRecognizer(model(made))
    with pytest.raises(ModelUnusable, match="no such folder"):
        OnnxAsrRecognizer(model(tmp_path / "gigaam-v3-ctc"))  # never taken for the name of a model to fetch


def test_cuda_that_is_not_there(folder: Path) -> None:
    with pytest.raises(ModelUnusable, match="no CUDA"):
        OnnxAsrRecognizer(model(folder), device="cuda")


def test_cuda_without_its_libraries_is_no_silent_processor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build for CUDA says that it has CUDA; its sessions are on the processor where the libraries do not load."""
    monkeypatch.setattr(onnx_asr_engine, "_providers", lambda _available, _device: ["CPUExecutionProvider"])
    with pytest.raises(ModelUnusable, match="could not use it"):
        OnnxAsrRecognizer(model(folder), device="cuda")
    assert OnnxAsrRecognizer(model(folder), device="auto").recognize(noise(4, -20, SAMPLE_RATE), "kk").words


def test_an_engine_that_stops_costs_one_utterance(folder: Path) -> None:
    engine = OnnxAsrRecognizer(model(folder), device="cpu")
    with pytest.raises(RecognitionFailed):
        engine.recognize(np.zeros((SAMPLE_RATE, 2, 2), np.float32), "kk")


def test_tokens_become_words() -> None:
    heard = joined(
        [" Сот", "тың", " ", "ше", "шімі"], [0.0, 0.2, 0.5, 0.6, 0.9], [-0.1, -0.3, 0.0, -0.2, -0.2], 1_000_000
    )
    assert [(w.text, w.start_us, w.end_us) for w in heard.words] == [
        ("Соттың", 0, 440_000),
        ("шешімі", 600_000, 1_000_000),
    ]
    assert [w.probability_pm for w in heard.words] == [819, 819]
    assert joined([" ", " "], [0.1, 0.2], None, 500_000).words == ()
    assert joined(["а"], [9.0], None, 500_000).words[0].end_us == 500_000


def test_from_the_record_to_the_transcript(folder: Path, tmp_path: Path) -> None:
    sentence = speech("The court is now in session, please be seated everybody.")
    room = Courtroom(tmp_path / "h1")
    room.seat("mic-bench", "judge")
    room.take({"mic-bench": np.concatenate([silence(1.0), sentence, silence(2.0)])})
    settings = Settings(state_dir=tmp_path, speech=SpeechSettings(models=(model(folder),), device="cpu"))
    transcript = transcribe_record(room.folder, settings)
    spoken = [p for p in transcript.passages if p.kind == "speech"]
    assert [(p.text, p.speaker) for p in spoken] == [(" ".join(WORDS), "judge")]
    for word in spoken[0].words:
        assert spoken[0].start_us <= word.start_us < word.end_us <= spoken[0].end_us
    assert transcript.models[0].engine == "onnx-asr"
