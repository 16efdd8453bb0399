"""One record copied to another folder so that the copy verifies by itself at every moment: what grew is appended, what is new is added.

The copy goes along the journal, some lines at a time, and every step on the way leaves a record that only lacks something at its end:

1. files that the copy has grow: more bytes than a line speaks of are no fault;
2. files that these lines name first are written beside the copy (``.<hearing>.new``), where they are nobody's;
3. the lines are appended: now a file that they name may be missing, and nothing else is wrong;
4. the new files are moved to their names;
5. the checkpoints that cover no more than these lines follow, and when no line is left the receipt.

So it may be cut off anywhere, by the loss of either disk, of the process or of the power. What the copy has and the record lost in a crash is
settled first (:mod:`recorder.mirror_ends`).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from protocol import durable
from protocol.checkpoint import Checkpoint, split_notes
from protocol.journal import read_journal
from protocol.note import parse_note
from protocol.view import HearingView
from protocol.writer import CHECKPOINTS, JOURNAL
from recorder.mirror_ends import NotRead, names_in, read_part, settle_ends, size_of

_PART = 1 << 20
#: How far back from their ends the journals are compared: each time, and the first time. Lines are synced one by one, so a crash takes one.
_WINDOW, _WHOLE_WINDOW = 1 << 16, 1 << 20
_RECEIPT = "receipt.json"
#: Of a segment line: its file does not change any more.
_SEGMENT = re.compile(rb'"bytes":(\d{1,18}),"closed":.*"path":"([^"]*)"')
_log = structlog.get_logger(__name__)
#: Written once and whole, and made again after a crash: where they differ, the first disk's counts.
_DOCUMENTS = ("manifest-", "transcript/", "protocol/", "signatures/", "remarks/", "amendments/", "timestamps/", _RECEIPT)


def mirror(record: Path, copy: Path, *, whole: bool = False) -> int:
    """Bring a copy up to date.

    Args:
        record: folder of the hearing, which may grow meanwhile.
        copy: folder of its copy; made if needed.
        whole: compare everything, not only what grew since the last time. The first time, and after a failure, nothing less will do.

    Returns:
        Bytes written.

    Raises:
        NotRead: the record cannot be read.
        DiskFailed, OSError: the copy cannot be written.
        CopyDiffers: the copy has signed lines that the record does not have.
    """
    # Checkpoints before lines, lines before files: what is spoken of is there.
    signed, lines = _length(record / CHECKPOINTS), _need(record / JOURNAL)
    new = copy.with_name(f".{copy.name}.new")
    if new.exists():
        shutil.rmtree(new)
    written = 0
    settle_ends(record, copy, _WHOLE_WINDOW if whole else _WINDOW)
    if whole:
        written += _add(record, copy, new, _named(copy / JOURNAL), b"")
    for part in _line_parts(record / JOURNAL, size_of(copy / JOURNAL), lines):
        written += _add(record, copy, new, names_in(part), part)
        written += _sign(record, copy, signed, _count(part))
    written += _sign(record, copy, signed)
    return written + _add(record, copy, new, [_RECEIPT], b"")


def drop(record: Path, copy: Path) -> None:
    """Remove from a copy what a recovery removed from its record: files that are not there any more and that no line names.

    Raises:
        NotRead: the record is not there.
        ProtocolError: the copy's journal cannot be read.
        DiskFailed, OSError: the copy's disk refuses.
    """
    gone = [
        path for path in sorted(copy.rglob("*")) if path.is_file() and not (record / path.relative_to(copy)).exists()
    ]
    _need(record / JOURNAL)
    if not gone:
        return
    view = HearingView.of(read_journal((copy / JOURNAL).read_bytes())[0])
    named = {item.path for item in view.segments} | set(view.progress) | view.added
    named |= {JOURNAL, CHECKPOINTS, _RECEIPT}
    for path in gone:
        if path.relative_to(copy).as_posix() not in named:
            path.unlink()
            durable.sync_dir(path.parent)


def _add(record: Path, copy: Path, new: Path, names: Iterable[str], lines: bytes) -> int:
    """Steps 1 to 4 for some lines of the journal, and the files that they name; the bytes written."""
    written, moves = 0, list[tuple[Path, Path]]()
    for name in names:
        size = _length(record / name)
        if size and (copy / name).exists() and not _made_again(name, record / name, copy / name):
            if size >= _closed(record, copy, name, size):
                written += _follow(record / name, copy / name, size)
        elif size:
            written += _follow(record / name, new / name, size)
            moves.append((new / name, copy / name))
    if lines:
        _append(copy / JOURNAL, [lines])
    for old, path in moves:
        durable.make_dirs(path.parent)
        old.replace(path)
    for folder in {path.parent for _, path in moves}:
        durable.sync_dir(folder)
    if moves:
        shutil.rmtree(new)
    return written + len(lines)


def _sign(record: Path, copy: Path, signed: int, lines: int | None = None) -> int:
    """Step 5: append of the record's first ``signed`` bytes of checkpoints those of at most so many lines, or all; the bytes written."""
    have = size_of(copy / CHECKPOINTS)
    notes, _ = split_notes(b"".join(_parts(record / CHECKPOINTS, have, signed - have)))
    due = [
        note for note in notes if lines is None or Checkpoint.from_text(parse_note(note.decode()).text).size <= lines
    ]
    if due:
        _append(copy / CHECKPOINTS, [note + b"\n" for note in due])
    return sum(len(note) + 1 for note in due)


def _follow(source: Path, target: Path, size: int) -> int:
    """Append what a file of the copy lacks of the first ``size`` bytes; the bytes written."""
    have = size_of(target)
    if have > size:  # the record's torn end was cut after a crash
        durable.cut(target, size)
    if have >= size:
        return 0
    _append(target, _parts(source, have, size - have))
    return size - have


def _closed(record: Path, copy: Path, name: str, size: int) -> int:
    """Bytes that the journal says a closed segment has, where the copy has more than the ``size`` that the record has left; else 0.

    A first disk that lost the end of a file must not have the second lose it, too.
    """
    if size_of(copy / name) <= size:
        return 0
    try:
        with (record / JOURNAL).open("rb") as journal:
            found = [_SEGMENT.search(line) for line in journal if name.encode() in line]
    except OSError as error:
        raise NotRead(str(error)) from error
    closed = max((int(match[1]) for match in found if match and match[2] == name.encode()), default=0)
    if size < closed:
        _log.error("record_file_short", action="keep_the_copy", file=str(record / name), bytes=size, journalled=closed)
    return closed


def _append(target: Path, parts: Iterable[bytes]) -> None:
    file = durable.AppendFile(target)
    try:
        for part in parts:
            file.write(part)
    finally:
        file.close()


def _made_again(name: str, source: Path, target: Path) -> bool:
    """Whether a document's copy is of one that a crash took back."""
    if not name.startswith(_DOCUMENTS):
        return False
    here, there = source.stat(), target.stat()
    newer = here.st_size != there.st_size or here.st_mtime_ns > there.st_mtime_ns
    return newer and not source.read_bytes().startswith(target.read_bytes())


def _named(journal: Path) -> list[str]:
    """Paths that a journal names."""
    size = size_of(journal)
    return list(dict.fromkeys(name for part in _line_parts(journal, 0, size) for name in names_in(part)))


def _count(lines: bytes) -> int:
    """Lines of a journal up to the last of these."""
    last = lines.splitlines()[-1]
    try:
        return int(json.loads(last)["seq"]) + 1
    except (ValueError, KeyError, TypeError) as error:
        raise NotRead(f"no line of a journal: {last[:80]!r}") from error


def _line_parts(journal: Path, start: int, end: int) -> Iterator[bytes]:
    """Whole lines between two places, at least one and otherwise at most a mebibyte at a time; a torn line is left out."""
    rest = b""
    for part in _parts(journal, start, end - start):
        whole, ended, torn = part.rpartition(b"\n")
        if ended:
            yield rest + whole + ended
            rest = torn
        else:
            rest += part


def _parts(source: Path, start: int, count: int) -> Iterator[bytes]:
    while count > 0 and (part := read_part(source, start, min(_PART, count))):
        start, count = start + len(part), count - len(part)
        yield part


def _need(path: Path) -> int:
    """Bytes of a file that every record has; raises :class:`NotRead` if it is not there: its disk is gone, not the file."""
    if not (size := _length(path)):
        raise NotRead(f"{path}: is not there")
    return size


def _length(path: Path) -> int:
    """Bytes of a file of the record; 0 if it is not there.

    Raises:
        NotRead: its disk does not say.
    """
    try:
        return size_of(path)
    except OSError as error:
        raise NotRead(str(error)) from error
