"""The archive's transparency log: a Merkle log of canonical entries under checkpoints that the archive signs.

The tree, the notes and the checkpoints are those of the record (record format, sections 3 and 5); the origin is
``<archive name>/log``. An entry is a canonical JSON object with ``type``; its leaf bytes are its canonical bytes. Anybody may
read the log (:mod:`storage.archive.log_api`): what is private in an entry is salted and hashed (:mod:`storage.log_private`).

Storage is a SQLite file (one process) or two tables in PostgreSQL (any number of processes, one writer at a time). An entry and the
checkpoint that covers it are committed in **one** transaction, so a crash leaves both or neither: there is no entry without
a signature and no signature without its entries. At every start the whole tree is computed again and compared with the last
signed checkpoint; before every entry, what other processes added since. A difference stops the archive (:class:`~storage.errors.LogBroken`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from protocol.canonical import Json
from protocol.checkpoint import Checkpoint
from protocol.errors import BadNote
from protocol.merkle import Tree, leaf_hash
from protocol.note import Signer, VerifierKey, parse_note, sign_note
from storage import log_private
from storage.database import Database
from storage.errors import LogBroken
from storage.setting_errors import LogRenamed
from storage.tiles import LONGEST

_ALONE = 7_420_002  # PostgreSQL's advisory lock of whoever adds

_metadata = sa.MetaData()
_entry = sa.Table(
    "entry",
    _metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("text", sa.LargeBinary, nullable=False),
)
_checkpoint = sa.Table(
    "checkpoint",
    _metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Entry:
    """An entry as it stands in the log.

    Attributes:
        index: its number, from 0.
        text: its canonical bytes (the leaf bytes).
        proof: RFC 6962 inclusion proof in the tree of ``checkpoint``.
        checkpoint: the signed note that was made with the entry.
    """

    index: int
    text: bytes
    proof: tuple[bytes, ...]
    checkpoint: str


class Log:
    """The log, open.

    Args:
        where: its database; or the SQLite file, created if it is not there; ``None``: in memory, for tests.
        signer: the archive's key; its name gives the origin.

    Raises:
        LogBroken: the entries are not those that were signed, or another key signed them.
        LogRenamed: this key signed them, under another name.
        DatabaseUnavailable: the database does not answer.
    """

    def __init__(self, where: Database | Path | None, signer: Signer) -> None:
        self.signer = signer
        self.origin = f"{signer.key.name}/log"
        self._lock = threading.Lock()
        self.database = where if isinstance(where, Database) else Database.at(where)
        self._tree = Tree()
        self._in_doubt = False  # the tree in memory may hold an entry that was not committed
        try:
            with self._alone() as db:
                _metadata.create_all(db)
                log_private.metadata.create_all(db)
                self._catch_up(db)
        except BaseException:
            self.database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self.database.close()

    @contextmanager
    def _alone(self) -> Iterator[sa.Connection]:
        """A transaction in which nobody else adds."""
        with self.database.begin() as db:
            if self.database.is_postgres:
                db.execute(sa.select(sa.func.pg_advisory_xact_lock(_ALONE)))
            else:
                db.exec_driver_sql("BEGIN IMMEDIATE")
            yield db

    def _catch_up(self, db: sa.Connection) -> None:
        """Take what the database has and the tree in memory has not into the tree, and compare with the last checkpoint."""
        if self._in_doubt:
            self._tree, self._in_doubt = Tree(), False
        before = self._tree.size
        self._in_doubt = True
        query = sa.select(_entry.c.number, _entry.c.text).where(_entry.c.number >= before).order_by(_entry.c.number)
        for number, text in db.execute(query):
            if number != self._tree.size:
                raise LogBroken(f"{self.origin}: entry {self._tree.size} is missing")
            self._tree.append(leaf_hash(text))
        self._check(db)
        self._in_doubt = False

    def _check(self, db: sa.Connection) -> None:
        text = _last_note(db)
        if text is None:
            if self._tree.size:
                raise LogBroken(f"{self.origin}: {self._tree.size} entries and no checkpoint")
            return
        try:
            note = parse_note(text)
            signed = Checkpoint.from_text(note.text)
            ours_before = VerifierKey(signed.origin.removesuffix("/log"), self.signer.key.public_key)
        except BadNote as error:
            raise LogBroken(f"{self.origin}: the last checkpoint is malformed: {error}") from error
        if ours_before != self.signer.key and note.signed_by(ours_before):
            raise LogRenamed(f"archive.name is {self.signer.key.name}, and this log was begun as {ours_before.name}")
        if not note.signed_by(self.signer.key):
            raise LogBroken(f"{self.origin}: the last checkpoint is not signed by {self.signer.key.text}")
        if (signed.origin, signed.size) != (self.origin, self._tree.size) or signed.root != self._tree.root():
            raise LogBroken(f"{self.origin}: {self._tree.size} entries do not give the root signed at {signed.size}")

    @property
    def size(self) -> int:
        """Number of entries that this process knows of."""
        return self._tree.size

    def add(self, name: str, entry: Mapping[str, Json]) -> Entry:
        """Append an entry once; durable and signed when it returns.

        Args:
            name: what the entry stands for, unique: adding the same name again gives the old entry back, whatever ``entry`` says.
            entry: the object to log, with names in plain; everybody may read what :mod:`storage.log_private` makes of it.

        Raises:
            LogBroken: what the database holds is not what was signed; nothing was added.
            DatabaseUnavailable: the database does not answer; the entry may or may not have been added.
        """
        return self.add_all([(name, entry)])[0]

    def add_all(self, items: Iterable[tuple[str, Mapping[str, Json]]]) -> list[Entry]:
        """As :meth:`add` for each name and entry, in their order and in one transaction."""
        with self._lock:
            with self._alone() as db:
                self._catch_up(db)
                made = [self._find(db, name) or self._append(db, name, entry) for name, entry in items]
            self._in_doubt = False
            return made

    def salt(self, hearing: str) -> bytes:
        """The salt (16 bytes) of a hearing's subject in this log."""
        with self._lock, self._alone() as db:
            return log_private.salt_of(db, hearing)

    def hearing_of(self, subject: str) -> str | None:
        """Which hearing a subject stands for; None if none of this archive."""
        with self.database.begin() as db:
            return log_private.hearing_of(db, subject)

    def opening(self, number: int) -> dict[str, Json]:
        """What an entry hides, with its salt; empty if it hides nothing."""
        with self.database.begin() as db:
            return log_private.opening(db, number)

    def _append(self, db: sa.Connection, name: str, entry: Mapping[str, Json]) -> Entry:
        index = self._tree.size
        text = log_private.public_form(db, entry, index)
        if len(text) > LONGEST:
            raise ValueError(f"an entry of {len(text)} bytes does not fit into a tile")
        self._in_doubt = True  # until it is committed
        self._tree.append(leaf_hash(text))
        note = sign_note(Checkpoint(self.origin, index + 1, self._tree.root()).text, self.signer)
        db.execute(_entry.insert().values(number=index, name=name, text=text))
        db.execute(_checkpoint.insert().values(size=index + 1, note=note))
        return Entry(index, text, tuple(self._tree.inclusion_proof(index, index + 1)), note)

    def find(self, name: str) -> Entry | None:
        """The entry that was added under ``name``."""
        with self._lock, self._alone() as db:
            return self._find(db, name)

    def entries(self, start: int = 0, count: int = 256) -> list[bytes]:
        """Texts of up to ``count`` entries from ``start``."""
        query = sa.select(_entry.c.text).where(_entry.c.number >= start).order_by(_entry.c.number).limit(count)
        with self.database.begin() as db:
            return list(db.execute(query).scalars())

    def checkpoint(self) -> str | None:
        """The last signed note, or None while the log is empty."""
        with self.database.begin() as db:
            return _last_note(db)

    def signed_size(self) -> int:
        """Number of entries under the last checkpoint, as the database has it now."""
        with self.database.begin() as db:
            return int(db.execute(sa.select(sa.func.max(_checkpoint.c.size))).scalar() or 0)

    def checkpoint_at(self, size: int) -> str | None:
        """The note that was signed at a size."""
        with self.database.begin() as db:
            return db.execute(sa.select(_checkpoint.c.note).where(_checkpoint.c.size == size)).scalar_one_or_none()

    def hashes(self, level: int, start: int, count: int) -> list[bytes]:
        """Hashes (32 bytes each) of complete subtrees of ``2**level`` leaves, from the ``start``-th on; fewer where there are no more."""
        with self._lock:
            self._at_least((start + count) << level)
            return self._tree.hashes(level, start, count)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """RFC 6962 consistency proof between two sizes; ValueError if the log never had them."""
        with self._lock:
            self._at_least(new)
            return self._tree.consistency_proof(old, new)

    def _at_least(self, size: int) -> None:
        """Another process may have added what is asked about."""
        if self._in_doubt or size > self._tree.size:
            with self._alone() as db:
                self._catch_up(db)

    def _find(self, db: sa.Connection, name: str) -> Entry | None:
        row = db.execute(sa.select(_entry.c.number, _entry.c.text).where(_entry.c.name == name)).first()
        if row is None:
            return None
        size = row.number + 1  # always the checkpoint made with the entry: the same answer for ever
        note = db.execute(sa.select(_checkpoint.c.note).where(_checkpoint.c.size == size)).scalar_one()
        if self._in_doubt or size > self._tree.size:
            self._catch_up(db)
        return Entry(row.number, row.text, tuple(self._tree.inclusion_proof(row.number, size)), note)


def _last_note(db: sa.Connection) -> str | None:
    return db.execute(sa.select(_checkpoint.c.note).order_by(_checkpoint.c.size.desc()).limit(1)).scalar_one_or_none()
