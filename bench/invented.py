"""``.venv/bin/python -m bench.invented``: words out of nothing. Half an hour in which nobody speaks, through the pipeline and through the raw engine.

Digital silence, room tone, hiss, rumble, hum, hold tones, dialling, music-like sound, knocks, breath and cough-like bursts; and
recorded noises from a folder, where one is given. The raw engine is faster-whisper with the same model and its own defaults, given
the same sound in pieces of 30 s. Exit status 1 when the pipeline wrote a word.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from bench.sounds import mono
from device_config.settings import ModelSettings, Settings, SpeechSettings
from hattama.demo.room import demonstration_speech
from protocol.transcript import Transcript
from tests.transcription.courtroom import Courtroom
from transcription.recognizer import SAMPLE_RATE
from transcription.worker import transcribe_record

RATE = 48_000
PIECE_S = 30

Sound = NDArray[np.float32]
Maker = Callable[[int, np.random.Generator], NDArray[np.float64]]


def _coloured(count: int, rng: np.random.Generator, corner_hz: float, steps: float = 1.0) -> NDArray[np.float64]:
    """Noise that falls by 6 dB × steps an octave above the corner, RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    tones = np.fft.rfftfreq(count, 1 / RATE)
    made: NDArray[np.float64] = np.fft.irfft(spectrum / (1 + (tones / corner_hz) ** 2) ** (steps / 2), count)
    return made / float(np.sqrt(np.mean(made**2)))


def _seconds(count: int) -> NDArray[np.float64]:
    return np.asarray(np.arange(count) / RATE, np.float64)


def _tone(hz: float, count: int) -> NDArray[np.float64]:
    return np.asarray(np.sin(2 * np.pi * hz * _seconds(count)), np.float64)


def _bursts(
    count: int, rng: np.random.Generator, length_s: float, every_s: float, corner_hz: float
) -> NDArray[np.float64]:
    """Bursts of noise that swell and die, at random moments."""
    sound = np.zeros(count)
    size = int(length_s * RATE)
    shape = np.hanning(size) ** 0.5
    for at in np.arange(0.5, count / RATE - length_s - 0.1, every_s):
        begin = int((at + rng.uniform(0, every_s / 3)) * RATE)
        part = (shape * _coloured(size, rng, corner_hz))[: max(0, count - begin)]
        sound[begin : begin + len(part)] += part
    return sound


def _music(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Broken chords with overtones and a beat."""
    sound, notes = np.zeros(count), 220 * 2 ** (np.array([0, 3, 7, 12, 10, 7, 3, 5]) / 12)
    step = RATE // 4
    for number, begin in enumerate(range(0, count - step, step)):
        hz = float(notes[number % len(notes)]) * (1 if number % 16 < 8 else 4 / 3)
        fade = np.exp(-3 * _seconds(step))
        sound[begin : begin + step] += fade * sum(_tone(hz * k, step) / k for k in (1, 2, 3, 4))
    return sound + 0.05 * _bursts(count, rng, 0.08, 0.5, 8000)


def _dialling(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Two tones for a key, keys with pauses."""
    low, high = (697, 770, 852, 941), (1209, 1336, 1477)
    on = (_seconds(count) % 0.25) < 0.12
    pairs = [(float(rng.choice(low)), float(rng.choice(high))) for _ in range(count // (RATE // 4) + 1)]
    sound = np.zeros(count)
    for number, (a, b) in enumerate(pairs):
        begin = number * (RATE // 4)
        size = min(RATE // 4, count - begin)
        sound[begin : begin + size] = _tone(a, size) + _tone(b, size)
    return sound * on


#: Name, level (dB of full scale), how it is made.
KINDS: tuple[tuple[str, float, Maker], ...] = (
    ("digital silence", -200.0, lambda n, _r: np.zeros(n)),
    ("room tone", -62.0, lambda n, r: _coloured(n, r, 300)),
    ("ventilation", -42.0, lambda n, r: _coloured(n, r, 150, 2)),
    ("hiss", -45.0, lambda n, r: _coloured(n, r, 20_000)),
    ("loud hiss", -25.0, lambda n, r: _coloured(n, r, 20_000)),
    ("hum 50 Hz with overtones", -35.0, lambda n, _r: sum((_tone(50.0 * k, n) / k for k in (1, 2, 3, 5)), np.zeros(n))),
    ("hold tone 440 Hz", -25.0, lambda n, _r: _tone(440, n)),
    ("engaged tone 425 Hz", -25.0, lambda n, _r: _tone(425, n) * ((_seconds(n) % 0.8) < 0.4)),
    ("dialling", -25.0, _dialling),
    ("sweep", -25.0, lambda n, _r: np.sin(2 * np.pi * (100 * _seconds(n) + 60 * (_seconds(n) % 30) ** 2))),
    ("music-like", -22.0, _music),
    ("knocks", -30.0, lambda n, r: _bursts(n, r, 0.03, 1.7, 2000)),
    ("breath-like", -38.0, lambda n, r: _bursts(n, r, 1.1, 3.0, 1500)),
    ("cough-like", -22.0, lambda n, r: _bursts(n, r, 0.3, 4.0, 900)),
    ("paper-like", -34.0, lambda n, r: _bursts(n, r, 0.15, 0.4, 12_000)),
)


def made(minutes: float, seed: int) -> dict[str, Sound]:
    """Every kind, each as long as the others."""
    rng = np.random.default_rng(seed)
    count = int(minutes * 60 * RATE / len(KINDS))
    sounds = {}
    for name, level_db, make in KINDS:
        sound = make(count, rng)
        rms = float(np.sqrt(np.mean(sound[np.abs(sound) > 1e-9] ** 2))) if np.any(sound) else 1.0
        sounds[name] = np.asarray(np.clip(sound * 10 ** (level_db / 20) / rms, -1, 1), np.float32)
    return sounds


def recorded(folder: Path) -> dict[str, Sound]:
    """Every sound file of a folder whose name begins with noise, 48 kHz mono."""
    return {path.name: np.asarray(mono(path, RATE), np.float32) for path in sorted(folder.glob("noise*.*"))}


def through_the_pipeline(sound: Sound, speech: SpeechSettings, folder: Path) -> Transcript:
    """The sound as one microphone of a hearing."""
    room = Courtroom(folder / "h1", language="ru")
    room.take({"mic": sound}, segment_s=10.0)
    return transcribe_record(room.folder, Settings(state_dir=folder, speech=speech))


def raw_words(sound: Sound, engine: Any) -> int:
    """Words that the engine alone writes."""
    samples = np.interp(np.arange(0, len(sound), RATE / SAMPLE_RATE), np.arange(len(sound)), sound).astype(np.float32)
    words = 0
    for begin in range(0, len(samples), PIECE_S * SAMPLE_RATE):
        segments, _ = engine.transcribe(samples[begin : begin + PIECE_S * SAMPLE_RATE], language="ru")
        words += sum(len(segment.text.split()) for segment in segments)
    return words


def main() -> int:
    """Make, listen, count, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0, help="of made sound")
    parser.add_argument("--noises", type=Path, help="folder of recorded noises (noise*.wav)")
    parser.add_argument("--model", type=Path, help="faster-whisper folder; default: the demonstration model")
    parser.add_argument("--seed", type=int, default=1, help="of the sounds")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    speech = demonstration_speech()
    if chosen.model:
        given = ModelSettings(engine="faster-whisper", path=chosen.model, languages=("ru", "kk"))
        speech = SpeechSettings(models=(given,))
    import faster_whisper

    engine = faster_whisper.WhisperModel(
        str(speech.models[0].path), device="cpu", compute_type="float32", local_files_only=True
    )
    sounds = made(chosen.minutes, chosen.seed) | (recorded(chosen.noises) if chosen.noises else {})
    rows: list[dict[str, Any]] = []
    for name, sound in sounds.items():
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            transcript = through_the_pipeline(sound, speech, Path(folder))
        rows.append({
            "sound": name, "seconds": round(len(sound) / RATE, 1), "words": transcript.word_count,
            "refused": sum(p.kind == "refused" for p in transcript.passages), "raw_words": raw_words(sound, engine),
            "took_s": round(time.monotonic() - started, 1),
        })  # fmt: skip
    total = {key: sum(row[key] for row in rows) for key in ("seconds", "words", "refused", "raw_words")}
    if chosen.json:
        print(
            json.dumps({"seed": chosen.seed, "machine": machine(), "sounds": rows, "total": total}, ensure_ascii=False)
        )
    else:
        print(f"{'sound':28}{'seconds':>9}{'words':>7}{'refused':>9}{'raw engine':>12}")
        for row in [*rows, {"sound": "together", **total}]:
            print(f"{row['sound']:28}{row['seconds']:9.1f}{row['words']:7}{row['refused']:9}{row['raw_words']:12}")
    return 1 if total["words"] else 0


if __name__ == "__main__":
    sys.exit(main())
