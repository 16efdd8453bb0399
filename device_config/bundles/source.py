"""Where a bundle comes from: a folder, or an archive.

An archive is a tar without compression. Weights do not shrink, so nothing is lost by that, and nothing can grow: each length
stands before its bytes, and there is one list of entries, in the order of the bytes. (A zip has two lists that may contradict one another,
and its lengths are claims until it is unpacked.) Only plain entries are read; no extension headers, no sparse files.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol

from device_config.bundles import errors
from device_config.bundles.manifest import MANIFEST, MAX_FILES, MAX_MANIFEST, MAX_NOTE, NOTE, check_path

BLOCK: Final = 512
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)


class Entry:
    """One file of a bundle: path, length in bytes, and its bytes read once, in parts."""

    def __init__(self, path: str, size: int, file: IO[bytes]) -> None:
        self.path = path
        self.size = size
        self._file = file

    def parts(self) -> Iterator[bytes]:
        """Its bytes; fewer than ``size`` if the source ends early."""
        left = self.size
        while left and (part := self._file.read(min(left, 2**20))):
            left -= len(part)
            yield part


class Source(Protocol):
    """What a bundle is read from, in one pass: the manifest and its note first."""

    def entries(self) -> Iterator[Entry]:
        """Its files; the bytes of one are read before the next is asked for."""
        ...


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The bundle at ``path``.

    Raises:
        BundleForm: neither a folder nor a file that can be read.
    """
    if path.is_dir():
        yield FolderSource(path)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise errors.BundleForm(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        yield TarSource(file)


class FolderSource:
    """A folder, as an archive unpacks; links are refused, and what is opened is what was looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> Iterator[Entry]:
        """The manifest, the note, then the files sorted by path."""
        try:
            paths = [name for name in (MANIFEST, NOTE) if (self._folder / name).exists()] + list_files(self._folder)
        except OSError as error:
            raise errors.BundleForm(f"{self._folder}: cannot be read: {error.strerror}") from error
        for path in paths:
            try:
                fd = os.open(self._folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                raise errors.BundleForm(f"{path}: cannot be read: {error.strerror}") from error
            with os.fdopen(fd, "rb") as file:
                facts = os.fstat(fd)
                if not stat.S_ISREG(facts.st_mode):
                    raise errors.BundleSpecial(f"{path}: not a plain file")
                yield Entry(path, facts.st_size, file)


def list_files(folder: Path) -> list[str]:
    """Paths of the files in ``folder``, sorted; without manifest and note.

    Raises:
        BundleLink, BundleSpecial, BundlePath, BundleOversize: what is in it has no place in a bundle.
    """
    found = []
    for item in folder.rglob("*"):
        path, mode = item.relative_to(folder).as_posix(), item.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise errors.BundleLink(f"{path}: a symbolic link")
        if stat.S_ISDIR(mode) or path in (MANIFEST, NOTE):
            continue
        check_path(path)
        if not stat.S_ISREG(mode):
            raise errors.BundleSpecial(f"{path}: not a plain file")
        found.append(path)
        if len(found) > MAX_FILES:
            raise errors.BundleOversize(f"{folder}: more than {MAX_FILES} files")
    return sorted(found)


class TarSource:
    """An archive, header by header; the standard library's reader would follow extension headers into memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def entries(self) -> Iterator[Entry]:
        """Its entries in their order."""
        at = 0
        while True:
            self._file.seek(at)
            header = self._file.read(BLOCK)
            if header == bytes(BLOCK):
                self._check_end()
                return
            try:
                info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
            except tarfile.HeaderError as error:
                raise errors.BundleForm(f"byte {at}: not an entry of a tar without compression ({error})") from error
            path = info.name
            if info.type in _LINKS:
                raise errors.BundleLink(f"{path!r}: a link to {info.linkname!r}")
            if path not in (MANIFEST, NOTE):
                check_path(path)
            if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                raise errors.BundleSpecial(f"{path}: entry of type {info.type.decode('latin-1')!r}")
            if info.size < 0:
                raise errors.BundleForm(f"{path}: a length below zero")
            yield Entry(path, info.size, self._file)
            at += BLOCK + -(-info.size // BLOCK) * BLOCK

    def _check_end(self) -> None:
        """After the first block of zeros comes a second, and nothing but zeros (other programs write more of them)."""
        rest = 0
        while part := self._file.read(2**20):
            if part.strip(b"\0"):
                raise errors.BundleForm("bytes stand behind the archive's end")
            rest += len(part)
        if rest < BLOCK:
            raise errors.BundleForm("the archive's end is cut off")


def head(entries: Iterator[Entry]) -> tuple[bytes, bytes | None]:
    """The manifest and the note, which come first.

    Raises:
        BundleForm: no manifest at the beginning.
        BundleOversize: longer than either ever is.
    """
    manifest = next(entries, None)
    if manifest is None or manifest.path != MANIFEST:
        raise errors.BundleForm(f"does not begin with {MANIFEST}: not a bundle")
    data = _small(manifest, MAX_MANIFEST)
    note = next(entries, None)
    return data, _small(note, MAX_NOTE) if note is not None and note.path == NOTE else None


def _small(entry: Entry, most: int) -> bytes:
    if entry.size > most:
        raise errors.BundleOversize(f"{entry.path}: {entry.size} bytes; {most} are allowed")
    return b"".join(entry.parts())
