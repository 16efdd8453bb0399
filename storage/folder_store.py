"""Objects as files below a folder: the embedded default."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from protocol import canonical
from protocol.durable import DurableFile, make_dirs, sync_dir
from protocol.errors import DiskFailed
from storage.errors import ObjectConflict, ObjectMissing
from storage.objects import CHUNK, Counted, Protection, Stray, bounds, check_key, digest
from storage.tickets import TicketMaker

STAGING = ".staging"  # half-arrived objects; no key can begin with a dot
LOCKS = ".locks"  # locks and holds


class FolderStore:
    """Objects as files below a folder.

    A body is written to a staging file, synced, compared with its digest and only then linked to its name, so that a name never
    stands for half an object and an existing one is never replaced. What a crash leaves in staging is removed by
    :meth:`clear_staging`, which the service calls when it starts. A record below ``records/`` is itself a record folder, so everything that reads
    records reads the archive.

    Locks and holds lie beside the objects as small files (``.locks/<key>.json``). They bind this program only: whoever may write the folder
    may remove anything in it, which the log, the receipts and ``hattama archive scrub`` then show.

    Args:
        root: the folder; created if it is not there.
        clock: seconds since 1970, UTC.
    """

    tickets: TicketMaker | None = None  # a folder has no address

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self.root = root
        self._clock = clock
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

    def put_once(self, key: str, chunks: Iterable[bytes], sha256: bytes, *, until_us: int | None = None) -> bool:
        """As the seam says."""
        final = self.path(key)
        temporary = self._staging / secrets.token_hex(16)
        counted = Counted(key)
        file = DurableFile(temporary)
        try:
            for chunk in chunks:
                file.write(counted.take(chunk))
            counted.check(sha256)
            file.close()
            if until_us is not None and not final.exists():
                self._protect(key, Protection(until_us))  # first: an object is never there without its lock
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
        left = bounds(key, self.size(key), start, length)
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

    def sizes(self, keys: Collection[str]) -> dict[str, int]:
        """As the seam says."""
        return {key: self.size(key) for key in keys if self.exists(key)}

    def list(self, prefix: str) -> Iterator[str]:
        """As the seam says."""
        folder = self.path(prefix)
        if not folder.is_dir():
            return
        keys = [str(path.relative_to(self.root)) for path in folder.rglob("*") if path.is_file()]
        yield from sorted(keys)

    def protection(self, key: str) -> Protection:
        """As the seam says."""
        self.size(key)
        try:
            value = canonical.loads(self._lock_of(key).read_bytes())
            return Protection(value["until_us"], bool(value["held"]))
        except FileNotFoundError:
            return Protection()

    def retain(self, key: str, until_us: int) -> None:
        """As the seam says."""
        old = self.protection(key)
        if (new := old.extended(until_us)) != old:
            self._protect(key, new)

    def hold(self, key: str, *, on: bool) -> None:
        """As the seam says."""
        self._protect(key, replace(self.protection(key), held=on))

    def remove(self, key: str) -> None:
        """As the seam says."""
        if not self.exists(key):
            return
        self.protection(key).check_removable(key, int(self._clock() * 1_000_000))
        path = self.path(key)
        path.unlink()
        sync_dir(path.parent)
        self._lock_of(key).unlink(missing_ok=True)

    def strays(self, prefix: str) -> Iterator[Stray]:
        """None: a name in a folder stands for one file."""
        check_key(prefix)
        return iter(())

    def _lock_of(self, key: str) -> Path:
        return self.root / LOCKS / f"{check_key(key)}.json"

    def _protect(self, key: str, protection: Protection) -> None:
        path = self._lock_of(key)
        make_dirs(path.parent)
        temporary = self._staging / secrets.token_hex(16)
        file = DurableFile(temporary)
        try:
            file.write(canonical.dumps({"held": protection.held, "until_us": protection.until_us}))
        finally:
            file.close()
        temporary.replace(path)
        sync_dir(path.parent)
