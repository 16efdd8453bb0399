"""Notes of files that came, written together: who comes while one transaction is made durable shares the next.

::

    thread A ─ note ─┐ A holds the turn and writes what waits: A ──────────► durable, A returns
    thread B ─ note ─┤ meanwhile B and C wait for the turn;
    thread C ─ note ─┘ B gets it and writes B and C together ──────────────► durable, B and C return

A SQLite database has one writer, and each of its transactions waits for the disk; so a box that sends eight files at once waits
for two transactions and not for eight. Nobody returns before his own note is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Note:
    """A file that the store holds.

    Attributes:
        hearing, path: which file.
        size, sha256: its length (bytes) and SHA-256 (32 bytes).
        dirty: the hearing's row is to be read again.
    """

    hearing: str
    path: str
    size: int
    sha256: bytes
    dirty: bool


class _Waiting:
    def __init__(self, note: Note) -> None:
        self.note = note
        self.is_done = False
        self.error: Exception | None = None


class Together:
    """Writes notes of several threads in one transaction.

    Args:
        write: writes notes, all or none; durable when it returns.
    """

    def __init__(self, write: Callable[[Sequence[Note]], None]) -> None:
        self._write = write
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []

    def add(self, note: Note) -> None:
        """Write a note; durable when this returns.

        Raises:
            Exception: what ``write`` raised for this note.
        """
        mine = _Waiting(note)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            if not mine.is_done:
                with self._lock:
                    others, self._waiting = [item for item in self._waiting if item is not mine], []
                self._write_all([mine, *others])  # mine also if a thread took it and was ended in the middle
        if mine.error is not None:
            raise mine.error

    def _write_all(self, these: Sequence[_Waiting]) -> None:
        """Together; where that fails, one by one, so that nobody fails for another's note."""
        try:
            self._write([item.note for item in these])
        except Exception as error:  # noqa: BLE001 - it belongs to the thread whose note it is
            if len(these) > 1:
                for item in these:
                    self._write_all([item])
                return
            these[0].error = error
        for item in these:
            item.is_done = True
