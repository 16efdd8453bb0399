"""Receipts: what they prove, and every way in which one can be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from protocol import canonical
from protocol.encoding import b64
from protocol.merkle import leaf_hash, root_of
from protocol.note import Ed25519Signer
from storage import receipt
from storage.errors import BadReceipt
from storage.log import Log
from storage.receipt import SealPoint
from tests.storage.conftest import ARCHIVE_SIGNER

SALT = b"salt" * 4
LEAVES = [leaf_hash(bytes([number])) for number in range(9)]
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def good() -> bytes:
    with Log(None, ARCHIVE_SIGNER) as log:
        for number in range(5):
            log.add(str(number), {"number": number, "type": "test"})
        seal = SealPoint("h1", "box.test/h1", 2, 7, root_of(LEAVES[:7]))
        entry = log.add("received", receipt.entry_of(seal, SALT, "2026-11-23T10:00:00.000Z"))
        return receipt.make("h1", SALT, entry, ARCHIVE_SIGNER.key)


def test_a_receipt_says_what_was_received(good: bytes) -> None:
    checked = receipt.check(good, [ARCHIVE_SIGNER.key], "h1", "box.test/h1", LEAVES)
    assert (checked.seal.number, checked.seal.size, checked.index) == (2, 7, 5)
    assert checked.received_at == "2026-11-23T10:00:00.000Z"


def _entry(**change: Any) -> Change:
    def apply(value: dict[str, Any]) -> None:
        value["entry"] = canonical.dumps({**json.loads(value["entry"]), **change}).decode()

    return apply


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda v: v.update(hearing="h2"), "log entry is not|it is for"),
        (lambda v: v.update(format="hattama-receipt/3"), "not a receipt"),
        (lambda v: v.update(index=4), "proof does not lead"),
        (lambda v: v.update(index=True), "numbers from 0"),
        (lambda v: v.update(proof=v["proof"][:-1]), "proof does not lead"),
        (lambda v: v.update(proof=["AAAA"]), "malformed"),
        (lambda v: v.update(more=1), "not a receipt"),
        (lambda v: v.pop("proof"), "not a receipt"),
        (lambda v: v.update(archive=Ed25519Signer("archive.test", bytes(32)).key.text), "not trusted"),
        (lambda v: v.update(checkpoint=v["checkpoint"].replace("\n6\n", "\n7\n")), "not signed"),
        (lambda v: v.update(checkpoint=""), "malformed"),
        (_entry(journal_size=6), "proof does not lead"),
        (_entry(journal_root=b64(bytes(32))), "proof does not lead"),
        (_entry(type="viewed"), "log entry is not"),
        (_entry(origin="box.test/h1"), "log entry is not"),
        (_entry(hearing="h1"), "log entry is not"),
        (_entry(subject=b64(bytes(32))), "log entry is not"),
        (lambda v: v.update(salt=b64(bytes(16))), "log entry is not"),
        (lambda v: v.pop("salt"), "not a receipt"),
        (lambda v: v.update(format="hattama-receipt/1"), "not a receipt"),
    ],
)
def test_false_receipts(good: bytes, change: Change, match: str) -> None:
    value = json.loads(good)
    change(value)
    with pytest.raises(BadReceipt, match=match):
        receipt.check(canonical.dumps(value), [ARCHIVE_SIGNER.key], "h1", "box.test/h1", LEAVES)


def test_a_receipt_for_another_journal(good: bytes) -> None:
    with pytest.raises(BadReceipt, match="another journal"):
        receipt.check(good, [ARCHIVE_SIGNER.key], "h1", "box.test/h1", [leaf_hash(b"x"), *LEAVES[1:]])
    with pytest.raises(BadReceipt, match="another journal"):
        receipt.check(good, [ARCHIVE_SIGNER.key], "h1", "box.test/h1", LEAVES[:6])
    with pytest.raises(BadReceipt, match="malformed"):
        receipt.check(good + b"\n", [ARCHIVE_SIGNER.key], "h1", "box.test/h1", LEAVES)
