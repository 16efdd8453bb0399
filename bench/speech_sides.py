"""One run of one side of ``bench.speech``, in a process of its own: the model loaded from its folder, then words from a file.

A process that has run before has its memory warm and its libraries' caches full, and the pipeline remembers what it encoded last; a
new process for every run treats both sides alike. Libraries are imported, and the models that find speech are loaded, before the clock
runs: what is counted is the speech model's loading and the recognition, CPU seconds of the whole process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from device_config.settings import ModelSettings, SpeechSettings
from hattama.logs import configure
from transcription.activity import Detector
from transcription.evaluation.sound import SoundRecord
from transcription.models import Engines
from transcription.pipeline import default_detector, transcribe
from transcription.recognizer import SAMPLE_RATE, Samples

BEAM: Final = 5
THREADS: Final = 1
_WINDOW_S: Final = 30
#: Frames of the encoder's window.
_FRAMES: Final = 3000


@dataclass(frozen=True)
class Side:
    """What is run.

    Attributes:
        way: the pipeline (``ours``), or the engine alone on the whole file by windows of 30 s, or called for each utterance that its own
            detection finds.
        folder, path: model and sound.
        compute: weights' type.
        at_once: windows.
        detection: the engine's own, before its windows.
    """

    way: Literal["ours", "windows", "utterances"]
    folder: Path
    path: Path
    compute: str
    at_once: int = 1
    detection: bool = False


@dataclass(frozen=True)
class Took:
    """What a run took, CPU seconds, and what came out: words, and windows that went through the encoder."""

    load_s: float
    cpu_s: float
    words: int
    windows: float

    @property
    def whole_s(self) -> float:
        """From the model's folder to the words."""
        return self.load_s + self.cpu_s


def run(side: Side) -> Took:
    """In a new process, which ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(_run, side).result()


def _run(side: Side) -> Took:
    from faster_whisper.audio import decode_audio  # noqa: F401 - imported before the clock runs, as all that it imports
    from faster_whisper.vad import get_vad_model

    configure()
    get_vad_model()
    detector, encoded = default_detector(), Encoded()
    began = time.process_time()
    work = _ours(side, detector) if side.way == "ours" else _alone(side)
    loaded = time.process_time()
    words = work()
    return Took(loaded - began, time.process_time() - loaded, words, encoded.windows)


class Encoded:
    """Counts the windows that go through any model's encoder."""

    def __init__(self) -> None:
        """From here on."""
        import faster_whisper

        self.windows = 0.0
        encode: Callable[..., Any] = faster_whisper.WhisperModel.encode

        def counted(model: Any, features: npt.NDArray[np.float32]) -> Any:
            self.windows += (len(features) if features.ndim == 3 else 1) * features.shape[-1] / _FRAMES
            return encode(model, features)

        library: Any = faster_whisper.WhisperModel
        library.encode = counted


def _ours(side: Side, detector: Detector) -> Callable[[], int]:
    options: dict[str, str | int | float | bool] = {
        "compute_type": side.compute, "beam_size": BEAM, "windows": side.at_once,
    }  # fmt: skip
    model = ModelSettings(engine="faster-whisper", path=side.folder, languages=("ru", "kk"), options=options)
    speech = SpeechSettings(models=(model,), device="cpu", threads=THREADS)
    engines = Engines(speech)
    engines.for_language("ru")

    def work() -> int:
        with SoundRecord(side.path, "ru") as record:
            return transcribe(record.view, record, speech, engines=engines, detector=detector).word_count

    return work


def _alone(side: Side) -> Callable[[], int]:
    engine = Alone(side.folder, side.compute)
    if side.way == "utterances":
        return lambda: engine.utterances(side.path)
    if side.at_once > 1:
        return lambda: engine.batched(side.path, side.at_once, detection=side.detection)
    return lambda: engine.windows(side.path, detection=side.detection)


class Alone:
    """faster-whisper without us."""

    def __init__(self, folder: Path, compute: str) -> None:
        import faster_whisper
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        self._model: Any = faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type=compute, cpu_threads=THREADS, local_files_only=True
        )
        self._batched: Any = faster_whisper.BatchedInferencePipeline(self._model)
        pauses: Any = VadOptions(min_silence_duration_ms=600, speech_pad_ms=500, max_speech_duration_s=28)
        self._found: Callable[[Samples], list[dict[str, int]]] = lambda sound: get_speech_timestamps(sound, pauses)

    def utterances(self, path: Path) -> int:
        """Words of all utterances that its own detection finds, called for each; it finds the language of each."""
        sound = self._read(path)
        return sum(self._words(sound[one["start"] : one["end"]], None) for one in self._found(sound))

    def windows(self, path: Path, *, detection: bool) -> int:
        """Words of the whole sound in windows of 30 s, one after another."""
        return self._words(self._read(path), "ru", vad_filter=detection)

    def batched(self, path: Path, windows: int, *, detection: bool) -> int:
        """Words of the whole sound, so many windows at once."""
        sound = self._read(path)
        length = len(sound) / SAMPLE_RATE
        clips = [{"start": float(at), "end": min(at + _WINDOW_S, length)} for at in range(0, int(length), _WINDOW_S)]
        segments, _ = self._batched.transcribe(
            sound, language="ru", beam_size=BEAM, word_timestamps=True, batch_size=windows, vad_filter=detection,
            clip_timestamps=None if detection else clips,
        )  # fmt: skip
        return sum(len(segment.words or ()) for segment in segments)

    @staticmethod
    def _read(path: Path) -> Samples:
        from faster_whisper.audio import decode_audio

        return np.asarray(decode_audio(str(path)), np.float32)

    def _words(self, sound: Samples, language: str | None, **more: bool) -> int:
        segments, _ = self._model.transcribe(
            sound, language=language, beam_size=BEAM, word_timestamps=True, condition_on_previous_text=False, **more
        )
        return sum(len(segment.words or ()) for segment in segments)
