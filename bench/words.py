"""``.venv/bin/python -m bench.words``: word error rate of the pipeline beside its engines alone, on clean clips and in a courtroom's sound.

The demonstration model on its own synthetic sentences (eSpeak NG, seeded), and moonshine's English on recorded clips where a folder
of them is given (``--english``: clips, and in the folder above it SOURCES.md with a table whose first column is the file and whose
last is the text). The *engine alone* gets each clip whole. The *pipeline* gets the same clip as a recording; then all clips joined as
a hearing of two microphones, with pauses, room responses, cross-talk and noise, made here or taken from a folder (``--noises``:
rir*.wav, noise*.wav). Limits: clips + 1 point, joined + 5 points above the engine alone on clean clips; exit status 1 when broken.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.hearing import convolved
from bench.machine import machine
from bench.sounds import mono
from device_config.settings import ModelSettings, SpeechSettings
from hattama.demo.room import demonstration_speech
from hattama.logs import configure
from scripts.demo_model.sounds import speak
from scripts.make_demo_speech import TURNS, VOICES
from transcription.evaluation.sound import SoundRecord
from transcription.evaluation.text import comparable
from transcription.evaluation.words import Errors, aligned, units
from transcription.models import Engines
from transcription.pipeline import transcribe
from transcription.recognizer import SAMPLE_RATE

CLEAN_POINTS, JOINED_POINTS = 0.01, 0.05
LEVEL_DB, CROSSTALK_DB, NOISE_DB, PAUSES_S = -24.0, -15.0, -20.0, (0.8, 2.5)

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """Somebody says something."""

    name: str
    language: str
    text: str
    sound: Sound


@dataclass(frozen=True)
class Room:
    """What spoils the sound: room responses (from their loudest moment on), and noise."""

    echoes: tuple[Sound, ...]
    noises: tuple[Sound, ...]


def demonstration_clips(count: int, seed: int) -> list[Clip]:
    """The demo's turns in about the voices of their speakers."""
    rng = np.random.default_rng(seed)
    clips = []
    for number in range(count):
        turn = TURNS[number % len(TURNS)]
        variant, pitch, speed = VOICES[turn.channel]
        voice = (f"+{variant}", pitch + int(rng.integers(-3, 4)), speed + int(rng.integers(-6, 7)))
        sound = speak(turn.language, turn.text, *voice).astype(np.float64)
        clips.append(Clip(f"{number}", turn.language, turn.text, np.pad(sound, SAMPLE_RATE // 4)))
    return clips


def english_clips(folder: Path) -> list[Clip]:
    """Recorded clips with the texts of the table in the folder above."""
    clips = []
    for line in (folder.parent / "SOURCES.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        path = folder.parent / cells[0]
        if cells[0].startswith(f"{folder.name}/") and path.is_file():
            text = re.sub(r"\([^)]*\)", "", cells[-1])
            if comparable(text):
                clips.append(Clip(path.stem, "en", text, mono(path, SAMPLE_RATE)))
    return clips


def room_of(folder: Path | None, rng: np.random.Generator) -> Room:
    """Room responses and noises of a folder; else an echo that dies in a third of a second, and noise like ventilation."""
    echoes, noises = [], []
    for path in sorted(folder.glob("rir*.wav")) if folder else []:
        whole = mono(path, SAMPLE_RATE)
        found = whole[int(np.abs(whole).argmax()) :][: SAMPLE_RATE // 2]
        echoes.append(found / np.abs(found).max())
    if folder:
        noises = [mono(path, SAMPLE_RATE) for path in sorted(folder.glob("noise*.wav"))]
    if not echoes:
        count = SAMPLE_RATE // 3
        dying = rng.standard_normal(count) * np.exp(-np.arange(count) / (SAMPLE_RATE * 0.06))
        echoes = [np.concatenate([[1.0], 0.15 * dying])]
    if not noises:
        spectrum = np.fft.rfft(rng.standard_normal(20 * SAMPLE_RATE))
        noises = [np.fft.irfft(spectrum / (1 + np.fft.rfftfreq(20 * SAMPLE_RATE, 1 / SAMPLE_RATE) / 200))]
    return Room(tuple(echoes), tuple(one / np.sqrt(np.mean(one**2)) for one in noises))


def joined(clips: Sequence[Clip], room: Room, rng: np.random.Generator) -> list[Sound]:
    """The clips, all as loud, by turns at two microphones: the room's sound at both, the voice itself at its own, noise under both."""
    tracks: list[list[Sound]] = [[], []]
    for number, clip in enumerate(clips):
        spoken = clip.sound * 10 ** (LEVEL_DB / 20) / float(np.sqrt(np.mean(clip.sound**2)))
        pause = np.zeros(int(rng.uniform(*PAUSES_S) * SAMPLE_RATE))
        far = convolved(spoken, room.echoes[number % len(room.echoes)]) * 10 ** (CROSSTALK_DB / 20)
        for channel in (0, 1):
            heard = far + np.pad(spoken, (0, len(far) - len(spoken))) if channel == number % 2 else far
            tracks[channel] += [pause, heard]
    out = []
    for channel, parts in enumerate(tracks):
        sound = np.concatenate([*parts, np.zeros(SAMPLE_RATE)])
        noise = np.resize(np.concatenate(room.noises[channel:] + room.noises[:channel]), len(sound))
        out.append(sound + noise * 10 ** ((LEVEL_DB + NOISE_DB) / 20))
    return out


def transcribed(tracks: Sequence[Sound], language: str, speech: SpeechSettings, engines: Engines) -> list[str]:
    """The pipeline's words in the order of their passages."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        with wave.open(str(path), "wb") as out:
            out.setnchannels(len(tracks))
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE)
            out.writeframes((np.clip(np.stack(tracks, 1), -1, 1) * 32767).astype("<i2").tobytes())
        with SoundRecord(path, language) as record:
            found = transcribe(record.view, record, speech, engines=engines)
    return [plain for p in found.passages for w in p.words for plain in comparable(w.spoken or w.text)]


def measured(
    name: str, clips: Sequence[Clip], language: str, speech: SpeechSettings, room: Room, seed: int
) -> dict[str, Any]:
    """All three rates of an engine."""
    engines = Engines(speech)
    alone, clean, parts = Errors(), Errors(), []
    for clip in clips:
        engine = engines.for_language(clip.language)
        if engine is None:
            raise SystemExit(f"{name}: {engines.trouble(clip.language)}")
        said = units([(clip.text, clip.language)])
        raw = comparable(engine.recognize(clip.sound.astype(np.float32), clip.language).text)
        ours = transcribed([clip.sound], clip.language, speech, engines)
        alone.add(aligned(said, raw).counts.words[""])
        clean.add(aligned(said, ours).counts.words[""])
        parts.append(
            {
                "clip": clip.name,
                "said": " ".join(unit.text for unit in said),
                "alone": " ".join(raw),
                "ours": " ".join(ours),
            }
        )
    tracks = joined(clips, room, np.random.default_rng(seed))
    whole = transcribed(tracks, language, speech, engines)
    together = aligned(units([(clip.text, clip.language) for clip in clips]), whole).counts.words[""]
    return {
        "engine": name, "clips": len(clips), "words": alone.said, "alone": alone.rate, "clips_rate": clean.rate, "joined_rate": together.rate,
        "holds": (clean.rate or 0) <= (alone.rate or 0) + CLEAN_POINTS and (together.rate or 0) <= (alone.rate or 0) + JOINED_POINTS, "parts": parts,
    }  # fmt: skip


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--english", type=Path, help="folder of recorded English clips, for moonshine")
    parser.add_argument(
        "--noises", type=Path, help="folder of recorded noises and room responses (noise*.wav, rir*.wav)"
    )
    parser.add_argument("--clips", type=int, default=24, help="synthetic ones")
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument("--json", action="store_true", help="one JSON object, with the words of each clip")
    chosen = parser.parse_args()
    configure()
    room = room_of(chosen.noises, np.random.default_rng(chosen.seed))
    rows = [
        measured(
            "demonstration model (ru, kk)",
            demonstration_clips(chosen.clips, chosen.seed),
            "ru",
            demonstration_speech(),
            room,
            chosen.seed,
        )
    ]
    if chosen.english:
        from transcription.moonshine_engine import bundled_model

        if (weights := bundled_model()) is None:
            raise SystemExit("moonshine: this wheel carries no weights; 0.0.73 does")
        speech = SpeechSettings(models=(ModelSettings(engine="moonshine", path=weights, languages=("en",)),))
        rows.append(measured("moonshine tiny-en (en)", english_clips(chosen.english), "en", speech, room, chosen.seed))
    if chosen.json:
        print(json.dumps({"machine": machine(), "seed": chosen.seed, "engines": rows}, ensure_ascii=False))
    else:
        print(f"{'engine':32}{'clips':>7}{'words':>7}{'engine alone':>14}{'pipeline':>10}{'joined':>9}  limits")
        for row in rows:
            rates = [f"{100 * row[key]:.1f} %" for key in ("alone", "clips_rate", "joined_rate")]
            print(
                f"{row['engine']:32}{row['clips']:7}{row['words']:7}{rates[0]:>14}{rates[1]:>10}{rates[2]:>9}  {'hold' if row['holds'] else 'BROKEN'}"
            )
    return 0 if all(row["holds"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
