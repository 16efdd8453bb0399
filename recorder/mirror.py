"""One record copied to another folder so that the copy verifies by itself: what grew is appended, what is new is added.

The order is what makes it so. The sizes of checkpoints, journal and files are noted in this order, and written in the other: a line never
stands in the copy before the bytes that it speaks of, nor a checkpoint before the lines that it signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from protocol import durable
from protocol.journal import read_journal
from protocol.view import HearingView
from protocol.writer import CHECKPOINTS, JOURNAL
from recorder.errors import RecorderError

_PART = 1 << 20
#: Of the journal's lines that the copy has already, so much is looked at again.
_OVERLAP = 1 << 16
_RECEIPT = "receipt.json"
_PATH = re.compile(rb'"path":"([A-Za-z0-9._/-]{1,200})"')
#: Written once and whole, and made again after a crash: where they differ, the first disk's counts.
_DOCUMENTS = ("manifest-", "transcript/", "protocol/", "signatures/", "receipt.json")


class NotRead(RecorderError):
    """The record that is to be copied cannot be read."""

    code = "not-read"
    exit_status = 74  # EX_IOERR
    advice = "Look at the disk of the records; the copy has everything up to here."


class CopyDiffers(RecorderError):
    """The copy has lines that the record does not have: it is left as it is."""

    code = "copy-differs"
    exit_status = 65
    advice = "Keep both disks as they are and call the administrator: verify both records."


def mirror(record: Path, copy: Path, *, whole: bool = False) -> int:
    """Bring a copy up to date.

    Args:
        record: folder of the hearing, which may grow meanwhile.
        copy: folder of its copy; made if needed.
        whole: compare everything, not only what grew since the last time.

    Returns:
        Bytes written.

    Raises:
        NotRead: the record cannot be read.
        DiskFailed, OSError: the copy cannot be written.
        CopyDiffers: the copy's journal goes on where the record's ends.
    """
    try:
        signed, lines = _size(record / CHECKPOINTS), (record / JOURNAL).stat().st_size
        files = {
            path.relative_to(record).as_posix(): path.stat().st_size
            for path in sorted(record.rglob("*"))
            if _counts(path)
        }
    except OSError as error:
        raise NotRead(str(error)) from error
    if _size(copy / JOURNAL) > lines and b"\n" in _rest(copy / JOURNAL, lines):
        raise CopyDiffers(f"{copy}: its journal goes on where the record's ends")
    # A file that no line names yet would make the copy fail its verification: its line is written within a second.
    start = 0 if whole else max(0, _size(copy / JOURNAL) - _OVERLAP)
    named = _named(record / JOURNAL, start, lines)
    own = [(name, size) for name, size in files.items() if name in named or (copy / name).exists()]
    own = [(name, size) for name, size in own if name not in (JOURNAL, CHECKPOINTS)]
    return sum(_follow(record, copy, name, size) for name, size in [*own, (JOURNAL, lines), (CHECKPOINTS, signed)])


def drop(record: Path, copy: Path) -> None:
    """Remove from a copy what a recovery removed from its record: files that are not there any more and that no line names.

    Raises:
        ProtocolError: the copy's journal cannot be read.
        DiskFailed, OSError: the copy's disk refuses.
    """
    gone = [
        path for path in sorted(copy.rglob("*")) if path.is_file() and not (record / path.relative_to(copy)).exists()
    ]
    if not gone:
        return
    view = HearingView.of(read_journal((copy / JOURNAL).read_bytes())[0])
    named = {item.path for item in view.segments} | {item.path for item in view.revisions} | set(view.progress)
    named |= {item.path for item in view.manifests}
    for path in gone:
        if path.relative_to(copy).as_posix() not in named:
            path.unlink()
            durable.sync_dir(path.parent)


def _named(journal: Path, start: int, end: int) -> set[str]:
    """Paths that lines between two places name."""
    data = b"".join(_parts(journal, start, end - start))
    return {_RECEIPT, *(found.decode("ascii", "replace") for found in _PATH.findall(data))}


def _counts(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _follow(record: Path, copy: Path, name: str, size: int) -> int:
    """Append what the copy lacks of the first ``size`` bytes of a file; the bytes written."""
    source, target = record / name, copy / name
    have = _size(target)
    if name.startswith(_DOCUMENTS) and have and _made_again(source, target):
        target.unlink()
        have = 0
    if have > size:  # the record's torn end was cut after a crash
        durable.cut(target, size)
    if have >= size:
        return 0
    file = durable.AppendFile(target)
    try:
        for part in _parts(source, have, size - have):
            file.write(part)
    finally:
        file.close()
    return size - have


def _made_again(source: Path, target: Path) -> bool:
    """Whether a document's copy is of one that a crash took back."""
    here, there = source.stat(), target.stat()
    newer = here.st_size != there.st_size or here.st_mtime_ns > there.st_mtime_ns
    return newer and not source.read_bytes().startswith(target.read_bytes())


def _parts(source: Path, start: int, count: int) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            file.seek(start)
            while count and (part := file.read(min(_PART, count))):
                count -= len(part)
                yield part
    except OSError as error:
        raise NotRead(f"{source}: {error.strerror}") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _rest(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read()
