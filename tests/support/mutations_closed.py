"""Must-fail cases of parts in camera exchanged between two hearings of one box (golden records ``encrypted`` and ``encrypted-twin``, alike but for names and keys).

The additional data of an encrypted chunk is its path, and a wrapped key names no hearing: what binds both to their hearing is that the device signed their digests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection

from protocol import canonical
from protocol.note import Ed25519Signer
from tests.support.golden import MIC, Files, golden
from tests.support.mutations import Case

FILE = f"media/T01/{MIC}/0001.mp4.enc"
KEY, SEGMENT, REMARK, MANIFEST = 2, 5, 6, 9  # lines of both


def _swap(files: Files, *, paths: Collection[str] = (), lines: Collection[int] = ()) -> Files:
    """Files and whole lines of the other hearing put in the place of this one's."""
    other = golden("encrypted-twin")
    rows, others = (item["journal.jsonl"].splitlines(keepends=True) for item in (files, other))
    journal = b"".join(others[number] if number in lines else row for number, row in enumerate(rows))
    return {**files, **{path: other[path] for path in paths}, "journal.jsonl": journal}


def _case(name: str, code: str, subject: str, change: Callable[[Files], Files]) -> Case:
    def apply(files: Files, _signer: Ed25519Signer) -> Files:
        return change(files)

    return Case(name, code, apply, lambda _f: subject, base="encrypted")


def _boxes(files: Files) -> Files:
    """Only the wrapped keys of the other hearing, in this one's own line."""
    other = json.loads(golden("encrypted-twin")["journal.jsonl"].splitlines()[KEY])
    rows = files["journal.jsonl"].splitlines()
    row = json.loads(rows[KEY])
    row["data"]["wrapped"] = other["data"]["wrapped"]
    rows[KEY] = canonical.dumps(row)
    return {**files, "journal.jsonl": b"".join(raw + b"\n" for raw in rows)}


def _line(number: int) -> str:
    return f"journal.jsonl#{number}"


SWAPPED: tuple[Case, ...] = (
    _case("closed-file-of-another-hearing", "file-altered", FILE, lambda files: _swap(files, paths=[FILE])),
    _case("wrapped-key-of-another-hearing", "root-mismatch", _line(KEY), _boxes),
    _case("closed-file-and-wrapped-key-of-another-hearing", "file-altered", FILE, lambda files: _swap(_boxes(files), paths=[FILE])),
    _case("key-line-of-another-hearing", "root-mismatch", _line(KEY), lambda files: _swap(files, lines=[KEY])),
    _case("sealed-remark-of-another-hearing", "root-mismatch", _line(REMARK), lambda files: _swap(files, lines=[REMARK])),
    _case("closed-file-and-its-line-of-another-hearing", "root-mismatch", _line(SEGMENT), lambda files: _swap(files, paths=[FILE], lines=[SEGMENT])),
    _case("closed-take-of-another-hearing", "root-mismatch", _line(KEY), lambda files: _swap(files, paths=[FILE], lines=[KEY, SEGMENT, REMARK])),
    _case(
        "closed-take-and-manifest-of-another-hearing", "manifest-mismatch", "manifest-0001.json",
        lambda files: _swap(files, paths=[FILE, "manifest-0001.json"], lines=[KEY, SEGMENT, REMARK, MANIFEST]),
    ),
    _case("checkpoints-of-its-twin", "wrong-origin", "checkpoints#1", lambda files: _swap(files, paths=["checkpoints"])),
)  # fmt: skip
