"""A forger who holds the device's key: rebuilds a record's journal, manifests and checkpoints after an edit.

What such a record still shows to be wrong is what verification finds beside signatures.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from protocol import canonical, manifest
from protocol.checkpoint import Checkpoint
from protocol.encoding import b64
from protocol.manifest import AnyEntry, Entry, Previous
from protocol.merkle import Tree, leaf_hash
from protocol.note import Ed25519Signer, sign_note

Lines = list[dict[str, Any]]
EditLines = Callable[[Lines], Lines | None]
EditEntries = Callable[[int, list[AnyEntry]], list[AnyEntry]]


def lines_of(files: dict[str, bytes]) -> Lines:
    """The journal's lines as objects."""
    return [json.loads(line) for line in files["journal.jsonl"].splitlines()]


def forge(
    files: dict[str, bytes],
    signer: Ed25519Signer,
    *,
    lines: EditLines = lambda rows: rows,
    entries: EditEntries = lambda _number, items: items,
) -> dict[str, bytes]:
    """The record after an edit of its lines or manifest entries, every root, seal and signature made to fit again."""
    rows = lines_of(files)
    rows = lines(rows) or rows
    made = {path: data for path, data in files.items() if path not in ("journal.jsonl", "checkpoints")}
    tree, journal, notes, previous = Tree(), b"", "", None
    origin = rows[0]["data"]["origin"]
    awaiting: tuple[int, str] | None = None
    for seq, row in enumerate(rows):
        row["seq"] = seq
        if row["type"] == "manifest":
            old = manifest.parse(files[row["data"]["path"]])
            new = replace(
                old,
                journal_size=seq,
                journal_root=b64(tree.root()),
                previous=previous,
                entries=tuple(entries(old.number, list(old.entries))),
            )
            made[new.path] = new.to_bytes()
            row["data"] |= {"head_sha256": new.head_sha256, "root": b64(new.root), "size": len(new.entries)}
            awaiting = (new.number, new.head_sha256)
        raw = canonical.dumps(row)
        tree.append(leaf_hash(raw))
        journal += raw + b"\n"
        notes += sign_note(Checkpoint(origin, seq + 1, tree.root()).text, signer) + "\n"
        if awaiting:
            previous, awaiting = Previous(*awaiting, seq + 1, b64(tree.root())), None
    return {**made, "journal.jsonl": journal, "checkpoints": notes.encode()}


def drop_entry(path: str) -> EditEntries:
    """An edit that leaves one file out of its manifest."""
    return lambda _number, items: [item for item in items if not (isinstance(item, Entry) and item.path == path)]


def change_entry(path: str, /, **changes: Any) -> EditEntries:
    """An edit that changes one entry."""
    return lambda _number, items: [
        replace(item, **changes) if isinstance(item, Entry) and item.path == path else item for item in items
    ]
