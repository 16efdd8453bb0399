"""Ways to break a record: each takes its files and the device's key and gives the broken files (tests/support/mutations.py)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from protocol import canonical
from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import sha256_b64
from protocol.manifest import AnyEntry, Entry
from protocol.manifest import parse as parse_manifest
from protocol.note import Ed25519Signer, sign_note
from tests.support.forgery import Lines, change_entry, forge, lines_of

Files = dict[str, bytes]


def segments(files: Files) -> list[str]:
    """Paths of all segments, in order."""
    return sorted(path for path in files if path.startswith("media/"))


def first_segment(files: Files) -> str:
    """The first segment."""
    return segments(files)[0]


def replace_file(
    path_of: Callable[[Files], str], change: Callable[[bytes], bytes]
) -> Callable[[Files, Ed25519Signer], Files]:
    """Change one file's bytes."""
    return lambda files, _signer: {**files, path_of(files): change(files[path_of(files)])}


def remove(path_of: Callable[[Files], str]) -> Callable[[Files, Ed25519Signer], Files]:
    """Remove one file."""
    return lambda files, _signer: {path: data for path, data in files.items() if path != path_of(files)}


def flip(data: bytes, position: int) -> bytes:
    """One bit of one byte changed."""
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def edit_raw_line(number: int, change: Callable[[bytes], bytes]) -> Callable[[Files, Ed25519Signer], Files]:
    """Change one journal line's bytes, no signature made to fit."""

    def apply(files: Files, _signer: Ed25519Signer) -> Files:
        raw = files["journal.jsonl"].split(b"\n")
        raw[number] = change(raw[number])
        return {**files, "journal.jsonl": b"\n".join(raw)}

    return apply


def edit_notes(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Files, Ed25519Signer], Files]:
    """Change the list of checkpoints."""

    def apply(files: Files, _signer: Ed25519Signer) -> Files:
        notes = change(split_notes(files["checkpoints"])[0])
        return {**files, "checkpoints": b"".join(note + b"\n" for note in notes)}

    return apply


def swap_lines(files: Files, _signer: Ed25519Signer) -> Files:
    """Two lines of the journal exchanged."""
    raw = files["journal.jsonl"].split(b"\n")
    raw[2], raw[3] = raw[3], raw[2]
    return {**files, "journal.jsonl": b"\n".join(raw)}


def swap_segments(files: Files, _signer: Ed25519Signer) -> Files:
    """Two files exchanged."""
    first, second = segments(files)[:2]
    return {**files, first: files[second], second: files[first]}


def cut_tail(files: Files, _signer: Ed25519Signer) -> Files:
    """The journal's last lines removed."""
    return {**files, "journal.jsonl": b"".join(line + b"\n" for line in files["journal.jsonl"].split(b"\n")[:-6])}


def strip_signatures(files: Files, _signer: Ed25519Signer) -> Files:
    """Every signature line removed, the checkpoints kept."""
    notes = [note.rpartition(b"\n\n")[0] + b"\n\n" for note in split_notes(files["checkpoints"])[0]]
    return {**files, "checkpoints": b"".join(note + b"\n" for note in notes)}


def resign(
    change: Callable[[Checkpoint], Checkpoint], which: int = -1, *, other: bool = False
) -> Callable[[Files, Ed25519Signer], Files]:
    """One checkpoint changed and signed again, by the device's key or by another of the same name."""

    def apply(files: Files, signer: Ed25519Signer) -> Files:
        notes = split_notes(files["checkpoints"])[0]
        point = change(Checkpoint.from_text(notes[which].decode().partition("\n\n")[0] + "\n"))
        by = Ed25519Signer(signer.key.name, b"\x07" * 32) if other else signer
        notes[which] = sign_note(point.text, by).encode()
        return {**files, "checkpoints": b"".join(note + b"\n" for note in notes)}

    return apply


def append_line(files: Files, _signer: Ed25519Signer) -> Files:
    """A line added after the last checkpoint."""
    last = lines_of(files)[-1]
    row = {**last, "seq": last["seq"] + 1, "type": "remark", "data": {"at_us": 1, "by": "x", "text": "x"}}
    return {**files, "journal.jsonl": files["journal.jsonl"] + canonical.dumps(row) + b"\n"}


def add_signature(files: Files, signer: Ed25519Signer) -> Files:
    """A second signature on the last checkpoint."""
    notes = split_notes(files["checkpoints"])[0]
    text = notes[-1].decode().partition("\n\n")[0] + "\n"
    stranger = Ed25519Signer("stranger", b"\x09" * 32)
    notes[-1] += sign_note(text, stranger).encode().partition(b"\n\n")[2]
    return {**files, "checkpoints": b"".join(note + b"\n" for note in notes)}


def mixed(files: Files, _signer: Ed25519Signer) -> Files:
    """The journal whole and in chunks at once."""
    return {**files, "journal.chunks/000001": files["journal.jsonl"]}


def chunk_hole(files: Files, _signer: Ed25519Signer) -> Files:
    """Chunk 1 of the journal missing."""
    rest = {path: data for path, data in files.items() if path != "journal.jsonl"}
    return {**rest, "journal.chunks/000002": files["journal.jsonl"]}


def forged(edit: Callable[[Lines], Lines | None]) -> Callable[[Files, Ed25519Signer], Files]:
    """Lines edited by somebody who holds the device's key."""
    return lambda files, signer: forge(files, signer, lines=edit)


def each(line_type: str, change: Callable[[dict[str, Any]], None], which: int = 0) -> Callable[[Lines], None]:
    """Change the data of the ``which``-th line of a type."""

    def edit(rows: Lines) -> None:
        change([row["data"] for row in rows if row["type"] == line_type][which])

    return edit


def without(line_type: str, which: int = 0) -> Callable[[Lines], Lines]:
    """Leave out the ``which``-th line of a type."""

    def edit(rows: Lines) -> Lines:
        doomed = [row for row in rows if row["type"] == line_type][which]
        return [row for row in rows if row is not doomed]

    return edit


def without_segment(rows: Lines) -> Lines:
    """A segment between others dropped from the journal (its file and entry stay)."""
    lines = [row for row in rows if row["type"] == "segment"]
    track = [
        row
        for row in lines
        if (row["data"]["take"], row["data"]["source"]) == (lines[0]["data"]["take"], lines[0]["data"]["source"])
    ]
    return [row for row in rows if row is not track[0]]


def shifted(rows: Lines) -> None:
    """The second segment of a track begins 5 s late, as if something had been cut out."""
    data = next(row["data"] for row in rows if row["type"] == "segment" and row["data"]["number"] == 2)
    data["start_us"] += 5_000_000


def overlapping(rows: Lines) -> None:
    """The second segment of a track begins 5 s early."""
    data = next(row["data"] for row in rows if row["type"] == "segment" and row["data"]["number"] == 2)
    data["start_us"] -= 5_000_000


def rechain(files: Files, signer: Ed25519Signer) -> Files:
    """The second manifest names another predecessor."""
    value = json.loads(files["manifest-0002.json"])
    value["previous"]["seal"]["size"] += 1
    broken = {**files, "manifest-0002.json": canonical.dumps(value)}
    head = {key: item for key, item in value.items() if key != "entries"}

    def edit(rows: Lines) -> None:
        from tests.support.records import digest

        [row["data"] for row in rows if row["type"] == "manifest"][1]["head_sha256"] = digest(canonical.dumps(head))

    rows = lines_of(broken)
    edit(rows)
    return _resigned(broken, rows, signer)


def _resigned(files: Files, rows: Lines, signer: Ed25519Signer) -> Files:
    """Journal and checkpoints of these lines, manifests left as they are."""
    from protocol.merkle import Tree, leaf_hash

    tree, journal, notes = Tree(), b"", ""
    for row in rows:
        raw = canonical.dumps(row)
        tree.append(leaf_hash(raw))
        journal += raw + b"\n"
        notes += sign_note(Checkpoint(rows[0]["data"]["origin"], tree.size, tree.root()).text, signer) + "\n"
    return {**files, "journal.jsonl": journal, "checkpoints": notes.encode()}


def unsealed(files: Files, signer: Ed25519Signer) -> Files:
    """Checkpoints end before the last manifest's line."""
    seq = max(row["seq"] for row in lines_of(files) if row["type"] == "manifest")
    notes = split_notes(files["checkpoints"])[0]
    kept = [note for note in notes if int(note.split(b"\n")[1]) <= seq]
    return {**files, "checkpoints": b"".join(note + b"\n" for note in kept)}


def bad_receipt(files: Files, _signer: Ed25519Signer) -> Files:
    """A receipt that is none."""
    return {**files, "receipt.json": b'{"format":"hattama-receipt/1"}'}


def bad_timestamp(files: Files, signer: Ed25519Signer) -> Files:
    """The device names as time stamp of its first seal a file that is none."""
    content = b"no token"
    data = {"bytes": len(content), "number": 1, "path": "timestamps/0001.tst", "sha256": sha256_b64(content)}
    edit: Callable[[Lines], Lines] = lambda rows: [*rows, {**rows[-1], "type": "timestamp", "data": data}]  # noqa: E731
    return {**forged(edit)(files, signer), "timestamps/0001.tst": content}


def stranger(files: Files, _signer: Ed25519Signer) -> Files:
    """The whole record made again by another key of the same name."""
    other = Ed25519Signer(_signer.key.name, b"\x05" * 32)

    def edit(rows: Lines) -> None:
        rows[0]["data"]["device"] = other.key.text

    return forge(files, other, lines=edit)


def withheld_but_there(files: Files, _signer: Ed25519Signer) -> Files:
    """A manifest withholds an entry whose file is still in the copy."""
    made = parse_manifest(files["manifest-0001.json"]).withhold(frozenset({first_segment(files)}))
    return {**files, "manifest-0001.json": made.to_bytes()}


def closed_without_frame(files: Files, signer: Ed25519Signer) -> Files:
    """A segment said to be encrypted that is no encrypted file."""
    from tests.support.records import digest

    path = first_segment(files)
    sealed = f"{path}.enc"

    def edit(rows: Lines) -> None:
        for row in rows:
            if row["type"] == "segment" and row["data"]["path"] == path:
                row["data"] |= {"path": sealed, "key": "K01", "plain_bytes": 1, "plain_sha256": digest(b"")}
            if row["type"] == "progress":
                row["data"]["tracks"] = [track for track in row["data"]["tracks"] if track["path"] != path]

    moved = {(sealed if name == path else name): data for name, data in files.items()}
    change = change_entry(path, path=sealed, key="K01", plain_bytes=1, plain_sha256=digest(b""))
    return forge(moved, signer, lines=edit, entries=lambda number, items: sorted(change(number, items), key=path_of_entry))


def path_of_entry(item: AnyEntry) -> str:
    return item.path if isinstance(item, Entry) else ""


def too_large(files: Files, _signer: Ed25519Signer) -> Files:
    """A file of more than 2^28 bytes."""
    return {**files, first_segment(files): bytes(2**28 + 1)}


def recovered_other_bytes(rows: Lines) -> None:
    """A recovered segment whose beginning is not what was signed while it grew."""
    data = next(row["data"] for row in rows if row["type"] == "segment")
    data["closed"] = "recovered"
    for row in rows:
        if row["type"] == "progress":
            row["data"]["tracks"] = [track for track in row["data"]["tracks"] if track["path"] != data["path"]]
    place = next(i for i, row in enumerate(rows) if row["type"] == "segment")
    track = {"path": data["path"], "bytes": 10, "sha256": data["sha256"]}
    rows.insert(place, {**rows[place], "type": "progress", "data": {"tracks": [track]}})
