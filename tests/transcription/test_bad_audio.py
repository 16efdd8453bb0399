"""Bad sound, through the import into a record and through the pipeline: a transcript or a clear refusal, never a crash."""

from __future__ import annotations

import io
import json
import resource
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from device_config.settings import ModelSettings, SpeechSettings
from protocol.hearing import Case, Segment, Take
from protocol.record import DirectoryRecord, RecordSource
from protocol.transcript import Model, Transcript
from protocol.view import HearingView
from tests.support.command import hattama
from tests.transcription.courtroom import noise, silence
from transcription.activity import LevelDetector
from transcription.models import Engines
from transcription.pipeline import transcribe
from transcription.recognizer import FakeRecognizer, Recognition, Samples, spread
from transcription.worker import read_view

MODEL = Model("fake", "fake", "1", "A" * 43 + "=")
RATE = 16_000


class Steady(LevelDetector):
    """Loud is speech, except what does not move: Silero, too, takes no constant for a voice."""

    def __call__(self, windows: Samples) -> npt.NDArray[np.float32]:
        return super().__call__((windows - windows.mean(axis=1, keepdims=True)).astype(np.float32))


@dataclass
class Ears:
    """An engine that hears a word in everything, and remembers what it was given."""

    given: list[Samples] = field(default_factory=list)

    def __call__(self, samples: Samples, _language: str) -> Recognition:
        self.given.append(samples)
        return Recognition(spread(["сөз"], 0, len(samples) * 1_000_000 // RATE))


def written(view: HearingView, record: RecordSource, ears: Ears) -> Transcript:
    fake = FakeRecognizer(MODEL, frozenset({"kk"}), ears)
    settings = ModelSettings(engine="moonshine", path=Path("x"), languages=("kk",))
    installed = Engines(SpeechSettings(models=(settings,)), {"moonshine": lambda _model, _speech: fake})
    return transcribe(view, record, SpeechSettings(), engines=installed, detector=Steady())


def pcm(channels: list[Samples], rate: int = RATE) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(np.stack(channels, 1), -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def floats(channels: list[Samples], rate: int = RATE) -> bytes:
    """A WAV of 32-bit floats as a faulty converter writes it: nobody looked at what they are."""
    data = np.stack(channels, 1).astype("<f4").tobytes()
    size = 4 * len(channels)
    form = struct.pack("<HHIIHH", 3, len(channels), rate, rate * size, size, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def voice(rate: int = RATE) -> Samples:
    """Two loud seconds between two silent ones."""
    return np.concatenate([silence(1, rate), noise(2, -20, rate), silence(1, rate)])


def everywhere(value: float) -> Samples:
    return np.full(4 * RATE, value, np.float32)


#: The file, and on how many tracks somebody is heard, or the code of the refusal.
CASES: dict[str, tuple[bytes, int | str]] = {
    "clipped": (pcm([voice() * 40]), 1),
    "8 kHz": (pcm([voice(8000)], 8000), 1),
    "mono in stereo, the other silent": (pcm([voice(), silence(4, RATE)]), 1),
    "mono in stereo, both the same": (pcm([voice(), voice()]), 2),
    "one channel not a number": (floats([voice(), everywhere(float("nan"))]), 1),
    "one channel infinite": (floats([voice(), everywhere(float("inf"))]), 1),
    "one channel constant": (pcm([voice(), everywhere(0.25)]), 1),
    "far beyond full scale": (floats([voice() * 1e6]), 1),
    "10 ms": (pcm([noise(0.01, -20, RATE)]), 0),
    "0 s": (pcm([silence(0, RATE)]), "import-"),
    "no bytes": (b"", "import-empty"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bad_recording_gives_a_transcript_or_is_refused(tmp_path: Path, name: str) -> None:
    data, expected = CASES[name]
    path = tmp_path / "bad.wav"
    path.write_bytes(data)
    said = hattama("import", str(path), "--language", "kk", "--json")
    if isinstance(expected, str):
        assert said.status == 65, said
        assert said.err.startswith(f"error[{expected}"), said
        assert not list(tmp_path.rglob("journal.jsonl"))
        return
    assert said.status == 0, said
    record = DirectoryRecord(Path(json.loads(said.out)["record"]))
    ears = Ears()
    transcript = written(read_view(record), record, ears)
    assert len({p.source for p in transcript.passages if p.kind == "speech"}) == expected, transcript.passages
    assert all(np.isfinite(samples).all() and np.abs(samples).max() <= 1 for samples in ears.given)


@dataclass
class Long:
    """Eight hours of which one minute in ten was recorded, made when it is read; two seconds of noise in every hour."""

    minutes: int = 480

    @property
    def view(self) -> HearingView:
        view = HearingView(hearing="long", case=Case(language="kk"))
        view.takes["T01"] = Take("T01", "open", 0, ("mic",), self.minutes * 60_000_000)
        view.segments += [
            Segment(
                path, "T01", "mic", number, 0, "", number * 60_000_000, (number + 1) * 60_000_000, "audio", "pcm", RATE, 60 * RATE, 1, "roll"
            )
            for path in self.paths()
            for number in [int(path[-8:-4])]
        ]  # fmt: skip
        return view

    def paths(self) -> list[str]:
        return [f"media/T01/mic/{number:04d}.wav" for number in range(0, self.minutes, 10)]

    def size(self, path: str) -> int:
        return len(self.read(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        yield self.read(path)

    def read(self, path: str) -> bytes:
        minute = silence(60, RATE)
        if int(path[-8:-4]) % 60 == 30:
            minute[160_000:192_000] = noise(2, -20, RATE)
        return pcm([minute])


def test_eight_hours() -> None:
    """Sparse and long: every word in its hour; what is in memory is some segments, not eight hours (1.8 GB of samples)."""
    room, ears = Long(), Ears()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    transcript = written(room.view, room, ears)
    assert [round(p.start_us / 60_000_000) for p in transcript.passages] == [60 * hour + 30 for hour in range(8)]
    assert {p.kind for p in transcript.passages} == {"speech"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kB
