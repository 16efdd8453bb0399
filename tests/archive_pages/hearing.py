"""A hearing to replay: two cameras, three microphones, two takes, a loss, stages, remarks, words in Kazakh and Russian, papers."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from protocol import durable
from protocol.encoding import b64
from protocol.note import Ed25519Signer
from protocol.passage import Model, Passage, Word
from protocol.seal import seal_revision
from protocol.transcript import TakeSpan, Transcript
from tests.storage.records import MUX, RATE, Builder

SECOND = 1_000_000
START_US = 1_795_408_200 * SECOND  # 23 November 2026, 09:30 in Kazakhstan
FIRST = (START_US, START_US + 12 * SECOND)
SECOND_TAKE_US = START_US + 40 * 60 * SECOND
SECOND_TAKE = (SECOND_TAKE_US, SECOND_TAKE_US + 8 * SECOND)
LENGTH_S = 4
CAMERAS = {"cam-bench": "Камера: суд", "cam-hall": "Камера: зал"}
MICROPHONES = {"mic-bench": "Судья", "mic-plaintiff": "Истец", "mic-defendant": "Ответчик"}
HEARING = "2026-11-23_7512-26-00-2-1234_k3f9"

SPEECH = (
    ("T01", "mic-bench", "p1", "kk", 0.5, 3.8, "Сот отырысы ашық деп жарияланады."),
    ("T01", "mic-plaintiff", "p2", "ru", 4.2, 7.4, "Прошу взыскать с ответчика сумму основного долга и неустойку."),
    ("T01", "mic-defendant", "p3", "ru", 7.9, 11.6, "Исковые требования не признаю, долг погашен ещё в мае."),
    ("T02", "mic-bench", "p1", "ru", 2400.4, 2403.0, "Заседание продолжается, участники те же."),
    ("T02", "mic-defendant", "p3", "kk", 2404.2, 2407.5, "Талап қоюды мойындамаймын, құжаттар іске тігілген."),
)


@lru_cache(maxsize=64)
def picture(shade: int, start_s: int) -> bytes:
    """A bar that crosses the picture once in a segment, on a ground that tells camera and time apart."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=MUX) as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "25", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(25 * LENGTH_S):
            pixels = np.full((180, 320, 3), (shade, 60 + start_s * 4 % 120, 90), dtype=np.uint8)
            pixels[:, number * 3 : number * 3 + 18] = (235, 235, 220)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return file.getvalue()


@lru_cache(maxsize=64)
def tone(frequency: int) -> bytes:
    """A tone of one segment's length, mono FLAC."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=MUX) as out:
        stream = out.add_stream("flac", rate=RATE, layout="mono")
        stream.codec_context.format = "s16"
        times = np.arange(RATE * LENGTH_S) / RATE
        samples = (6000 * np.sin(2 * np.pi * frequency * times)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return file.getvalue()


class Hearing(Builder):
    """Writes the hearing, its journal lines at the times they tell of."""

    def at(self, us: int) -> None:
        """Let the clock of the journal stand there; it never goes back."""
        self.clock.now_us = max(self.clock.now_us, us)

    def people(self) -> None:
        """Case, people, seats, sources."""
        at = self.clock.moment()
        self.line("clock", boot="boot", offset_us=at.at_us - at.mono_us, synchronized=True, ntp_offset_us=80)
        self.line(
            "case", number="7512-26-00-2/1234", code="gpk", court="Бостандыкский районный суд города Алматы", courtroom="№ 5",
            title="по иску Әбдіғұлова Ә. Қ. к ТОО «Өрлеу Құрылыс» о взыскании задолженности", kind="main", language="ru",
            publicity="open", judge="Сүлейменова А. Б.", secretary="Қожахмет Н. Ү.",
        )  # fmt: skip
        people = (("p1", "presiding_judge", "Сүлейменова А. Б."), ("p2", "plaintiff", "Әбдіғұлов Әлихан Қуанышұлы"))
        for person, role, name in (*people, ("p3", "defendant_representative", "Ким Виктор Андреевич")):
            self.line("participant", id=person, role=role, name=name, attendance="present", note="")
        for number, (source, label) in enumerate(MICROPHONES.items(), 1):
            self.line("source", name=source, kind="microphone", media="audio", label=label, device="test")
            self.line("seat", id=f"s{number}", label=label, source=source, participant=f"p{number}")
        for source, label in CAMERAS.items():
            self.line("source", name=source, kind="camera", media="video", label=label, device="test")
        self.writer.checkpoint()

    def state(self, old: str, new: str) -> None:
        """A change of state, signed."""
        self.line("state", **{"from": old, "to": new, "by": "secretary", "reason": ""})
        self.writer.checkpoint()

    def take(
        self, take: str, span: tuple[int, int], reason: str, lost: frozenset[tuple[str, int]] = frozenset()
    ) -> None:
        """A take with all its segments but the lost ones."""
        self.at(span[0])
        sources = sorted([*CAMERAS, *MICROPHONES])
        self.line("take_started", take=take, publicity="open", start_us=span[0], sources=sources)
        for number, start_us in enumerate(range(span[0], span[1], LENGTH_S * SECOND), 1):
            self.at(start_us + LENGTH_S * SECOND)
            for source in sources:
                if (source, number) not in lost:
                    self.file(take, source, number - sum(s == source and n < number for s, n in lost), start_us)
            self.writer.checkpoint()
        self.line("take_ended", take=take, end_us=span[1], reason=reason)

    def file(self, take: str, source: str, number: int, start_us: int) -> None:
        """One segment: its file and its line."""
        video = source in CAMERAS
        place = sorted(CAMERAS if video else MICROPHONES).index(source)
        second = (start_us - START_US) // SECOND
        data = picture(40 + 130 * place, second) if video else tone(220 + 110 * place)
        path = f"media/{take}/{source}/{number:04d}.mp4"
        durable.write_once(self.folder / path, data)
        self.line(
            "segment", path=path, take=take, source=source, number=number, bytes=len(data),
            sha256=b64(hashlib.sha256(data).digest()), start_us=start_us, end_us=start_us + LENGTH_S * SECOND,
            media="video" if video else "audio", codec="h264" if video else "flac", rate=90_000 if video else RATE,
            units=25 * LENGTH_S if video else RATE * LENGTH_S, fragments=LENGTH_S * 5, closed="roll", publicity="open",
            peak_cdb=None if video else -1400, rms_cdb=None if video else -1800,
        )  # fmt: skip

    def stage(self, code: str, second: float, participant: str | None = None, note: str = "") -> None:
        """A stage that somebody marked."""
        at_us = START_US + round(second * SECOND)
        self.line("stage", code=code, at_us=at_us, by="secretary", participant=participant, note=note)


def transcript(hearing: str) -> bytes:
    """What the machine wrote, each word with its time."""
    passages = []
    for take, source, speaker, language, start_s, end_s, text in SPEECH:
        start, end, words = START_US + round(start_s * SECOND), START_US + round(end_s * SECOND), text.split()
        step = (end - start) // len(words)
        written = tuple(
            Word(word, start + i * step, start + (i + 1) * step - 20_000, 930 if i % 4 else 410, 0)
            for i, word in enumerate(words)
        )
        passages.append(Passage("speech", take, source, start, end, language, speaker, written))
    spans = (TakeSpan("T01", *FIRST), TakeSpan("T02", *SECOND_TAKE))
    model = Model("faster-whisper", "test", "1", b64(bytes(32)))
    return Transcript(hearing, 1, "open", "ru", spans, (model,), (), tuple(passages)).to_json()


def make_hearing(folder: Path, signer: Ed25519Signer, hearing: str = HEARING, *, drafted: bool = True) -> Path:
    """The whole hearing, sealed; drafted or only finished."""
    record = Hearing(folder, hearing, signer)
    record.clock.now_us = START_US - 5 * SECOND
    record.people()
    record.state("planned", "recording")
    record.take("T01", FIRST, "pause")
    record.stage("OPEN", 0.4)
    record.stage("EXPLANATION", 4.0, "p2")
    record.line("remark", text="Истец предъявил подлинник договора", at_us=START_US + 6 * SECOND, by="secretary")
    record.stage("EXPLANATION", 7.8, "p3")
    record.stage("BREAK_START", 11.5, None, "до 10:10")
    record.state("recording", "paused")
    record.at(SECOND_TAKE_US - SECOND)
    record.state("paused", "recording")
    record.take("T02", SECOND_TAKE, "finish", frozenset({("mic-plaintiff", 1)}))
    interval = {"source": "mic-plaintiff", "from_us": SECOND_TAKE_US, "to_us": SECOND_TAKE_US + LENGTH_S * SECOND}
    record.line("gap", cause="device_lost", detail="unplugged", intervals=[interval])
    record.stage("BREAK_END", 2400.2)
    record.stage("CLOSE", 2407.6)
    record.state("recording", "finished")
    record.seal()
    record.add_revision("transcript", "transcript/0001.json", transcript(hearing))
    if drafted:
        for language in ("kk", "ru"):
            record.add_revision("brief_pdf", f"protocol/brief-0001.{language}.pdf", f"%PDF-1.7 {language}".encode())
        record.state("finished", "drafted")
    seal_revision(record.writer, record.clock.moment())
    record.writer.close()
    return folder
