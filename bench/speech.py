"""``.venv/bin/python -m bench.speech``: throughput of the pipeline beside faster-whisper alone, on the same sound, end to end.

One microphone, synthetic turns with pauses, beam 5, one utterance at a time, word times, the same retries on both sides. The engine
alone finds utterances with its own activity detection (the same Silero model, the same pauses) and is called for each; ``language
found`` lets it detect the language of each, as the pipeline does among those of its settings. The ratio is the engine's time over
the pipeline's, pair by pair, in turns; the median is held against the limit of 0.95 (CPU seconds: what other work of the machine does
not change; the wall clock's ratio beside). For information: the engine's own windows of 30 s over the whole sound, which gives no
utterances to speakers and hears what the model was not taught on; and whisperX, where it is installed.

The models are the same as the demonstration model, made as large as Whisper tiny and base (``bench.widened``), so that there are real
words at real costs; and the demonstration model itself, which is held against no limit: it costs so little (0.03 of real time) that
decoding the sound shows.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import machine
from bench.widened import widened
from bench.words import demonstration_clips
from device_config.settings import ModelSettings, SpeechSettings
from hattama.demo.room import MODEL
from hattama.logs import configure
from tests.transcription.courtroom import write_wav
from transcription.evaluation.sound import SoundRecord
from transcription.models import Engines
from transcription.pipeline import default_detector, transcribe
from transcription.recognizer import SAMPLE_RATE, Samples

LIMIT = 0.95
BEAM = 5
_THREADS = 2


def sound_of(seconds: float, seed: int) -> Samples:
    """Turns of the demo, one after another with pauses of 0.8 to 2.5 s, and noise at −70 dB."""
    rng = np.random.default_rng(seed)
    parts, length = [], 0
    for clip in demonstration_clips(1000, seed):
        if length >= seconds * SAMPLE_RATE:
            break
        parts += [np.zeros(int(rng.uniform(0.8, 2.5) * SAMPLE_RATE)), clip.sound]
        length = sum(map(len, parts))
    whole = np.concatenate(parts)
    return np.asarray(whole + 10 ** (-70 / 20) * rng.standard_normal(len(whole)), np.float32)


class Alone:
    """faster-whisper without us: its own activity detection, then a call for each utterance."""

    def __init__(self, folder: Path, compute: str) -> None:
        import faster_whisper
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        self._model: Any = faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type=compute, cpu_threads=_THREADS, local_files_only=True
        )
        pauses: Any = VadOptions(min_silence_duration_ms=600, speech_pad_ms=500, max_speech_duration_s=28)
        self._found: Callable[[Samples], list[dict[str, int]]] = lambda sound: get_speech_timestamps(sound, pauses)

    def utterances(self, path: Path, language: str | None) -> int:
        """Words of all utterances; language None: it finds each one's."""
        from faster_whisper.audio import decode_audio

        sound = decode_audio(str(path))
        return sum(self._words(sound[one["start"] : one["end"]], language) for one in self._found(sound))

    def windows(self, path: Path, language: str) -> int:
        """Words of the whole sound in windows of 30 s."""
        from faster_whisper.audio import decode_audio

        return self._words(decode_audio(str(path)), language, vad_filter=True)

    def _words(self, sound: Samples, language: str | None, **more: bool) -> int:
        segments, _ = self._model.transcribe(
            sound, language=language, beam_size=BEAM, word_timestamps=True, condition_on_previous_text=False, **more
        )
        return sum(len(segment.words or ()) for segment in segments)


def measured(folder: Path, path: Path, pairs: int, compute: str, languages: tuple[str, ...]) -> dict[str, Any]:
    """Pairs of runs with one model; several languages: both sides find each utterance's."""
    options: dict[str, str | int | float | bool] = {"compute_type": compute, "beam_size": BEAM}
    speech = SpeechSettings(
        models=(ModelSettings(engine="faster-whisper", path=folder, languages=languages, options=options),),
        device="cpu",
        threads=_THREADS,
    )
    engines, detector, alone = Engines(speech), default_detector(), Alone(folder, compute)
    engines.for_language("ru")

    def ours() -> int:
        with SoundRecord(path, "ru") as record:
            return transcribe(record.view, record, speech, engines=engines, detector=detector).word_count

    told = "ru" if len(languages) == 1 else None
    ours()  # what happens once, neither is charged for
    alone.utterances(path, told)
    rows = [(_timed(ours), _timed(lambda: alone.utterances(path, told))) for _ in range(pairs)]
    (ours_cpu, ours_s, words), (alone_cpu, alone_s, alone_words) = rows[-1]
    windows_cpu, windows_s, windows_words = _timed(lambda: alone.windows(path, "ru"))
    return {
        "model": folder.name, "languages": list(languages), "pairs": pairs,
        "ratio": round(statistics.median(b[0] / a[0] for a, b in rows), 3),
        "wall_ratio": round(statistics.median(b[1] / a[1] for a, b in rows), 3),
        "ours": {"cpu_s": round(ours_cpu, 2), "s": round(ours_s, 2), "words": words},
        "alone": {"cpu_s": round(alone_cpu, 2), "s": round(alone_s, 2), "words": alone_words},
        "alone_in_windows": {"cpu_s": round(windows_cpu, 2), "s": round(windows_s, 2), "words": windows_words},
    }  # fmt: skip


def _timed(work: Callable[[], int]) -> tuple[float, float, int]:
    cpu, wall = time.process_time(), time.perf_counter()
    words = work()
    return time.process_time() - cpu, time.perf_counter() - wall, words


def whisperx(folder: Path, path: Path) -> dict[str, Any] | None:
    """WhisperX on the same model folder, where it is installed (it is not among this project's packages)."""
    if importlib.util.find_spec("whisperx") is None:
        return None
    installed: Any = importlib.import_module("whisperx")

    asked = {"beam_size": BEAM}
    model = installed.load_model(
        str(folder), "cpu", compute_type="float32", language="ru", asr_options=asked, threads=_THREADS
    )
    sound = installed.load_audio(str(path))
    cpu, wall, words = _timed(
        lambda: sum(len(one["text"].split()) for one in model.transcribe(sound, batch_size=1)["segments"])
    )
    return {"cpu_s": round(cpu, 2), "s": round(wall, 2), "words": words}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="of sound")
    parser.add_argument("--sizes", nargs="*", default=["demo", "tiny", "base"], help="demo, tiny, base, small")
    parser.add_argument("--compute", default="float32", help="float32, int8")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each side, in turns")
    parser.add_argument("--seed", type=int, default=1, help="of the sound")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    configure()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        sound = sound_of(chosen.seconds, chosen.seed)
        write_wav(path, sound)
        for size in chosen.sizes:
            model = MODEL if size == "demo" else widened(MODEL, size, Path(folder) / f"demo-as-{size}")
            for languages in (("ru",), ("ru", "kk")):
                rows.append(measured(model, path, chosen.pairs, chosen.compute, languages))
                if not chosen.json:
                    _print(rows[-1], len(sound) / SAMPLE_RATE)
        other = whisperx(MODEL, path)
    if chosen.json:
        print(json.dumps({"machine": machine(), "seconds": len(sound) / SAMPLE_RATE, "rows": rows, "whisperx": other}))
    else:
        print(f"whisperX: {other or 'not installed'}")
        print(machine())
    return 0 if all(row["ratio"] >= LIMIT for row in rows if row["model"] != MODEL.name) else 1


def _print(row: dict[str, Any], seconds: float) -> None:
    told = "language told" if len(row["languages"]) == 1 else "language found"
    sides = [
        f"{name} {row[key]['cpu_s']} CPU s, {row[key]['words']} words"
        for name, key in (("ours", "ours"), ("alone", "alone"), ("alone in windows", "alone_in_windows"))
    ]
    print(
        f"{row['model']:14}{told:15} ratio {row['ratio']:.3f} (wall {row['wall_ratio']:.3f}); {seconds:.0f} s of sound: {'; '.join(sides)}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
