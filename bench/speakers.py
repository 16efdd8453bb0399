"""Figures of who spoke when: one channel by itself, and microphones through the pipeline; a model folder to measure with."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_config.settings import Settings, SpeechSettings
from tests.transcription.courtroom import RATE, START_US, Courtroom
from transcription.diarization_pieces import Stretch, diarize
from transcription.diarization_process import PyannoteDiarizer
from transcription.evaluation.speakers import SpeakerTime, Turn, speaker_time
from transcription.recognizer import SAMPLE_RATE, Samples
from transcription.worker import transcribe_record


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


@contextmanager
def model_folder(folder: Path) -> Iterator[Path]:
    """A folder that pyannote.audio loads: the one given, or for as long as it is used one made of files of ONNX Runtime.

    Args:
        folder: of a pyannote model (docs/models.md), or of the files that ``scripts.make_diarizer`` reads.
    """
    if (folder / "config.yaml").is_file():
        yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "scripts.make_diarizer",
            "--files",
            str(folder),
            "--out",
            f"{made}/model",
        ]
        subprocess.run(command, check=True, timeout=600)
        yield Path(made) / "model"
