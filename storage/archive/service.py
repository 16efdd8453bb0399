"""Intake: what the archive does for a box, and what it tells the judge's pages. No HTTP here; methods block.

The way of a record: files arrive (:meth:`Archive.put`) → the box asks for the receipt (:meth:`Archive.receipt`) → the record is
verified as the store holds it → an entry ``received`` in the log → the receipt, which stays the same for the same seal.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from protocol.encoding import b64, utc_text
from protocol.errors import ProtocolError
from protocol.note import Signer, VerifierKey
from protocol.verification import Report, Trust, verify
from protocol.view import HearingView
from storage import receipt
from storage.archive.catalogue import Catalogue, Device, Summary
from storage.archive.locks import LockDays, lock_record
from storage.archive.log_entries import log_course
from storage.archive.records import StoredRecord, check_sent, is_read, key_of, newest_transcript, read_lines, seal_of
from storage.archive.search import Hit, Query
from storage.database import Database
from storage.errors import Destroyed, NotEnrolled, NotVerified, ObjectLocked, ObjectMissing
from storage.folder_store import FolderStore
from storage.log import Entry, Log
from storage.objects import ObjectStore, digest
from storage.receipt import SealPoint

log = structlog.get_logger("storage.archive")

#: A record that a box sends has no reason to withhold anything.
_ACCEPTED = frozenset({"complete", "complete-with-gaps"})
RECEIPT = "receipt.json"  # the archive's own; a box never sends it
REFRESH_S = 2.0  # of a request for the list, to read what came since
_VIEWED_KEPT = 10_000  # views remembered, so that a player's many requests cost no look-up


class Archive:
    """The archive: objects, log and catalogue together.

    Args:
        store: where the bytes are.
        transparency: the log.
        catalogue: what can be made again from the objects.
        clock: seconds since 1970, UTC.
        locks: how long objects are locked.
    """

    def __init__(
        self,
        store: ObjectStore,
        transparency: Log,
        catalogue: Catalogue,
        clock: Callable[[], float] = time.time,
        locks: LockDays | None = None,
    ) -> None:
        self._lock_days = locks or LockDays({})
        self.store = store
        self.log = transparency
        self.catalogue = catalogue
        self._clock = clock
        self._locks: dict[str, threading.Lock] = {}
        self._locks_lock = threading.Lock()
        self._viewed: set[str] = set()
        #: Told of each receipt that is given: hearing, number of the seal; returns at once.
        self.on_receipt: Callable[[str, int], None] = lambda _hearing, _number: None

    @classmethod
    def open(
        cls,
        folder: Path,
        signer: Signer,
        *,
        database: str | None = None,
        store: ObjectStore | None = None,
        locks: LockDays | None = None,
    ) -> Archive:
        """The archive in a folder: ``objects/``, ``log.sqlite``, ``catalogue.sqlite``.

        Args:
            folder: where the three are.
            signer: the archive's key.
            database: address of the PostgreSQL database that holds log and catalogue instead.
            store: where objects are instead of ``objects/``.
            locks: how long objects are locked.

        Raises:
            LogBroken: the log is not the one that was signed.
            DatabaseUnfit, DatabaseUnavailable: the database cannot be used, or does not answer.
        """
        objects = store or FolderStore(folder / "objects")
        transparency = Log(Database(database) if database else folder / "log.sqlite", signer)
        try:
            catalogue = Catalogue(Database(database) if database else Database.at(folder / "catalogue.sqlite"))
        except BaseException:
            transparency.close()
            raise
        return cls(objects, transparency, catalogue, locks=locks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close log and catalogue."""
        self.log.close()
        self.catalogue.close()

    @property
    def key(self) -> VerifierKey:
        """The archive's verifier key."""
        return self.log.signer.key

    @contextmanager
    def _one_at_a_time(self, hearing: str) -> Iterator[None]:
        with self._locks_lock:
            lock = self._locks.setdefault(hearing, threading.Lock())
        with lock:
            yield

    def now(self) -> str:
        """The time by the archive's clock, UTC text."""
        return utc_text(self.now_us())

    def now_us(self) -> int:
        """The same, µs since 1970."""
        return int(self._clock() * 1_000_000)

    def locked_until(self, hearing: str) -> int | None:
        """Until when an object of a hearing that comes now is locked, UTC µs; None: not at all."""
        if not self._lock_days.days:
            return None
        known = self.catalogue.get(hearing)
        return self._lock_days.until_us(known.code if known else "", self.now_us())

    # For the box

    def device(self, token: str) -> Device:
        """The device that has this token.

        The token is looked up by its digest, so the time of the look-up tells nothing about the token.

        Raises:
            NotEnrolled: no device has it.
        """
        found = self.catalogue.device_by_token(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())
        if found is None:
            raise NotEnrolled("no device has this token")
        return found

    def put(self, device: Device, hearing: str, path: str, chunks: Iterable[bytes], sha256: bytes) -> bool:
        """Take a file of a record, once.

        Args:
            device: who sends it.
            hearing: identifier of the hearing.
            path: of the file in the record.
            chunks: its bytes.
            sha256: digest that the sender announced.

        Returns:
            True if it is new, False if the same bytes were there before.

        Raises:
            BadKey, NotEnrolled, DigestMismatch, TooLarge, ObjectConflict: nothing was stored.
        """
        key = key_of(hearing, check_sent(path))
        self.claim(device, hearing)
        new = self.store.put_once(key, chunks, sha256, until_us=self.locked_until(hearing))
        self.check_not_destroyed(hearing, [key])
        self.catalogue.note_stored(hearing, path, self.store.size(key), sha256, dirty=is_read(path))
        log_course(self.log, self.store, hearing, device.name, [path], self.now())
        log.info("file stored" if new else "file was there", action="stored", hearing=hearing, path=path, new=new)
        return new

    def claim(self, device: Device, hearing: str) -> None:
        """Note that a hearing is sent by a device, if nobody else sends it.

        Raises:
            NotEnrolled: another device sends it.
            Destroyed: it was destroyed by an act.
        """
        if self.catalogue.owner(hearing) != device.key:  # who sends it already has claimed it
            self._refuse_destroyed(hearing)
            if self.catalogue.claim(hearing, device.key) and self.destroyed(hearing):  # destroyed since it was asked
                self.catalogue.forget(hearing)
                raise Destroyed(f"{hearing}: was destroyed by an act")

    def check_not_destroyed(self, hearing: str, keys: Iterable[str]) -> None:
        """Raise :class:`Destroyed` if a hearing was destroyed while these objects came, and remove them: nothing of it may come after the act."""
        if self.catalogue.owner(hearing) is None and self.destroyed(hearing):
            for key in keys:
                with suppress(ObjectLocked):
                    self.store.remove(key)
            raise Destroyed(f"{hearing}: was destroyed by an act")

    def held(self, device: Device, hearing: str) -> dict[str, str]:
        """What the archive holds of a hearing: path → base64 SHA-256; empty if nothing.

        Raises:
            NotEnrolled: another device sends this hearing.
        """
        self._check_owner(device, hearing)
        if self.catalogue.owner(hearing) is None:
            return {}
        noted = self.catalogue.stored(hearing)
        for path in StoredRecord(self.store, hearing).paths():
            if path not in noted and path != RECEIPT:
                # Killed between the object and its note: untold, the box would cut this chunk elsewhere and never get on.
                key = key_of(hearing, path)
                noted[path] = digest(self.store, key)
                self.catalogue.note_stored(hearing, path, self.store.size(key), noted[path], dirty=is_read(path))
        return {path: b64(sha256) for path, sha256 in noted.items()}

    def receipt(self, device: Device, hearing: str) -> bytes:
        """Verify a record and give the receipt of its newest seal; always the same for the same seal.

        Raises:
            NotEnrolled: another device sends this hearing.
            ObjectMissing: nothing was sent of it.
            NotVerified: the record is not good, or not sealed; carries the report.
        """
        self._check_owner(device, hearing)
        if self.catalogue.owner(hearing) is None:
            raise ObjectMissing(f"{hearing}: nothing was sent of this hearing")
        with self._one_at_a_time(hearing):
            self._refresh(hearing)
            seal = seal_of(StoredRecord(self.store, hearing))
            entry = self.log.find(_received(seal)) if seal else None
            if seal is None or entry is None:
                report = self.verify(hearing)
                if problem := _problem(hearing, seal, report):
                    log.warning("record refused", action="record_refused", hearing=hearing, problem=problem)
                    raise NotVerified(f"{hearing}: {problem}", report.to_json())
                assert seal is not None  # noqa: S101 - _problem has seen to it
                # Killed between a chunk and its entries: made good here, so that nothing is received that was never opened.
                log_course(self.log, self.store, hearing, device.name, StoredRecord(self.store, hearing).paths(), self.now())
                entry = self.log.add(_received(seal), receipt.entry_of(seal, self.log.salt(hearing), self.now()))
                log.info("record received", action="received", hearing=hearing, seal=seal.number, index=entry.index)
            return self._publish(seal, entry)

    def _publish(self, seal: SealPoint, entry: Entry) -> bytes:
        """The receipt of a logged entry, kept as an object and in the catalogue; done again after a crash in between."""
        text = receipt.make(seal.hearing, self.log.salt(seal.hearing), entry, self.key)
        sha256, until_us = hashlib.sha256(text).digest(), self.locked_until(seal.hearing)
        self.store.put_once(f"receipts/{seal.hearing}/{seal.number:04d}.json", [text], sha256, until_us=until_us)
        beside = key_of(seal.hearing, RECEIPT)
        if not self.store.exists(beside):  # the first receipt stands in the record itself, as on the box
            self.store.put_once(beside, [text], sha256, until_us=until_us)
        if until_us is not None and (count := lock_record(self.store, seal.hearing, until_us)):
            log.info("record locked", action="locked", hearing=seal.hearing, until=utc_text(until_us), objects=count)
        self.catalogue.add_receipt(seal.hearing, seal.number, text)
        self.on_receipt(seal.hearing, seal.number)
        return text

    def destroyed(self, hearing: str) -> Entry | None:
        """The tombstone of a record that was destroyed (:mod:`storage.archive.destruction`)."""
        return self.log.find(f"destroyed {hearing}")

    def _refuse_destroyed(self, hearing: str) -> None:
        """A box that still has a destroyed record does not bring it back. Only a hearing that nobody sends is asked about."""
        if self.catalogue.owner(hearing) is None and self.destroyed(hearing):
            raise Destroyed(f"{hearing}: was destroyed by an act")

    def _check_owner(self, device: Device, hearing: str) -> None:
        key_of(hearing, "")  # refuses what is no identifier
        self._refuse_destroyed(hearing)
        if self.catalogue.owner(hearing) not in (None, device.key):
            raise NotEnrolled(f"{hearing}: is sent by another device")

    # For people

    def trust(self) -> Trust:
        """The keys that the archive trusts: enrolled devices' and its own."""
        return Trust.of(self.key, *(VerifierKey.from_text(item.key) for item in self.catalogue.devices()))

    def verify(self, hearing: str) -> Report:
        """Verify a record as the store holds it now, and keep the report in the catalogue."""
        report = verify(StoredRecord(self.store, hearing), self.trust())
        self.catalogue.set_report(hearing, report.to_json(), self.now())
        log.info("record verified", action="verified", hearing=hearing, good=report.good, findings=_codes(report))
        return report

    def view(self, hearing: str) -> HearingView:
        """The hearing as its journal tells it, as far as it has come.

        Raises:
            ObjectMissing: there is no such hearing.
            ProtocolError: a line is malformed.
        """
        if self.summary(hearing) is None:
            self._refuse_destroyed(hearing)
            raise ObjectMissing(f"{hearing}: there is no such hearing")
        return HearingView.of(read_lines(StoredRecord(self.store, hearing)))

    def summary(self, hearing: str) -> Summary | None:
        """One row of the list."""
        self._refresh(hearing)
        return self.catalogue.get(hearing)

    def search(self, text: str = "", *, limit: int = 100, offset: int = 0, courts: tuple[str, ...] = ()) -> list[Summary]:
        """Rows of the list, newest first; see :meth:`Catalogue.search`."""
        self.refresh()
        return self.catalogue.search(text, limit=limit, offset=offset, courts=courts)

    def find(self, query: Query) -> list[Hit]:
        """What was said, marked or remarked; see :mod:`storage.archive.search`."""
        self.refresh()
        return self.catalogue.find(query)

    def refresh(self) -> None:
        """Read what came since the catalogue's rows were written; what does not fit into two seconds is read by the next who asks."""
        end = time.monotonic() + REFRESH_S
        for hearing in self.catalogue.dirty():
            self.reindex(hearing)
            if time.monotonic() > end:
                break

    def viewed(self, hearing: str, user: str, session: str) -> None:
        """Log that a person looked at a hearing: one entry for each person, hearing and session.

        Args:
            hearing: identifier.
            user: name of the account.
            session: anything that stands for the session; only a digest of it is kept.
        """
        self._log_look("viewed", hearing, user, session)

    def refused(self, hearing: str, user: str, session: str) -> None:
        """Log that a person asked for a hearing they may not see; arguments as of :meth:`viewed`."""
        self._log_look("refused", hearing, user, session)

    def _log_look(self, what: str, hearing: str, user: str, session: str) -> None:
        name = f"{what} {hearing} {user} {hashlib.sha256(session.encode()).hexdigest()}"
        if name in self._viewed:
            return
        if self.log.find(name) is None:
            self.log.add(name, {"at": self.now(), "hearing": hearing, "type": what, "user": user})
            log.info("hearing looked at", action=what, hearing=hearing, user=user)
        if len(self._viewed) >= _VIEWED_KEPT:
            self._viewed.clear()  # what is not in memory is looked up in the log
        self._viewed.add(name)

    def _refresh(self, hearing: str) -> None:
        if hearing not in self.catalogue.dirty():
            return
        self.reindex(hearing)

    def reindex(self, hearing: str) -> None:
        """Write the catalogue's row of a hearing from its journal; a journal that cannot be read leaves the row as it was."""
        files = self.catalogue.read_files(hearing)  # first: one that comes while we read leaves the hearing dirty
        try:
            view = HearingView.of(read_lines(StoredRecord(self.store, hearing)))
            if view.size:
                self.catalogue.upsert(hearing, view, newest_transcript(self.store, hearing, view))
        except ProtocolError as error:
            log.warning("journal unreadable", action="journal_unreadable", hearing=hearing, error=str(error))
        self.catalogue.clean(hearing, files)  # last: killed before this, the row is written again


def _received(seal: SealPoint) -> str:
    return f"received {seal.hearing} {seal.number} {seal.size} {seal.root.hex()}"


def _problem(hearing: str, seal: SealPoint | None, report: Report) -> str:
    """Why a record gets no receipt, or nothing."""
    if not report.good:
        return ", ".join(_codes(report))
    if report.hearing != hearing:
        return f"it is the record of hearing {report.hearing}"
    if report.completeness not in _ACCEPTED:
        return report.completeness
    return "it is not sealed" if seal is None else ""


def _codes(report: Report) -> list[str]:
    return sorted({item.code for item in report.failures})
