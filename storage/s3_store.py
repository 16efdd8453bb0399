"""Objects in a bucket of an S3 service, with versions and Object Lock.

What the promise rests on, and what was seen on Ceph RGW 16 (docs/decisions/0014):

* **The object of a name is its oldest version.** What is put or "deleted" under the name afterwards makes later versions and
  delete markers, which change nothing that is read here; :meth:`S3Store.strays` lists them.
* One PUT per object, never a multipart upload: only a PUT takes the lock's headers together with the bytes, so that an object
  is never there unlocked, and only it is whole or nothing. A record's file is at most 2^28 bytes, far below a PUT's limit.
* ``If-None-Match: *`` is sent and not relied on: Ceph 16 passes over it in a bucket with versions. Whether the name is taken is
  asked first, while no other writer of ours may put it.
* The body's MD5 goes with it, which every service checks, and its SHA-256, which some do; the answer must name a version, and
  the MD5 of what came. Where it does not, or a lock was sent along, the version is asked for again: length, MD5 and lock must be
  those that were sent. A PUT that was given up and still arrived leaves a second version of the same bytes, which is no harm.
* Whatever S3 says, the record's own digests decide (``hattama archive scrub``).
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import IO, Any

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from storage.errors import (
    DigestMismatch,
    ObjectConflict,
    ObjectLocked,
    ObjectMissing,
    StorageError,
    StoreUnavailable,
    StoreUnfit,
)
from storage.objects import CHUNK, Counted, Protection, Stray, bounds, check_key, digest
from storage.s3_client import Bucket, connect, date_of
from storage.s3_heads import S3Heads, of_headers
from storage.tickets import TicketMaker

__all__ = ["Bucket", "S3Store", "connect", "thread_turns"]

SPOOL = 8 << 20  # bytes of a body kept in memory while its digests are computed; more go to a file
_PIECE = 1 << 20  # bytes of a body given to the socket at once
_KNOWN = 100_000  # names whose version is remembered
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_LATER = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "QuotaExceeded", "500", "503"})

#: Versions and delete markers of one name as the service lists them.
Entries = Sequence[dict[str, Any]]
Turn = Callable[[str], AbstractContextManager[object]]


def thread_turns(count: int = 64) -> Turn:
    """Turns for the threads of one process."""
    locks = [threading.Lock() for _ in range(count)]
    return lambda key: locks[hash(key) % count]


@dataclass(frozen=True)
class _Version:
    id: str
    size: int
    etag: str


class _Pieces:
    """A body in pieces of :data:`_PIECE` at least: urllib3 asks for 16 KiB, and each is a turn at the interpreter's lock."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes or more."""
        return self._file.read(size if size < 0 else max(size, _PIECE))


class S3Store:
    """Objects in one bucket; safe to use from many threads and processes.

    Args:
        client: from :func:`connect`.
        bucket: its name.
        turn: holds a name while it is written, against other threads (the default) or other processes as well, because Ceph 16
            passes over ``If-None-Match`` in a bucket with versions.
        tickets: lets boxes put files here by themselves (:mod:`storage.tickets`).
        heads: a quicker way to ask what protects an object.
    """

    def __init__(
        self,
        client: BaseClient,
        bucket: str,
        turn: Turn | None = None,
        tickets: TicketMaker | None = None,
        heads: S3Heads | None = None,
    ) -> None:
        self.tickets = tickets
        self._heads = heads
        self._s3: Any = client
        self._bucket = bucket
        self._known: dict[str, _Version] = {}  # objects never change, so neither does the version
        self._lock = threading.Lock()
        self.turn = turn or thread_turns()

    def create_bucket(self) -> None:
        """Make the bucket with Object Lock, which brings versions with it, if it is not there.

        Raises:
            StoreUnfit: there is one that has no versions or no Object Lock, or somebody else's.
        """
        with _said(self._bucket):
            try:
                self._s3.create_bucket(Bucket=self._bucket, ObjectLockEnabledForBucket=True)
            except ClientError as error:
                if _code(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise
        self.check_bucket()

    def check_bucket(self) -> None:
        """Raise :class:`StoreUnfit` if the bucket has no versions or no Object Lock."""
        try:
            versions = self._s3.get_bucket_versioning(Bucket=self._bucket).get("Status")
            lock = self._s3.get_object_lock_configuration(Bucket=self._bucket)["ObjectLockConfiguration"]
        except ClientError as error:
            if _code(error) in _LATER:
                raise StoreUnavailable(f"bucket {self._bucket}: {_code(error)}") from error
            raise StoreUnfit(f"bucket {self._bucket}: {_code(error)}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"bucket {self._bucket}: {error}") from error
        if versions != "Enabled" or lock.get("ObjectLockEnabled") != "Enabled":
            raise StoreUnfit(f"bucket {self._bucket}: it keeps no versions, or has no Object Lock")

    def put_once(self, key: str, chunks: Iterable[bytes], sha256: bytes, *, until_us: int | None = None) -> bool:
        """As the seam says."""
        check_key(key)
        counted, md5 = Counted(key), hashlib.md5(usedforsecurity=False)
        with tempfile.SpooledTemporaryFile(max_size=SPOOL) as body:
            for chunk in chunks:
                body.write(counted.take(chunk))
                md5.update(chunk)
            counted.check(sha256)
            body.seek(0)
            with self.turn(key), _said(key):
                there = self.exists(key)  # not by HEAD: somebody's delete marker hides the object from it
                stored = None if there else self._put(key, _Pieces(body), counted.bytes, md5.digest(), sha256, until_us)
        if stored is None:
            if digest(self, key) != sha256:
                raise ObjectConflict(f"{key}: is there already with other bytes")
            return False
        sent = _Version(stored.id, counted.bytes, md5.hexdigest())
        if until_us is None and stored.etag == sent.etag:
            self._remember(key, sent)
        else:
            self._check_written(key, sent, until_us)
        return True

    def _put(
        self, key: str, body: _Pieces, size: int, md5: bytes, sha256: bytes, until_us: int | None
    ) -> _Version | None:
        """The new version as the store names it; None where the name is taken."""
        more: dict[str, Any] = {}
        if until_us is not None:
            more = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": date_of(until_us)}
        try:
            answer = self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentLength=size, ContentMD5=base64.b64encode(md5).decode(),
                ChecksumSHA256=base64.b64encode(sha256).decode(), IfNoneMatch="*", Metadata={"sha256": sha256.hex()}, **more,
            )  # fmt: skip
        except ClientError as error:
            if _code(error) in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
                return None
            raise
        version = answer.get("VersionId")
        if not version:
            raise StoreUnfit(f"bucket {self._bucket}: keeps no versions")
        return _Version(str(version), size, str(answer.get("ETag", "")).strip('"'))

    def _check_written(self, key: str, sent: _Version, until_us: int | None) -> None:
        with _said(key):
            head = self._s3.head_object(Bucket=self._bucket, Key=key, VersionId=sent.id)
        size, etag = head["ContentLength"], head.get("ETag", "").strip('"')
        if size != sent.size or (len(etag) == len(sent.etag) and etag != sent.etag):
            raise DigestMismatch(
                f"{key}: {sent.size} bytes with MD5 {sent.etag} were sent, the store holds {size} with {etag}"
            )
        self._remember(key, sent)
        if until_us is not None and (_protection(head).until_us or 0) < until_us:
            raise StoreUnfit(f"{key}: the store took the object and not its lock")

    def get(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """As the seam says."""
        version = self._first(check_key(key))
        left = bounds(key, version.size, start, length)
        return self._read(key, version, start, left)

    def _read(self, key: str, version: _Version, start: int, left: int) -> Iterator[bytes]:
        if not left:
            return
        with _said(key):
            answer = self._s3.get_object(
                Bucket=self._bucket, Key=key, VersionId=version.id, Range=f"bytes={start}-{start + left - 1}"
            )
            with closing(answer["Body"]) as body:
                for chunk in body.iter_chunks(CHUNK):
                    left -= len(chunk)
                    yield chunk
        if left:
            raise ObjectMissing(f"{key}: is not as long as the store said")

    def size(self, key: str) -> int:
        """As the seam says."""
        return self._first(check_key(key)).size

    def exists(self, key: str) -> bool:
        """As the seam says."""
        try:
            self._first(check_key(key))
        except ObjectMissing:
            return False
        return True

    def sizes(self, keys: Collection[str]) -> dict[str, int]:
        """As the seam says; names of one folder are asked for together."""
        found, unknown = dict[str, int](), dict[str, list[str]]()
        for key in sorted(keys):
            if (known := self._known.get(check_key(key))) is not None:
                found[key] = known.size
            else:
                unknown.setdefault(key.rpartition("/")[0] + "/", []).append(key)
        for folder, names in unknown.items():
            for key, entries in self._entries(folder, page=2 * len(names) + 8, after=names[0][:-1]):
                if key > names[-1]:
                    break
                if key in names and (version := _oldest(entries)) is not None:
                    self._remember(key, version)
                    found[key] = version.size
        return found

    def list(self, prefix: str) -> Iterator[str]:
        """As the seam says."""
        for key, entries in self._entries(check_key(prefix) + "/"):
            if (version := _oldest(entries)) is not None:
                self._remember(key, version)
                yield key

    def protection(self, key: str) -> Protection:
        """As the seam says."""
        version = self._first(check_key(key))
        if self._heads is not None and (headers := self._heads.head(key, version.id)) is not None:
            return _protection(of_headers(headers))
        with _said(key):
            head = self._s3.head_object(Bucket=self._bucket, Key=key, VersionId=version.id)
        return _protection(head)

    def retain(self, key: str, until_us: int) -> None:
        """As the seam says."""
        old = self.protection(key).until_us
        if old is not None and old >= until_us:
            return
        with _said(key):
            self._s3.put_object_retention(
                Bucket=self._bucket, Key=key, VersionId=self._first(key).id,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": date_of(until_us)},
            )  # fmt: skip

    def hold(self, key: str, *, on: bool) -> None:
        """As the seam says."""
        version = self._first(check_key(key))
        with _said(key):
            self._s3.put_object_legal_hold(
                Bucket=self._bucket, Key=key, VersionId=version.id, LegalHold={"Status": "ON" if on else "OFF"}
            )

    def remove(self, key: str) -> None:
        """As the seam says; the object first, so that a refusal leaves everything as it is."""
        check_key(key)
        name, entries = next(self._entries(key), ("", ()))
        for entry in reversed(entries if name == key else ()):
            try:
                with _said(key):
                    self._s3.delete_object(Bucket=self._bucket, Key=key, VersionId=entry["VersionId"])
            except StoreUnfit as error:
                raise ObjectLocked(f"{key}: is locked, held, or not ours to remove ({error})") from error
        self._known.pop(key, None)

    def strays(self, prefix: str) -> Iterator[Stray]:
        """As the seam says; a later version of the same bytes, as a PUT that was given up and still arrived leaves it, is none."""
        for key, entries in self._entries(check_key(prefix) + "/"):
            version = _oldest(entries)
            for entry in entries:
                same = version is not None and (entry.get("Size"), str(entry.get("ETag", "")).strip('"')) == (
                    version.size,
                    version.etag,
                )
                if not same:
                    what = "version" if "Size" in entry else "marker"
                    yield Stray(key, entry["VersionId"], what, round(entry["LastModified"].timestamp() * 1_000_000))

    def _first(self, key: str) -> _Version:
        """The version that is the object."""
        known = self._known.get(key)
        if known is None:
            name, found = next(self._entries(key, page=10), ("", ()))  # names are sorted: a longer one comes after ours
            known = _oldest(found) if name == key else None
            if known is None:
                raise ObjectMissing(f"{key}: no such object")
            self._remember(key, known)
        return known

    def _remember(self, key: str, version: _Version) -> None:
        with self._lock:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key] = version

    def _entries(self, prefix: str, page: int = 1000, after: str = "") -> Iterator[tuple[str, Entries]]:
        """Every name that begins so, sorted, with its versions and delete markers, the newest first.

        Args:
            prefix: how they begin.
            page: how many are asked for at once.
            after: names up to this one are left out.
        """
        for key, found in groupby(self._pages(prefix, page, after), key=lambda item: str(item["Key"])):
            # Two that came at once are told apart by their identifiers, so that everybody takes the same one for the older.
            yield key, sorted(found, key=lambda item: (item["LastModified"], item["VersionId"]), reverse=True)

    def _pages(self, prefix: str, size: int, after: str) -> Iterator[dict[str, Any]]:
        pages = self._s3.get_paginator("list_object_versions")
        first = {"KeyMarker": after} if after else {}
        with _said(prefix):
            for page in pages.paginate(
                Bucket=self._bucket, Prefix=prefix, PaginationConfig={"PageSize": size}, **first
            ):
                entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                yield from sorted(entries, key=lambda item: str(item["Key"]))


def _oldest(entries: Entries) -> _Version | None:
    versions = [entry for entry in entries if "Size" in entry]
    if not versions:
        return None
    return _Version(versions[-1]["VersionId"], versions[-1]["Size"], versions[-1].get("ETag", "").strip('"'))


def _protection(head: dict[str, Any]) -> Protection:
    until, held = head.get("ObjectLockRetainUntilDate"), head.get("ObjectLockLegalHoldStatus") == "ON"
    locked = until is not None and head.get("ObjectLockMode") == "COMPLIANCE"
    until_us = round(until.timestamp() * 1_000_000) if until is not None and locked else None
    return Protection(until_us, held, head.get("Metadata", {}).get("sha256"))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _said(key: str) -> Iterator[None]:
    """What the service says, in our errors."""
    try:
        yield
    except ClientError as error:
        raise _error_of(key, error) from error
    except (BotoCoreError, OSError) as error:
        raise StoreUnavailable(f"{key}: the object store: {error}") from error


def _error_of(key: str, error: ClientError) -> StorageError:
    code, status = _code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISSING:
        return ObjectMissing(f"{key}: no such object")
    if code in ("BadDigest", "XAmzContentSHA256Mismatch"):
        return DigestMismatch(f"{key}: the object store received other bytes than were sent ({code})")
    if code in _LATER or status >= 500:
        return StoreUnavailable(f"{key}: the object store: {code or status}")
    return StoreUnfit(f"{key}: the object store refused: {code or status}")
