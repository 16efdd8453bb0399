"""Scrub looks at time stamps: those over receipts and those over seals that came with the record, each altered, exchanged, or by an authority nobody believes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from asn1crypto import x509

from protocol import durable, timestamps
from protocol.encoding import sha256_b64
from protocol.seal_stamp import path_of, sealing_note
from storage.archive.scrub import Scrub
from storage.uploader import upload_record
from tests.hattama.test_timestamp import OPENSSL, Authority, make_authority
from tests.storage.conftest import Court
from tests.storage.records import Builder

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed (Debian: openssl)")
Harm = Callable[[Path], object]
RECEIPT_TOKEN, SEAL_TOKEN = "receipts/h1/0002.tst", path_of(2)


def token(authority: Authority, content: bytes) -> bytes:
    return timestamps.token_of(authority.answer(timestamps.request(content, 7)), content, 7)


def stamp_seals(record: Builder, authority: Authority) -> None:
    """As the recorder keeps them."""
    for number, line in [(item.data["number"], item.seq) for item in record.writer.lines if item.type == "manifest"]:
        made = token(authority, sealing_note((record.folder / "checkpoints").read_bytes(), line) or b"")
        durable.write_once(record.folder / path_of(number), made)
        record.line("timestamp", bytes=len(made), number=number, path=path_of(number), sha256=sha256_b64(made))
    record.writer.checkpoint()


def put(court: Court, key: str, data: bytes) -> None:
    court.archive.store.put_once(key, [data], hashlib.sha256(data).digest())


def flip(path: Path) -> None:
    """In the signature: elsewhere may be a certificate that nobody needs, and a token that proves what it proved is no finding."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def found(court: Court, authorities: Sequence[x509.Certificate]) -> set[tuple[str, str]]:
    return {(item.code, item.path) for item in Scrub(court.archive, authorities=authorities).run().findings}


def test_tokens_are_looked_at(served: Court, tmp_path: Path) -> None:
    authority, stranger = make_authority(tmp_path / "tsa"), make_authority(tmp_path / "stranger")
    record = served.record()
    stamp_seals(record, authority)
    upload_record(record.folder, served.settings)
    receipts = served.archive.catalogue.receipts("h1")
    assert list(receipts) == [2]
    put(served, RECEIPT_TOKEN, token(authority, receipts[2]))
    believed: Sequence[x509.Certificate] = timestamps.certificates(authority.issuer)
    assert found(served, believed) == set()
    assert found(served, ()) == set(), "without a list: over what they were given for"
    nobody = timestamps.certificates(stranger.issuer)
    assert found(served, nobody) == {("timestamp-altered", path) for path in (RECEIPT_TOKEN, SEAL_TOKEN, path_of(1))}

    objects = served.root / "archive" / "objects"
    other = token(authority, b"another receipt")
    harms: tuple[tuple[Harm, bool], ...] = (
        (flip, True),
        (lambda path: path.write_bytes(b"no token"), False),
        (lambda path: path.write_bytes(other), False),
        (lambda path: path.write_bytes(token(stranger, receipts[2])), True),
    )
    whole = (objects / RECEIPT_TOKEN).read_bytes()
    for number, (harm, needs_a_list) in enumerate(harms):
        harm(objects / RECEIPT_TOKEN)
        assert found(served, believed) == {("timestamp-altered", RECEIPT_TOKEN)}, number
        assert needs_a_list or found(served, ()) == {("timestamp-altered", RECEIPT_TOKEN)}, number
        (objects / RECEIPT_TOKEN).write_bytes(whole)
    put(served, "receipts/h1/0009.tst", whole)
    assert found(served, believed) == {("timestamp-altered", "receipts/h1/0009.tst")}
    (objects / "receipts/h1/0009.tst").unlink()

    seal = objects / "records/h1" / SEAL_TOKEN
    kept = seal.read_bytes()
    flip(seal)
    assert ("file-altered", SEAL_TOKEN) in found(served, ())
    seal.unlink()
    assert {("object-missing", SEAL_TOKEN), ("file-missing", SEAL_TOKEN)} <= found(served, believed)
    seal.write_bytes(kept)
    assert found(served, believed) == set()
