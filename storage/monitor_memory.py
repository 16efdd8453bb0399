"""What a monitor remembers between two runs: every leaf's hash, the last checkpoint it believed, and how far each hearing is.

Leaf hashes are 32 bytes an entry; they let it say *which* entry was altered, dropped or moved, not only that one was. One SQLite file; a run
that found the log in order is one transaction.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from protocol.durable import make_dirs
from storage.errors import MonitorUnfit
from storage.setting_errors import MonitorBusy, OtherLog

_TABLES = """
CREATE TABLE IF NOT EXISTS leaf (number INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS head (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS hearing (
    subject TEXT PRIMARY KEY, opened_at TEXT, device TEXT, sealed INTEGER NOT NULL DEFAULT 0, sealed_at TEXT,
    received INTEGER NOT NULL DEFAULT 0, destroyed INTEGER NOT NULL DEFAULT 0
) STRICT;
"""


@dataclass(frozen=True)
class Head:
    """The last checkpoint that was believed: size, root (32 bytes), signed note, and when it was read (UTC)."""

    size: int
    root: bytes
    note: str
    at: str


@dataclass(frozen=True)
class Course:
    """How far a hearing is, as the log tells it; times UTC as the archive's clock gave them, None: not told."""

    subject: str
    opened_at: str | None
    device: str | None
    sealed: int
    sealed_at: str | None
    received: int


class MonitorMemory:
    """The file, open; one process at a time.

    Args:
        path: of it; created if it is not there.
        origin: of the log it is about.

    Raises:
        MonitorUnfit: damaged, of another log, or in use.
    """

    def __init__(self, path: Path, origin: str) -> None:
        self._origin = origin
        make_dirs(path.parent)
        self._lock = path.with_suffix(".lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._db = self._open(path)
        except BlockingIOError as error:
            self._lock.close()
            raise MonitorBusy(f"{path}: another monitor uses it") from error
        except (sqlite3.Error, OSError, MonitorUnfit) as error:
            self._lock.close()
            raise error if isinstance(error, MonitorUnfit) else MonitorUnfit(f"{path}: {error}") from error

    def _open(self, path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        try:
            path.chmod(0o600)
            for pragma in ("journal_mode=DELETE", "synchronous=EXTRA"):
                db.execute(f"PRAGMA {pragma}")
            self._check(db, path)
        except BaseException:
            db.close()
            raise
        return db

    def _check(self, db: sqlite3.Connection, path: Path) -> None:
        if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise MonitorUnfit(f"{path} is damaged")
        db.executescript(_TABLES)
        if other := db.execute("SELECT origin FROM head WHERE origin <> ?", (self._origin,)).fetchone():
            raise OtherLog(f"{path} is about the log {other[0]}, and monitor.key is of {self._origin}")

    def close(self) -> None:
        """Close it."""
        self._db.close()
        self._lock.close()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All or nothing of what is written within."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def head(self) -> Head | None:
        """The last checkpoint that was believed."""
        row = self._db.execute("SELECT size, root, note, at FROM head WHERE origin = ?", (self._origin,)).fetchone()
        return Head(int(row[0]), bytes(row[1]), str(row[2]), str(row[3])) if row else None

    def leaves(self) -> list[bytes]:
        """Hashes of all leaves, in order."""
        return [bytes(row[0]) for row in self._db.execute("SELECT hash FROM leaf ORDER BY number")]

    def add(self, start: int, leaves: Iterable[bytes], head: Head) -> None:
        """Remember leaves from ``start`` on, and the checkpoint over them."""
        self._db.executemany("INSERT INTO leaf VALUES (?, ?)", enumerate(leaves, start))
        self._db.execute(
            "INSERT INTO head VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE "
            "SET size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at",
            (self._origin, head.size, head.root, head.note, head.at),
        )

    def opened(self, subject: str, at: str, device: str) -> None:
        """The log says that a hearing was opened."""
        self._upsert(subject, "opened_at = coalesce(opened_at, ?), device = coalesce(device, ?)", at, device)

    def sealed(self, subject: str, number: int, at: str) -> None:
        """The log says that a hearing was sealed, the ``number``-th time; the first unreceived seal's time counts."""
        set_ = "sealed_at = CASE WHEN sealed > received THEN sealed_at ELSE ? END, sealed = max(sealed, ?)"
        self._upsert(subject, set_, at, number)

    def received(self, subject: str, number: int) -> None:
        """The log says that the archive received a seal."""
        self._upsert(subject, "received = max(received, ?)", number)

    def destroyed(self, subject: str) -> None:
        """The log says that a record was destroyed."""
        self._upsert(subject, "destroyed = 1")

    def _upsert(self, subject: str, set_: str, *values: str | int) -> None:
        self._db.execute("INSERT INTO hearing (subject) VALUES (?) ON CONFLICT DO NOTHING", (subject,))
        self._db.execute(f"UPDATE hearing SET {set_} WHERE subject = ?", (*values, subject))  # noqa: S608 - texts of this class

    def unfinished(self) -> list[Course]:
        """Hearings that were opened and not sealed, or sealed and not received; oldest first."""
        rows = self._db.execute(
            "SELECT subject, opened_at, device, sealed, sealed_at, received FROM hearing "
            "WHERE destroyed = 0 AND (sealed = 0 OR received < sealed) ORDER BY opened_at, subject"
        )
        return [Course(*row) for row in rows]
