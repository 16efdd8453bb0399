"""Remarks on a part in camera, and their review: encrypted from the first write (record format, section 9; decision 0030).

The keys of the takes are forgotten when remarks come in, so each filing gets a key of its own, which its review shares:

::

    filed     key made, on the box's disk wrapped ──► `key` line (`of`: the cover) ──► NNNN-1.pdf.enc … NNNN-0.json.enc ──► cover NNNN.json ──► seal
    read      the cover; with the key the whole entry, in memory
    reviewed  the same key, if the box has it, else a new one ──► files, cover, seal ──► the key is forgotten (recorder.forgetting)

What waits for no review (somebody has read the protocol) has its key forgotten at once. From then on only archive and escrow open it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from protocol.closed import encrypt_file
from protocol.errors import Closed, ProtocolError
from protocol.hearing import Take
from protocol.journal import read_journal
from protocol.opening import plain_file
from protocol.record import DirectoryRecord
from protocol.remarks import Kind, Remarks, read_remarks
from protocol.view import HearingView
from protocol.writer import JOURNAL
from recorder.certification import read_paper
from recorder.closed_segments import SUFFIX
from recorder.closed_takes import CLOSED, OPEN, TakeKey
from recorder.entering import Paper
from recorder.ledger import Entry
from recorder.refusals import BadRequest
from recorder.vault import Vault

_log = structlog.get_logger(__name__)
_COVER = re.compile(r"remarks/\d{4}\.json")


def covers(folder: Path, view: HearingView) -> list[Remarks]:
    """Everything that was entered, in its order, as far as it stands in the clear. Reads files."""
    listed = [item for item in view.revisions if item.kind == "remarks" and _COVER.fullmatch(item.path)]
    return [read_remarks(read_paper(folder, item)) for item in listed]


def opened(folder: Path, view: HearingView, cover: Remarks, keys: Mapping[str, bytes]) -> Remarks:
    """An entry with what its key opens; the cover itself where the key is not on this box. ``closed`` stays as it is in the cover."""
    if not cover.closed or _key_of(view, cover) not in keys:
        return cover
    try:
        inner = read_remarks(plain_file(DirectoryRecord(folder), view, cover.closed, dict(keys)))
    except (Closed, ProtocolError) as error:
        _log.error("remarks_not_opened", action="show_cover", hearing=view.hearing, path=cover.path, error=str(error))
        return cover
    return replace(inner, closed=cover.closed)


def pending_keys(folder: Path, view: HearingView) -> set[str]:
    """Names of keys of remarks that were filed and not reviewed yet; all keys of remarks where that cannot be told."""
    of_remarks = {key.key for key in view.keys.values() if key.of}
    if not of_remarks:
        return set()
    try:
        known = covers(folder, view)
    except (ProtocolError, OSError) as error:
        _log.error("remarks_unreadable", action="keep_keys", hearing=view.hearing, error=str(error))
        return of_remarks
    reviewed = {item.of for item in known if item.kind is Kind.REVIEWED}
    waiting = {
        _key_of(view, item) for item in known if item.closed and item.kind is Kind.FILED and item.path not in reviewed
    }
    return of_remarks & waiting


def speaks_in_camera(said: bool | None, view: HearingView, moments: Sequence[int], filed: Remarks | None) -> bool:
    """Whether an entry is encrypted: where nobody says, it is, if the hearing has a part in camera.

    Args:
        said: what whoever enters it says.
        view: of the hearing.
        moments: of the recording, UTC µs.
        filed: the remarks that it reviews.

    Raises:
        BadRequest: what is said cannot be.
    """
    takes = [take for take in view.takes.values() if take.publicity == CLOSED]
    if not takes:
        if said:
            raise BadRequest("in_camera: no part of this hearing was in camera")
        return False
    if filed is not None and filed.closed:
        return True
    wholly = len(takes) == len(view.takes)
    inside = any(_covers(take, moment) for moment in moments for take in takes)
    if said is None:  # a review follows the remarks that it reviews, where it can
        return filed is None or wholly or inside
    if said is False and wholly:
        raise BadRequest("in_camera: the whole hearing was in camera")
    if said is False and inside:
        raise BadRequest("moments: this time is in a part in camera: enter the remarks as remarks on it")
    return said


@dataclass(frozen=True)
class Sealed:
    """An entry on a closed part, ready to be written: the ``key`` line if its key is new, and the files, the cover last."""

    lines: tuple[Entry, ...]
    papers: tuple[Paper, ...]


async def sealed(
    folder: Path, view: HearingView, vault: Vault, entry: Remarks, files: Sequence[bytes], filed: Remarks | None
) -> Sealed:
    """Encrypt an entry.

    Args:
        folder: the record.
        view: of its journal.
        vault: the box's keys; the writer of the hearing's journal waits meanwhile.
        entry: all that was said, attachments with the paths that they would have in the clear.
        files: bytes of the attachments.
        filed: the remarks that it reviews.

    Raises:
        NoClosedKeys: the settings do not name whose keys open it later.
        DiskRefused: the box's own copy of the key could not be written.
    """
    known = _key_of(view, filed) if filed is not None and filed.closed else ""
    secret, lines = vault.keys(view.hearing).get(known), list[Entry]()
    if secret is None:
        known = f"K{len(view.keys) + 1:02d}"
        wrapped = await asyncio.to_thread(vault.make, view.hearing, known)
        secret = vault.keys(view.hearing)[known]
        take = _take_of(view, entry.moments)
        lines.append(("key", {"key": known, "of": entry.path, "take": take, "wrapped": wrapped}))
    named = await asyncio.to_thread(_named_in_the_clear, folder)
    return Sealed(tuple(lines), tuple(_papers(entry, files, TakeKey(known, secret), named=entry.person in named)))


def _papers(entry: Remarks, files: Sequence[bytes], key: TakeKey, *, named: bool) -> list[Paper]:
    attachments = [replace(item, path=item.path + SUFFIX) for item in entry.attachments]
    inner, cover = replace(entry, attachments=tuple(attachments)), entry.cover(named=named)
    plain = [
        *((item.path, data) for item, data in zip(attachments, files, strict=True)),
        (cover.closed, inner.to_json()),
    ]
    papers = [_encrypted(path, data, entry, key) for path, data in plain]
    return [*papers, Paper("remarks", cover.path, cover.to_json(), entry.number, entry.of)]


def _encrypted(path: str, plain: bytes, entry: Remarks, key: TakeKey) -> Paper:
    assert key.secret is not None  # noqa: S101 - made or read a moment ago
    data, stream = encrypt_file(plain, key.secret, path)
    more: dict[str, str | int] = {
        "key": key.name,
        "plain_bytes": stream.plain_bytes,
        "plain_sha256": stream.plain_sha256,
    }
    return Paper("remarks", path, data, entry.number, entry.path, more=more)


def attachment_path(number: int, place: int, ending: str) -> str:
    """Where a file that came with remarks stands, in the clear."""
    return f"remarks/{number:04d}-{place}.{ending}"


def _key_of(view: HearingView, cover: Remarks) -> str:
    return next((item.key or "" for item in view.revisions if item.path == cover.closed), "")


def _take_of(view: HearingView, moments: Sequence[int]) -> str:
    """The closed take that an entry points into; the first where it points into none."""
    takes = [take for take in view.takes.values() if take.publicity != OPEN]
    return next((take for take in takes for moment in moments if _covers(take, moment)), takes[0]).id


def _covers(take: Take, moment: int) -> bool:
    """Whether a moment (UTC µs) lies in a take."""
    return take.start_us <= moment <= (take.end_us or moment)


def _named_in_the_clear(folder: Path) -> set[str]:
    """Names that the journal's lines in the clear have: a cover gives no other."""
    view = HearingView.of(read_journal((folder / JOURNAL).read_bytes())[0])
    return {person.name for person in view.participants.values()} | {view.case.judge, view.case.secretary} - {""}
