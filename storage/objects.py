"""Where an archive keeps its bytes: objects that are created once and never changed.

The seam is :class:`ObjectStore`; :class:`FolderStore` is the default, :class:`MemoryStore` the fake that tests use. A key is a
path of the record format (section 1), at most 300 bytes: ``records/<hearing>/<path>``, ``receipts/<hearing>/<number>.json``.
A folder store's ``records/<hearing>`` is itself a record folder, so everything that reads records reads the archive.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from protocol.durable import DurableFile, make_dirs, sync_dir
from protocol.encoding import MAX_FILE_BYTES
from protocol.errors import DiskFailed
from storage.errors import BadKey, BadRange, DigestMismatch, ObjectConflict, ObjectMissing, TooLarge

CHUNK = 1 << 18  # bytes read or handed on at once
STAGING = ".staging"  # half-arrived objects; no key can begin with it
_KEY = re.compile(r"[A-Za-z0-9._/-]{1,300}\Z")


def check_key(key: str) -> str:
    """The key, if a store may use it.

    Raises:
        BadKey: other characters, an empty part, ``.`` or ``..``, or a first part beginning with a dot.
    """
    if not _KEY.match(key) or key.startswith(".") or any(part in ("", ".", "..") for part in key.split("/")):
        raise BadKey(f"{key[:120]!r} is not a key")
    return key


class ObjectStore(Protocol):
    """Create-once storage of objects of at most 2^28 bytes."""

    def put_once(self, key: str, chunks: Iterable[bytes], sha256: bytes) -> bool:
        """Create an object; durable when it returns.

        Args:
            key: its name.
            chunks: its bytes.
            sha256: digest (32 bytes) that the bytes must have.

        Returns:
            True if it is new, False if the same bytes were there before.

        Raises:
            DigestMismatch, TooLarge: nothing was created.
            ObjectConflict: the key is taken by other bytes; nothing was changed.
        """
        ...

    def get(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes ``[start, start + length)``, or to the end; the first chunk is read when the iterator is.

        Raises:
            ObjectMissing: there is no such object.
            BadRange: the range is not inside the object.
        """
        ...

    def size(self, key: str) -> int:
        """Bytes of an object, or :class:`ObjectMissing`."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Keys below the folder ``prefix`` (``records/<hearing>``), sorted."""
        ...


def read(store: ObjectStore, key: str) -> bytes:
    """All bytes of an object."""
    return b"".join(store.get(key))


def digest(store: ObjectStore, key: str) -> bytes:
    """SHA-256 (32 bytes) of the bytes an object has now."""
    value = hashlib.sha256()
    for chunk in store.get(key):
        value.update(chunk)
    return value.digest()


def _bounds(key: str, size: int, start: int, length: int | None) -> int:
    end = size if length is None else start + length
    if not 0 <= start <= end <= size:
        raise BadRange(f"{key}: bytes {start} to {end} are not inside its {size}")
    return end - start


class _Counted:
    """Digest and length of a body that passes by; too many bytes end it."""

    def __init__(self, key: str) -> None:
        self.key, self.bytes, self._sha256 = key, 0, hashlib.sha256()

    def take(self, chunk: bytes) -> bytes:
        self.bytes += len(chunk)
        if self.bytes > MAX_FILE_BYTES:
            raise TooLarge(f"{self.key}: more than {MAX_FILE_BYTES} bytes")
        self._sha256.update(chunk)
        return chunk

    def check(self, sha256: bytes) -> None:
        if self._sha256.digest() != sha256:
            raise DigestMismatch(f"{self.key}: {self.bytes} bytes came with another SHA-256 than was announced")


class FolderStore:
    """Objects as files below a folder.

    A body is written to a staging file, synced, compared with its digest and only then linked to its name, so that a name never
    stands for half an object and an existing one is never replaced. What a crash leaves in staging is removed by :meth:`clear_staging`, which the service calls when it starts.

    Args:
        root: the folder; created if it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staging = root / STAGING
        make_dirs(self._staging)

    def clear_staging(self) -> int:
        """Remove what a crash left half-arrived; only for the one process that takes uploads. Returns the number of files."""
        left = list(self._staging.iterdir())
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.root / check_key(key)

    def put_once(self, key: str, chunks: Iterable[bytes], sha256: bytes) -> bool:
        """As the seam says."""
        final = self.path(key)
        temporary = self._staging / secrets.token_hex(16)
        counted = _Counted(key)
        file = DurableFile(temporary)
        try:
            for chunk in chunks:
                file.write(counted.take(chunk))
            counted.check(sha256)
            file.close()
            return self._link(temporary, final, key, sha256)
        finally:
            try:
                file.close()
            finally:
                temporary.unlink(missing_ok=True)

    def _link(self, temporary: Path, final: Path, key: str, sha256: bytes) -> bool:
        if any(parent.is_file() for parent in final.parents[: len(Path(key).parts) - 1]):
            raise ObjectConflict(f"{key}: a part of the name is an object")
        make_dirs(final.parent)
        try:
            os.link(temporary, final)
            new = True
        except FileExistsError:
            if not final.is_file() or digest(self, key) != sha256:
                raise ObjectConflict(f"{key}: is there already with other bytes") from None
            new = False
        except OSError as error:
            raise DiskFailed(f"{final}: cannot be created: {error.strerror}") from error
        sync_dir(final.parent)  # also for an old one: the process that linked it may have died before its sync
        return new

    def get(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """As the seam says."""
        path = self.path(key)
        left = _bounds(key, self.size(key), start, length)
        return self._read(path, start, left)

    def _read(self, path: Path, start: int, left: int) -> Iterator[bytes]:
        with path.open("rb") as file:
            file.seek(start)
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    raise ObjectMissing(f"{path}: became shorter while it was read")
                left -= len(chunk)
                yield chunk

    def size(self, key: str) -> int:
        """As the seam says."""
        path = self.path(key)
        if not path.is_file():
            raise ObjectMissing(f"{key}: no such object")
        return path.stat().st_size

    def exists(self, key: str) -> bool:
        """As the seam says."""
        return self.path(key).is_file()

    def list(self, prefix: str) -> Iterator[str]:
        """As the seam says."""
        folder = self.path(prefix)
        if not folder.is_dir():
            return
        keys = [str(path.relative_to(self.root)) for path in folder.rglob("*") if path.is_file()]
        yield from sorted(keys)


class MemoryStore:
    """Objects in memory: the fake."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put_once(self, key: str, chunks: Iterable[bytes], sha256: bytes) -> bool:
        """As the seam says."""
        check_key(key)
        counted = _Counted(key)
        data = b"".join(counted.take(chunk) for chunk in chunks)
        counted.check(sha256)
        with self._lock:
            if key not in self.objects:
                self.objects[key] = data
                return True
        if self.objects[key] != data:
            raise ObjectConflict(f"{key}: is there already with other bytes")
        return False

    def get(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """As the seam says."""
        left = _bounds(key, self.size(key), start, length)
        data = self.objects[key][start : start + left]
        return iter([data[at : at + CHUNK] for at in range(0, len(data), CHUNK)])

    def size(self, key: str) -> int:
        """As the seam says."""
        check_key(key)
        if key not in self.objects:
            raise ObjectMissing(f"{key}: no such object")
        return len(self.objects[key])

    def exists(self, key: str) -> bool:
        """As the seam says."""
        return check_key(key) in self.objects

    def list(self, prefix: str) -> Iterator[str]:
        """As the seam says."""
        yield from sorted(key for key in self.objects if key.startswith(check_key(prefix) + "/"))
