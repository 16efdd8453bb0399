"""The one module that writes evidence bytes.

What is promised: when ``sync`` or ``write_once`` returns, the bytes were handed to the disk with ``fdatasync``/``fsync``, and
the name stands in its folder. What is not: a disk that lies about its cache. Any failure raises :class:`DiskFailed`, and after
a failed sync the file is never trusted again: the kernel may have dropped the dirty pages, and a later sync that succeeds
says nothing about them (the "fsyncgate" trap).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from protocol.errors import DiskFailed, RecordExists

FILE_MODE = 0o640
DIR_MODE = 0o750
_PART = 1 << 20


def sync_dir(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise DiskFailed(f"{folder}: folder cannot be synced: {error.strerror}") from error


def make_dirs(folder: Path) -> None:
    """Create ``folder`` and its parents, each name durable."""
    if folder.is_dir():
        return
    make_dirs(folder.parent)
    try:
        folder.mkdir(mode=DIR_MODE, exist_ok=True)
    except OSError as error:
        raise DiskFailed(f"{folder}: folder cannot be made: {error.strerror}") from error
    sync_dir(folder.parent)


class _Written:
    """A file that grows; a failed write or sync poisons it."""

    def __init__(self, path: Path, flags: int) -> None:
        self.path = path
        self._failed: str | None = None
        try:
            self._fd = os.open(path, flags | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE)
        except FileExistsError as error:
            raise RecordExists(f"{path}: is there already") from error
        except OSError as error:
            raise DiskFailed(f"{path}: cannot be opened: {error.strerror}") from error

    def write(self, data: bytes | memoryview) -> None:
        """Append all of ``data``.

        Raises:
            DiskFailed: the disk refused, now or before.
        """
        self._check()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            self._fail(f"write failed: {error.strerror}", error)

    def sync(self) -> None:
        """``fdatasync``: what was written so far survives a power cut.

        Raises:
            DiskFailed: the disk refused, now or before.
        """
        self._check()
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self._fail(f"sync failed: {error.strerror}", error)

    def close(self) -> None:
        """Sync and close; closing twice does nothing."""
        if self._fd < 0:
            return
        try:
            if self._failed is None:
                self.sync()
        finally:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _check(self) -> None:
        if self._failed is not None:
            raise DiskFailed(f"{self.path}: {self._failed} earlier; the file is not to be relied on")
        if self._fd < 0:
            raise DiskFailed(f"{self.path}: is closed")

    def _fail(self, what: str, error: OSError) -> None:
        self._failed = what
        raise DiskFailed(f"{self.path}: {what}") from error

    def _sync_name(self) -> None:
        """Make the file's name durable; a file whose name is not is closed and not used."""
        try:
            sync_dir(self.path.parent)
        except DiskFailed:
            os.close(self._fd)
            raise


class DurableFile(_Written):
    """A new evidence file: created exclusively under its final name, then appended to.

    Raises:
        RecordExists: the name is taken.
        DiskFailed: the disk refused.
    """

    def __init__(self, path: Path) -> None:
        make_dirs(path.parent)
        super().__init__(path, os.O_CREAT | os.O_EXCL)
        self._sync_name()


class AppendFile(_Written):
    """A file that grows over several lives of a process: the journal and the checkpoints."""

    def __init__(self, path: Path) -> None:
        make_dirs(path.parent)
        super().__init__(path, os.O_CREAT | os.O_APPEND)
        self._sync_name()


def cut(path: Path, size: int) -> None:
    """Cut ``path`` to its first ``size`` bytes, durably; only for bytes that were never acknowledged (a torn tail)."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise DiskFailed(f"{path}: cannot be cut: {error.strerror}") from error


def settle(path: Path, size: int) -> None:
    """Make the first ``size`` bytes of a file that a dead process wrote durable, and drop what follows them.

    They are written anew beside it and put in its place: where the dead process met a failed sync, the kernel may call pages
    clean that never reached the disk, and another sync of the same file would say nothing about them. Without room for that
    the file is cut and synced where it is.

    Raises:
        DiskFailed: the disk refused both; the file is as it was.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        _copy(path, size, temporary)
        temporary.replace(path)
        sync_dir(path.parent)
    except (DiskFailed, OSError):
        temporary.unlink(missing_ok=True)
        cut(path, size)


def _copy(path: Path, size: int, to: Path) -> None:
    new = DurableFile(to)
    try:
        with path.open("rb") as old:
            while part := old.read(min(_PART, size)):
                new.write(part)
                size -= len(part)
    finally:
        new.close()


def write_once(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a whole file: after a crash it is there with all its bytes, or not at all.

    A temporary file in the same folder is written, synced and linked to its name, so that an existing file is never replaced.
    Writing the same bytes again is allowed and does nothing.

    Raises:
        RecordExists: the name is taken by other bytes.
        DiskFailed: the disk refused; nothing stands under the name.
    """
    make_dirs(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    file = DurableFile(temporary)
    try:
        for part in [data] if isinstance(data, bytes) else data:
            file.write(part)
        file.close()
        try:
            os.link(temporary, path)
        except FileExistsError as error:
            if path.read_bytes() != temporary.read_bytes():
                raise RecordExists(f"{path}: is there already with other content") from error
        except OSError as error:
            raise DiskFailed(f"{path}: cannot be created: {error.strerror}") from error
    finally:
        try:
            file.close()
        finally:
            temporary.unlink(missing_ok=True)
    sync_dir(path.parent)
