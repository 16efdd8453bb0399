"""Which records this box may delete: those that the archive has, can read today, and has had for long enough.

Nothing here deletes. A record is looked at in this order, and the first answer that is not yes keeps it:

1. the hearing is over, certified (or, where that is set, drafted), sealed and signed to its last line;
2. ``receipt.json`` is the receipt of an archive on the trust list for this very journal: signature, inclusion proof, root;
3. it is older than the retention days, by the archive's own time in it, and so is the last line;
4. if seals came after it, the archive gives a receipt for the last one, which is checked the same way;
5. the archive reads the record back and gives the digests: each file that lies here, each that the journal names, the journal and the
   checkpoints to their last byte are there, and are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from protocol.encoding import b64, utc_text, utc_us
from protocol.errors import ProtocolError
from protocol.hearing import State
from protocol.journal import BESIDE, Entry, Line, read_journal
from protocol.note import VerifierKey
from protocol.record import CHECKPOINTS, JOURNAL
from storage import receipt
from storage.chunks import Tail, sent_chunks
from storage.client import ArchiveClient
from storage.errors import BadReceipt, Diverged, NotVerified, UploadError
from storage.handover import RECEIPT

_DAY_US = 86_400_000_000


class Answer(StrEnum):
    """What becomes of a record, and why."""

    REMOVABLE = "removable"
    OPEN = "open"  # the hearing is not over
    UNCERTIFIED = "not-certified"
    UNSEALED = "not-sealed"  # or a line at its end is not signed
    NO_RECEIPT = "no-receipt"
    TOO_EARLY = "too-early"
    UNREADABLE = "unreadable"  # the record on this box
    BAD_RECEIPT = "bad-receipt"
    UNREACHABLE = "archive-unreachable"
    MISSING = "not-in-archive"
    DIFFERS = "archive-differs"

    @property
    def waits(self) -> bool:
        """Whether nothing is wrong: its time has not come."""
        return self in (self.OPEN, self.UNCERTIFIED, self.UNSEALED, self.NO_RECEIPT, self.TOO_EARLY)


@dataclass(frozen=True)
class Rules:
    """When a record may go.

    Attributes:
        trusted: keys of archives.
        days: since the receipt.
        uncertified: drafted is enough.
        now_us: UTC.
    """

    trusted: tuple[VerifierKey, ...]
    days: int
    uncertified: bool
    now_us: int


@dataclass(frozen=True)
class Judgement:
    """What becomes of one record.

    Attributes:
        hearing: name of its folder.
        answer: see :class:`Answer`.
        detail: what exactly.
        receipt: for the last seal, if it is removable.
        lines: of its journal.
        bytes: that it takes.
    """

    hearing: str
    answer: Answer
    detail: str = ""
    receipt: bytes = b""
    lines: int = 0
    bytes: int = 0


class _Kept(Exception):
    """The record stays."""

    def __init__(self, answer: Answer, detail: str = "") -> None:
        super().__init__(detail)
        self.answer, self.detail = answer, detail


def judge(folder: Path, client: ArchiveClient, rules: Rules) -> Judgement:
    """What becomes of a record. The archive is asked only when everything on this box says yes."""
    try:
        tail = Tail(folder)
        tail.read()
        text = _last_receipt(tail, client, rules, _ripe(tail, rules))
        _compare(tail, client.read_back(tail.view.hearing))
        size = sum(path.stat().st_size for path in _files(folder))
    except _Kept as kept:
        return Judgement(folder.name, kept.answer, kept.detail)
    except (Diverged, NotVerified) as error:
        return Judgement(folder.name, Answer.DIFFERS, str(error))
    except UploadError as error:
        return Judgement(folder.name, Answer.UNREACHABLE, str(error))
    except BadReceipt as error:
        return Judgement(folder.name, Answer.BAD_RECEIPT, str(error))
    except (ProtocolError, OSError) as error:
        return Judgement(folder.name, Answer.UNREADABLE, str(error))
    return Judgement(folder.name, Answer.REMOVABLE, "", text, len(tail.line_ends), size)


def _ripe(tail: Tail, rules: Rules) -> receipt.Receipt:
    """Questions 1 to 3; the receipt that lies in the record."""
    view, folder = tail.view, tail.folder
    if view.hearing != folder.name:
        raise _Kept(Answer.UNREADABLE, f"its journal is of hearing {view.hearing!r}")
    if view.state.is_open:
        raise _Kept(Answer.OPEN, str(view.state))
    certified = view.state in (State.CERTIFIED, State.ARCHIVED)
    if not certified and not (rules.uncertified and view.state is State.DRAFTED):
        raise _Kept(Answer.UNCERTIFIED, str(view.state))
    whole = tail.signed == len(tail.line_ends) and tail.line_ends[-1] == (folder / JOURNAL).stat().st_size
    if not (whole and view.manifests and all(item.seq < view.manifests[-1].seq for item in view.revisions)):
        raise _Kept(Answer.UNSEALED)
    if not (folder / RECEIPT).is_file():
        raise _Kept(Answer.NO_RECEIPT)
    found = receipt.check((folder / RECEIPT).read_bytes(), rules.trusted, view.hearing, tail.origin, tail.leaves)
    from_us = max(utc_us(found.received_at), _last_us(read_journal((folder / JOURNAL).read_bytes())[0]))
    until_us = from_us + rules.days * _DAY_US
    if rules.now_us < until_us:
        raise _Kept(Answer.TOO_EARLY, f"until {utc_text(until_us)}")
    return found


def _last_receipt(tail: Tail, client: ArchiveClient, rules: Rules, first: receipt.Receipt) -> bytes:
    """Question 4: a receipt for the last seal."""
    seal = tail.view.manifests[-1]
    if first.seal.number == seal.number:
        return first.text
    text = client.receipt(tail.view.hearing)
    found = receipt.check(text, rules.trusted, tail.view.hearing, tail.origin, tail.leaves)
    if found.seal.number != seal.number:
        raise BadReceipt(f"the archive's receipt is for seal {found.seal.number}, not for {seal.number}, the last")
    return text


def _compare(tail: Tail, read_back: Mapping[str, str]) -> None:
    """Question 5."""
    for name, cuts in ((JOURNAL, tail.cuts), (CHECKPOINTS, tail.note_ends)):
        size = (tail.folder / name).stat().st_size
        chunks = sent_chunks(tail.folder / name, name, cuts, read_back)
        if not chunks or chunks[-1].end != size:
            raise _Kept(Answer.MISSING, f"{name}: {chunks[-1].end if chunks else 0} of {size} bytes")
    view = tail.view
    named = [(item.path, item.sha256) for item in view.segments]
    named += [(item.path, item.sha256) for item in view.revisions]
    named += [(str(item["path"]), str(item["sha256"])) for item in view.timestamps]
    for path, digest in [*named, *_digests(tail.folder)]:
        if path not in read_back:
            raise _Kept(Answer.MISSING, path)
        if read_back[path] != digest:
            raise _Kept(Answer.DIFFERS, path)


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    """Path and base64 SHA-256 of every file that lies here, but of those that are compared otherwise."""
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if name not in (JOURNAL, CHECKPOINTS, RECEIPT):
            with path.open("rb") as file:
                yield name, b64(hashlib.file_digest(file, "sha256").digest())


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if not path.is_dir()]


def _last_us(entries: Iterable[Entry]) -> int:
    """When something of the hearing was last journalled, UTC µs."""
    return max(
        (utc_us(entry.at) for entry in entries if isinstance(entry, Line) and entry.type not in BESIDE), default=0
    )
