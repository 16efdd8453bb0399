"""Closed parts at the archive: opened for a person who may see them, says for what, and stands in the log before a byte goes out.

::

    a judge types a purpose ──► entry ``closed_opened`` in the log ──► key unwrapped with the archive's ──► plain bytes, for this session only
    anyone else             ──► entry ``refused``                  ──► nothing

An opening is for one person, one hearing and one session, and the log entry itself is what later requests look for: every process of the archive agrees about it, and a restart
forgets nothing. Nothing that was decrypted is kept: not on a disk, not in a cache, not in the index of words.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from nacl.public import PrivateKey

from protocol.canonical import Json
from protocol.closed import open_entry
from protocol.errors import Closed, ProtocolError
from protocol.opening import encrypted_files, plain_file, take_keys
from protocol.transcript import Transcript
from protocol.view import HearingView
from storage.archive import protocol_remarks
from storage.archive.closed_errors import ClosedKeyMissing, NoPurpose, NotOpened
from storage.archive.media import Media
from storage.archive.records import StoredRecord, read_lines
from storage.archive.service import Archive
from storage.errors import ObjectMissing, StorageError
from web.accounts import Account, Role

log = structlog.get_logger("storage.archive")
MIN_PURPOSE, MAX_PURPOSE = 10, 500


def may_see_closed(account: Account) -> bool:
    """Whether a person may see closed parts."""
    return account.role is Role.JUDGE


class ClosedParts:
    """Opens closed parts.

    Args:
        archive: whose records they are.
        media: reads its hearings.
        key: file of the archive's secret key for closed parts (``hattama keys archive`` makes it).
    """

    def __init__(self, archive: Archive, media: Media, key: Path) -> None:
        self._archive, self._media, self._key = archive, media, key

    def open(self, hearing: str, account: Account, session: str, purpose: str) -> None:
        """Open the closed parts of a hearing for the rest of a session; the entry is in the log when this returns.

        Raises:
            NoPurpose: nothing that says for what.
            ClosedKeyMissing: this archive has no key, or none of the hearing is wrapped to it.
            ObjectMissing: the hearing has no closed part.
        """
        said = " ".join("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in purpose).split())
        if not MIN_PURPOSE <= len(said) <= MAX_PURPOSE:
            raise NoPurpose(f"a purpose has {MIN_PURPOSE} to {MAX_PURPOSE} characters")
        view = self._media.known(hearing).view
        if not view.keys:
            raise ObjectMissing(f"{hearing} has no closed part")
        self._keys(view)
        name = _name(hearing, account, session)
        known = self._archive.log.find(name) is not None
        entry: dict[str, Json] = {
            "at": self._archive.now(),
            "hearing": hearing,
            "reason": said,
            "takes": sum(not key.of for key in view.keys.values()),
            "type": "closed_opened",
            "user": account.name,
        }
        self._archive.log.add(f"{name} {hashlib.sha256(said.encode()).hexdigest()}" if known else name, entry)
        log.info("closed part opened", action="closed_opened", hearing=hearing, user=account.name)

    def any(self, hearing: str) -> bool:
        """Whether the hearing has a closed part, as far as its journal has come and can be read."""
        try:
            return bool(self._media.known(hearing).view.keys)
        except StorageError:
            return False

    def is_open(self, hearing: str, account: Account, session: str) -> bool:
        """Whether this person opened the hearing's closed parts in this session."""
        return may_see_closed(account) and self._archive.log.find(_name(hearing, account, session)) is not None

    def read(self, hearing: str, path: str) -> bytes:
        """An encrypted file, decrypted and compared with what was signed.

        Raises:
            ObjectMissing: the journal names no such file, or it has not come yet.
            ClosedKeyMissing: its key is not wrapped to this archive.
            StorageError: it does not open, or is not what was signed.
        """
        view = self._media.known(hearing).view
        if path not in encrypted_files(view):
            raise ObjectMissing(f"{path}: no encrypted file of this hearing")
        try:
            return plain_file(StoredRecord(self._archive.store, hearing), view, path, self._keys(view))
        except Closed as error:
            raise StorageError(str(error)) from error

    def media_type(self, hearing: str, path: str) -> str:
        """Of a decrypted file."""
        segment = self._media.known(hearing).segments.get(path)
        if segment is not None:
            return f"{segment.media}/mp4"
        kinds = {".json": "application/json", ".pdf": "application/pdf"}
        return kinds.get(Path(path.removesuffix(".enc")).suffix, "application/octet-stream")

    def reveal(self, hearing: str, replay: dict[str, Any]) -> dict[str, Any]:
        """The replay page's values with the closed parts in them: tracks that play, remarks, stages, names, words."""
        entries = read_lines(StoredRecord(self._archive.store, hearing))
        keys = self._keys(HearingView.of(entries))
        view = HearingView.of(open_entry(entry, keys) for entry in entries)
        transcripts = [self._transcript(hearing, item.path) for item in _newest(view)]
        return {
            **replay,
            "case": asdict(view.case),
            "participants": [asdict(item) for item in view.participants.values()],
            "stages": [asdict(item) for item in view.stages],
            "remarks": [asdict(item) for item in view.remarks],
            "protocol_remarks": protocol_remarks.opened(
                replay["protocol_remarks"], hearing, partial(self.read, hearing)
            ),
            "tracks": [self._playing(view, track) for track in replay["tracks"]],
            "transcript": _joined(replay["transcript"], [item for item in transcripts if item is not None]),
        }

    def _playing(self, view: HearingView, track: dict[str, Any]) -> dict[str, Any]:
        """A closed track whose segments can be fetched in the clear; digest and length are those of the plain bytes, which were signed too."""
        plain = {item.path: item for item in view.segments if item.key is not None and item.units}
        segments = [
            {
                **item,
                "bytes": plain[item["path"]].plain_bytes,
                "sha256": plain[item["path"]].plain_sha256,
                "playable": True,
            }
            if item["path"] in plain
            else item
            for item in track["segments"]
        ]
        return {**track, "segments": segments}

    def _transcript(self, hearing: str, path: str) -> Transcript | None:
        try:
            return Transcript.from_json(self.read(hearing, path))
        except (StorageError, ProtocolError) as error:
            log.warning(
                "closed transcript unreadable",
                action="transcript_unreadable",
                hearing=hearing,
                path=path,
                error=str(error),
            )
            return None

    def _keys(self, view: HearingView) -> dict[str, bytes]:
        try:
            secret = self._key.read_bytes()
            keys = take_keys(view, bytes(PrivateKey(secret)))
        except FileNotFoundError as error:
            raise ClosedKeyMissing("this archive has no key for closed parts") from error
        except (OSError, ValueError, TypeError, Closed) as error:
            raise ClosedKeyMissing(f"the archive's key for closed parts cannot be used: {error}") from error
        if not keys:
            raise ClosedKeyMissing("the keys of this hearing are wrapped to another archive")
        return keys


def require(opened: bool) -> None:
    """Raise :class:`NotOpened` unless the part was opened."""
    if not opened:
        raise NotOpened("this closed part was not opened in this session")


def _name(hearing: str, account: Account, session: str) -> str:
    return f"closed_opened {hearing} {account.name} {hashlib.sha256(session.encode()).hexdigest()}"


def _newest(view: HearingView) -> list[Any]:
    """The newest transcript of each closed take."""
    return list(
        {item.key: item for item in view.revisions if item.kind == "transcript" and item.key is not None}.values()
    )


def _joined(shown: dict[str, Any] | None, closed: list[Transcript]) -> dict[str, Any] | None:
    """One transcript of all: models' numbers of the ones that join are moved behind those that are there."""
    for transcript in closed:
        value = asdict(transcript)
        if shown is None:
            shown = value
            continue
        before = len(shown["models"])
        passages = [
            {
                **passage,
                "words": [
                    {**word, "model": None if word["model"] is None else word["model"] + before}
                    for word in passage["words"]
                ],
                "witness": None if passage["witness"] is None else passage["witness"] + before,
            }
            for passage in value["passages"]
        ]
        shown = {
            **shown,
            "models": [*shown["models"], *value["models"]],
            "missing": [*shown["missing"], *value["missing"]],
            "takes": [*shown["takes"], *value["takes"]],
            "passages": sorted(
                [*shown["passages"], *passages], key=lambda item: (item["start_us"], item["end_us"], item["source"])
            ),
        }
    return shown
