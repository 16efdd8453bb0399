"""Steps 5 and 6: manifests with their seals, and every file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocol import manifest
from protocol.closed import split_frame
from protocol.encoding import b64
from protocol.errors import BadManifest, Closed
from protocol.journal import Line
from protocol.manifest import Entry, Manifest, WithheldEntry
from protocol.record import CHECKPOINTS, JOURNAL, UnreadableRecord
from protocol.verification.context import Context

_MANIFEST = re.compile(r"manifest-[0-9]{4}\.json\Z")
_CHUNK = re.compile(r"(journal|checkpoints)\.chunks/")
_SEGMENT_KEYS = ("bytes", "sha256", "take", "source", "publicity", "key", "plain_bytes", "plain_sha256")


def check_manifests(context: Context) -> None:
    """(5): each manifest is the one its line commits to, follows from its predecessor and is sealed."""
    seen: set[str] = set()
    last: Line | None = None
    count = 0
    lines = context.of_type("manifest")
    for line in lines:
        if line.data["number"] != count + 1:
            context.fail("broken-chain", str(line.data["path"]), f"number {line.data['number']} after {count}")
        count = line.data["number"]
        made = _read_manifest(context, line, seen)
        if made is not None:
            context.manifests[line.seq] = made
            seen |= {entry.path for entry in made.entries if isinstance(entry, Entry)}
            if not _follows(context, made, last):
                context.fail("broken-chain", line.data["path"], "previous")
            for index, entry in enumerate(made.entries):
                if isinstance(entry, WithheldEntry):
                    context.note("withheld-entry", f"{line.data['path']}#{index}")
        if _seal(context, line.seq) is None:
            context.fail("no-seal", line.data["path"])
        last = line
    named = {line.data["path"] for line in lines}
    for path in sorted(context.paths - named):
        if _MANIFEST.match(path):
            context.fail("unlisted-manifest", path)


def _read_manifest(context: Context, line: Line, seen: set[str]) -> Manifest | None:
    path = line.data["path"]
    if path not in context.paths:
        context.fail("manifest-missing", path)
        return None
    if path in context.too_large:
        return None
    try:
        made = manifest.parse(context.record.read(path))
    except (BadManifest, UnreadableRecord) as error:
        context.fail("bad-manifest", path, str(error))
        return None
    if (made.number == 1) != (made.kind == "capture"):
        context.fail("bad-manifest", path, f"number {made.number} is of kind {made.kind}")
        return None
    root = context.root_at(line.seq)
    same = (
        (made.number, made.path, made.head_sha256, b64(made.root), len(made.entries))
        == (line.data["number"], path, line.data["head_sha256"], line.data["root"], line.data["size"])
        and made.hearing == context.hearing
        and made.journal_size == line.seq
        and root is not None
        and made.journal_root == b64(root)
        and not any(isinstance(entry, Entry) and entry.path in seen for entry in made.entries)
    )
    if not same:
        context.fail("manifest-mismatch", path)
        return None
    return made


def _follows(context: Context, made: Manifest, last: Line | None) -> bool:
    previous = made.previous
    if last is None or previous is None:
        return last is None and previous is None
    seal = _seal(context, last.seq)
    return seal is not None and (previous.number, previous.head_sha256, previous.seal_size, previous.seal_root) == (
        last.data["number"],
        last.data["head_sha256"],
        *seal,
    )


def _seal(context: Context, seq: int) -> tuple[int, str] | None:
    for point in context.proven:
        if point.size > seq:
            return point.size, b64(point.root)
    return None


@dataclass(frozen=True)
class _Due:
    """What a file must be: from its manifest entry, or else from its line."""

    bytes: int
    sha256: str
    key: str | None


def check_files(context: Context) -> None:
    """(6): each file is there and is what was signed; no other file is there."""
    lines = {line.data["path"]: line for kind in ("segment", "revision") for line in context.of_type(kind)}
    progress = _last_progress(context)
    entries = {
        entry.path: entry for made in context.manifests.values() for entry in made.entries if isinstance(entry, Entry)
    }
    for path, entry in entries.items():
        _check_entry(context, entry, lines.get(path))
        _check_file(context, path, _Due(entry.bytes, entry.sha256, entry.key), lines.get(path), progress)
    for path, line in lines.items():
        if path in entries:
            continue
        if _withheld_at(context, line.seq):
            if path in context.paths:
                context.fail("withheld-present", path)
            continue
        due = _Due(line.data["bytes"], line.data["sha256"], line.data.get("key"))
        _check_file(context, path, due, line, progress)
    for path, track in progress.items():
        if path not in entries and path not in lines:
            _check_open_file(context, path, track)
    _check_unlisted(context, {*entries, *lines, *progress})


def _last_progress(context: Context) -> dict[str, Mapping[str, Any]]:
    return {track["path"]: track for line in context.of_type("progress") for track in line.data["tracks"]}


def _withheld_at(context: Context, seq: int) -> bool:
    """Whether a manifest after line ``seq`` withholds entries, one of which may be the line's file."""
    later = [made for line, made in context.manifests.items() if line > seq]
    return any(isinstance(entry, WithheldEntry) for made in later[:1] for entry in made.entries)


def _check_entry(context: Context, entry: Entry, line: Line | None) -> None:
    if line is None:
        if not context.withheld:
            context.fail("entry-mismatch", entry.path, "the log does not name it")
        return
    keys = _SEGMENT_KEYS if entry.role == "segment" else ("bytes", "sha256")
    wrong = [key for key in keys if getattr(entry, key) != line.data.get(key)]
    if (line.type == "segment") != (entry.role == "segment"):
        wrong.append("role")
    if wrong:
        context.fail("entry-mismatch", entry.path, ", ".join(wrong))


def _check_file(
    context: Context, path: str, due: _Due, line: Line | None, progress: Mapping[str, Mapping[str, Any]]
) -> None:
    if path not in context.paths:
        context.fail("file-missing", path)
        return
    if path in context.too_large:
        return
    if context.record.size(path) != due.bytes:
        context.fail("file-size", path, f"{context.record.size(path)} bytes, {due.bytes} were signed")
        return
    track = progress.get(path) if line is not None and line.data.get("closed") == "recovered" else None
    whole, prefix = _digests(context, path, track["bytes"] if track else None)
    if whole != due.sha256:
        context.fail("file-altered", path)
        return
    if track and prefix != track["sha256"]:
        context.fail("progress-mismatch", path)
    if due.key is not None:
        _check_container(context, path, due.key)


def _check_open_file(context: Context, path: str, track: Mapping[str, Any]) -> None:
    if path not in context.paths:
        context.fail("file-missing", path)
    elif path not in context.too_large and _digests(context, path, track["bytes"])[1] != track["sha256"]:
        context.fail("progress-mismatch", path)


def _digests(context: Context, path: str, prefix: int | None) -> tuple[str | None, str | None]:
    """Base64 SHA-256 of the whole file and of its first ``prefix`` bytes; None if it is unreadable or shorter."""
    digest, position, early = hashlib.sha256(), 0, None
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
    if prefix == 0 and early is None:
        early = b64(hashlib.sha256().digest())
    return b64(digest.digest()), early


def _check_container(context: Context, path: str, key: str) -> None:
    named = {line.data["key"] for line in context.of_type("key")}
    try:
        torn = split_frame(context.record.read(path)).torn
    except (Closed, UnreadableRecord) as error:
        context.fail("bad-container", path, str(error))
        return
    if torn:
        context.fail("bad-container", path, f"ends inside a chunk, {torn} bytes too many")
    elif key not in named and not context.withheld:
        context.fail("bad-container", path, f"no line gives the key {key}")


def _check_unlisted(context: Context, known: set[str]) -> None:
    known |= {JOURNAL, CHECKPOINTS, "receipt.json"}
    for path in sorted(context.paths - known):
        if not _MANIFEST.match(path) and not _CHUNK.match(path):
            context.fail("unlisted-file", path)
