"""The archive's receipt as the archive makes it and the box checks it; the format is :mod:`protocol.receipt`'s.

Pure: bytes in, values out. Anybody can check a receipt offline, with the archive's key and the record's journal and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocol import receipt as format_
from protocol.canonical import JsonObject
from protocol.encoding import b64, unb64
from protocol.merkle import Tree
from protocol.note import VerifierKey
from storage.errors import BadReceipt
from storage.log import Entry


@dataclass(frozen=True)
class SealPoint:
    """A seal of a record: number of its manifest, and the checkpoint that is the seal.

    Attributes:
        hearing: identifier of the hearing.
        origin: origin of the record's checkpoints.
        number: number of the manifest.
        size: number of journal lines that the seal signs.
        root: their Merkle root (32 bytes).
    """

    hearing: str
    origin: str
    number: int
    size: int
    root: bytes


@dataclass(frozen=True)
class Receipt:
    """A receipt that was checked.

    Attributes:
        archive: key that signed it.
        seal: what was received.
        received_at: UTC time the archive logged it, as in the journal.
        index: number of the entry in the archive's log.
        text: the receipt's bytes (``receipt.json``).
    """

    archive: VerifierKey
    seal: SealPoint
    received_at: str
    index: int
    text: bytes


def entry_of(seal: SealPoint, salt: bytes, received_at: str) -> JsonObject:
    """The log entry that says that a record was received; ``salt`` (16 bytes) is the hearing's in this log."""
    return {
        "journal_root": b64(seal.root),
        "journal_size": seal.size,
        "received_at": received_at,
        "seal_number": seal.number,
        "subject": format_.subject_of(seal.hearing, salt),
        "type": "received",
    }


def make(hearing: str, salt: bytes, entry: Entry, archive: VerifierKey) -> bytes:
    """The receipt for a ``received`` entry of the archive's log: canonical bytes of ``receipt.json``.

    An entry of the log's first years names its hearing itself; its receipt is what it always was (format 1).
    """
    kept = None if b'"hearing":' in entry.text else salt
    made = format_.Receipt(hearing, archive, entry.text.decode(), entry.index, entry.proof, entry.checkpoint, kept)
    return made.to_bytes()


def check(data: bytes, trusted: Iterable[VerifierKey], hearing: str, origin: str, leaves: Sequence[bytes]) -> Receipt:
    """Check a receipt offline.

    Args:
        data: bytes of ``receipt.json``.
        trusted: keys of archives that are trusted.
        hearing: identifier of the hearing it must be for.
        origin: origin of the record's checkpoints.
        leaves: leaf hashes of the record's journal, at least as many as the seal signs.

    Raises:
        BadReceipt: malformed, by a key that is not trusted, not in the log it names, or for another journal.
    """
    tree = Tree(leaves)
    try:
        found = format_.Receipt.from_bytes(data)
        if found.archive.text not in {key.text for key in trusted}:
            raise BadReceipt(f"the archive's key {found.archive.text!r} is not trusted here")
        found.check(hearing, origin, lambda size: tree.root(size) if size <= tree.size else None)
    except format_.BadReceipt as error:
        raise BadReceipt(str(error)) from error
    entry = found.received
    root = unb64(entry["journal_root"], 32)
    seal = SealPoint(hearing, origin, entry["seal_number"], entry["journal_size"], root)
    return Receipt(found.archive, seal, entry["received_at"], found.index, data)
