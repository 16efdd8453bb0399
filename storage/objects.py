"""Where an archive keeps its bytes: objects that are created once and never changed.

The seam is :class:`ObjectStore`; :class:`~storage.folder_store.FolderStore` is the default, :class:`~storage.s3_store.S3Store`
keeps objects in a bucket with versions and Object Lock, :class:`MemoryStore` is the fake that tests use. A key is a path of
the record format (section 1), at most 300 bytes: ``records/<hearing>/<path>``, ``receipts/<hearing>/<number>.json``.

An object may be **locked** until a moment, and **held**. A lock is never shortened; what is locked or held is not removed by
this program. Whether the store itself refuses it to others too depends on the store: a bucket does, a folder cannot.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from protocol.encoding import MAX_FILE_BYTES, utc_text
from storage.errors import BadKey, BadRange, DigestMismatch, ObjectConflict, ObjectLocked, ObjectMissing, TooLarge
from storage.tickets import TicketMaker

CHUNK = 1 << 18  # bytes read or handed on at once
_KEY = re.compile(r"[A-Za-z0-9._/-]{1,300}\Z")


def check_key(key: str) -> str:
    """The key, if a store may use it.

    Raises:
        BadKey: other characters, an empty part, ``.`` or ``..``, or a first part beginning with a dot.
    """
    if not _KEY.match(key) or key.startswith(".") or any(part in ("", ".", "..") for part in key.split("/")):
        raise BadKey(f"{key[:120]!r} is not a key")
    return key


@dataclass(frozen=True)
class Protection:
    """What keeps an object from being removed.

    Attributes:
        until_us: locked until then, UTC µs; None: it never was locked.
        held: a legal hold lies on it.
        sha256: hexadecimal, with which the object was created, where the store notes it (S3); comes with the same answer.
    """

    until_us: int | None = None
    held: bool = False
    sha256: str | None = field(default=None, compare=False)

    def check_removable(self, key: str, now_us: int) -> None:
        """Raise :class:`ObjectLocked` while the object may not be removed."""
        if self.held:
            raise ObjectLocked(f"{key}: a legal hold lies on it")
        if self.until_us is not None and now_us < self.until_us:
            raise ObjectLocked(f"{key}: is locked until {utc_text(self.until_us)}")

    def extended(self, until_us: int) -> Protection:
        """Locked until the later of the two moments."""
        return replace(self, until_us=max(until_us, self.until_us or until_us))


@dataclass(frozen=True)
class Stray:
    """Something under a name that this program did not put there: the object itself is not hidden by it.

    Attributes:
        key: the name.
        version: the store's own identifier of it.
        what: ``version`` (other bytes after the object) or ``marker`` (somebody asked to delete).
        at_us: when, by the store's clock, UTC µs.
    """

    key: str
    version: str
    what: str
    at_us: int


class ObjectStore(Protocol):
    """Create-once storage of objects of at most 2^28 bytes."""

    @property
    def tickets(self) -> TicketMaker | None:
        """Who lets boxes create objects here by themselves; None: all bytes come through the archive."""
        ...

    def put_once(self, key: str, chunks: Iterable[bytes], sha256: bytes, *, until_us: int | None = None) -> bool:
        """Create an object; durable when it returns.

        Args:
            key: its name.
            chunks: its bytes.
            sha256: digest (32 bytes) that the bytes must have.
            until_us: the object is locked until then from its first moment on, UTC µs; an old one is not touched.

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

    def sizes(self, keys: Collection[str]) -> dict[str, int]:
        """Bytes of those of these objects that there are."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Keys below the folder ``prefix`` (``records/<hearing>``), sorted."""
        ...

    def protection(self, key: str) -> Protection:
        """What keeps the object from being removed, or :class:`ObjectMissing`."""
        ...

    def retain(self, key: str, until_us: int) -> None:
        """Lock an object until a moment (UTC µs); a lock that ends later stays as it is. Raises :class:`ObjectMissing`."""
        ...

    def hold(self, key: str, *, on: bool) -> None:
        """Lay a legal hold on an object, or lift it. Raises :class:`ObjectMissing`."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object for ever; nothing happens where there is none.

        Raises:
            ObjectLocked: it is locked or held; nothing was changed.
        """
        ...

    def strays(self, prefix: str) -> Iterator[Stray]:
        """What else stands under the names below the folder ``prefix``."""
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


def bounds(key: str, size: int, start: int, length: int | None) -> int:
    """Length of a part of an object of ``size`` bytes, or :class:`BadRange`."""
    end = size if length is None else start + length
    if not 0 <= start <= end <= size:
        raise BadRange(f"{key}: bytes {start} to {end} are not inside its {size}")
    return end - start


class Counted:
    """Digest and length of a body that passes by; too many bytes end it."""

    def __init__(self, key: str) -> None:
        self.key, self.bytes, self._sha256 = key, 0, hashlib.sha256()

    def take(self, chunk: bytes) -> bytes:
        """The chunk, counted; :class:`TooLarge` at too many bytes."""
        self.bytes += len(chunk)
        if self.bytes > MAX_FILE_BYTES:
            raise TooLarge(f"{self.key}: more than {MAX_FILE_BYTES} bytes")
        self._sha256.update(chunk)
        return chunk

    def check(self, sha256: bytes) -> None:
        """Raise :class:`DigestMismatch` if the bytes that passed have another digest."""
        if self._sha256.digest() != sha256:
            raise DigestMismatch(f"{self.key}: {self.bytes} bytes came with another SHA-256 than was announced")


class MemoryStore:
    """Objects in memory: the fake.

    Args:
        clock: seconds since 1970, UTC.
    """

    tickets: TicketMaker | None = None

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.objects: dict[str, bytes] = {}
        self.protections: dict[str, Protection] = {}
        self._clock = clock
        self._lock = threading.Lock()

    def put_once(self, key: str, chunks: Iterable[bytes], sha256: bytes, *, until_us: int | None = None) -> bool:
        """As the seam says."""
        check_key(key)
        counted = Counted(key)
        data = b"".join(counted.take(chunk) for chunk in chunks)
        counted.check(sha256)
        with self._lock:
            if key not in self.objects:
                self.objects[key] = data
                self.protections[key] = Protection(until_us)
                return True
        if self.objects[key] != data:
            raise ObjectConflict(f"{key}: is there already with other bytes")
        return False

    def get(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """As the seam says."""
        left = bounds(key, self.size(key), start, length)
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

    def sizes(self, keys: Collection[str]) -> dict[str, int]:
        """As the seam says."""
        return {key: self.size(key) for key in keys if self.exists(key)}

    def list(self, prefix: str) -> Iterator[str]:
        """As the seam says."""
        yield from sorted(key for key in self.objects if key.startswith(check_key(prefix) + "/"))

    def protection(self, key: str) -> Protection:
        """As the seam says."""
        self.size(key)
        return self.protections[key]

    def retain(self, key: str, until_us: int) -> None:
        """As the seam says."""
        self.protections[key] = self.protection(key).extended(until_us)

    def hold(self, key: str, *, on: bool) -> None:
        """As the seam says."""
        self.protections[key] = replace(self.protection(key), held=on)

    def remove(self, key: str) -> None:
        """As the seam says."""
        if self.exists(key):
            self.protection(key).check_removable(key, int(self._clock() * 1_000_000))
            del self.objects[key], self.protections[key]

    def strays(self, prefix: str) -> Iterator[Stray]:
        """None: nobody else writes here."""
        check_key(prefix)
        return iter(())
