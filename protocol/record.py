"""Where the bytes of a record come from: a folder, or memory. The verifier and all readers see only :class:`RecordSource`."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from protocol.errors import ProtocolError

CHUNK_BYTES = 1 << 20
JOURNAL = "journal.jsonl"
CHECKPOINTS = "checkpoints"
_CHUNK_NAME = re.compile(r"[0-9]{6}\Z")


class UnreadableRecord(ProtocolError):
    """The folder of a record, or a file in it, cannot be read."""

    code = "unreadable"
    exit_status = 66  # EX_NOINPUT
    advice = "Name the folder that holds journal.jsonl; check that you may read it."


class RecordSource(Protocol):
    """The files of one record, by path relative to its folder."""

    def paths(self) -> list[str]:
        """All files, sorted."""
        ...

    def size(self, path: str) -> int:
        """Bytes of a file; raises :class:`UnreadableRecord` if it is absent."""
        ...

    def chunks(self, path: str) -> Iterator[bytes]:
        """The file's bytes, piece by piece."""
        ...

    def read(self, path: str) -> bytes:
        """The file's bytes."""
        ...


class DirectoryRecord:
    """A record in a folder. Symbolic links are not followed: they are listed, and reading them is refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise UnreadableRecord(f"{folder}: is not a folder")

    def paths(self) -> list[str]:
        """All files and links below the folder, sorted."""
        found = []
        for root, folders, files in os.walk(self.folder, followlinks=False):
            links = [name for name in folders if (Path(root) / name).is_symlink()]
            found += [(Path(root) / name).relative_to(self.folder).as_posix() for name in files + links]
        return sorted(found)

    def size(self, path: str) -> int:
        """Bytes of a file."""
        try:
            return (self.folder / path).lstat().st_size
        except OSError as error:
            raise UnreadableRecord(f"{path}: {error.strerror}") from error

    def chunks(self, path: str) -> Iterator[bytes]:
        """The file's bytes, 1 MiB at a time."""
        try:
            # O_NONBLOCK: a pipe that lies in the folder must not keep the reader waiting for a writer.
            fd = os.open(self.folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as file:
                if not stat.S_ISREG(os.fstat(fd).st_mode):
                    raise UnreadableRecord(f"{path}: is not a plain file")
                while data := file.read(CHUNK_BYTES):
                    yield data
        except OSError as error:
            raise UnreadableRecord(f"{path}: {error.strerror}") from error

    def read(self, path: str) -> bytes:
        """The file's bytes."""
        return b"".join(self.chunks(path))


class MemoryRecord:
    """A record in memory: path → bytes. For tests and redacted copies."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def paths(self) -> list[str]:
        """All files, sorted."""
        return sorted(self.files)

    def size(self, path: str) -> int:
        """Bytes of a file."""
        return len(self.read(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """The file's bytes in one piece."""
        yield self.read(path)

    def read(self, path: str) -> bytes:
        """The file's bytes."""
        try:
            return self.files[path]
        except KeyError as error:
            raise UnreadableRecord(f"{path}: is not there") from error


class ChunkError(ProtocolError):
    """Chunks and whole file at once, or a hole in the chunks (record format, section 1.1)."""

    code = "bad-chunk"


class MixedChunks(ChunkError):
    """Both the file and chunks of it are there."""

    code = "mixed-chunks"


def chunk_folder(name: str) -> str:
    """Folder of the chunks of ``journal.jsonl`` or ``checkpoints``."""
    return {JOURNAL: "journal.chunks", CHECKPOINTS: "checkpoints.chunks"}[name]


def read_chunked(record: RecordSource, name: str) -> bytes | None:
    """``journal.jsonl`` or ``checkpoints``, whole or put together from its chunks; None if neither is there.

    Raises:
        MixedChunks: both are there.
        ChunkError: a chunk is misnamed, or a number is missing.
    """
    paths = record.paths()
    folder = chunk_folder(name)
    chunks = [path for path in paths if path.startswith(folder + "/")]
    if name in paths and chunks:
        raise MixedChunks(f"{name} and {folder}/ are both there")
    if name in paths:
        return record.read(name)
    if not chunks:
        return None
    for number, path in enumerate(chunks, 1):
        if not _CHUNK_NAME.match(path.rpartition("/")[2]) or path != f"{folder}/{number:06d}":
            raise ChunkError(f"{path}: chunk {number:06d} was due")
    return b"".join(record.read(path) for path in chunks)
