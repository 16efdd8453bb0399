"""The archive's transparency log: a Merkle log of canonical entries under checkpoints that the archive signs.

The tree, the notes and the checkpoints are those of the record (record format, sections 3 and 5); the origin is
``<archive name>/log``. An entry is a canonical JSON object with ``type``; its leaf bytes are its canonical bytes.

Storage is one SQLite file, WAL with ``synchronous=FULL``, written by one process through one connection. An entry and the
checkpoint that covers it are committed in **one** transaction, so a crash leaves both or neither: there is no entry without
a signature and no signature without its entries. At every start the whole tree is computed again and compared with the last
signed checkpoint; a difference stops the archive (:class:`~storage.errors.LogBroken`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from protocol import canonical
from protocol.canonical import Json
from protocol.checkpoint import Checkpoint
from protocol.durable import make_dirs
from protocol.errors import BadNote
from protocol.merkle import Tree, leaf_hash
from protocol.note import Signer, parse_note, sign_note
from storage.errors import LogBroken

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, text BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
"""


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
    """The log, open for one process.

    Args:
        path: the SQLite file; created if it is not there. ``None``: in memory, for tests.
        signer: the archive's key; its name gives the origin.

    Raises:
        LogBroken: the entries are not those that were signed, or another key signed them.
    """

    def __init__(self, path: Path | None, signer: Signer) -> None:
        self.signer = signer
        self.origin = f"{signer.key.name}/log"
        self._lock = threading.Lock()
        if path is not None:
            make_dirs(path.parent)
            path.touch(mode=0o600)
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=30)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)
        try:
            self._load()
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _load(self) -> None:
        self._tree = Tree()
        for number, text in self._database.execute("SELECT number, text FROM entry ORDER BY number"):
            if number != self._tree.size:
                raise LogBroken(f"{self.origin}: entry {self._tree.size} is missing")
            self._tree.append(leaf_hash(text))
        row = self._database.execute("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        if row is None:
            if self._tree.size:
                raise LogBroken(f"{self.origin}: {self._tree.size} entries and no checkpoint")
            return
        try:
            note = parse_note(row[1])
            signed = Checkpoint.from_text(note.text)
        except BadNote as error:
            raise LogBroken(f"{self.origin}: the last checkpoint is malformed: {error}") from error
        if not note.signed_by(self.signer.key):
            raise LogBroken(f"{self.origin}: the last checkpoint is not signed by {self.signer.key.text}")
        if (signed.origin, signed.size) != (self.origin, self._tree.size) or signed.root != self._tree.root():
            raise LogBroken(f"{self.origin}: {self._tree.size} entries do not give the root signed at {signed.size}")

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._tree.size

    def add(self, name: str, entry: Mapping[str, Json]) -> Entry:
        """Append an entry once; durable and signed when it returns.

        Args:
            name: what the entry stands for, unique: adding the same name again gives the old entry back, whatever ``entry`` says.
            entry: the object to log.
        """
        with self._lock:
            old = self._find(name)
            if old is not None:
                return old
            text = canonical.dumps(entry)
            index = self._tree.size
            try:
                self._tree.append(leaf_hash(text))
                note = sign_note(Checkpoint(self.origin, index + 1, self._tree.root()).text, self.signer)
                self._commit(index, name, text, note)
            except BaseException:
                self._load()  # the tree in memory again says what the disk says
                raise
            return self._entry(index, text)

    def _commit(self, index: int, name: str, text: bytes, note: str) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.execute("INSERT INTO entry VALUES (?, ?, ?)", (index, name, text))
            self._database.execute("INSERT INTO checkpoint VALUES (?, ?)", (index + 1, note))
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def find(self, name: str) -> Entry | None:
        """The entry that was added under ``name``."""
        with self._lock:
            return self._find(name)

    def entries(self, start: int = 0, count: int = 256) -> list[bytes]:
        """Texts of up to ``count`` entries from ``start``."""
        with self._lock:
            rows = self._database.execute(
                "SELECT text FROM entry WHERE number >= ? ORDER BY number LIMIT ?", (start, count)
            ).fetchall()
        return [row[0] for row in rows]

    def checkpoint(self) -> str | None:
        """The last signed note, or None while the log is empty."""
        with self._lock:
            row = self._database.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        return None if row is None else str(row[0])

    def consistency(self, old: int, new: int) -> list[bytes]:
        """RFC 6962 consistency proof between two sizes; ValueError if the log never had them."""
        with self._lock:
            return self._tree.consistency_proof(old, new)

    def _find(self, name: str) -> Entry | None:
        row = self._database.execute("SELECT number, text FROM entry WHERE name = ?", (name,)).fetchone()
        return None if row is None else self._entry(row[0], row[1])

    def _entry(self, index: int, text: bytes) -> Entry:
        size = index + 1  # always the checkpoint made with the entry: the same answer for ever
        note = self._database.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()[0]
        return Entry(index, text, tuple(self._tree.inclusion_proof(index, size)), note)
