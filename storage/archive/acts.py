"""Acts of destruction: what an act says, and where it and its signatures lie.

An act is one canonical JSON object, ``acts/<id>/act.json``, created once. Its officers' signatures (detached CMS over its bytes) lie beside it as
``officer-<digest>.p7s``; who gave an act up, and why, in ``withdrawn-<time>.json``. How far an act is, the log alone says: its entries carry the act's digest, the
signatures' digests and the times that count.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from protocol import canonical
from protocol.errors import ProtocolError
from storage.errors import BadAct

PREFIX = "acts"
OFFICERS = (1, 2)
_ID = re.compile(r"[0-9]{8}-[0-9a-f]{8}\Z")
_TEXT_LIMIT = 2000  # characters of one text


@dataclass(frozen=True)
class Item:
    """A record that an act names.

    Attributes:
        hearing: identifier.
        code: procedural code of its case: its class of retention.
        kept_until: UTC; until then it had to be kept.
        seal_number: of its newest receipt.
        journal_size: lines under that seal.
        root: base64 Merkle root of the journal under that seal; what the tombstone proves later.
    """

    hearing: str
    code: str
    kept_until: str
    seal_number: int
    journal_size: int
    root: str


@dataclass(frozen=True)
class Act:
    """What is to be destroyed, why, and who looked it through.

    Attributes:
        id: identifier, ``YYYYMMDD-xxxxxxxx``.
        made_at: UTC.
        made_by: who wrote it.
        reason: why the records are destroyed.
        grounds: order or list of retention periods, with number and date.
        commission: names of those who looked the records through, one by one.
        wait_days: days from the second signature until it may be carried out.
        items: the records.
        salt: base64, 16 random bytes: the digest in the public log tells nothing about what the act says.
    """

    id: str
    made_at: str
    made_by: str
    reason: str
    grounds: str
    commission: tuple[str, ...]
    wait_days: int
    items: tuple[Item, ...]
    salt: str

    def __post_init__(self) -> None:
        for name in ("made_by", "reason", "grounds"):
            text = getattr(self, name)
            if not text.strip() or len(text) > _TEXT_LIMIT:
                raise BadAct(f"act: {name} is empty, or longer than {_TEXT_LIMIT} characters")
        if len({name.strip().casefold() for name in self.commission if name.strip()}) < 2:
            raise BadAct("act: the commission has fewer than two people: each record must have been looked through")
        if not self.items:
            raise BadAct("act: it names no record")
        if len({item.hearing for item in self.items}) < len(self.items):
            raise BadAct("act: it names a record twice")
        if self.wait_days < 1:
            raise BadAct("act: wait_days is less than 1")

    def to_bytes(self) -> bytes:
        """What the officers sign."""
        value: dict[str, Any] = {**asdict(self), "type": "destruction-act"}
        value["commission"] = list(self.commission)
        value["items"] = [asdict(item) for item in self.items]
        return canonical.dumps(value)

    @classmethod
    def from_bytes(cls, data: bytes) -> Act:
        """Read an act.

        Raises:
            BadAct: it is none.
        """
        try:
            value = dict(canonical.loads(data))
            if value.pop("type") != "destruction-act" or set(value) != {field.name for field in fields(cls)}:
                raise BadAct("act: not an act of destruction")
            items = tuple(Item(**item) for item in value.pop("items"))
            return cls(items=items, commission=tuple(value.pop("commission")), **value)
        except (ProtocolError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadAct(f"act: malformed: {error}") from error


def digest_of(data: bytes) -> str:
    """SHA-256 of an act's bytes, hex: how the log names it."""
    return hashlib.sha256(data).hexdigest()


def name_of(act_id: str, file: str) -> str:
    """The object's key; :class:`BadAct` where the identifier is none."""
    if not _ID.match(act_id):
        raise BadAct(f"{act_id[:60]!r} is not an identifier of an act")
    return f"{PREFIX}/{act_id}/{file}"
