"""What the signer service signs, and what it never does.

It holds the device's key so that the recorder does not have to. It signs the box's requests to its archive
(:mod:`protocol.request_base`), and checkpoints of journals of its own box (docs/record-format.md, section 5). For each journal it
remembers the last size and root that it signed. A checkpoint that does not go on from there is a second history of the same hearing, and is refused:

* a smaller size, or another root for the same size;
* a larger size without the proof (RFC 6962, section 2.1.2) that the signed lines are its beginning.

The memory is on the disk before the signature leaves this module. A kill between the two costs nothing: the same checkpoint
is signed again with the same bytes (Ed25519 is deterministic).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from device_config.errors import SignerMemoryUnusable, SignerRefusal
from protocol.checkpoint import Checkpoint
from protocol.durable import make_dirs, sync_dir
from protocol.encoding import HEARING
from protocol.errors import BadNote, ProtocolError
from protocol.merkle import verify_consistency
from protocol.note import Signer, VerifierKey
from protocol.request_base import key_id_of

_TABLE = "CREATE TABLE signed (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL) STRICT"


class Memory:
    """Size and root of the last checkpoint signed of each journal, in one SQLite file.

    Args:
        path: the file.
        begin: make an empty one; only right for a key that has signed nothing, or has been retired from all older records.

    Raises:
        SignerMemoryUnusable: it is missing, damaged, or cannot be written; a signer without memory could sign anything.
    """

    def __init__(self, path: Path, *, begin: bool = False) -> None:
        self._path = path
        try:
            if begin:
                self._create()
            elif not path.exists():
                raise SignerMemoryUnusable(f"{path}: there is a key, but not the memory of what it signed")
            self._db = self._connect()
            if self._db.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise SignerMemoryUnusable(f"{path}: is damaged")
            self._db.execute("SELECT size FROM signed LIMIT 1").fetchall()
        except (sqlite3.Error, OSError, ProtocolError) as error:
            raise SignerMemoryUnusable(f"{path}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # a commit is on the disk when it returns
        return connection

    def _create(self) -> None:
        """An existing memory is never emptied."""
        make_dirs(self._path.parent)
        connection = self._connect()
        with suppress(sqlite3.OperationalError):  # the table is there: a start that was cut short, or asked for twice
            connection.execute(_TABLE)
        connection.close()
        self._path.chmod(0o600)
        sync_dir(self._path.parent)

    def last(self, origin: str) -> tuple[int, bytes] | None:
        """Size and root last signed of a journal; None if none was."""
        found = self._db.execute("SELECT size, root FROM signed WHERE origin = ?", (origin,)).fetchone()
        return (int(found[0]), bytes(found[1])) if found else None

    def remember(self, point: Checkpoint) -> None:
        """Note a checkpoint that is about to be signed; it is on the disk when this returns.

        Raises:
            SignerMemoryUnusable: the disk refused; then nothing may be signed.
        """
        try:
            self._db.execute(
                "INSERT INTO signed VALUES (?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root",
                (point.origin, point.size, point.root),
            )
        except sqlite3.Error as error:
            raise SignerMemoryUnusable(f"{self._path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class ProofWanted(Exception):
    """The checkpoint can be signed with the proof that the journal's first ``size`` lines are unchanged."""

    def __init__(self, size: int) -> None:
        super().__init__(f"consistency with size {size} has to be proved")
        self.size = size


class CheckpointSigner:
    """Signs checkpoints of this box's journals and requests to its archive, and nothing else.

    Args:
        signer: the device's key.
        memory: what it signed before.
    """

    def __init__(self, signer: Signer, memory: Memory) -> None:
        self._signer = signer
        self._memory = memory

    @property
    def key(self) -> VerifierKey:
        """The key's public half."""
        return self._signer.key

    def sign(self, text: str, proof: Sequence[bytes] | None = None) -> bytes:
        """Signature (64 bytes) over the text of a checkpoint.

        Args:
            text: origin, size and root, a line each.
            proof: that the journal goes on from the checkpoint signed last.

        Raises:
            SignerRefusal: not a checkpoint of this box, or a second history of its journal.
            ProofWanted: ask again with a proof.
            SignerMemoryUnusable: what is signed could not be remembered.
        """
        point = self._checkpoint(text)
        last = self._memory.last(point.origin)
        if last is not None:
            self._check(point, last, proof)
        if last != (point.size, point.root):
            self._memory.remember(point)
        return self._signer.sign(text.encode())

    def sign_request(self, base: str) -> bytes:
        """Signature (64 bytes) over the signature base of a request to the archive.

        Raises:
            SignerRefusal: it is none, or names another key.
        """
        named = key_id_of(base)
        if named != f"{self.key.name}+{self.key.key_id.hex()}":
            raise SignerRefusal("not a request of this box to an archive")
        return self._signer.sign(base.encode())

    def _checkpoint(self, text: str) -> Checkpoint:
        try:
            point = Checkpoint.from_text(text)
        except BadNote as error:
            raise SignerRefusal(f"not a checkpoint: {error}") from error
        prefix = f"{self.key.name}/"
        if not point.origin.startswith(prefix) or not HEARING.match(point.origin.removeprefix(prefix)):
            raise SignerRefusal(f"{point.origin[:120]!r} is no journal of {self.key.name}")
        if point.size < 1 or point.text != text:
            raise SignerRefusal(f"{point.origin}: not a checkpoint of a journal that has begun")
        return point

    def _check(self, point: Checkpoint, last: tuple[int, bytes], proof: Sequence[bytes] | None) -> None:
        size, root = last
        if point.size < size:
            raise SignerRefusal(f"{point.origin}: size {size} was signed, {point.size} is smaller")
        if point.size == size:
            if point.root != root:
                raise SignerRefusal(f"{point.origin}: another root was signed for size {size}")
        elif proof is None:
            raise ProofWanted(size)
        elif not verify_consistency(size, point.size, proof, root, point.root):
            raise SignerRefusal(f"{point.origin}: size {point.size} does not go on from size {size}, which was signed")
