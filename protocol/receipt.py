"""The archive's receipt: proof that a record's seal is in the archive's transparency log (record format, section 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from protocol import canonical
from protocol.checkpoint import Checkpoint
from protocol.encoding import HEARING, b64, unb64, utc_us
from protocol.errors import BadEncoding, BadNote, NotCanonical, ProtocolError
from protocol.merkle import leaf_hash, verify_inclusion
from protocol.note import Note, VerifierKey, parse_note

FORMAT = "hattama-receipt/1"
KEYS = {"archive", "checkpoint", "entry", "format", "hearing", "index", "proof"}
ENTRY_KEYS = {"hearing", "journal_root", "journal_size", "origin", "received_at", "seal_number", "type"}


class BadReceipt(ProtocolError):
    """A receipt is malformed, or does not prove what it says."""

    code: ClassVar[str] = "bad-receipt"
    advice: ClassVar[str] = "Keep the local copy; ask the archive for the receipt again, and report this one."


@dataclass(frozen=True)
class Receipt:
    """A well-formed receipt; :meth:`check` says whether it is good. ``entry`` is the log leaf's canonical text."""

    hearing: str
    archive: VerifierKey
    entry: str
    index: int
    proof: tuple[bytes, ...]
    checkpoint: str

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
            "format": FORMAT,
            "hearing": self.hearing,
            "index": self.index,
            "proof": [b64(item) for item in self.proof],
        }
        return canonical.dumps(value)

    @classmethod
    def from_bytes(cls, data: bytes) -> Receipt:
        """Read ``receipt.json``.

        Raises:
            BadReceipt: malformed.
        """
        try:
            value = canonical.loads(data)
            if set(value) != KEYS or value["format"] != FORMAT:
                raise BadReceipt("not a receipt of this format")
            if not isinstance(value["proof"], list) or not isinstance(value["checkpoint"], str):
                raise BadReceipt("proof is a list, checkpoint a text")
            if not isinstance(value["hearing"], str) or not HEARING.match(value["hearing"]):
                raise BadReceipt("bad hearing")
            archive = VerifierKey.from_text(value["archive"])
            proof = tuple(unb64(item, 32) for item in value["proof"])
            receipt = cls(value["hearing"], archive, value["entry"], value["index"], proof, value["checkpoint"])
            entry = receipt.received
            unb64(entry.get("journal_root"), 32)
            utc_us(str(entry.get("received_at")))
        except (NotCanonical, BadEncoding, BadNote, TypeError, AttributeError, UnicodeEncodeError) as error:
            raise BadReceipt(f"malformed: {error}") from error
        if (
            set(entry) != ENTRY_KEYS
            or entry["type"] != "received"
            or entry["hearing"] != receipt.hearing
            or not isinstance(entry["origin"], str)
        ):
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
        if self.hearing != hearing or entry["origin"] != origin:
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
