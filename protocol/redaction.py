"""Redacted copies: lines and files withheld, every root the same (record format, sections 4 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from protocol import canonical, manifest
from protocol.encoding import b64
from protocol.errors import BadLine
from protocol.journal import Line, read_journal, split_lines
from protocol.merkle import leaf_hash
from protocol.record import CHECKPOINTS, JOURNAL, RecordSource, UnreadableRecord, read_chunked


def redact(record: RecordSource, *, lines: Collection[int] = (), paths: Collection[str] = ()) -> dict[str, bytes]:
    """The files of a copy in which some lines and files are withheld.

    Args:
        record: a record that verifies.
        lines: numbers of journal lines to withhold; never 0.
        paths: files to withhold: they are left out, and their manifest entries replaced by leaf hashes.

    Returns:
        Path → bytes of every file of the copy.

    Raises:
        BadLine: line 0, or a line that does not exist.
        UnreadableRecord: there is no journal, or a path is in no manifest.
    """
    data = read_chunked(record, JOURNAL)
    checkpoints = read_chunked(record, CHECKPOINTS)
    if data is None or checkpoints is None:
        raise UnreadableRecord("no journal or no checkpoints")
    raw_lines, _ = split_lines(data)
    if any(not 0 < number < len(raw_lines) for number in lines):
        raise BadLine(f"only lines 1 to {len(raw_lines) - 1} can be withheld")
    for number in lines:
        raw_lines[number] = canonical.dumps({"withheld": b64(leaf_hash(raw_lines[number]))})
    files = {JOURNAL: b"".join(raw + b"\n" for raw in raw_lines), CHECKPOINTS: checkpoints}
    withheld, listed = frozenset(paths), set()
    for path in record.paths():
        if path.startswith(("journal.chunks/", "checkpoints.chunks/")) or path in files or path in withheld:
            continue
        content = record.read(path)
        if path.startswith("manifest-"):
            made = manifest.parse(content)
            listed |= {entry.path for entry in made.entries if isinstance(entry, manifest.Entry)}
            content = made.withhold(withheld).to_bytes()
        files[path] = content
    if unknown := withheld - listed:
        raise UnreadableRecord(f"{', '.join(sorted(unknown))}: in no manifest")
    return files


def _encrypted(path: str) -> bool:
    return path.endswith(".enc")


def without_closed_parts(record: RecordSource, closed: Callable[[str], bool] = _encrypted) -> dict[str, bytes]:
    """The files of a copy without its closed parts: sealed lines are withheld, closed files left out.

    Args:
        record: a record that verifies.
        closed: whether a file is closed; by default what is encrypted is.

    Raises:
        UnreadableRecord: there is no journal.
    """
    data = read_chunked(record, JOURNAL)
    if data is None:
        raise UnreadableRecord("no journal")
    entries, _ = read_journal(data)
    sealed = [entry.seq for entry in entries if isinstance(entry, Line) and "sealed" in entry.data]
    manifests = [manifest.parse(record.read(path)) for path in record.paths() if path.startswith("manifest-")]
    listed = {entry.path for made in manifests for entry in made.entries if isinstance(entry, manifest.Entry)}
    return redact(record, lines=sealed, paths=[path for path in listed if closed(path)])
