"""Which records need no more looking at: a small list that may be lost, at the price of asking the archive again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from protocol.durable import make_dirs
from protocol.record import JOURNAL


class Done:
    """Records whose journal was sent to its end and that have a receipt.

    Args:
        path: SQLite file (WAL, synchronous=FULL); created if it is not there.
    """

    def __init__(self, path: Path) -> None:
        make_dirs(path.parent)
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS done (record TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT"
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def is_done(self, folder: Path) -> bool:
        """Whether the record's journal is no longer than when it was marked."""
        row = self._database.execute("SELECT bytes FROM done WHERE record = ?", (folder.name,)).fetchone()
        return row is not None and row[0] == _size(folder)

    def mark(self, folder: Path, sent: int) -> bool:
        """Mark a record whose journal was sent up to byte ``sent``; False if the journal has grown meanwhile."""
        if _size(folder) != sent:
            return False
        self._database.execute("INSERT OR REPLACE INTO done VALUES (?, ?)", (folder.name, sent))
        return True


def _size(folder: Path) -> int:
    return (folder / JOURNAL).stat().st_size
