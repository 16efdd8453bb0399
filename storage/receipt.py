"""The archive's receipt: proof that it holds a record (record format, section 11).

Pure: bytes in, values out. The archive makes receipts from its log; the box and anybody else check them offline, with the
archive's key and the record's journal and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from protocol import canonical
from protocol.canonical import JsonObject
from protocol.checkpoint import Checkpoint
from protocol.encoding import b64, unb64, utc_us
from protocol.errors import BadEncoding, BadNote, NotCanonical
from protocol.merkle import leaf_hash, root_of, verify_inclusion
from protocol.note import VerifierKey, parse_note
from storage.errors import BadReceipt
from storage.log import Entry

FORMAT = "hattama-receipt/1"
_KEYS = {"archive", "checkpoint", "entry", "format", "hearing", "index", "proof"}
_ENTRY_KEYS = {"hearing", "journal_root", "journal_size", "origin", "received_at", "seal_number", "type"}


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


def entry_of(seal: SealPoint, received_at: str) -> JsonObject:
    """The log entry that says that a record was received."""
    return {
        "hearing": seal.hearing,
        "journal_root": b64(seal.root),
        "journal_size": seal.size,
        "origin": seal.origin,
        "received_at": received_at,
        "seal_number": seal.number,
        "type": "received",
    }


def make(entry: Entry, archive: VerifierKey) -> bytes:
    """The receipt for a ``received`` entry of the archive's log: canonical bytes of ``receipt.json``."""
    logged = canonical.loads(entry.text)
    return canonical.dumps(
        {
            "archive": archive.text,
            "checkpoint": entry.checkpoint,
            "entry": entry.text.decode(),
            "format": FORMAT,
            "hearing": logged["hearing"],
            "index": entry.index,
            "proof": [b64(value) for value in entry.proof],
        }
    )


def check(data: bytes, trusted: Iterable[VerifierKey], hearing: str, leaves: Sequence[bytes]) -> Receipt:
    """Check a receipt offline.

    Args:
        data: bytes of ``receipt.json``.
        trusted: keys of archives that are trusted.
        hearing: identifier of the hearing it must be for.
        leaves: leaf hashes of the record's journal, at least as many as the seal signs.

    Raises:
        BadReceipt: malformed, by a key that is not trusted, not in the log it names, or for another journal.
    """
    try:
        return _check(data, {key.text: key for key in trusted}, hearing, leaves)
    except (NotCanonical, BadEncoding, BadNote, KeyError, TypeError, ValueError) as error:
        raise BadReceipt(f"malformed: {error}") from error


def _check(data: bytes, trusted: dict[str, VerifierKey], hearing: str, leaves: Sequence[bytes]) -> Receipt:
    value = canonical.loads(data)
    _need(set(value) == _KEYS, f"keys are {sorted(value)}")
    _need(value["format"] == FORMAT, f"format is {value['format']!r}")
    entry = canonical.loads(value["entry"].encode())
    _need(set(entry) == _ENTRY_KEYS and entry["type"] == "received", "the entry is not a `received` entry")
    _need(value["hearing"] == hearing == entry["hearing"], f"it is for hearing {entry['hearing']!r}, not {hearing!r}")
    _need(value["archive"] in trusted, f"the archive's key {value['archive']!r} is not trusted here")
    archive = trusted[value["archive"]]

    note = parse_note(value["checkpoint"])
    _need(note.signed_by(archive), f"the checkpoint is not signed by {archive.name}")
    signed = Checkpoint.from_text(note.text)
    _need(signed.origin == f"{archive.name}/log", f"the checkpoint's origin is {signed.origin!r}")
    proof = [unb64(item, 32) for item in value["proof"]]
    index = _number(value["index"])
    leaf = leaf_hash(value["entry"].encode())
    _need(verify_inclusion(leaf, index, signed.size, proof, signed.root), "the proof does not lead to the signed root")

    size, root = _number(entry["journal_size"]), unb64(entry["journal_root"], 32)
    _need(0 < size <= len(leaves), f"it is for {size} journal lines; there are {len(leaves)}")
    _need(root_of(leaves[:size]) == root, f"the journal's first {size} lines have another root")
    utc_us(entry["received_at"])
    seal = SealPoint(hearing, str(entry["origin"]), _number(entry["seal_number"]), size, root)
    return Receipt(archive, seal, entry["received_at"], index, data)


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise BadReceipt(message)


def _number(value: Any) -> int:
    _need(isinstance(value, int) and not isinstance(value, bool) and value >= 0, f"{value!r} is not a number from 0")
    return int(value)
