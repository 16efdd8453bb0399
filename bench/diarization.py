"""``.venv/bin/python -m bench.diarization --model FOLDER``: who spoke when, told from one channel by pyannote.audio.

The error rate is pyannote.metrics' own: no collar, overlap counted, the number of speakers not told. What is measured: recorded
meetings (``--clips``: FLAC files with RTTM beside them), each far microphone by itself; a mixture of four voices at four
microphones, by channel through the pipeline, and one of its channels by itself; and bench.hearing's made-up hearing (six voices at four
microphones, two of them shared): by channel, by channel with voices told apart on the shared ones, and as one room
microphone, the sum of all. Recognition is left out: only who speaks is compared. Times are of this machine, with whatever else it does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from bench.hearing import MICROPHONES, VOICES, made
from bench.machine import machine
from device_config.settings import DiarizationSettings, Settings, SpeechSettings
from tests.transcription.courtroom import RATE, START_US, Courtroom
from transcription.diarization_pieces import Stretch, diarize
from transcription.diarization_process import PyannoteDiarizer
from transcription.evaluation.speakers import SpeakerTime, Turn, speaker_time
from transcription.recognizer import SAMPLE_RATE, Samples
from transcription.worker import transcribe_record

#: Recorded clips, and the mixture of four microphones.
CLIP: Final = "ami-*.flac"
MIXTURE: Final = "mix4_bleed*.flac"


@dataclass
class Figure:
    """One line of the table."""

    what: str
    seconds: float
    speakers: int
    found: int
    time: SpeakerTime
    took_s: float

    def row(self) -> dict[str, Any]:
        """For JSON and the table."""
        spoken = self.time.spoken_s or 1.0
        parts = {"missed": self.time.missed_s, "false_alarm": self.time.invented_s, "confused": self.time.confused_s}
        return {
            "what": self.what, "seconds": round(self.seconds, 1), "speakers": self.speakers, "found": self.found,
            "error_rate": round(sum(parts.values()) / spoken, 4),
            **{key: round(value / spoken, 4) for key, value in parts.items()},
            "took_times_real": round(self.took_s / self.seconds, 3),
        }  # fmt: skip


def channels(path: Path) -> tuple[NDArray[np.float32], int]:
    """The samples of a file, (channels, n), −1 … 1, and their rate."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp")
        parts = [one.to_ndarray() for frame in container.decode(audio=0) for one in resampler.resample(frame)]
        rate = container.streams.audio[0].rate
    return np.concatenate(parts, axis=1).astype(np.float32), rate


def references(folder: Path) -> dict[str, list[Turn]]:
    """Turns by name of the recording, from every RTTM file of the folder."""
    out: dict[str, list[Turn]] = {}
    for path in sorted(folder.glob("*.rttm")):
        for fields in (line.split() for line in path.read_text(encoding="utf-8").splitlines()):
            if fields and fields[0] == "SPEAKER":
                start = float(fields[3])
                out.setdefault(fields[1], []).append(Turn(fields[7], start, start + float(fields[4])))
    return out


def alone(what: str, samples: Samples, wanted: list[Turn], diarizer: PyannoteDiarizer) -> Figure:
    """One channel by itself, all of it given to the diarizer."""
    started = time.monotonic()
    whole = [Stretch(0, 0, len(samples))]
    heard = diarize(whole, lambda one: samples[one.start : one.end], diarizer)
    took = time.monotonic() - started
    got = [Turn(str(t.voice), t.start / SAMPLE_RATE, t.end / SAMPLE_RATE) for t in heard.turns]
    seconds = len(samples) / SAMPLE_RATE
    return Figure(what, seconds, _many(wanted), _many(got), speaker_time(wanted, got, seconds), took)


def through(
    what: str,
    tracks: Mapping[str, NDArray[Any]],
    seats: list[tuple[str, str]],
    wanted: list[Turn],
    speech: SpeechSettings,
) -> Figure:
    """A record of these microphones and seats through the whole pipeline but recognition; a speaker is who the passage names."""
    seconds = len(next(iter(tracks.values()))) / RATE
    with tempfile.TemporaryDirectory() as folder:
        room = Courtroom(Path(folder) / "h1", language="ru")
        for source, who in seats:
            room.seat(source, who)
        room.take(
            {name: np.asarray(np.clip(track, -1, 1), np.float32) for name, track in tracks.items()}, segment_s=10.0
        )
        started = time.monotonic()
        transcript = transcribe_record(room.folder, Settings(state_dir=Path(folder), speech=speech))
        took = time.monotonic() - started
    got = [
        Turn(p.speaker or p.source, (p.start_us - START_US) / 1e6, (p.end_us - START_US) / 1e6)
        for p in transcript.passages
        if p.kind != "gap"
    ]
    return Figure(what, seconds, _many(wanted), _many(got), speaker_time(wanted, got, seconds), took)


def _many(turns: list[Turn]) -> int:
    return len({turn.speaker for turn in turns})


def at_rate(samples: NDArray[Any], given: int, wanted: int) -> NDArray[np.float32]:
    """Linear interpolation, as good as the speech in 16 kHz needs."""
    places = np.arange(int(samples.shape[-1] * wanted / given)) * given / wanted
    return np.asarray(np.interp(places, np.arange(samples.shape[-1]), samples), np.float32)


def clips(folder: Path, diarizer: PyannoteDiarizer, most: int | None) -> Iterator[Figure]:
    """Each clip, then all of them."""
    known = references(folder)
    total, seconds, took = SpeakerTime(), 0.0, 0.0
    for path in sorted(folder.glob(CLIP))[:most]:
        samples, rate = channels(path)
        figure = alone(
            path.stem, at_rate(samples.mean(0), rate, SAMPLE_RATE), known[path.stem.removeprefix("ami-")], diarizer
        )
        total.add(figure.time)
        seconds, took = seconds + figure.seconds, took + figure.took_s
        yield figure
    if seconds:
        yield Figure("all clips", seconds, 0, 0, total, took)


def mixtures(folder: Path, diarizer: PyannoteDiarizer, without: SpeechSettings) -> Iterator[Figure]:
    """Four voices at four microphones: by channel, and one of the channels."""
    known = references(folder)
    for path in sorted(folder.glob(MIXTURE)):
        samples, rate = channels(path)
        wanted = known[path.stem.split("_")[0]]
        mics = {f"mic-{n}": at_rate(channel, rate, RATE) for n, channel in enumerate(samples)}
        yield through(f"{path.stem}, by channel", mics, [(mic, f"p-{mic}") for mic in mics], wanted, without)
        yield alone(f"{path.stem}, one channel", at_rate(samples[0], rate, SAMPLE_RATE), wanted, diarizer)


def hearing(seconds: float, seed: int, speech: SpeechSettings, without: SpeechSettings) -> Iterator[Figure]:
    """The made-up hearing, three ways."""
    tracks, turns = made(seconds, -15.0, None, seed)
    seats = [(source, f"voice-{number}") for number, (source, *_) in enumerate(VOICES)]
    by_seat = [Turn(t.source, t.start_s, t.end_s) for t in turns]
    by_voice = [Turn(str(t.voice), t.start_s, t.end_s) for t in turns]
    yield through("hearing, by channel (a speaker is a microphone)", tracks, seats, by_seat, without)
    yield through("hearing, by channel, shared microphones by voice", tracks, seats, by_voice, speech)
    room = np.sum([tracks[name] for name in MICROPHONES], axis=0)
    yield through("hearing, one room microphone", {"mic-room": room}, [], by_voice, speech)


def peak_mib(pid: int | None) -> int | None:
    """The most memory a process has used, MiB."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), None)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of a pyannote model (docs/models.md)")
    parser.add_argument("--clips", type=Path, help="folder of ami-*.flac and mix4_bleed*.flac with RTTM files")
    parser.add_argument("--most", type=int, help="no more clips than this, and no mixtures")
    parser.add_argument("--seconds", type=float, default=600.0, help="length of the hearing; 0: none")
    parser.add_argument("--seed", type=int, default=1, help="of the hearing")
    parser.add_argument("--step", type=float, default=DiarizationSettings().step, help="as in the settings")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    without = SpeechSettings()
    speech = SpeechSettings(diarization=DiarizationSettings(path=chosen.model, step=chosen.step))
    rows: list[dict[str, Any]] = []

    def take(figures: Iterator[Figure]) -> None:
        for figure in figures:
            rows.append(figure.row())
            if not chosen.json:
                print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)

    diarizer = PyannoteDiarizer(speech)
    model = diarizer.identity
    if chosen.clips:
        take(clips(chosen.clips, diarizer, chosen.most))
        if chosen.most is None:
            take(mixtures(chosen.clips, diarizer, without))
    peak = peak_mib(diarizer.pid)
    diarizer.close()
    if chosen.seconds:
        take(hearing(chosen.seconds, chosen.seed, speech, without))
    if chosen.json:
        about = {
            "machine": machine(),
            "model": model.name,
            "sha256": model.sha256,
            "step": chosen.step,
            "peak_mib": peak,
        }
        print(json.dumps({**about, "figures": rows}))
    else:
        print(f"model {model.name} {model.sha256}, step {chosen.step}, peak memory of its process {peak} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
