"""Steps 5 and 6: manifests with their seals, and every file."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from protocol import manifest
from protocol.closed import split_frame
from protocol.encoding import b64
from protocol.errors import BadManifest, Closed
from protocol.journal import Line
from protocol.manifest import Entry, Manifest, WithheldEntry
from protocol.record import CHECKPOINTS, JOURNAL, UnreadableRecord
from protocol.verification.context import Context
from protocol.verification.journal_steps import is_open

_MANIFEST = re.compile(r"manifest-[0-9]{4}\.json\Z")
_CHUNK = re.compile(r"(journal|checkpoints)\.chunks/(?!000000)[0-9]{6}\Z")
_SEGMENT_KEYS = ("bytes", "sha256", "take", "source", "publicity", "key", "plain_bytes", "plain_sha256")
_MEDIA_KEYS = ("codec", "rate", "units", "start_us", "end_us")


def check_manifests(context: Context) -> None:
    """(5): each manifest is the one its line commits to, follows from its predecessor and is sealed."""
    lines = context.of_type("manifest")
    if not lines and not is_open(context):
        context.fail("manifest-missing", manifest.path_of(1))
    named = {line.data["path"] for line in lines}
    for path in sorted(context.paths - named):
        if _MANIFEST.match(path):
            context.fail("unlisted-manifest", path)
    seen: set[str] = set()
    last: Line | None = None
    for line in lines:
        if line.data["number"] != (last.data["number"] if last else 0) + 1:
            context.fail("broken-chain", line.data["path"], f"number {line.data['number']}")
        if _seal(context, line.seq) is None:
            context.fail("no-seal", line.data["path"])
        _check_manifest(context, line, last, seen)
        last = line


def _check_manifest(context: Context, line: Line, last: Line | None, seen: set[str]) -> None:
    path = line.data["path"]
    if path not in context.paths:
        context.fail("manifest-missing", path)
        return
    if path in context.too_large:
        return
    try:
        made, head = manifest.read(context.record.read(path))
        listed = [entry.path for entry in made.entries if isinstance(entry, Entry)]
        if (made.number == 1) != (made.kind == "capture") or seen & set(listed):
            raise BadManifest("its kind or one of its paths belongs to another manifest")  # noqa: TRY301
    except (BadManifest, UnreadableRecord) as error:
        context.fail("bad-manifest", path, str(error))
        return
    if not _is_committed(context, line, made, head):
        context.fail("manifest-mismatch", path)
    if not _follows(context, made, line, last):
        context.fail("broken-chain", path, "previous")
    for index, entry in enumerate(made.entries):
        if isinstance(entry, WithheldEntry):
            context.note("withheld-entry", f"{path}#{index}")
    seen |= set(listed)
    context.manifests[line.seq] = made


def _is_committed(context: Context, line: Line, made: Manifest, head: dict[str, Any]) -> bool:
    """Whether it is the manifest of its line, of this hearing and of this place in the journal."""
    root = context.root_at(line.seq)
    return (
        made.head() == head
        and (made.number, made.path, made.head_sha256, b64(made.root), len(made.entries))
        == (line.data["number"], line.data["path"], line.data["head_sha256"], line.data["root"], line.data["size"])
        and made.hearing == context.hearing
        and made.journal_size == line.seq
        and root is not None
        and made.journal_root == b64(root)
    )


def _follows(context: Context, made: Manifest, line: Line, last: Line | None) -> bool:
    """Whether `previous` names the predecessor, its head and its seal, as far as the checkpoints that are left tell."""
    previous = made.previous
    if last is None or previous is None:
        return last is None and previous is None
    seal, root = _seal(context, last.seq), context.root_at(previous.seal_size)
    return (
        (previous.number, previous.head_sha256) == (last.data["number"], last.data["head_sha256"])
        and last.seq < previous.seal_size <= line.seq
        and root is not None
        and previous.seal_root == b64(root)
        and (seal is None or seal[0] >= previous.seal_size)
    )


def _seal(context: Context, seq: int) -> tuple[int, str] | None:
    """The first signed checkpoint whose size is greater than ``seq``."""
    index = bisect_right(context.reach, seq)
    if index == len(context.notes):
        return None
    point = context.notes[index][1]
    return point.size, b64(point.root)


@dataclass(frozen=True)
class _Due:
    """What a file must be: from its manifest entry, or else from its line."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class _Task:
    """A file to be compared with what is due (None: it is still open) and with what was signed of it while it grew."""

    path: str
    due: _Due | None
    early: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Found:
    """A file's length, and base64 SHA-256 of the whole and of its beginning; None where it was not asked for or not readable."""

    size: int
    whole: str | None = None
    beginning: str | None = None


def check_files(context: Context) -> None:
    """(6): each file is there and is what was signed; no other file is there."""
    lines: dict[str, Line] = {}
    for line in context.lines:
        if line.type in ("segment", "revision") and "sealed" not in line.data:
            lines.setdefault(line.data["path"], line)
    progress = {track["path"]: track for line in context.of_type("progress") for track in line.data["tracks"]}
    entries = {
        entry.path: entry for made in context.manifests.values() for entry in made.entries if isinstance(entry, Entry)
    }
    for entry in entries.values():
        _check_entry(context, entry, lines.get(entry.path))
    stamps = {line.data["path"]: line for line in reversed(context.of_type("timestamp"))}
    _check_unlisted(context, {*entries, *lines, *progress, *stamps})
    tasks = []
    for path, entry in entries.items():
        early = progress.get(path) if _is_recovered(lines.get(path)) else None
        tasks.append(_Task(path, _Due(entry.bytes, entry.sha256), early))
    tasks += _unsealed(context, {path: line for path, line in lines.items() if path not in entries}, progress)
    tasks += [
        _Task(path, _Due(line.data["bytes"], line.data["sha256"]), None)
        for path, line in stamps.items()
        if path not in entries and path not in lines
    ]
    for path, track in progress.items():
        known = path in entries or path in lines
        if not known and (path in context.paths or not context.entries_withheld):
            tasks.append(_Task(path, None, track))
    # The files are read here, and nearly all of the time goes here; findings keep the order of the tasks.
    with ThreadPoolExecutor(context.threads) if context.threads else nullcontext() as pool:
        read = partial(_read, context)
        for task, found in zip(tasks, pool.map(read, tasks) if pool else map(read, tasks), strict=True):
            _check_file(context, task, found)


def _unsealed(
    context: Context, lines: Mapping[str, Line], progress: Mapping[str, Mapping[str, Any]]
) -> Iterator[_Task]:
    """Files that only a line names: withheld, or not sealed yet."""
    withheld = context.entries_withheld
    for path, line in lines.items():
        if not withheld:
            early = progress.get(path) if _is_recovered(line) else None
            yield _Task(path, _Due(line.data["bytes"], line.data["sha256"]), early)
        elif path in context.paths:
            context.fail("withheld-present", path)


def _is_recovered(line: Line | None) -> bool:
    """Whether what was signed while recording is to be compared with the file's beginning."""
    return line is not None and line.data.get("closed") == "recovered"


def _check_entry(context: Context, entry: Entry, line: Line | None) -> None:
    if line is None:
        if not context.withheld and (entry.role == "segment" or not context.revisions_sealed):
            context.fail("entry-mismatch", entry.path, "the log does not name it")
        return
    keys = _SEGMENT_KEYS if entry.role == "segment" else ("bytes", "sha256")
    wrong = [key for key in keys if getattr(entry, key) != line.data.get(key)]
    if entry.role == "segment":
        media = entry.media or {}
        wrong += [key for key in _MEDIA_KEYS if key not in media or media[key] != line.data.get(key)]
    if entry.role != ("segment" if line.type == "segment" else line.data["kind"]):
        wrong.append("role")
    if wrong:
        context.fail("entry-mismatch", entry.path, ", ".join(wrong))


def _read(context: Context, task: _Task) -> _Found | None:
    """What a file holds; None if it is not there. A file of another length is not read: its digest says no more."""
    if task.path not in context.paths:
        return None
    size = context.record.size(task.path)
    of_due_size = task.due is not None and task.due.bytes == size
    if task.path in context.too_large or not (of_due_size or task.early):
        return _Found(size)
    return _Found(size, *_digests(context, task.path, task.early["bytes"] if task.early else None))


def _check_file(context: Context, task: _Task, found: _Found | None) -> None:
    path, due, early = task.path, task.due, task.early
    if found is None:
        context.fail("file-missing", path)
        return
    wrong_size = due is not None and due.bytes != found.size
    if due is not None and wrong_size:
        context.fail("file-size", path, f"{found.size} bytes, {due.bytes} were signed")
    if path in context.too_large:
        return
    if due is not None and not wrong_size and found.whole != due.sha256:
        context.fail("file-altered", path)
    if early is not None and found.beginning != early["sha256"]:
        context.fail("progress-mismatch", path)
    if due is not None and path.endswith(".enc"):
        _check_container(context, path)


def _digests(context: Context, path: str, prefix: int | None) -> tuple[str | None, str | None]:
    """Base64 SHA-256 of the whole file and of its first ``prefix`` bytes; None if it is unreadable or shorter."""
    digest, position, early = hashlib.sha256(), 0, None
    if prefix == 0:
        early = b64(digest.digest())
    try:
        for data in context.record.chunks(path):
            if prefix is not None and early is None and position + len(data) >= prefix:
                head = digest.copy()
                head.update(data[: prefix - position])
                early = b64(head.digest())
            digest.update(data)
            position += len(data)
    except UnreadableRecord:
        return None, None
    return b64(digest.digest()), early


def _check_container(context: Context, path: str) -> None:
    try:
        torn = split_frame(context.record.read(path)).torn
    except (Closed, UnreadableRecord) as error:
        context.fail("bad-container", path, str(error))
        return
    if torn:
        context.fail("bad-container", path, f"ends inside a chunk, {torn} bytes too many")


def _check_unlisted(context: Context, known: set[str]) -> None:
    known |= {JOURNAL, CHECKPOINTS, "receipt.json"} | {str(row.data["path"]) for row in context.of_type("manifest")}
    for path in sorted(context.paths - known):
        if not _MANIFEST.match(path) and not _CHUNK.match(path):
            context.fail("unlisted-file", path)
