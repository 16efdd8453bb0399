"""The archive's receipt: proof that a record's seal is in the archive's transparency log (record format, section 11).

Format 1's log entry names the hearing; format 2's names its *subject* instead, a salted digest, because the log is public and
a hearing's identifier holds the number of the case. The salt stands in the receipt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from protocol import canonical
from protocol.checkpoint import Checkpoint
from protocol.encoding import HEARING, b64, unb64, utc_us
from protocol.errors import BadEncoding, BadNote, NotCanonical, ProtocolError
from protocol.merkle import leaf_hash, verify_inclusion
from protocol.note import Note, VerifierKey, parse_note

FORMAT, FORMAT_2 = "hattama-receipt/1", "hattama-receipt/2"
KEYS = {"archive", "checkpoint", "entry", "format", "hearing", "index", "proof"}
_COMMON = {"journal_root", "journal_size", "received_at", "seal_number", "type"}
ENTRY_KEYS = _COMMON | {"hearing", "origin"}
ENTRY_KEYS_2 = _COMMON | {"subject"}
SALT_BYTES = 16


class BadReceipt(ProtocolError):
    """A receipt is malformed, or does not prove what it says."""

    code: ClassVar[str] = "bad-receipt"
    advice: ClassVar[str] = "Keep the local copy; ask the archive for the receipt again, and report this one."


def subject_of(hearing: str, salt: bytes) -> str:
    """What a public log names a hearing by: base64 of ``SHA-256(salt ‖ identifier)``."""
    return b64(hashlib.sha256(salt + hearing.encode()).digest())


@dataclass(frozen=True)
class Receipt:
    """A well-formed receipt; :meth:`check` says whether it is good. ``entry`` is the log leaf's canonical text; ``salt`` None in format 1."""

    hearing: str
    archive: VerifierKey
    entry: str
    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    salt: bytes | None = None

    @property
    def received(self) -> dict[str, Any]:
        """The entry as an object."""
        return canonical.loads(self.entry.encode())

    def to_bytes(self) -> bytes:
        """The bytes of ``receipt.json``."""
        value = {
            "archive": self.archive.text,
            "checkpoint": self.checkpoint,
            "entry": self.entry,
            "format": FORMAT if self.salt is None else FORMAT_2,
            "hearing": self.hearing,
            "index": self.index,
            "proof": [b64(item) for item in self.proof],
        }
        return canonical.dumps(value if self.salt is None else {**value, "salt": b64(self.salt)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Receipt:
        """Read ``receipt.json``.

        Raises:
            BadReceipt: malformed.
        """
        try:
            value = canonical.loads(data)
            salted = value.get("format") == FORMAT_2
            if set(value) != (KEYS | {"salt"} if salted else KEYS) or value["format"] not in (FORMAT, FORMAT_2):
                raise BadReceipt("not a receipt of this format")
            if not isinstance(value["proof"], list) or not isinstance(value["checkpoint"], str):
                raise BadReceipt("proof is a list, checkpoint a text")
            if not isinstance(value["hearing"], str) or not HEARING.match(value["hearing"]):
                raise BadReceipt("bad hearing")
            archive = VerifierKey.from_text(value["archive"])
            proof = tuple(unb64(item, 32) for item in value["proof"])
            salt = unb64(value["salt"], SALT_BYTES) if salted else None
            receipt = cls(value["hearing"], archive, value["entry"], value["index"], proof, value["checkpoint"], salt)
            entry = receipt.received
            unb64(entry.get("journal_root"), 32)
            utc_us(str(entry.get("received_at")))
        except (NotCanonical, BadEncoding, BadNote, TypeError, AttributeError, UnicodeEncodeError) as error:
            raise BadReceipt(f"malformed: {error}") from error
        if entry.get("type") != "received" or not _is_entry_of(receipt, entry):
            raise BadReceipt("the log entry is not that of a received record")
        for number in (receipt.index, entry["journal_size"], entry["seal_number"]):
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                raise BadReceipt("index, journal_size and seal_number are numbers from 0")
        return receipt

    def check(self, hearing: str, origin: str, root_at: Callable[[int], bytes | None]) -> None:
        """Raise unless the archive's log holds this record.

        Args:
            hearing: identifier of the hearing.
            origin: the record's origin (line 0).
            root_at: the journal's root (32 bytes) at a size; None beyond its end.

        Raises:
            BadReceipt: another hearing, a wrong signature, proof or root.
        """
        entry = self.received
        if self.hearing != hearing or entry.get("origin", origin) != origin:
            raise BadReceipt("it is for another record")
        point = self._checkpoint()
        if not verify_inclusion(leaf_hash(self.entry.encode()), self.index, point.size, self.proof, point.root):
            raise BadReceipt("the inclusion proof does not lead to the log's root")
        if root_at(entry["journal_size"]) != unb64(entry["journal_root"], 32):
            raise BadReceipt("the archive received another journal")

    def _checkpoint(self) -> Checkpoint:
        try:
            note: Note = parse_note(self.checkpoint)
            point = Checkpoint.from_text(note.text)
        except BadNote as error:
            raise BadReceipt(f"the log's checkpoint is malformed: {error}") from error
        if point.origin != f"{self.archive.name}/log" or not note.signed_by(self.archive):
            raise BadReceipt("the log's checkpoint is not signed by the archive")
        return point


def _is_entry_of(receipt: Receipt, entry: dict[str, Any]) -> bool:
    """Whether the entry has the keys of the receipt's format, and is about the receipt's hearing."""
    if receipt.salt is not None:
        return set(entry) == ENTRY_KEYS_2 and entry["subject"] == subject_of(receipt.hearing, receipt.salt)
    return set(entry) == ENTRY_KEYS and entry["hearing"] == receipt.hearing and isinstance(entry["origin"], str)
