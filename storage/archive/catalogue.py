"""The archive's catalogue: which hearings, devices and files it has. Everything here can be made again from the objects.

In SQLite or PostgreSQL (:mod:`storage.database`). Methods block: call them from a thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from protocol.encoding import utc_us
from protocol.transcript import Transcript
from protocol.view import HearingView
from storage.archive.migrate import migrate
from storage.archive.notes import Note, Together
from storage.archive.passages import pieces_of
from storage.archive.search import Hit, Query, court_marks, find, find_newest, forget_pieces, write_pieces
from storage.archive.tables import device, hearing, passage, receipt, scrub_finding, stored
from storage.archive.words import Term, terms_of
from storage.database import Database
from storage.errors import NotEnrolled


@dataclass(frozen=True)
class Device:
    """A box that may send records: its name and verifier key as text."""

    name: str
    key: str


@dataclass(frozen=True)
class Summary:
    """A hearing as the list shows it.

    Attributes:
        hearing: identifier.
        number, code, court, courtroom, title, kind, language, publicity, judge, secretary: of the case.
        state: of the hearing, as far as the archive has its journal.
        opened_at: UTC time of line 0.
        start_us, end_us: from the first take's start to the last take's end, UTC µs; None before the first take.
        duration_us: recorded time, all takes together.
        good: what verification found; None before it was done.
        integrity, completeness, provenance: the three verdicts, empty before verification.
        received: whether a receipt was given.
    """

    hearing: str
    number: str
    code: str
    court: str
    courtroom: str
    title: str
    kind: str
    language: str
    publicity: str
    judge: str
    secretary: str
    state: str
    opened_at: str
    start_us: int | None
    end_us: int | None
    duration_us: int
    good: bool | None
    integrity: str
    completeness: str
    provenance: str
    received: bool


MOST_SCRUBBED = 100_000  # hearings of one run
_CASE = ("number", "code", "court", "courtroom", "title", "kind", "language", "publicity", "judge", "secretary")


class Catalogue:
    """The catalogue in one database.

    Args:
        database: where it is, its tables brought to what this program knows; default: in memory, for tests. Closed with the catalogue.

    Raises:
        DatabaseUnfit: a newer program made the tables.
        DatabaseUnavailable: the database does not answer.
    """

    def __init__(self, database: Database | None = None) -> None:
        self.database = database or Database.at()
        self._begin, self._insert = self.database.begin, self.database.insert
        self._notes = Together(self._write_notes)
        try:
            migrate(self.database)
        except BaseException:
            self.database.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # Devices

    def add_device(self, name: str, key: str, token_sha256: bytes, enrolled_at: str) -> None:
        """Let a device send records; a key may have several tokens, so that a token can be changed without a pause."""
        row = {"token_sha256": token_sha256, "name": name, "key": key, "enrolled_at": enrolled_at}
        with self._begin() as db:
            db.execute(self._insert(device).values(row).on_conflict_do_nothing())

    def device_by_token(self, token_sha256: bytes) -> Device | None:
        """The device whose token has this digest."""
        with self._begin() as db:
            row = db.execute(
                sa.select(device.c.name, device.c.key).where(device.c.token_sha256 == token_sha256)
            ).first()
        return None if row is None else Device(row.name, row.key)

    def devices(self) -> list[Device]:
        """Every device, by name."""
        with self._begin() as db:
            rows = db.execute(
                sa.select(device.c.name, device.c.key).distinct().order_by(device.c.name, device.c.key)
            ).all()
        return [Device(row.name, row.key) for row in rows]

    # Files

    def claim(self, name: str, device_key: str) -> bool:
        """Note that a hearing is sent by this device, if nobody else sends it; True if nobody did before.

        Raises:
            NotEnrolled: another device sends it.
        """
        with self._begin() as db:
            made = db.execute(self._insert(hearing).values(hearing=name, device_key=device_key).on_conflict_do_nothing())
            owner = db.execute(sa.select(hearing.c.device_key).where(hearing.c.hearing == name)).scalar_one()
        if owner != device_key:
            raise NotEnrolled(f"{name}: is sent by another device")
        return made.rowcount == 1

    def owner(self, name: str) -> str | None:
        """Verifier key of the device that sends a hearing; None if nobody does."""
        with self._begin() as db:
            return db.execute(sa.select(hearing.c.device_key).where(hearing.c.hearing == name)).scalar_one_or_none()

    def note_stored(self, name: str, path: str, size: int, sha256: bytes, *, dirty: bool) -> None:
        """Note a file that the store holds now; ``dirty``: the hearing's row is to be read again."""
        note = Note(name, path, size, sha256, dirty)
        if self.database.is_postgres:
            self._write_notes([note])  # it makes transactions of several connections durable together by itself
        else:
            self._notes.add(note)

    def note_all(self, notes: Sequence[Note]) -> None:
        """Note several files, all or none."""
        if notes:
            self._write_notes(notes)

    def _write_notes(self, notes: Sequence[Note]) -> None:
        rows = [
            {"hearing": item.hearing, "path": item.path, "bytes": item.size, "sha256": item.sha256} for item in notes
        ]
        dirty = {item.hearing for item in notes if item.dirty}
        with self._begin() as db:
            db.execute(self._insert(stored).on_conflict_do_nothing(), rows)
            if dirty:
                db.execute(sa.update(hearing).where(hearing.c.hearing.in_(dirty)).values(dirty=True))

    def stored(self, name: str) -> dict[str, bytes]:
        """Files of a hearing: path → SHA-256 (32 bytes) at intake."""
        with self._begin() as db:
            rows = db.execute(sa.select(stored.c.path, stored.c.sha256).where(stored.c.hearing == name)).all()
        return {row.path: row.sha256 for row in rows}

    def stored_digest(self, name: str, path: str) -> bytes | None:
        """SHA-256 (32 bytes) of a file at intake."""
        query = sa.select(stored.c.sha256).where(stored.c.hearing == name, stored.c.path == path)
        with self._begin() as db:
            return db.execute(query).scalar_one_or_none()

    def journal_chunks(self, name: str) -> int:
        """Number of journal chunks of a hearing that have come."""
        query = sa.select(sa.func.count()).where(stored.c.hearing == name, stored.c.path.startswith("journal.chunks/"))
        with self._begin() as db:
            return db.execute(query).scalar_one()

    def read_files(self, name: str) -> int:
        """Number of files of a hearing that :meth:`upsert` depends on: journal chunks and transcripts."""
        with self._begin() as db:
            return int(db.execute(sa.select(_read_files(name))).scalar_one())

    # Hearings

    def dirty(self) -> list[str]:
        """Hearings whose journal grew since their row was written."""
        with self._begin() as db:
            return list(db.execute(sa.select(hearing.c.hearing).where(hearing.c.dirty)).scalars())

    def upsert(self, name: str, view: HearingView, transcript: Transcript | None = None) -> None:
        """Write the row of a hearing from its view, and what can be found of it.

        Args:
            name: identifier.
            view: the hearing as its journal tells it.
            transcript: the newest that is not encrypted.
        """
        case = {key: _text(getattr(view.case, key)) for key in _CASE}
        values: dict[str, Any] = {
            **case, **_times(view), "state": str(view.state), "opened_at": _text(view.opened_at)
        }  # fmt: skip
        with self._begin() as db:
            statement = self._insert(hearing).values(hearing=name, device_key=view.device, **values)
            # The row is held to the end: two processes that read one hearing write it one after the other.
            db.execute(statement.on_conflict_do_update(index_elements=["hearing"], set_=values))
            pieces = pieces_of(view, transcript, utc_us(view.opened_at))
            write_pieces(self.database, db, name, pieces, case["court"], case["judge"])

    def clean(self, name: str, files: int) -> None:
        """Take a hearing off the list of those to be read again, unless more than ``files`` of its files that are read have come."""
        with self._begin() as db:
            db.execute(
                sa.update(hearing).where(hearing.c.hearing == name, _read_files(name) == files).values(dirty=False)
            )

    def search(
        self, text: str = "", *, limit: int = 100, offset: int = 0, courts: tuple[str, ...] = ()
    ) -> list[Summary]:
        """Hearings, newest first.

        Args:
            text: what must all stand in the case's data or the participants' names: beginnings of words, or ``"exact phrases"``.
            limit: number of rows at most.
            offset: number of rows to pass over.
            courts: whole names of courts, of which the case's must be one; empty: any.
        """
        terms, chosen = terms_of(text, prefix=True), [court_marks(courts)] if courts else []
        if text.strip() and not terms:
            return []
        query = _summaries().where(hearing.c.opened_at != "")
        with self._begin() as db:
            if terms or chosen:
                case = [*terms, Term(("k/case",))]
                ids = find_newest(self.database, db, case, chosen, limit, offset)
                query = query.join(passage, passage.c.hearing == hearing.c.hearing).where(passage.c.id.in_(ids))
                query = query.order_by(passage.c.at_us.desc(), passage.c.id.desc())
            else:
                query = query.order_by(hearing.c.opened_at.desc(), hearing.c.hearing).limit(limit).offset(offset)
            return [_summary(row) for row in db.execute(query).mappings()]

    def find(self, query: Query) -> list[Hit]:
        """What was said, marked, remarked or stands in a case; see :mod:`storage.archive.search`."""
        return find(self.database, query)

    def get(self, name: str) -> Summary | None:
        """One hearing; None if its journal has not come yet."""
        query = _summaries().where(hearing.c.hearing == name, hearing.c.opened_at != "")
        with self._begin() as db:
            row = db.execute(query).mappings().first()
        return None if row is None else _summary(row)

    def forget(self, name: str) -> None:
        """Forget a hearing that was destroyed, so that its words do not stand in the database's file either.

        In PostgreSQL the rows' space is written over when autovacuum comes by.
        """
        with self._begin() as db:
            if not self.database.is_postgres:
                db.exec_driver_sql("PRAGMA secure_delete = ON")
            forget_pieces(self.database, db, name)
            for table in (stored, receipt, scrub_finding, hearing):
                db.execute(sa.delete(table).where(table.c.hearing == name))
            if not self.database.is_postgres:  # the index keeps words of deleted rows until its parts are merged
                db.exec_driver_sql("INSERT INTO passage_text (passage_text) VALUES ('optimize')")
        if not self.database.is_postgres:
            with self.database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    # Verification and receipts

    def set_report(self, name: str, report: Mapping[str, Any], verified_at: str) -> None:
        """Keep the verification report of a hearing (JSON of ``protocol.verification.Report``)."""
        values = {
            "report": json.dumps(report, ensure_ascii=False), "verified_at": verified_at, "good": bool(report["good"]),
            **{question: report[question]["verdict"] for question in ("integrity", "completeness", "provenance")},
        }  # fmt: skip
        with self._begin() as db:
            db.execute(sa.update(hearing).where(hearing.c.hearing == name).values(values))

    def report(self, name: str) -> dict[str, Any] | None:
        """The last verification report with ``verified_at``; None before the first."""
        with self._begin() as db:
            row = db.execute(
                sa.select(hearing.c.report, hearing.c.verified_at).where(hearing.c.hearing == name)
            ).first()
        if row is None or row.report is None:
            return None
        return {**json.loads(row.report), "verified_at": row.verified_at}

    def add_receipt(self, name: str, seal_number: int, text: bytes) -> None:
        """Keep a receipt that was given."""
        with self._begin() as db:
            row = {"hearing": name, "seal_number": seal_number, "text": text}
            db.execute(self._insert(receipt).values(row).on_conflict_do_nothing())

    def receipts(self, name: str) -> dict[int, bytes]:
        """Receipts of a hearing: number of the seal → bytes."""
        query = sa.select(receipt.c.seal_number, receipt.c.text).where(receipt.c.hearing == name)
        with self._begin() as db:
            return {row.seal_number: row.text for row in db.execute(query.order_by(receipt.c.seal_number))}

    def to_scrub(self) -> Iterator[tuple[str, int, int]]:
        """Hearings, the one that was looked at longest ago first, as many as a run could ever look at: identifier, bytes at intake, when it was last found good (UTC µs; 0: never)."""
        size = sa.select(sa.func.coalesce(sa.func.sum(stored.c.bytes), 0))
        query = (
            sa.select(hearing.c.hearing, hearing.c.scrub_good_us)
            .order_by(hearing.c.scrubbed_us, hearing.c.hearing)
            .limit(MOST_SCRUBBED)
        )
        with self._begin() as db:
            rows = db.execute(query).all()
        for name, good_us in rows:
            with self._begin() as db:
                total = db.execute(size.where(stored.c.hearing == name)).scalar_one()
            yield name, int(total), good_us

    def set_scrubbed(self, name: str, at_us: int, *, good: bool) -> None:
        """Note that a hearing was looked at."""
        values = {"scrubbed_us": at_us, **({"scrub_good_us": at_us} if good else {})}
        with self._begin() as db:
            db.execute(sa.update(hearing).where(hearing.c.hearing == name).values(values))


def _text(value: object) -> str:
    """PostgreSQL keeps no NUL in texts."""
    return str(value).replace("\x00", "\ufffd")


def _read_files(name: str) -> sa.ScalarSelect[int]:
    read = sa.or_(stored.c.path.startswith("journal.chunks/"), stored.c.path.startswith("transcript/"))
    return sa.select(sa.func.count()).where(stored.c.hearing == name, read).scalar_subquery()


def _times(view: HearingView) -> dict[str, Any]:
    takes = list(view.takes.values())
    ends = {take.id: take.end_us for take in takes}
    for take in takes:
        if ends[take.id] is None:  # still running: as far as there are closed segments
            ends[take.id] = max((s.end_us for s in view.segments if s.take == take.id), default=take.start_us)
    lengths = [max(0, (ends[take.id] or take.start_us) - take.start_us) for take in takes]
    return {
        "start_us": min((take.start_us for take in takes), default=None),
        "end_us": max((end for end in ends.values() if end is not None), default=None),
        "duration_us": sum(lengths),
    }


_SUMMARY = (
    *("hearing", *_CASE, "state", "opened_at", "start_us", "end_us", "duration_us"),
    *("good", "integrity", "completeness", "provenance"),
)


def _summaries() -> sa.Select[Any]:
    received = sa.exists().where(receipt.c.hearing == hearing.c.hearing).label("received")
    return sa.select(*(hearing.c[name] for name in _SUMMARY), received)


def _summary(row: sa.RowMapping) -> Summary:
    return Summary(**{**row, "received": bool(row["received"])})
