"""The golden good records of format version 1: how they were made. They lie in tests/assets/records/good and are never made again.

What was ever valid stays valid: a verifier of any later version must find each of them good (tests/protocol/test_golden.py pins
their bytes). ``python -m tests.support.golden`` writes those that are not there yet.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nacl.public import PrivateKey

from protocol import canonical, closed, durable, timestamps
from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import b64, utc_text
from protocol.journal import split_lines
from protocol.merkle import Tree, leaf_hash
from protocol.note import Ed25519Signer, sign_note
from protocol.receipt import FORMAT, Receipt, subject_of
from protocol.record import MemoryRecord
from protocol.redaction import redact
from protocol.seal import seal_revision
from protocol.seal_stamp import path_of, sealing_note
from tests.support.records import START_US, RecordMaker, digest, files_of

GOOD = Path(__file__).parents[1] / "assets" / "records" / "good"
AUTHORITY = GOOD.parent / "authority.pem"
BOX = Ed25519Signer("box-1.test", bytes(range(32)))
ARCHIVE = Ed25519Signer("archive.test", bytes(range(32, 64)))
HEARING = "2026-11-22_g1"
SALT = bytes(range(64, 80))
SECOND = 1_000_000
FIRST = START_US + SECOND
MIC, CAMERA, REMOTE = "mic-judge", "cam-hall", "mic-remote"

Files = dict[str, bytes]


class Maker(RecordMaker):
    """A record maker that signs after each line: a line that was changed is then told exactly.

    ``time_base``: what its segments say their places rest on; none is an older recorder's.
    """

    time_base: str | None = None

    def __init__(self, folder: Path, hearing: str = HEARING) -> None:
        super().__init__(folder, hearing, BOX)
        self.writer.checkpoint()

    def line(self, line_type: str, **data: Any) -> None:
        super().line(line_type, **data)
        if self.writer.checkpoints():  # the first two lines are signed together
            self.writer.checkpoint()

    def state(self, old: str, new: str) -> None:
        self.line("state", from_=old, to=new, by="secretary", reason="")

    def begin(self, *sources: str) -> None:
        """The case, its sources, the first take."""
        self.line("case", **CASE)
        for name in sources:
            kind, media = ("camera", "video") if name == CAMERA else ("microphone", "audio")
            self.line("source", name=name, kind=kind, media=media, label=name, device="test")
        self.state("planned", "recording")
        self.take("T01", FIRST, list(sources))

    def piece(
        self, source: str, number: int, *, take: str = "T01", at: int = FIRST, seconds: int = 10, **more: Any
    ) -> None:
        """A segment of a few hundred bytes, ``at`` the take's start."""
        start = at + (number - 1) * 10 * SECOND
        video = source == CAMERA
        if self.time_base:
            more = {"media_us": seconds * SECOND, "time_base": self.time_base} | more
        facts: dict[str, Any] = {
            "digests": 4,
            "closed": "stop",
            "start_us": start,
            "length_us": seconds * SECOND,
        } | more
        self.segment(take, source, number, video=video, **facts)

    def finish(self, take: str = "T01", end_us: int = FIRST + 20 * SECOND) -> None:
        """The end of the last take, and the seal of the capture."""
        self.end_take(take, end_us, "finish")
        self.state("recording", "finished")
        self.seal()

    def draft(self) -> None:
        """Transcript and brief protocol, each with its seal."""
        self.revise("transcript", "transcript/0001.json", b'{"format":"test"}')
        self.revise("brief", "protocol/brief-0001.json", b'{"format":"test"}')
        self.state("finished", "drafted")


CASE = {
    "number": "1/26",
    "code": "gpk",
    "court": "Суд",
    "courtroom": "7",
    "title": "Қарыз",
    "kind": "",
    "language": "kk",
    "publicity": "open",
    "judge": "А",
    "secretary": "Б",
}


def plain(folder: Path) -> None:
    """A camera and a microphone, two segments each, transcript and brief protocol, the archive's receipt."""
    maker = Maker(folder)
    maker.begin(CAMERA, MIC)
    for number in (1, 2):
        maker.piece(CAMERA, number)
        maker.piece(MIC, number)
    maker.finish()
    maker.draft()
    received(maker)


def gaps(folder: Path) -> None:
    """A microphone was pulled out for two seconds."""
    maker = Maker(folder)
    maker.time_base = "arrival"
    maker.begin(CAMERA, MIC)
    maker.piece(CAMERA, 1)
    maker.piece(MIC, 1, seconds=4, closed="lost")
    maker.line("source_lost", source=MIC, at_us=FIRST + 4 * SECOND, cause="device_lost")
    maker.line("source_back", source=MIC, at_us=FIRST + 6 * SECOND, cause="")
    maker.piece(MIC, 2, start_us=FIRST + 6 * SECOND, seconds=4)
    hole = {"source": MIC, "from_us": FIRST + 4 * SECOND, "to_us": FIRST + 6 * SECOND}
    maker.line("gap", cause="device_lost", detail="unplugged", intervals=[hole])
    maker.finish(end_us=FIRST + 10 * SECOND)


def paused(folder: Path) -> None:
    """Two takes with a pause between them, a stage and a remark."""
    maker = Maker(folder)
    maker.time_base = "rtcp"
    maker.begin(MIC)
    maker.line("stage", code="OPEN", at_us=FIRST + SECOND, by="secretary", participant=None, note="")
    maker.piece(MIC, 1)
    maker.end_take("T01", FIRST + 10 * SECOND, "pause")
    maker.state("recording", "paused")
    maker.state("paused", "recording")
    maker.take("T02", FIRST + 60 * SECOND, [MIC])
    maker.line("remark", text="Шум в зале", at_us=FIRST + 61 * SECOND, by="secretary")
    maker.piece(MIC, 1, take="T02", at=FIRST + 60 * SECOND)
    maker.finish("T02", FIRST + 70 * SECOND)
    maker.draft()


def recovered(folder: Path) -> None:
    """The power went; the box came back, kept what was on the disk and went on in a second take."""
    maker = Maker(folder)
    maker.time_base = "arrival"
    maker.begin(MIC)
    maker.piece(MIC, 1)
    maker.piece(MIC, 2, seconds=3, closed="recovered")
    maker.now_us += 40 * SECOND
    maker.line("clock", boot="boot-2", offset_us=START_US - SECOND, synchronized=False, ntp_offset_us=None)
    torn = {"torn_bytes": 9, "torn_sha256": digest(b'{"at":"20'), "last_us": FIRST + 13 * SECOND}
    maker.line("recovered", cause="power_or_kill", **torn)
    maker.end_take("T01", FIRST + 13 * SECOND, "interrupted")
    maker.state("recording", "faulty")
    maker.state("faulty", "recording")
    maker.take("T02", FIRST + 60 * SECOND, [MIC])
    maker.piece(MIC, 1, take="T02", at=FIRST + 60 * SECOND)
    maker.finish("T02", FIRST + 70 * SECOND)


def sources(folder: Path) -> None:
    """A remote participant joins the running take, leaves and comes back; a camera is taken out."""
    maker = Maker(folder)
    maker.time_base = "arrival"
    maker.begin(CAMERA, MIC)
    maker.line("source", name=REMOTE, kind="remote", media="audio", label="", device="")
    maker.line("source_added", take="T01", source=REMOTE, at_us=FIRST + 5 * SECOND, by="secretary")
    maker.piece(CAMERA, 1)
    maker.line("source_removed", take="T01", source=CAMERA, at_us=FIRST + 10 * SECOND, by="secretary")
    maker.piece(MIC, 1)
    maker.piece(REMOTE, 1, start_us=FIRST + 5 * SECOND, seconds=10)
    maker.line("source_removed", take="T01", source=REMOTE, at_us=FIRST + 15 * SECOND, by="secretary")
    maker.line("source_added", take="T01", source=REMOTE, at_us=FIRST + 17 * SECOND, by="secretary")
    maker.piece(MIC, 2)
    maker.piece(REMOTE, 2, start_us=FIRST + 17 * SECOND, seconds=3)
    maker.finish()


def encrypted(folder: Path, hearing: str = HEARING, key: bytes = bytes(range(32))) -> None:
    """A closed take: its segment encrypted from the first byte, a remark whose content is sealed."""
    archive = PrivateKey(b"\1" * 32)
    maker = Maker(folder, hearing)
    maker.line("key", key="K01", take="T01", wrapped=closed.wrap_key(key, {"archive": bytes(archive.public_key)}))
    maker.state("planned", "recording")
    maker.line("take_started", take="T01", publicity="closed", start_us=FIRST, sources=[MIC])
    path = f"media/T01/{MIC}/0001.mp4.enc"
    encryptor = closed.StreamEncryptor(key, path)
    cipher = encryptor.head + b"".join(encryptor.chunk(b"fragment" * 5, final=number == 3) for number in range(4))
    durable.write_once(folder / path, cipher)
    segment = {"path": path, "take": "T01", "source": MIC, "number": 1, "bytes": len(cipher), "sha256": digest(cipher)}
    times = {"start_us": FIRST, "end_us": FIRST + 10 * SECOND, "fragments": 4, "closed": "stop", "publicity": "closed"}
    media = {"media": "audio", "codec": "flac", "rate": 48_000, "units": 480_000, "peak_cdb": None, "rms_cdb": None}
    plain_facts = {"key": "K01", "plain_bytes": encryptor.plain_bytes, "plain_sha256": encryptor.plain_sha256}
    maker.line("segment", **segment, **times, **media, **plain_facts)
    remark = {"text": "Тайна усыновления", "at_us": FIRST, "by": "secretary"}
    seq = maker.writer.size
    maker.line("remark", **closed.seal_line_data(remark, key, "K01", line_type="remark", seq=seq, salt=bytes(16)))
    maker.finish(end_us=FIRST + 10 * SECOND)


def imported(folder: Path) -> None:
    """A record made of a dictaphone's file."""
    maker = Maker(folder)
    maker.time_base = "file"
    maker.line("case", **CASE)
    maker.line("source", name="file-1", kind="file", media="audio", label="dictaphone", device="a.wav")
    track = {"source": "file-1", "stream": 0, "channel": 0, "codec": "pcm_s16le", "way": "decoded", "exact": True}
    file = {"name": "a.wav", "bytes": 960_044, "sha256": digest(b"a.wav"), "container": "wav"}
    times = {"created_us": None, "changed_us": FIRST, "start_us": FIRST, "start_from": "stated", "take": "T01"}
    maker.state("planned", "recording")
    maker.take("T01", FIRST, ["file-1"])
    maker.line("imported", files=[{**file, **times, "tracks": [track], "ignored": []}])
    maker.piece("file-1", 1)
    maker.finish(end_us=FIRST + 10 * SECOND)
    maker.draft()


def later_seals(folder: Path) -> None:
    """Sealed again after a revision, a signature, remarks and an amendment."""
    maker = Maker(folder)
    maker.begin(MIC)
    maker.piece(MIC, 1)
    maker.finish(end_us=FIRST + 10 * SECOND)
    maker.draft()
    later = (
        ("revision", "transcript", "transcript/0002.json"),
        ("signature", "signature", "signatures/judge-0001.p7s"),
        ("revision", "remarks", "protocol/remarks-0001.json"),
        ("amendment", "amendment", "protocol/amendment-0001.json"),
    )
    for seal, kind, path in later:
        content = f'{{"format":"{kind}"}}'.encode()
        durable.write_once(folder / path, content)
        number = int(path[-9:-5]) if path.endswith("json") else 1
        facts = {"bytes": len(content), "sha256": digest(content), "by": "judge"}
        maker.line("revision", kind=kind, number=number, path=path, **facts)
        seal_revision(maker.writer, maker.moment(), seal)
    maker.state("drafted", "certified")
    received(maker)
    maker.state("certified", "archived")


def salted_receipt(folder: Path) -> None:
    """A microphone, and a receipt of format 2: the archive's log names no hearing."""
    maker = Maker(folder)
    maker.begin(MIC)
    maker.piece(MIC, 1)
    maker.finish(end_us=FIRST + 10 * SECOND)
    maker.draft()
    received(maker, SALT)


def stamped(folder: Path) -> None:
    """A microphone; both seals have a time stamp of an authority of openssl's, whose issuer lies in tests/assets/records/authority.pem."""
    from tests.hattama.test_timestamp import make_authority

    maker = Maker(folder)
    maker.begin(MIC)
    maker.piece(MIC, 1)
    maker.finish(end_us=FIRST + 10 * SECOND)
    with tempfile.TemporaryDirectory() as place:
        authority = make_authority(Path(place) / "tsa")
        for number in (1, 2):
            seal = maker.writer.lines[-1].seq
            content = sealing_note((folder / "checkpoints").read_bytes(), seal)
            assert content is not None
            token = timestamps.token_of(authority.answer(timestamps.request(content, number)), content, number)
            durable.write_once(folder / path_of(number), token)
            facts = {"bytes": len(token), "sha256": digest(token)}
            maker.line("timestamp", number=number, path=path_of(number), **facts)
            if number == 1:
                maker.state("finished", "drafted")
                maker.revise("transcript", "transcript/0001.json", b'{"format":"test"}')
        AUTHORITY.write_bytes(authority.issuer)


def withdrawn(folder: Path) -> None:
    """A stage marked and taken back within ten seconds; a remark corrected, and the correction taken back with a reason."""
    maker = Maker(folder)
    maker.begin(MIC)
    maker.line("stage", code="OPEN", at_us=FIRST + SECOND, by="secretary", participant=None, note="")
    maker.line("stage", code="DEBATE", at_us=FIRST + 2 * SECOND, by="secretary", participant=None, note="")
    maker.line("withdrawn", line=7, at_us=FIRST + 3 * SECOND, by="secretary", reason="")
    maker.line("remark", text="Шум", at_us=FIRST + 4 * SECOND, by="secretary")
    maker.line("remark", text="Шум в зале", at_us=FIRST + 4 * SECOND, by="judge", replaces=9)
    maker.line("withdrawn", line=10, at_us=FIRST + 8 * SECOND, by="judge", reason="қате")
    maker.piece(MIC, 1)
    maker.finish(end_us=FIRST + 10 * SECOND)
    maker.draft()


def received(maker: Maker, salt: bytes | None = None) -> None:
    """The archive's receipt for the last seal: the third of five entries of its log."""
    root, size = maker.writer.root, maker.writer.size
    named = {"hearing": HEARING, "origin": f"{BOX.key.name}/{HEARING}"}
    entry = {"journal_root": b64(root), "journal_size": size}
    entry |= named if salt is None else {"subject": subject_of(HEARING, salt)}
    text = canonical.dumps({**entry, "received_at": utc_text(maker.now_us), "seal_number": 1, "type": "received"})
    log = Tree(leaf_hash(leaf) for leaf in (b"0", b"1", text, b"3", b"4"))
    note = sign_note(Checkpoint(f"{ARCHIVE.key.name}/log", log.size, log.root()).text, ARCHIVE)
    proof = tuple(log.inclusion_proof(2))
    receipt = Receipt(HEARING, ARCHIVE.key, text.decode(), 2, proof, note, salt).to_bytes()
    durable.write_once(maker.folder / "receipt.json", receipt)
    maker.line("receipt", archive=ARCHIVE.key.text, sha256=digest(receipt))


def redacted() -> Files:
    """The paused record without the case's line and the first take's segment."""
    return redact(MemoryRecord(golden("paused")), lines=[2, 3], paths=[f"media/T01/{MIC}/0001.mp4"])


def chunked() -> Files:
    """The plain record as the archive holds it: journal and checkpoints in chunks."""
    return in_chunks(golden("plain"), 5, 9)


def torn() -> Files:
    """A crash left half a line and half a checkpoint."""
    files = golden("gaps")
    return {
        **files,
        "journal.jsonl": files["journal.jsonl"] + b'{"at":"20',
        "checkpoints": files["checkpoints"] + b"box-1",
    }


def in_chunks(files: Files, notes_a: int, notes_b: int) -> Files:
    """The record with journal and checkpoints in three chunks each, cut after so many notes."""
    lines, _ = split_lines(files["journal.jsonl"])
    notes, _ = split_notes(files["checkpoints"])
    chunks = {path: data for path, data in files.items() if path not in ("journal.jsonl", "checkpoints")}
    sizes = [int(notes[end - 1].split(b"\n")[1]) for end in (notes_a, notes_b, len(notes))]
    for number, (start, end) in enumerate(zip([0, *sizes], sizes, strict=False), 1):
        chunks[f"journal.chunks/{number:06d}"] = b"".join(line + b"\n" for line in lines[start:end])
    for number, (start, end) in enumerate(((0, notes_a), (notes_a, notes_b), (notes_b, len(notes))), 1):
        chunks[f"checkpoints.chunks/{number:06d}"] = b"".join(note + b"\n" for note in notes[start:end])
    return chunks


WRITTEN: dict[str, Callable[[Path], None]] = {
    "plain": plain,
    "gaps": gaps,
    "paused": paused,
    "recovered": recovered,
    "sources": sources,
    "encrypted": encrypted,
    "encrypted-twin": lambda folder: encrypted(folder, "2026-11-22_g2", bytes(range(1, 33))),
    "imported": imported,
    "later-seals": later_seals,
    "salted-receipt": salted_receipt,
    "stamped": stamped,
    "withdrawn": withdrawn,
}
DERIVED: dict[str, Callable[[], Files]] = {"redacted": redacted, "chunks": chunked, "torn": torn}
NAMES = (*WRITTEN, *DERIVED)


def golden(name: str) -> Files:
    """The files of a golden record."""
    return files_of(GOOD / name)


def main() -> None:
    """Write the golden records that are not there yet."""
    for name, make in WRITTEN.items():
        if not (GOOD / name).exists():
            with tempfile.TemporaryDirectory() as folder:
                make(Path(folder) / name)
                shutil.copytree(Path(folder) / name, GOOD / name, ignore=shutil.ignore_patterns(".*"))
    for name, derive in DERIVED.items():
        if not (GOOD / name).exists():
            for path, data in derive().items():
                (GOOD / name / path).parent.mkdir(parents=True, exist_ok=True)
                (GOOD / name / path).write_bytes(data)


__all__ = ["ARCHIVE", "AUTHORITY", "BOX", "FORMAT", "GOOD", "HEARING", "NAMES", "golden", "in_chunks"]

if __name__ == "__main__":
    main()
