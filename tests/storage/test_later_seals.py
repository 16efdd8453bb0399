"""What comes after the certification: signatures, remarks and an amendment are sent, each by its own seal, and each gets a receipt."""

from __future__ import annotations

from pathlib import Path

from protocol import seal
from protocol.manifest import parse
from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from storage.uploader import upload_record
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, Court
from tests.storage.records import Builder

LATER = (
    ("signature", "signatures/brief-0001.ru.1.pdf", b"%PDF-1.7 signed"),
    ("signature", "signatures/manifest-0003.secretary.p7s", b"cms"),
    ("remarks", "remarks/0001.json", b"{}"),
    ("amendment", "amendments/0001.ru.pdf", b"%PDF-1.7 amended"),
)


def add(record: Builder, kind: str, path: str, data: bytes) -> int:
    record.add_revision(kind, path, data)
    made = seal.seal_revision(record.writer, record.clock.moment(), kind)
    assert made is not None
    assert made[0].kind == kind
    return made[0].number


def test_each_later_seal_is_sent_and_gets_its_receipt(served: Court) -> None:
    record = served.record()
    assert upload_record(record.folder, served.settings).seal.number == 2
    there: Path = served.root / "archive" / "objects" / "records" / "h1"
    for before, (kind, path, data) in enumerate(LATER, 2):
        number = add(record, kind, path, data)
        got = upload_record(record.folder, served.settings)
        assert (got.seal.number, number) == (before + 1, before + 1)
        manifest = parse((there / f"manifest-{number:04d}.json").read_bytes())
        assert manifest.previous is not None
        assert (manifest.kind, manifest.previous.number) == (kind, before)
        assert (there / path).read_bytes() == data
    received = [entry["seal_number"] for entry in served.logged("received")]
    assert received == [2, 3, 4, 5, 6]
    assert verify(DirectoryRecord(there), Trust.of(SIGNER.key, ARCHIVE_SIGNER.key)).good
