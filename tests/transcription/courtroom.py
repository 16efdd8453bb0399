"""Records for the tests of speech: real journals, real FLAC segments, sound made here."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import wave
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from protocol.note import Ed25519Signer
from protocol.record import DirectoryRecord
from protocol.view import HearingView
from protocol.writer import JournalWriter
from transcription.recognizer import Samples
from transcription.worker import read_view

RATE = 48_000
START_US = 1_760_000_000_000_000
SECOND = 1_000_000


def speech(
    text: str = "The court is now in session. Please be seated.", voice: str = "en", rate: int = RATE
) -> Samples:
    """Speech by espeak-ng; the test is skipped where it is not installed."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng (apt install espeak-ng)")
    done = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], check=True, capture_output=True, timeout=60)
    data = np.frombuffer(done.stdout[44:], np.int16).astype(np.float32) / 32768
    given = int.from_bytes(done.stdout[24:28], "little")
    places = np.arange(int(len(data) * rate / given)) * given / rate
    return np.interp(places, np.arange(len(data)), data).astype(np.float32)


def silence(seconds: float, rate: int = RATE) -> Samples:
    return np.zeros(int(seconds * rate), np.float32)


def noise(seconds: float, level_db: float = -40.0, rate: int = RATE, seed: int = 1) -> Samples:
    made = np.random.default_rng(seed).standard_normal(int(seconds * rate)) * 10 ** (level_db / 20)
    return made.astype(np.float32)


def write_flac(path: Path, samples: npt.NDArray[np.float32], rate: int = RATE, start_us: int = START_US) -> None:
    """One segment as the recorder writes it: mono FLAC in fragmented MP4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = {"movflags": "empty_moov+default_base_moof+frag_keyframe", "frag_duration": "250000"}
    with av.open(str(path), "w", format="mp4", options=flags) as out:
        out.metadata["comment"] = f"start_us={start_us}"
        stream = out.add_stream("flac", rate=rate)
        stream.layout, stream.format = "mono", "s16"
        whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        for at in range(0, len(whole), 4096):
            frame = av.AudioFrame.from_ndarray(whole[None, at : at + 4096], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def write_wav(path: Path, samples: Samples, rate: int = 16_000) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())


@dataclass
class Courtroom:
    """Builds one record step by step; times are seconds from the start of the hearing."""

    folder: Path
    language: str = "kk"
    hearing: str = "h1"
    _writer: JournalWriter = field(init=False)
    _lines: int = 0

    def __post_init__(self) -> None:
        signer = Ed25519Signer("box.test", bytes(32))
        salt = bytes(16)
        self._writer = JournalWriter.create(
            self.folder, signer, self.hearing, software="test", at_us=START_US, mono_us=0, salt=salt
        )
        self.line("case", {"number": "1", "code": "gpk", "language": self.language, "publicity": "open"})

    def line(self, kind: str, data: dict[str, Any]) -> None:
        self._lines += 1
        at = self._lines * 1000
        self._writer.append(kind, data, at_us=START_US + at, mono_us=at, salt=bytes(16))

    def seat(self, source: str, participant: str) -> None:
        self.line("participant", {"id": participant, "role": "judge", "name": participant})
        self.line("seat", {"id": f"seat-{participant}", "label": "", "source": source, "participant": participant})

    def take(
        self,
        tracks: dict[str, Samples],
        *,
        take: str = "T01",
        at: float = 0.0,
        segment_s: float = 2.0,
        publicity: str = "open",
        leave_out: tuple[int, ...] = (),
    ) -> None:
        """A whole take: its lines, its segments; numbers in `leave_out` are journalled as a gap instead."""
        start = START_US + int(at * SECOND)
        length = max(map(len, tracks.values()))
        end = start + length * SECOND // RATE
        self.line("take_started", {"take": take, "publicity": publicity, "start_us": start, "sources": sorted(tracks)})
        for source, samples in tracks.items():
            step = int(segment_s * RATE)
            for number, first in enumerate(range(0, len(samples), step), 1):
                piece = samples[first : first + step]
                times = (start + first * SECOND // RATE, start + (first + len(piece)) * SECOND // RATE)
                if number in leave_out:
                    hole = {"source": source, "from_us": times[0], "to_us": times[1]}
                    self.line("gap", {"cause": "lost", "detail": "", "intervals": [hole]})
                else:
                    self._segment(take, source, number, piece, times, publicity)
        self.line("take_ended", {"take": take, "end_us": end, "reason": "finish"})

    def _segment(
        self, take: str, source: str, number: int, piece: Samples, times: tuple[int, int], publicity: str
    ) -> None:
        path = f"media/{take}/{source}/{number:04d}.mp4"
        write_flac(self.folder / path, piece, start_us=times[0])
        data = (self.folder / path).read_bytes()
        self.line(
            "segment",
            {
                "path": path, "take": take, "source": source, "number": number, "bytes": len(data),
                "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode(), "start_us": times[0], "end_us": times[1],
                "media": "audio", "codec": "flac", "rate": RATE, "units": len(piece), "fragments": 1, "closed": "roll",
                "publicity": publicity, "peak_cdb": -600, "rms_cdb": -2000,
            },
        )  # fmt: skip

    @property
    def record(self) -> DirectoryRecord:
        return DirectoryRecord(self.folder)

    @property
    def view(self) -> HearingView:
        return read_view(self.record)
