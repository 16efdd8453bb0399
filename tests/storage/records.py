"""Small real records for the storage tests: real fragmented MP4 (H.264, FLAC), a real journal, seals by the protocol package."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from protocol import durable
from protocol.encoding import b64
from protocol.note import Ed25519Signer
from protocol.passage import Model, Passage, Word
from protocol.seal import Moment, seal_capture, seal_revision
from protocol.transcript import TakeSpan, Transcript
from protocol.writer import JournalWriter

START_US = 1_790_000_000_000_000
RATE = 48_000
SOURCES = ("cam-judge", "mic-bench")
MUX = {"movflags": "empty_moov+default_base_moof+skip_trailer", "frag_duration": "200000", "flush_packets": "1"}


@lru_cache(maxsize=8)
def video(number: int, seconds: int = 2) -> bytes:
    """A picture that moves; 25 frames a second."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=MUX) as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "25", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for frame_number in range(25 * seconds):
            pixels = np.full((120, 160, 3), (number * 40) % 256, dtype=np.uint8)
            pixels[:, (frame_number * 3) % 150 : (frame_number * 3) % 150 + 10] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return file.getvalue()


@lru_cache(maxsize=8)
def sound(number: int, seconds: int = 2) -> bytes:
    """A tone, mono FLAC."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=MUX) as out:
        stream = out.add_stream("flac", rate=RATE, layout="mono")
        stream.codec_context.format = "s16"
        times = np.arange(RATE * seconds) / RATE
        samples = (8000 * np.sin(2 * np.pi * (220 + 110 * number) * times)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        for packet in stream.encode(frame):
            out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return file.getvalue()


@dataclass
class Clock:
    """Time that goes on by a step at each look."""

    now_us: int = START_US
    booted_us: int = START_US - 1_000_000

    def moment(self) -> Moment:
        self.now_us += 1000
        return Moment(self.now_us, self.now_us - self.booted_us, lambda: secrets.token_bytes(16))


class Builder:
    """Writes one record step by step, as a recorder would."""

    def __init__(self, folder: Path, hearing: str, signer: Ed25519Signer, at_us: int = START_US) -> None:
        self.folder, self.hearing, self.clock = folder, hearing, Clock(at_us, at_us - 1_000_000)
        at = self.clock.moment()
        self.writer = JournalWriter.create(
            folder, signer, hearing, software="test", at_us=at.at_us, mono_us=at.mono_us, salt=at.salt()
        )

    def line(self, line_type: str, /, **data: Any) -> None:
        at = self.clock.moment()
        self.writer.append(line_type, data, at_us=at.at_us, mono_us=at.mono_us, salt=at.salt())

    def open(self, number: str = "7512-26-00-2/1234", publicity: str = "open") -> None:
        at = self.clock.moment()
        self.line("clock", boot="boot", offset_us=at.at_us - at.mono_us, synchronized=True, ntp_offset_us=None)
        self.line(
            "case", number=number, code="gpk", court="Медеуский районный суд", courtroom="3", title="Иск о взыскании",
            kind="main", language="ru", publicity=publicity, judge="Судья", secretary="Секретарь",
        )  # fmt: skip
        self.line("participant", id="p1", role="plaintiff", name="Истец Әлия", attendance="present", note="")
        self.line("seat", id="s1", label="Bench", source="mic-bench", participant="p1")
        self.line("source", name="cam-judge", kind="camera", media="video", label="Judge's camera", device="test")
        self.line("source", name="mic-bench", kind="microphone", media="audio", label="Bench", device="test")
        self.writer.checkpoint()

    def start(self, take: str = "T01", start_us: int = START_US, publicity: str = "open") -> None:
        self.line("state", **{"from": "planned", "to": "recording", "by": "secretary", "reason": ""})
        self.line("take_started", take=take, publicity=publicity, start_us=start_us, sources=sorted(SOURCES))
        self.writer.checkpoint()

    def segment(self, source: str, number: int, start_us: int, *, take: str = "T01", publicity: str = "open") -> None:
        data = video(number) if source.startswith("cam") else sound(number)
        path = f"media/{take}/{source}/{number:04d}.mp4"
        durable.write_once(self.folder / path, data)
        is_video = source.startswith("cam")
        self.line(
            "segment", path=path, take=take, source=source, number=number, bytes=len(data),
            sha256=b64(hashlib.sha256(data).digest()), start_us=start_us, end_us=start_us + 2_000_000,
            media="video" if is_video else "audio", codec="h264" if is_video else "flac",
            rate=90_000 if is_video else RATE, units=50 if is_video else 2 * RATE, fragments=10, closed="roll",
            publicity=publicity, peak_cdb=None if is_video else -1200, rms_cdb=None if is_video else -1500,
        )  # fmt: skip

    def end(self, end_us: int, take: str = "T01") -> None:
        self.line("take_ended", take=take, end_us=end_us, reason="finish")
        self.line("state", **{"from": "recording", "to": "finished", "by": "secretary", "reason": ""})
        self.writer.checkpoint()

    def add_revision(self, kind: str, path: str, data: bytes, number: int = 1) -> None:
        durable.write_once(self.folder / path, data)
        digest = b64(hashlib.sha256(data).digest())
        self.line("revision", kind=kind, number=number, path=path, bytes=len(data), sha256=digest, by="test")

    def seal(self) -> None:
        seal_capture(self.writer, self.clock.moment())

    def draft(self) -> None:
        """Transcript, brief protocol, next seal, state drafted."""
        self.add_revision("transcript", "transcript/0001.json", transcript(self.hearing))
        self.add_revision("brief_pdf", "protocol/brief-0001.ru.pdf", b"%PDF-1.7 test")
        self.line("state", **{"from": "finished", "to": "drafted", "by": "secretary", "reason": ""})
        seal_revision(self.writer, self.clock.moment())

    def draft_again(self) -> None:
        """A seal over what was added."""
        seal_revision(self.writer, self.clock.moment())

    def certify(self) -> None:
        """The judge has signed: no more than the state."""
        self.line("state", **{"from": "drafted", "to": "certified", "by": "judge", "reason": ""})
        self.writer.checkpoint()


def transcript(hearing: str) -> bytes:
    """One passage of two words."""
    words = tuple(
        Word(text=text, start_us=START_US + at, end_us=START_US + at + 400_000, probability_pm=900, model=0)
        for text, at in (("суд", 100_000), ("идёт", 600_000))
    )
    passage = Passage(
        kind="speech", take="T01", source="mic-bench", speaker="p1", language="ru", start_us=START_US + 100_000,
        end_us=START_US + 1_000_000, words=words,
    )  # fmt: skip
    span = TakeSpan("T01", START_US, START_US + 6_000_000)
    model = Model("faster-whisper", "test", "1", b64(bytes(32)))
    return Transcript(hearing, 1, "open", "ru", (span,), (model,), (), (passage,)).to_json()


def make_record(
    folder: Path, hearing: str, signer: Ed25519Signer, *, segments: int = 3, drafted: bool = True, at_us: int = START_US
) -> Builder:
    """A finished, sealed hearing of one take: a camera and a microphone, ``segments`` segments of 2 s each.

    Its lines were written from ``at_us`` on.
    """
    record = Builder(folder, hearing, signer, at_us)
    record.open()
    record.start()
    for number in range(1, segments + 1):
        for source in SOURCES:
            record.segment(source, number, START_US + (number - 1) * 2_000_000)
        record.writer.checkpoint()
    record.line("stage", code="opening", at_us=START_US + 1_000_000, by="secretary", participant=None, note="")
    record.line("remark", text="Замечание", at_us=START_US + 1_500_000, by="secretary")
    record.end(START_US + segments * 2_000_000)
    record.seal()
    if drafted:
        record.draft()
    return record


def files_of(folder: Path) -> Iterator[Path]:
    """Every file of a record."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
