"""What time stamps say of a record: tokens (RFC 3161) over its seals and over its receipts, checked offline. Files come in as bytes; nothing is read from outside.

::

    token ──over──► seal: the device's signature over a root ──► journal ──► every file
    token ──over──► receipt ──proves──► root under a seal ──► journal ──► every file

A token counts only over a seal of this record, as it stands in its ``checkpoints``, or over a receipt that is this record's: in its archive's log,
by an archive that is trusted. Whether seals and journal are what they should be, the verification says (:mod:`protocol.verification`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from asn1crypto import x509

from protocol import timestamps
from protocol.encoding import utc_text
from protocol.journal import Line, Withheld
from protocol.merkle import Tree
from protocol.note import VerifierKey
from protocol.receipt import BadReceipt, Receipt
from protocol.seal_stamp import sealing_note
from protocol.timestamps import BadTimestamp, Stamped
from protocol.verification.line_kinds import wrong_key

_Content = tuple[bytes, int, str]  # what a token may be over, number of the seal, what it is


@dataclass(frozen=True)
class Dated:
    """What a token says: ``stamped`` of this seal (``over``: of itself, or of the receipt for it), or the ``problem``."""

    name: str
    seal: int | None
    stamped: Stamped | None
    problem: str = ""
    over: str = "receipt"

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        said = self.stamped
        return {
            "token": self.name,
            "seal_number": self.seal,
            "over": self.over if said else None,
            "at": utc_text(said.at_us) if said else None,
            "authority": said.authority if said else None,
            "policy": said.policy if said else None,
            "problem": self.problem,
        }


def dated(
    entries: Iterable[Line | Withheld],
    trusted: Iterable[VerifierKey],
    receipts: Iterable[bytes],
    tokens: Mapping[str, bytes],
    authorities: Iterable[x509.Certificate],
    checkpoints: bytes = b"",
) -> list[Dated]:
    """Check tokens.

    Args:
        entries: of the record's journal; line 0 names hearing and origin.
        trusted: keys of archives that are trusted.
        receipts: bytes of every receipt at hand, the record's own among them.
        tokens: DER, by name.
        authorities: certificates of who is believed, or of who issues theirs.
        checkpoints: of the record.

    Returns:
        One for each token, by name.
    """
    lines = list(entries)
    opened = lines[0].data if lines and isinstance(lines[0], Line) else {}
    tree = Tree(item.leaf for item in lines)
    keys = {key.text for key in trusted}

    def root_at(size: int) -> bytes | None:
        return tree.root(size) if size <= tree.size else None

    ours: dict[bytes, _Content] = {}
    for line in lines:
        if not isinstance(line, Line) or line.type != "manifest" or wrong_key(line):
            continue  # the verification says what is wrong with a line
        if note := sealing_note(checkpoints, line.seq):
            ours[hashlib.sha256(note).digest()] = note, int(line.data["number"]), "seal"
    for content in receipts:
        receipt = _receipt(content, str(opened.get("hearing")), str(opened.get("origin")), keys, root_at)
        if receipt is not None:
            ours[hashlib.sha256(content).digest()] = content, int(receipt.received["seal_number"]), "receipt"
    certificates = list(authorities)
    return [_one(name, token, ours, certificates) for name, token in sorted(tokens.items())]


def _receipt(
    content: bytes, hearing: str, origin: str, keys: set[str], root_at: Callable[[int], bytes | None]
) -> Receipt | None:
    """The receipt, if it is this record's and by a trusted archive."""
    try:
        receipt = Receipt.from_bytes(content)
        receipt.check(hearing, origin, root_at)
    except BadReceipt:
        return None
    return receipt if receipt.archive.text in keys else None


def _one(
    name: str, token: bytes, ours: Mapping[bytes, _Content], authorities: list[x509.Certificate]
) -> Dated:
    try:
        found = ours.get(timestamps.imprint_of(token))
        if found is None:
            return Dated(name, None, None, "it is over no seal of this record, and over none of the receipts that a trusted archive gave")
        content, seal, over = found
        return Dated(name, seal, timestamps.check(token, content, authorities), over=over)
    except BadTimestamp as error:
        return Dated(name, None, None, str(error))
