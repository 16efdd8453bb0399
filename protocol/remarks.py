"""Remarks on a protocol, their review, and who has read it: ``remarks/NNNN.json`` (ГПК 284, 285; УПК 348-1; КоАП 829-12(6), (7)).

Each is a file of its own, added by a later seal; nothing that was certified is touched. All remarks stay with the case whatever
becomes of them (ГПК 285). Canonical JSON, keys of :class:`Remarks`; what does not belong to a kind is empty.

==============  ==============================================================================================
``kind``        says
==============  ==============================================================================================
``familiarised``  ``person`` has read the protocol ``of`` and heard the recording at ``at_us``
``filed``       ``person`` remarks ``text`` on the protocol ``of``; ``moments`` of the recording, ``attachments``
``reviewed``    ``person`` (the presiding judge) has decided on the remarks ``of``: ``decision`` and ``text``, the reasons
==============  ==============================================================================================

What speaks of a closed part is two files: ``remarks/NNNN-0.json.enc``, encrypted, is the whole entry; ``remarks/NNNN.json``, its cover, says in the clear
that there is one, of which kind and when, what was decided, and no word more (``closed`` is then the path of the encrypted one; format 2).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from protocol.canonical import dumps, loads
from protocol.errors import NotCanonical, ProtocolError

FORMAT = "hattama-remarks/1"
#: Of a cover.
FORMAT_CLOSED = "hattama-remarks/2"


class BadRemarks(ProtocolError):
    """A file of remarks is not of its format."""

    code: ClassVar[str] = "bad-remarks"
    advice: ClassVar[str] = "Verify the record: a file that it holds is not what the recorder writes."


class Kind(StrEnum):
    """What a file of ``remarks/`` is."""

    FAMILIARISED = "familiarised"
    FILED = "filed"
    REVIEWED = "reviewed"


class Decision(StrEnum):
    """What the judge decides on remarks (ГПК 285)."""

    CERTIFIED = "certified"
    PARTLY = "partly"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Attachment:
    """A file that came with remarks: its name as given, its path in the record."""

    name: str
    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Remarks:
    """One file. Times are UTC µs.

    Attributes:
        at_us: when it happened: read, filed at the court, decided.
        entered_us, by: when and by whose account it was entered.
        person, role: of whom it is told.
        of: path of the signed protocol, or of the remarks that are reviewed.
        moments: places in the recording that remarks point to.
        closed: of a cover, path of the encrypted file that says the rest.
    """

    hearing: str
    number: int
    kind: Kind
    at_us: int
    entered_us: int
    by: str
    person: str
    role: str
    of: str
    text: str = ""
    decision: Decision | None = None
    moments: tuple[int, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    closed: str = ""

    @property
    def path(self) -> str:
        """Where it stands in the record."""
        return f"remarks/{self.number:04d}.json"

    def cover(self, *, named: bool) -> Remarks:
        """What stands in the clear of an entry that speaks of a closed part.

        Args:
            named: whether lines in the clear name the person already.
        """
        person, role = (self.person, self.role) if named else ("", "")
        closed = f"remarks/{self.number:04d}-0.json.enc"
        return replace(self, person=person, role=role, text="", moments=(), attachments=(), closed=closed)

    def to_json(self) -> bytes:
        """Its bytes."""
        value = {
            "format": FORMAT_CLOSED if self.closed else FORMAT,
            **asdict(self),
            "moments": list(self.moments),
            "attachments": [asdict(one) for one in self.attachments],
        }
        if not self.closed:
            del value["closed"]
        return dumps(value)


def read_remarks(data: bytes) -> Remarks:
    """The file of its bytes.

    Raises:
        BadRemarks: it is of another format.
    """
    try:
        value: dict[str, Any] = dict(loads(data))
        known = value.pop("format", None)
        if known not in (FORMAT, FORMAT_CLOSED) or (known == FORMAT_CLOSED) != bool(value.get("closed")):
            raise BadRemarks(f"format is neither {FORMAT} nor {FORMAT_CLOSED}")
        decision = value.pop("decision")
        attachments = tuple(Attachment(**one) for one in value.pop("attachments"))
        kind, moments = Kind(value.pop("kind")), tuple(int(one) for one in value.pop("moments"))
        return Remarks(
            kind=kind,
            moments=moments,
            attachments=attachments,
            decision=None if decision is None else Decision(decision),
            **value,
        )
    except (NotCanonical, KeyError, TypeError, ValueError) as error:
        raise BadRemarks(f"not a file of remarks: {error}") from error
