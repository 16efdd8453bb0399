"""Where a copy and its record part at the end: after a crash of either disk, either may have bytes that the other lost.

Nothing that a checkpoint covers can have been lost: lines are synced before they are signed. So the copy's last lines that no checkpoint
covers were never acknowledged, and give way to what the record has there now. Signed lines that the record does not have are another matter:
then one of the disks lied, and both are left as they are.
"""

from __future__ import annotations

import re
from pathlib import Path

from protocol import durable
from protocol.checkpoint import Checkpoint, split_notes
from protocol.note import parse_note
from protocol.writer import CHECKPOINTS, JOURNAL
from recorder.errors import RecorderError

_PATH = re.compile(rb'"path":"([A-Za-z0-9._/-]{1,200})"')


class NotRead(RecorderError):
    """The record that is to be copied cannot be read."""

    code = "not-read"
    exit_status = 74  # EX_IOERR
    advice = "Look at the disk of the records; the copy has everything up to here."


class CopyDiffers(RecorderError):
    """The copy has signed lines that the record does not have: it is left as it is."""

    code = "copy-differs"
    exit_status = 65
    advice = "Keep both disks as they are and call the administrator: verify both records."


def settle_ends(record: Path, copy: Path, window: int) -> None:
    """Cut from a copy's journal and checkpoints what its record does not have and nothing acknowledged, and files that only that names.

    Args:
        record: folder of the hearing.
        copy: folder of its copy.
        window: how many bytes back from their ends both are compared.

    Raises:
        NotRead: the record cannot be read.
        DiskFailed, OSError: the copy cannot be read or cut.
        CopyDiffers: it is signed.
    """
    journal, have = copy / JOURNAL, size_of(copy / JOURNAL)
    same = _same(record / JOURNAL, journal, have, window)
    near = _between(journal, max(0, same - window), same)
    kept = same - (len(near) - near.rfind(b"\n") - 1)
    if kept < have:
        lost = _between(journal, kept, have)
        if b"\n" in lost and _signed(copy) > _between(journal, 0, kept).count(b"\n"):
            raise CopyDiffers(f"{copy}: its journal goes on where the record's ends")
        _forget(copy, set(names_in(lost)) - set(names_in(_between(journal, 0, kept))))
        durable.cut(journal, kept)
    notes, length = copy / CHECKPOINTS, size_of(copy / CHECKPOINTS)
    same = _same(record / CHECKPOINTS, notes, length, window)
    if same < length:
        durable.cut(notes, same - len(split_notes(notes.read_bytes()[:same])[1]))


def names_in(lines: bytes) -> list[str]:
    """Paths of files that lines name, each once, in order; not those of the journal itself."""
    found = dict.fromkeys(match.decode("ascii") for match in _PATH.findall(lines))
    return [name for name in found if name not in (JOURNAL, CHECKPOINTS) and ".." not in name and name[0] != "/"]


def read_part(path: Path, start: int, count: int) -> bytes:
    """Bytes of a file of the record.

    Raises:
        NotRead: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(count)
    except OSError as error:
        raise NotRead(f"{path}: {error.strerror}") from error


def size_of(path: Path) -> int:
    """Bytes of a file; 0 if it is not there.

    Raises:
        OSError: its disk does not say.
    """
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _same(ours: Path, theirs: Path, length: int, window: int) -> int:
    """How far the ``length`` bytes of a copy's file are the record's, as far back as they are compared."""
    if not length:
        return 0
    try:
        both = min(length, ours.stat().st_size)
    except OSError as error:  # that it is not there is no reason to cut the copy
        raise NotRead(str(error)) from error
    start = max(0, both - window)
    left, right = read_part(ours, start, both - start), _between(theirs, start, both)
    if left == right:
        return both
    return start + next(
        (at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )


def _between(path: Path, start: int, end: int) -> bytes:
    """Bytes of a file of the copy."""
    if start >= end:
        return b""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _forget(copy: Path, names: set[str]) -> None:
    for name in sorted(names):
        if (copy / name).is_file():
            (copy / name).unlink()
            durable.sync_dir((copy / name).parent)


def _signed(copy: Path) -> int:
    """Lines that the copy's last checkpoint covers."""
    if not size_of(copy / CHECKPOINTS):
        return 0
    notes, _ = split_notes((copy / CHECKPOINTS).read_bytes())
    return Checkpoint.from_text(parse_note(notes[-1].decode()).text).size if notes else 0
