"""A witness: cosigns a log's checkpoint only where it has proved that the log goes on from what it cosigned before.

It keeps one thing of each log: size and root of the largest checkpoint it cosigned. A checkpoint that does not go on from there is a second
history, shown to somebody else or put back from yesterday's copy, and gets no signature. Protocol: https://c2sp.org/tlog-witness.

::

    request ──► origin known? key right? old size mine? proof right? ──► new head on the disk ──► cosignature leaves
                                                                         └ a kill from here on costs an answer, never the memory

The memory is worth as much as the key: with the key alone one could cosign anything. So both are made together, a key without its memory
refuses to start, and one process at a time holds them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from protocol.checkpoint import Checkpoint
from protocol.cosignature import Cosigner
from protocol.durable import make_dirs, sync_dir
from protocol.encoding import b64, unb64
from protocol.errors import BadNote, ProtocolError
from protocol.merkle import EMPTY_ROOT, verify_consistency
from protocol.note import Note, VerifierKey, parse_note
from storage.errors import WitnessUnfit
from storage.setting_errors import WitnessBusy, WitnessRenamed

SEED_BYTES = 32
_TABLES = (
    "CREATE TABLE IF NOT EXISTS witness (one INTEGER PRIMARY KEY CHECK (one = 1), key TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL) STRICT",
)


@dataclass(frozen=True)
class Answer:
    """What a witness says: HTTP status, and the body where it has one."""

    status: int
    body: str = ""

    @property
    def is_size(self) -> bool:
        """Whether the body is the size it last cosigned."""
        return self.status == 409


class Memory:
    """Heads that were cosigned, and the key that did it, in a folder of their own.

    Args:
        folder: ``witness.seed`` (0600), ``heads.sqlite``, ``lock``; a new folder gets a new key.
        name: of the key.

    Raises:
        WitnessUnfit: the memory of a key that was used is missing, is another key's, or damaged; or another process has it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        make_dirs(folder)
        folder.chmod(0o700)
        self._lock = _alone(folder / "lock")
        self._db: sqlite3.Connection | None = None
        try:
            self.cosigner = self._open(folder, name)
        except (sqlite3.Error, OSError, ProtocolError, WitnessUnfit) as error:
            self.close()
            raise error if isinstance(error, WitnessUnfit) else WitnessUnfit(f"{folder}: {error}") from error

    def _open(self, folder: Path, name: str) -> Cosigner:
        seed_file, heads = folder / "witness.seed", folder / "heads.sqlite"
        if seed_file.exists() and not heads.exists():
            raise WitnessUnfit(f"{heads} is missing: there is a key, but not the memory of what it cosigned")
        self._db = db = sqlite3.connect(heads, isolation_level=None, check_same_thread=False)
        heads.chmod(0o600)
        for pragma in (
            "journal_mode=DELETE",
            "synchronous=EXTRA",
        ):  # a commit is on the disk when it returns, the folder too
            db.execute(f"PRAGMA {pragma}")
        if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise WitnessUnfit(f"{heads} is damaged")
        if not seed_file.exists():
            return self._begin(db, seed_file, name)
        cosigner = Cosigner(name, seed_file.read_bytes())
        known = db.execute("SELECT key FROM witness").fetchone()
        if known != (cosigner.key.text,):
            before = known[0].split("+")[0] if known else ""
            if before and known == (Cosigner(before, seed_file.read_bytes()).key.text,):
                raise WitnessRenamed(f"witness.name is {name}, and {heads} is not the memory of it but of {before}")
            raise WitnessUnfit(f"{heads} is not the memory of {cosigner.key.text}: it belongs to another key")
        return cosigner

    def _begin(self, db: sqlite3.Connection, seed_file: Path, name: str) -> Cosigner:
        """The memory first, the key last: killed in between, the next start begins again, and nothing was cosigned."""
        for table in _TABLES:
            db.execute(table)
        if db.execute("SELECT count(*) FROM head").fetchone() != (0,):
            raise WitnessUnfit(f"{seed_file} is missing: there is a memory, but not the key that it belongs to")
        cosigner = Cosigner(name, seed := secrets.token_bytes(SEED_BYTES))
        db.execute("INSERT OR REPLACE INTO witness VALUES (1, ?)", (cosigner.key.text,))
        sync_dir(seed_file.parent)
        staged = seed_file.with_suffix(".new")
        staged.unlink(missing_ok=True)
        file = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, seed)
            os.fsync(file)
        finally:
            os.close(file)
        staged.rename(seed_file)
        sync_dir(seed_file.parent)
        return cosigner

    @property
    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            raise WitnessUnfit("the memory is closed")
        return self._db

    def head(self, origin: str) -> tuple[int, bytes, str] | None:
        """Size, root and cosigned note of the largest checkpoint of a log; None if none was cosigned."""
        row = self._connected.execute("SELECT size, root, note FROM head WHERE origin = ?", (origin,)).fetchone()
        return (int(row[0]), bytes(row[1]), str(row[2])) if row else None

    def keep(self, point: Checkpoint, note: str) -> None:
        """Note a head; it is on the disk when this returns.

        Raises:
            WitnessUnfit: the disk refused; then nothing may be answered.
        """
        try:
            self._connected.execute(
                "INSERT INTO head VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE "
                "SET size = excluded.size, root = excluded.root, note = excluded.note",
                (point.origin, point.size, point.root, note),
            )
        except sqlite3.Error as error:
            raise WitnessUnfit(f"the memory could not be written: {error}") from error

    def close(self) -> None:
        """Let go of folder and key."""
        if self._db is not None:
            self._db.close()
        self._db = None
        self._lock.close()


def _alone(path: Path) -> IO[bytes]:
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise WitnessBusy(f"{path.parent}: another process is this witness") from error
    return file


class Witness:
    """Answers one request at a time.

    Args:
        memory: heads and key.
        logs: the key of each log that is witnessed, by origin.
        clock: seconds since 1970, UTC.
        before_answer: called when a head is on the disk and its cosignature has not left yet; for tests.
    """

    def __init__(
        self,
        memory: Memory,
        logs: Mapping[str, VerifierKey],
        clock: Callable[[], float] = time.time,
        before_answer: Callable[[], None] = lambda: None,
    ) -> None:
        self._memory, self._logs, self._clock, self._before_answer = memory, logs, clock, before_answer
        self._turn = threading.Lock()

    def add_checkpoint(self, body: bytes) -> Answer:
        """Decide about a request as it came.

        Raises:
            WitnessUnfit: what would be cosigned could not be remembered.
        """
        try:
            old, proof, text = parse_request(body)
            note = parse_note(text)
            point = Checkpoint.from_text(note.text)
        except (BadNote, UnicodeDecodeError, ValueError) as error:
            return Answer(400, f"{error}\n")
        key = self._logs.get(point.origin)
        if key is None:
            return Answer(404, "unknown log\n")
        if not note.signed_by(key):
            return Answer(403, "not signed by the log's key\n")
        if old > point.size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        with self._turn:
            return self._cosign(old, proof, point, note, text)

    def _cosign(self, old: int, proof: Sequence[bytes], point: Checkpoint, note: Note, text: str) -> Answer:
        known = self._memory.head(point.origin)
        size, root = known[:2] if known else (0, EMPTY_ROOT)
        if old != size or (point.size == size and point.root != root):
            return Answer(409, f"{size}\n")
        if not (not proof if size == 0 else verify_consistency(size, point.size, proof, root, point.root)):
            return Answer(422, "the proof does not lead from what was cosigned to this checkpoint\n")
        line = self._memory.cosigner.line(note.text, int(self._clock()))
        self._memory.keep(point, text + line)
        self._before_answer()
        return Answer(200, line)

    def head(self, origin_sha256: str) -> str | None:
        """The largest checkpoint that was cosigned of a log, with all its signatures; None if none was.

        Args:
            origin_sha256: hex SHA-256 of the log's origin.
        """
        for origin in self._logs:
            if hashlib.sha256(origin.encode()).hexdigest() == origin_sha256:
                with self._turn:
                    known = self._memory.head(origin)
                return known[2] if known else None
        return None


def parse_request(body: bytes) -> tuple[int, list[bytes], str]:
    """Old size, proof (32 bytes each) and note of an ``add-checkpoint`` request.

    Raises:
        ValueError: not in the form of the protocol.
    """
    head, separator, note = body.decode().partition("\n\n")
    first, *lines = head.split("\n")
    size = first.removeprefix("old ")
    if (
        not separator
        or first == size
        or not size.isascii()
        or not size.isdigit()
        or str(int(size)) != size
        or len(lines) > 63
    ):
        raise ValueError("a request is 'old <size>', at most 63 lines of proof, an empty line and a checkpoint")
    try:
        return int(size), [unb64(line, 32) for line in lines], note
    except ProtocolError as error:
        raise ValueError(f"proof: {error}") from error


def make_request(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body of an ``add-checkpoint`` request."""
    return "".join([f"old {old}\n", *(f"{b64(item)}\n" for item in proof), "\n", note]).encode()
