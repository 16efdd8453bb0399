"""``.venv/bin/python -m bench.hearing``: who spoke when, in a made-up hearing of ten minutes; diarization error rate by channel.

Six voices at four microphones (two of them shared by two people), every microphone hearing the others through the room 15 dB softer,
a tenth of the turns begun before the last one ended, two minutes of silence and noise; seeded. The voices are eSpeak NG's, Kazakh and
Russian by turns and sometimes inside a turn; or with ``--voices`` recorded people, who speak English, Russian and Kazakh. The error
rate is the standard one (NIST, 2009): missed + false alarm + confused speaker time over all speaker time, in frames of 10 ms, no
collar, overlap counted; a speaker is the microphone's seat. With ``--diarizer`` the same hearing stands beside it with the six voices as
speakers (pyannote.metrics, no collar): shared microphones divided by voice, and all four mixed to one channel and told apart by
pyannote.audio alone. Exit status 1 when the error rate by channel is above 5 %, a word stands in the silent minutes or a passage of
a microphone with one seat has no name.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from bench.recorded_voices import people, sounds
from bench.sounds import mono
from bench.speakers import model_folder, through
from device_config.settings import DiarizationSettings, Settings, SpeechSettings
from hattama.demo.room import demonstration_speech
from hattama.logs import configure
from protocol.transcript import Transcript
from scripts.demo_model.sentences import OTHERS
from scripts.demo_model.sounds import RATE as SPOKEN_RATE
from scripts.demo_model.sounds import speak
from tests.transcription.courtroom import RATE, START_US, Courtroom
from transcription.evaluation.speakers import Turn as VoiceTurn
from transcription.worker import transcribe_record

MICROPHONES = ("mic-bench", "mic-plaintiff", "mic-defendant", "mic-secretary")
#: Microphone, eSpeak NG's variant, pitch, words a minute.
VOICES = (
    ("mic-bench", "+m3", 38, 160), ("mic-plaintiff", "+m1", 55, 172), ("mic-plaintiff", "+f4", 60, 165),
    ("mic-defendant", "+m7", 30, 158), ("mic-defendant", "+f1", 66, 170), ("mic-secretary", "+f2", 62, 168),
)  # fmt: skip
PLACES_M = ((0.0, 0.0), (-2.5, 4.0), (2.5, 4.0), (0.5, 1.8))
FRAME_S = 0.01
QUIET = ((150.0, 210.0), (420.0, 480.0))
LEVEL_DB = -24.0

MOST_ERRORS: Final = 0.05

Sound = NDArray[np.float64]
#: A turn of one voice, at `LEVEL_DB`, and its text.
Say = Callable[[np.random.Generator], tuple[Sound, str]]


@dataclass(frozen=True)
class Turn:
    """One voice's words on its microphone, seconds; `voice` is its place in `VOICES`."""

    source: str
    start_s: float
    end_s: float
    text: str
    voice: int


@dataclass(frozen=True)
class Errors:
    """Speaker time, seconds: in the reference, missed, invented, given to somebody else."""

    spoken_s: float
    missed_s: float
    false_alarm_s: float
    confused_s: float

    @property
    def rate(self) -> float:
        """Diarization error rate."""
        return (self.missed_s + self.false_alarm_s + self.confused_s) / self.spoken_s


def echoes(folder: Path | None, rng: np.random.Generator) -> list[Sound]:
    """Room responses: those of the folder (rir*.wav), else an echo that dies in a third of a second."""
    found = []
    for path in sorted(folder.glob("rir*.wav")) if folder else []:
        whole = mono(path, RATE)
        found.append(whole[int(np.abs(whole).argmax()) :][: RATE // 2])
    if not found:
        count = RATE // 3
        found = [np.concatenate([[1.0], 0.15 * rng.standard_normal(count) * np.exp(-np.arange(count) / (RATE * 0.06))])]
    return [one / np.abs(one).max() for one in found]


def convolved(sound: Sound, echo: Sound) -> Sound:
    """Through the room, at the sound's own power."""
    size = 1 << (len(sound) + len(echo)).bit_length()
    made: Sound = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size), size)[: len(sound) + len(echo)]
    return made * float(np.sqrt(np.mean(sound**2)) / (np.sqrt(np.mean(made[: len(sound)] ** 2)) + 1e-12))


def made(
    seconds: float, crosstalk_db: float, folder: Path | None, seed: int, recorded: Path | None = None
) -> tuple[dict[str, Sound], list[Turn]]:
    """The microphones' sound, and who speaks when."""
    rng = np.random.default_rng(seed)
    rooms = echoes(folder, rng)
    says = (
        [_recorded(phrases) for phrases in people(recorded, RATE)]
        if recorded
        else [_spoken(variant, pitch, speed) for _, variant, pitch, speed in VOICES]
    )
    tracks = np.zeros((len(MICROPHONES), int(seconds * RATE)))
    turns: list[Turn] = []
    at, last = 1.0, -1
    while at < seconds - 12:
        quiet = next((end for start, end in QUIET if start - 10 <= at < end), None)
        if quiet is not None:
            at = quiet + 1.0
            continue
        voice = int(rng.choice([i for i in range(len(VOICES)) if i != last]))
        source, (sound, text) = VOICES[voice][0], says[voice](rng)
        overlapping = turns and rng.random() < 0.1 and VOICES[last][0] != source
        begin = at + (-rng.uniform(0.2, 0.8) if overlapping else rng.uniform(0.15, 1.2))
        _place(tracks, MICROPHONES.index(source), sound, begin, crosstalk_db, rooms, rng)
        turns.append(Turn(source, begin, begin + len(sound) / RATE, text, voice))
        at, last = begin + len(sound) / RATE, voice
    tracks += 10 ** (-64 / 20) * rng.standard_normal(tracks.shape)
    _noises(tracks, rng, sounds(recorded, RATE) if recorded else ())
    return dict(zip(MICROPHONES, tracks, strict=True)), turns


def _spoken(variant: str, pitch: int, speed: int) -> Say:
    """A voice of eSpeak NG."""
    return lambda rng: _said(variant, pitch, speed, rng)


def _recorded(phrases: Sequence[Sound]) -> Say:
    """A recorded person: one or two of their phrases."""

    def say(rng: np.random.Generator) -> tuple[Sound, str]:
        chosen = [phrases[int(rng.integers(len(phrases)))] for _ in range(int(rng.integers(1, 3)))]
        parts = [part for phrase in chosen for part in (phrase, np.zeros(RATE // 4))][:-1]
        return _levelled(np.concatenate(parts)), ""

    return say


def _levelled(sound: Sound) -> Sound:
    return sound * 10 ** (LEVEL_DB / 20) / float(np.sqrt(np.mean(sound**2)))


def _said(variant: str, pitch: int, speed: int, rng: np.random.Generator) -> tuple[Sound, str]:
    """One or two sentences, the second now and then in the other language."""
    language = str(rng.choice(["ru", "kk"]))
    parts, texts = [], []
    for _ in range(int(rng.integers(1, 3))):
        text = str(rng.choice(OTHERS[language]))
        spoken = speak(language, text, variant, pitch, speed).astype(np.float64)
        count = int(len(spoken) * RATE / SPOKEN_RATE)
        parts += [np.interp(np.arange(count) * SPOKEN_RATE / RATE, np.arange(len(spoken)), spoken), np.zeros(RATE // 4)]
        texts.append(text)
        if rng.random() < 0.15:
            language = "kk" if language == "ru" else "ru"
    return _levelled(np.concatenate(parts[:-1])), " ".join(texts)


def _place(
    tracks: Sound,
    channel: int,
    sound: Sound,
    begin_s: float,
    crosstalk_db: float,
    rooms: list[Sound],
    rng: np.random.Generator,
) -> None:
    for other in range(len(tracks)):
        way = float(np.hypot(*np.subtract(PLACES_M[channel], PLACES_M[other])))
        heard = (
            sound
            if other == channel
            else convolved(sound, rooms[int(rng.integers(len(rooms)))]) * 10 ** (crosstalk_db / 20)
        )
        begin = round((begin_s + way / 343) * RATE)
        part = heard[: tracks.shape[1] - begin]
        tracks[other, begin : begin + len(part)] += part


def _noises(tracks: Sound, rng: np.random.Generator, recorded: Sequence[Sound]) -> None:
    """In the quiet minutes: paper, knocks, and in the second one ventilation; recorded noises, where there are any, in both."""
    for number, (start, end) in enumerate(QUIET):
        first, last = int((start + 2) * RATE), int((end - 2) * RATE)
        if last > tracks.shape[1]:
            continue
        if number:
            tracks[:, first:last] += 10 ** (-48 / 20) * rng.standard_normal((len(tracks), last - first))
        for noise in recorded:
            begin = int(rng.integers(first, max(first + 1, last - len(noise))))
            part = noise[: last - begin] * 10 ** (rng.uniform(-46, -34) / 20)
            tracks[:, begin : begin + len(part)] += part
        for _ in range(20):
            begin, size = int(rng.integers(first, last - RATE)), int(rng.uniform(0.03, 0.3) * RATE)
            burst = np.hanning(size) * rng.standard_normal(size) * 10 ** (rng.uniform(-40, -22) / 20)
            tracks[int(rng.integers(len(tracks))), begin : begin + size] += burst


def active(spans: list[tuple[str, float, float]], seconds: float) -> NDArray[np.bool_]:
    """Who speaks in which frame: (microphones, frames)."""
    table = np.zeros((len(MICROPHONES), int(seconds / FRAME_S)), bool)
    for source, start, end in spans:
        table[MICROPHONES.index(source), round(start / FRAME_S) : round(end / FRAME_S)] = True
    return table


def compared(reference: NDArray[np.bool_], found: NDArray[np.bool_]) -> Errors:
    """Diarization errors frame by frame; names are known, so nobody has to be matched."""
    wanted, got = reference.sum(0), found.sum(0)
    right = (reference & found).sum(0)
    missed, invented = np.maximum(wanted - got, 0), np.maximum(got - wanted, 0)
    confused = np.minimum(wanted, got) - right
    return Errors(*(float(each.sum()) * FRAME_S for each in (wanted, missed, invented, confused)))


def transcribed(tracks: dict[str, Sound], folder: Path) -> Transcript:
    """Through the whole pipeline, with the demonstration model."""
    room = Courtroom(folder / "h1", language="ru")
    shared = {source for source, *_ in VOICES if sum(v[0] == source for v in VOICES) > 1}
    for number, (source, *_) in enumerate(VOICES):
        room.seat(source, f"{'shared' if source in shared else 'alone'}-{number}")
    room.take({name: np.asarray(np.clip(track, -1, 1), np.float32) for name, track in tracks.items()}, segment_s=10.0)
    return transcribe_record(room.folder, Settings(state_dir=folder, speech=demonstration_speech()))


def by_voice(tracks: dict[str, Sound], turns: Sequence[Turn], diarizer: Path) -> dict[str, dict[str, Any]]:
    """The same hearing with its voices as speakers: shared microphones divided, and all of it on one channel."""
    speech = SpeechSettings(diarization=DiarizationSettings(path=diarizer))
    wanted = [VoiceTurn(str(turn.voice), turn.start_s, turn.end_s) for turn in turns]
    seats = [(source, f"voice-{number}") for number, (source, *_) in enumerate(VOICES)]
    mixed = np.sum([tracks[name] for name in MICROPHONES], axis=0)
    return {
        "by_channel_and_voice": through("shared microphones by voice", tracks, seats, wanted, speech).row(),
        "single_channel": through("one channel", {"mic-room": mixed}, [], wanted, speech).row(),
    }


def measured(
    seconds: float,
    crosstalk_db: float,
    rooms: Path | None,
    seed: int,
    recorded: Path | None = None,
    diarizer: Path | None = None,
) -> dict[str, Any]:
    """Make, transcribe, compare."""
    tracks, turns = made(seconds, crosstalk_db, rooms, seed, recorded)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        transcript = transcribed(tracks, Path(folder))
    took_s = time.monotonic() - started
    spans = [
        (p, (p.start_us - START_US) / 1e6, (p.end_us - START_US) / 1e6) for p in transcript.passages if p.kind != "gap"
    ]
    reference = active([(turn.source, turn.start_s, turn.end_s) for turn in turns], seconds)
    errors = compared(reference, active([(p.source, start, end) for p, start, end in spans], seconds))
    quiet = [p for p, start, end in spans if any(a + 1 < (start + end) / 2 < b - 1 for a, b in QUIET)]
    found = {
        "seconds": seconds, "crosstalk_db": crosstalk_db, "seed": seed, "voices": "recorded" if recorded else "eSpeak NG",
        "turns": len(turns), "passages": len(spans),
        "errors": {key: round(value, 2) for key, value in asdict(errors).items()}, "error_rate": round(errors.rate, 4),
        "words_in_quiet_minutes": sum(len(p.words) for p in quiet), "passages_in_quiet_minutes": len(quiet),
        "unnamed": sum(p.speaker is None and p.source in ("mic-bench", "mic-secretary") for p, _, _ in spans),
        "took_s": round(took_s, 1),
    }  # fmt: skip
    if diarizer is not None:
        with model_folder(diarizer) as model:
            found |= by_voice(tracks, turns, model)
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="length of the hearing")
    parser.add_argument("--crosstalk", type=float, default=-15.0, help="how much softer the others are heard, dB")
    parser.add_argument("--rooms", type=Path, help="folder of room responses (rir*.wav)")
    parser.add_argument("--voices", type=Path, help="folder of recorded voices and noises (bench.recorded_voices)")
    parser.add_argument(
        "--diarizer", type=Path, help="folder of a pyannote model, or of files that scripts.make_diarizer reads"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    configure()
    found = measured(chosen.seconds, chosen.crosstalk, chosen.rooms, chosen.seed, chosen.voices, chosen.diarizer)
    if chosen.json:
        print(json.dumps({"machine": machine(), **found}))
    else:
        for key, value in found.items():
            print(f"{key:28}{value}")
    bad = found["error_rate"] > MOST_ERRORS or found["words_in_quiet_minutes"] or found["unnamed"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
