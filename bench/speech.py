"""``.venv/bin/python -m bench.speech``: throughput of the pipeline beside faster-whisper alone, on the same file, end to end.

The engine alone gets the whole file and takes it by its own windows of 30 s: one after another, with and without its activity detection;
and with ``--windows`` so many at once (its batched pipeline), with its activity detection and with windows of 30 s side by side. The
pipeline has as many windows at once as the side it is held against. Model, beam, word times and threads are equal, and each side loads
the model once. The ratio is the engine's time over the pipeline's, as CPU seconds of one thread, which other work of the machine does
not change; the least of the runs on each side, which take turns. The pipeline's model is loaded anew before each run, because it
remembers what it encoded last. What silence the pipeline passes over is its own gain: the hearing's sound has it, the dense one has none
to speak of. The windows that each side's encoder was given are counted.

``--whisperx PYTHON``: whisperX beside it, in an environment of its own (``bench.beside_whisperx``); told, and held to nothing.

Models: ``tiny`` and ``base`` have Whisper's own size and vocabulary and decode every window in the same number of steps
(``bench.speaking_clock``). ``demo`` is the demonstration model, which was taught single sentences: each has a window, and the engine
alone in windows leaves most words out, so it is held against the engine called for each utterance that its own detection finds. In the
hearing's sound, four microphones as one, turns of both languages meet in an utterance; the pipeline looks for the change, which the engine
alone does not. Exit status 1 when a ratio that is held is below 0.95.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.beside_whisperx import beside
from bench.hearing import made
from bench.machine import machine
from bench.speaking_clock import make
from bench.words import demonstration_clips
from device_config.settings import ModelSettings, SpeechSettings
from hattama.demo.room import MODEL
from hattama.logs import configure
from tests.transcription.courtroom import RATE, write_wav
from transcription.activity import Detector
from transcription.evaluation.sound import SoundRecord
from transcription.models import Engines
from transcription.pipeline import default_detector, transcribe
from transcription.recognizer import SAMPLE_RATE, Samples

LIMIT = 0.95
BEAM = 5
_THREADS = 1
_WINDOW_S = 30
#: Frames of the encoder's window.
_FRAMES = 3000
#: Pauses between the turns of the dense sound, seconds.
_DENSE_S = (0.2, 0.8)


def dense(seconds: float, seed: int) -> Samples:
    """Turns of the demo, one after another with hardly a pause, and noise at −70 dB."""
    rng = np.random.default_rng(seed)
    parts, length = [], 0
    for clip in demonstration_clips(1000, seed):
        if length >= seconds * SAMPLE_RATE:
            break
        parts += [np.zeros(int(rng.uniform(*_DENSE_S) * SAMPLE_RATE)), clip.sound]
        length = sum(map(len, parts))
    whole = np.concatenate(parts)
    return np.asarray(whole + 10 ** (-70 / 20) * rng.standard_normal(len(whole)), np.float32)


def hearing(seconds: float, seed: int) -> Samples:
    """The made-up hearing of ``bench.hearing``, its four microphones as one: the last part of it, which holds its minute of silence and noise."""
    tracks, _ = made(600.0, -15.0, None, seed)
    whole = sum(np.asarray(track, np.float64) for track in tracks.values())
    start, step = int((510.0 - seconds) * RATE), RATE // SAMPLE_RATE
    piece = np.asarray(whole)[start : start + int(seconds * RATE) // step * step]
    mixed = piece.reshape(-1, step).mean(axis=1)
    return np.asarray(mixed / max(1.0, float(np.abs(mixed).max())), np.float32)


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

        self._library: Any = faster_whisper.WhisperModel
        self._library.encode = counted


@dataclass
class Taken:
    """What one way took: loading, the least of its runs, and what came out."""

    load_s: float
    ready: Callable[[], Callable[[], int]]
    cpu_s: float = float("inf")
    words: int = 0
    windows: float = 0.0

    @property
    def whole_s(self) -> float:
        """From the model's folder to the words."""
        return self.load_s + self.cpu_s

    def once(self, encoded: Encoded) -> None:
        """One run; getting ready for it is not counted."""
        run = self.ready()
        before = encoded.windows
        took, self.words = _timed(run)
        self.cpu_s, self.windows = min(self.cpu_s, took), encoded.windows - before


class Alone:
    """faster-whisper without us."""

    def __init__(self, folder: Path, compute: str) -> None:
        import faster_whisper
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        self._model: Any = faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type=compute, cpu_threads=_THREADS, local_files_only=True
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


def measured(
    folder: Path, path: Path, pairs: int, compute: str, windows: int, encoded: Encoded, whisperx: Path | None = None
) -> list[dict[str, Any]]:
    """Every way with one model on one sound; the ratio of each of the engine's against the pipeline of as many windows."""
    detector = default_detector()
    alone = Alone(folder, compute)
    alone_load_s = _least(lambda: Alone(folder, compute))
    taught_sentences = folder == MODEL
    ways: list[tuple[str, int, Callable[[], int]]] = [
        ("windows", 1, lambda: alone.windows(path, detection=False)),
        ("windows, own detection", 1, lambda: alone.windows(path, detection=True)),
    ]
    if taught_sentences:
        ways.append(("called for each utterance", 1, lambda: alone.utterances(path)))
    elif windows > 1:
        ways += [
            (f"{windows} windows at once", windows, lambda: alone.batched(path, windows, detection=False)),
            (f"{windows} at once, own detection", windows, lambda: alone.batched(path, windows, detection=True)),
        ]
    taken: dict[int | str, Taken] = {many: _ours(folder, path, compute, many, detector) for _, many, _ in ways}
    taken |= {name: Taken(alone_load_s, partial(_ready, run)) for name, _, run in ways}
    for _ in range(pairs):
        for one in taken.values():
            one.once(encoded)
    rows: list[dict[str, Any]] = [
        {
            "model": folder.name, "sound": path.stem, "alone": name, "at_once": many,
            "held": not taught_sentences or name == "called for each utterance",
            "ratio": round(taken[name].whole_s / taken[many].whole_s, 3),
            "ours": _row(taken[many]), "engine": _row(taken[name]),
        }
        for name, many, _ in ways
    ]  # fmt: skip
    if whisperx is not None:
        ours = {many: one for many, one in taken.items() if isinstance(many, int)}
        rows += [_whisperx(whisperx, folder, path, compute, many, pairs, one) for many, one in ours.items()]
    return rows


def _whisperx(
    python: Path, folder: Path, path: Path, compute: str, many: int, runs: int, ours: Taken
) -> dict[str, Any]:
    theirs = beside(python, folder, path, compute=compute, beam=BEAM, windows=many, threads=_THREADS, runs=runs)
    return {
        "model": folder.name, "sound": path.stem, "alone": f"whisperX {theirs['version']}, {many} at once", "at_once": many,
        "held": False, "ratio": round((theirs["load_s"] + theirs["cpu_s"]) / ours.whole_s, 3),
        "ours": _row(ours), "engine": theirs,
    }  # fmt: skip


def _ready(run: Callable[[], int]) -> Callable[[], int]:
    """What remembers nothing is ready as it is."""
    return run


def _ours(folder: Path, path: Path, compute: str, many: int, detector: Detector) -> Taken:
    options: dict[str, str | int | float | bool] = {"compute_type": compute, "beam_size": BEAM, "windows": many}
    model = ModelSettings(engine="faster-whisper", path=folder, languages=("ru", "kk"), options=options)
    speech = SpeechSettings(models=(model,), device="cpu", threads=_THREADS)

    def loaded() -> Engines:
        engines = Engines(speech)
        engines.for_language("ru")
        return engines

    def ready() -> Callable[[], int]:
        engines = loaded()

        def run() -> int:
            with SoundRecord(path, "ru") as record:
                return transcribe(record.view, record, speech, engines=engines, detector=detector).word_count

        return run

    return Taken(_least(loaded), ready)


def _least(load: Callable[[], object]) -> float:
    """CPU seconds of the better of two loads; the first of a process imports libraries too, for both sides."""
    took = []
    for _ in range(2):
        began = time.process_time()
        load()
        took.append(time.process_time() - began)
    return min(took)


def _row(one: Taken) -> dict[str, float | int]:
    return {
        "cpu_s": round(one.cpu_s, 2), "load_s": round(one.load_s, 2), "words": one.words, "windows": round(one.windows, 1),
    }  # fmt: skip


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    cpu = time.process_time()
    words = work()
    return time.process_time() - cpu, words


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180.0, help="of each sound")
    parser.add_argument("--sounds", nargs="*", default=["dense", "hearing"], help="dense, hearing")
    parser.add_argument("--sizes", nargs="*", default=["demo", "tiny", "base"], help="demo, tiny, base, small")
    parser.add_argument("--compute", default="float32", help="float32, int8")
    parser.add_argument("--windows", type=int, default=4, help="at once, for the batched comparison; 1: none")
    parser.add_argument("--pairs", type=int, default=2, help="runs of each side")
    parser.add_argument("--seed", type=int, default=1, help="of the sounds")
    parser.add_argument("--whisperx", type=Path, help="python of another virtual environment that has whisperx")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    configure()
    rows, encoded = [], Encoded()
    with tempfile.TemporaryDirectory() as folder:
        for size in chosen.sizes:
            model = MODEL if size == "demo" else make(Path(folder) / f"clock-{size}", size)
            for sound in chosen.sounds:
                path = Path(folder) / f"{sound}.wav"
                write_wav(path, (dense if sound == "dense" else hearing)(chosen.seconds, chosen.seed))
                for row in measured(
                    model, path, chosen.pairs, chosen.compute, chosen.windows, encoded, chosen.whisperx
                ):
                    rows.append(row)
                    if not chosen.json:
                        _print(row)
    if chosen.json:
        print(json.dumps({"machine": machine(), "seconds": chosen.seconds, "rows": rows}))
    else:
        print(machine())
    return 0 if all(row["ratio"] >= LIMIT for row in rows if row["held"]) else 1


def _print(row: dict[str, Any]) -> None:
    sides = [
        f"{name} {one['cpu_s']:6.2f} CPU s + {one['load_s']:.2f} loading, {one['windows']} windows, {one['words']} words"
        for name, one in (("ours", row["ours"]), (row["alone"], row["engine"]))
    ]
    print(f"{row['model']:12}{row['sound']:9}ratio {row['ratio']:6.3f}  " + "; ".join(sides), flush=True)


if __name__ == "__main__":
    sys.exit(main())
