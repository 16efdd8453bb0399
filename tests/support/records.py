"""Small records made by the product's own writer, with media of known bytes. Real media: tests/support/media.py and imports."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from protocol import durable
from protocol.encoding import b64
from protocol.note import Ed25519Signer
from protocol.seal import Moment, seal_capture, seal_revision
from protocol.writer import JournalWriter

START_US = 1_795_300_000_000_000  # 2026-11-21T22:26:40Z
SIGNER = Ed25519Signer("box-7.court.test", bytes(range(32)))
OTHER_SIGNER = Ed25519Signer("box-7.court.test", bytes(range(1, 33)))
HEARING = "2026-11-22_7512-26-00-2-1234_k3f9"


def salts(seed: int = 0) -> Callable[[], bytes]:
    """Salts that differ from call to call and not from run to run."""
    numbers: Iterator[int] = itertools.count(seed * 1_000_000)
    return lambda: hashlib.sha256(str(next(numbers)).encode()).digest()[:16]


class RecordMaker:
    """Writes one record line by line, with a clock that ticks 10 ms a line."""

    def __init__(self, folder: Path, hearing: str = HEARING, signer: Ed25519Signer = SIGNER, seed: int = 0) -> None:
        self.folder = folder
        self.now_us = START_US
        self.salt = salts(seed)
        self.writer = JournalWriter.create(
            folder, signer, hearing, software="hattama 0.1.0", at_us=self.now_us, mono_us=1_000_000, salt=self.salt()
        )
        self.line("clock", boot="boot-1", offset_us=START_US - 1_000_000, synchronized=True, ntp_offset_us=120)

    def moment(self) -> Moment:
        """The next reading of both clocks."""
        self.now_us += 10_000
        return Moment(self.now_us, self.now_us - START_US + 1_000_000, self.salt)

    def line(self, line_type: str, **data: Any) -> None:
        """Append a line; a trailing underscore in a key is dropped (``from_`` → ``from``)."""
        moment = self.moment()
        values = {key.rstrip("_"): value for key, value in data.items()}
        self.writer.append(line_type, values, at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())

    def state(self, old: str, new: str) -> None:
        """A change of state, signed at once."""
        self.line("state", from_=old, to=new, by="secretary", reason="")
        self.writer.checkpoint()

    def segment(
        self,
        take: str,
        source: str,
        number: int,
        start_us: int,
        length_us: int,
        *,
        video: bool = False,
        digests: int = 40,
        **more: Any,
    ) -> None:
        """A closed segment with bytes made from its path: its digest, so many times."""
        path = f"media/{take}/{source}/{number:04d}.mp4"
        content = hashlib.sha256(path.encode()).digest() * digests
        durable.write_once(self.folder / path, content)
        self.line(
            "progress",
            tracks=[{"path": path, "bytes": len(content) // 2, "sha256": digest(content[: len(content) // 2])}],
        )
        self.line(
            "segment",
            **{
                "path": path,
                "take": take,
                "source": source,
                "number": number,
                "bytes": len(content),
                "sha256": digest(content),
                "start_us": start_us,
                "end_us": start_us + length_us,
                "media": "video" if video else "audio",
                "codec": "h264" if video else "flac",
                "rate": 90_000 if video else 48_000,
                "units": length_us * 25 // 1_000_000 if video else length_us * 48_000 // 1_000_000,
                "fragments": 40,
                "closed": "roll",
                "publicity": "open",
                "peak_cdb": None if video else -600,
                "rms_cdb": None if video else -2600,
                **more,
            },
        )
        self.writer.checkpoint()

    def take(self, take: str, start_us: int, sources: list[str]) -> None:
        """Begin a take."""
        self.line("take_started", take=take, publicity="open", start_us=start_us, sources=sorted(sources))

    def end_take(self, take: str, end_us: int, reason: str) -> None:
        """End it."""
        self.line("take_ended", take=take, end_us=end_us, reason=reason)

    def seal(self) -> None:
        """Seal the capture."""
        seal_capture(self.writer, self.moment())

    def revise(self, kind: str, path: str, content: bytes) -> None:
        """A file that came after, and its seal."""
        durable.write_once(self.folder / path, content)
        number = int(path.rsplit("-", maxsplit=1)[-1].rsplit("/", maxsplit=1)[-1].split(".", maxsplit=1)[0])
        self.line(
            "revision", kind=kind, number=number, path=path, bytes=len(content), sha256=digest(content), by="machine"
        )
        seal_revision(self.writer, self.moment())


def digest(content: bytes) -> str:
    """Base64 SHA-256."""
    return b64(hashlib.sha256(content).digest())


def make_record(folder: Path, *, hearing: str = HEARING, signer: Ed25519Signer = SIGNER, seed: int = 0) -> Path:
    """A finished, sealed and drafted record: two takes, a camera and two microphones, one gap with its cause."""
    maker = RecordMaker(folder, hearing, signer, seed)
    maker.line("case", **case())
    maker.line("participant", id="p1", role="plaintiff", name="Истец", attendance="present", note="")
    maker.line("seat", id="s1", label="Стол истца", source="mic-plaintiff", participant="p1")
    for name, kind, media in (
        ("cam-hall", "camera", "video"),
        ("mic-judge", "microphone", "audio"),
        ("mic-plaintiff", "microphone", "audio"),
    ):
        maker.line("source", name=name, kind=kind, media=media, label=name, device="test")
    sources = ["cam-hall", "mic-judge", "mic-plaintiff"]
    first = START_US + 1_000_000
    maker.state("planned", "recording")
    maker.take("T01", first, sources)
    for number in (1, 2):
        for source in sources:
            start = first + (number - 1) * 10_000_000
            maker.segment("T01", source, number, start, 10_000_000, video=source == "cam-hall")
        maker.line("stage", code="OPEN", at_us=first + number * 1_000_000, by="secretary", participant=None, note="")
    maker.end_take("T01", first + 20_000_000, "pause")
    maker.state("recording", "paused")
    second = first + 60_000_000
    maker.state("paused", "recording")
    maker.take("T02", second, sources)
    for source in ("cam-hall", "mic-judge"):
        maker.segment("T02", source, 1, second, 10_000_000, video=source == "cam-hall", closed="stop")
    maker.segment("T02", "mic-plaintiff", 1, second, 4_000_000, closed="lost")
    maker.segment("T02", "mic-plaintiff", 2, second + 6_000_000, 4_000_000, closed="stop")
    interval = {"source": "mic-plaintiff", "from_us": second + 4_000_000, "to_us": second + 6_000_000}
    maker.line("gap", cause="device_lost", detail="unplugged", intervals=[interval])
    maker.line("remark", text="Шум в зале", at_us=second + 5_000_000, by="secretary")
    maker.end_take("T02", second + 10_000_000, "finish")
    maker.state("recording", "finished")
    maker.seal()
    maker.revise("transcript", "transcript/0001.json", b'{"format":"test"}')
    maker.revise("brief", "protocol/brief-0001.json", b'{"format":"test"}')
    maker.state("finished", "drafted")
    maker.writer.close()
    return folder


def case() -> Mapping[str, Any]:
    """A case of a civil hearing."""
    return {
        "number": "7512-26-00-2/1234",
        "code": "gpk",
        "court": "Суд",
        "courtroom": "7",
        "title": "о взыскании долга",
        "kind": "",
        "language": "ru",
        "publicity": "open",
        "judge": "А. Судья",
        "secretary": "Б. Секретарь",
    }


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a record, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
