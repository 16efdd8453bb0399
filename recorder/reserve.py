"""Room on the disk that only the journal and the seal may use: a full disk must not keep a hearing from being ended and sealed.

Two kinds. Blocks are allocated beyond the end of ``journal.jsonl`` and ``checkpoints`` (fallocate(2) with FALLOC_FL_KEEP_SIZE): their next lines
find room whatever media files have taken. And a file beside the records is let go when the manifest finds none. A file system that
cannot do it (or a disk that is full already) costs nothing but the reserve.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

import structlog

from protocol.writer import CHECKPOINTS, JOURNAL

_log = structlog.get_logger(__name__)
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE of linux/falloc.h
_MIB = 1 << 20
#: The reserve is made again only where that leaves so many times its size to others.
_PLENTY = 8


class Reserve:
    """The reserve of one box's records.

    Args:
        folder: of the records; the file ``.reserve`` lies in it.
        mebibytes: in all: half for the journal, an eighth for the checkpoints, the rest for the manifest; 0 keeps none.
    """

    def __init__(self, folder: Path, mebibytes: int) -> None:
        self._path = folder / ".reserve"
        self._bytes = mebibytes * _MIB
        self._ahead = {JOURNAL: self._bytes // 2, CHECKPOINTS: self._bytes // 8}

    def extend(self, record: Path) -> None:
        """Keep room after the journal's and the checkpoints' end; to be called again and again while they grow."""
        for name, ahead in self._ahead.items():
            if ahead:
                _allocate(record / name, ahead)

    def settle(self, record: Path) -> None:
        """Give back what lies after the end of both files, which grow no more."""
        for name, ahead in self._ahead.items():
            if ahead:
                _give_back(record / name)

    def restore(self) -> None:
        """Make the file, if it is not there and others keep enough."""
        wanted = self._bytes - sum(self._ahead.values())
        if not wanted or self._path.exists():
            return
        try:
            if shutil.disk_usage(self._path.parent).free < wanted * _PLENTY:
                return
            fd = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, wanted)
            finally:
                os.close(fd)
        except OSError as error:
            _log.warning("no_reserve", action="go_on", error=error.strerror)
            self._path.unlink(missing_ok=True)

    def release(self) -> bool:
        """Let the file go; whether there was one."""
        try:
            self._path.unlink()
        except OSError:
            return False
        _log.warning("reserve_released", action="go_on")
        return True


def _allocate(path: Path, ahead: int) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        size = os.fstat(fd).st_size
        if libc.fallocate(fd, _KEEP_SIZE, ctypes.c_long(size), ctypes.c_long(ahead)) != 0:
            _log.info("no_room_ahead", action="go_on", file=path.name, error=os.strerror(ctypes.get_errno()))
    finally:
        os.close(fd)


def _give_back(path: Path) -> None:
    """Cut a file to the length that it has, which frees the blocks after its end."""
    try:
        os.truncate(path, path.stat().st_size)
    except OSError as error:
        _log.info("room_ahead_stays", action="go_on", file=path.name, error=error.strerror)
