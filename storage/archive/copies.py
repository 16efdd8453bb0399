"""Copies that the archive hands out: a record as one ZIP, with the verifier and the receipts beside it. Each is an entry ``copied`` in the log, before the first byte.

::

    <hearing>/…             the record; what was in camera is withheld, and the copy verifies as redacted
    receipts/NNNN.json      the archive's receipts of all seals, with their time stamps (.tst)
    verify.html             the verifier: works without a network

Nothing is stored twice: journal and manifests are made in memory, every other file goes from the store to the reader piece by piece. Parts in camera are
in no such copy, whoever asks: they are opened one at a time, for a purpose that is logged (:mod:`storage.archive.closed`).
"""

from __future__ import annotations

import hashlib
import secrets
import zipfile
from collections.abc import Iterable, Iterator

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from protocol.checkpoint import Checkpoint, split_notes
from protocol.journal import read_journal
from protocol.note import parse_note
from protocol.record import CHECKPOINTS, JOURNAL, chunk_folder
from protocol.redaction import without_closed_parts
from protocol.view import HearingView
from storage.archive.media import Media
from storage.archive.media_api import ReadBy
from storage.archive.records import StoredRecord
from storage.archive.service import Archive
from storage.errors import NotVerified, StillComing
from web.offline import NAME, verifier
from web.rights import signed_in

log = structlog.get_logger("storage.archive")

_LOGS = tuple(f"{chunk_folder(name)}/" for name in (JOURNAL, CHECKPOINTS))
Files = Iterable[tuple[str, Iterable[bytes]]]


def router(archive: Archive, media: Media) -> APIRouter:
    """The route of a hearing's copy."""
    routes = APIRouter(prefix="/hearings/{hearing}", dependencies=[Depends(signed_in)])

    @routes.get("/copy.zip")
    def copy(request: Request, hearing: str, account: ReadBy) -> Response:
        files = files_of(archive, media, hearing)
        note_copy(archive, hearing, account.name, str(request.state.session_token))
        named = {"Content-Disposition": f'attachment; filename="{hearing}.zip"', "Cache-Control": "no-store"}
        return StreamingResponse(zipped(files), headers=named, media_type="application/zip")

    return routes


def note_copy(archive: Archive, hearing: str, user: str, session: str) -> None:
    """Log that a copy is handed out: an entry for each.

    Raises:
        LogBroken, DatabaseUnavailable: it cannot be logged, and so is not handed out.
    """
    once = hashlib.sha256(f"{session} {secrets.token_hex(16)}".encode()).hexdigest()
    archive.log.add(
        f"copied {hearing} {user} {once}", {"at": archive.now(), "hearing": hearing, "type": "copied", "user": user}
    )
    log.info("hearing copied", action="copied", hearing=hearing, user=user)


def files_of(archive: Archive, media: Media, hearing: str) -> Files:
    """Every file of a copy: its name, its bytes piece by piece.

    Raises:
        NotVerified: there is no receipt for any seal yet.
        StillComing: something later is on its way.
        UnreadableRecord: the store does not give journal or manifests.
    """
    if not archive.catalogue.receipts(hearing):
        raise NotVerified(f"{hearing}: the archive has no receipt for it yet; what is copied was received", {})
    record = StoredRecord(archive.store, hearing)
    known = media.known(hearing)
    paths = record.paths()  # before the journal, so that it names all of them
    made = without_closed_parts(_Lists(archive, hearing), known.is_closed)
    kept = [path for path in paths if path not in made and not path.startswith(_LOGS) and not known.is_closed(path)]
    _check_whole(archive, hearing, made[JOURNAL], made[CHECKPOINTS], frozenset(paths))

    def each() -> Iterator[tuple[str, Iterable[bytes]]]:
        yield NAME, [verifier()]
        for path, data in sorted(made.items()):
            yield f"{hearing}/{path}", [data]
        for path in kept:
            yield f"{hearing}/{path}", record.chunks(path)
        for key in sorted(archive.store.list(f"receipts/{hearing}")):
            yield f"receipts/{key.rpartition('/')[2]}", archive.store.get(key)

    return each()


def _check_whole(archive: Archive, hearing: str, journal: bytes, checkpoints: bytes, paths: frozenset[str]) -> None:
    """Refuse a copy that would not verify: a later seal, a file, or the checkpoint over what a chunk of the journal brought, is on its way."""
    lines = read_journal(journal)[0]
    view = HearingView.of(lines)
    if missing := sorted(({item.path for item in view.segments} | view.added) - paths):
        raise StillComing(f"{hearing}: {missing[0]} has not come yet")
    notes = split_notes(checkpoints)[0]
    if not notes or Checkpoint.from_text(parse_note(notes[-1].decode()).text).size < len(lines):
        raise StillComing(f"{hearing}: the checkpoint over the last lines of its journal has not come yet")
    if not view.manifests or view.manifests[-1].number not in archive.catalogue.receipts(hearing):
        raise StillComing(f"{hearing}: the archive has no receipt for its newest seal yet")


class _Lists(StoredRecord):
    """Of a stored record only what a redacted copy has otherwise: journal, checkpoints, manifests."""

    def paths(self) -> list[str]:
        """These."""
        return [path for path in super().paths() if path.startswith((*_LOGS, "manifest-"))]

    def __init__(self, archive: Archive, hearing: str) -> None:
        super().__init__(archive.store, hearing)


def zipped(files: Files) -> Iterator[bytes]:
    """A ZIP archive of files, not compressed, as it grows; files and archive may have any length (ZIP64)."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, pieces in files:
            with archive.open(zipfile.ZipInfo(path), "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield out.taken()
    yield out.taken()


class _Out:
    """What a ZIP is written to: it can be told nothing but to go on."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        """More."""
        self._data += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is open here."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._data)
        self._data.clear()
        return data
