"""The must-fail cases: each takes a good record's files and breaks them in one way, and names the finding that must follow.

The table works on any sealed record with a segment in T01, a transcript or brief and two manifests; both verifiers run it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from protocol import canonical
from protocol.checkpoint import Checkpoint
from protocol.note import Ed25519Signer
from tests.support.breaking import (
    Files,
    add_signature,
    append_line,
    bad_receipt,
    bad_timestamp,
    chunk_hole,
    closed_without_frame,
    cut_tail,
    each,
    edit_notes,
    edit_raw_line,
    first_segment,
    flip,
    forged,
    mixed,
    overlapping,
    rechain,
    recovered_other_bytes,
    remove,
    replace_file,
    resign,
    shifted,
    stranger,
    strip_signatures,
    swap_lines,
    swap_segments,
    too_large,
    unsealed,
    withheld_but_there,
    without_segment,
)
from tests.support.forgery import change_entry, drop_entry, forge


@dataclass(frozen=True)
class Case:
    """A way to break a record.

    ``code`` and ``subject`` are the finding that must be there; a subject of None means any. ``without_key`` says that whoever
    did it had no access to the device's key. ``base``: the golden record that the corpus breaks (tests/support/corpus.py).
    """

    name: str
    code: str
    apply: Callable[[Files, Ed25519Signer], Files]
    subject: Callable[[Files], str | None] = lambda _files: None
    without_key: bool = True
    base: str = "plain"


def _line(number: int) -> Callable[[Files], str]:
    return lambda _files: f"journal.jsonl#{number}"


def _set(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.update({key.rstrip("_"): value for key, value in changes.items()})


def _length(more_us: int) -> Callable[[dict[str, Any]], None]:
    """The segment's own count says that it is so much longer than its place."""
    return lambda data: data.update(media_us=data["end_us"] - data["start_us"] + more_us)


def _drop(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.pop(key)


CASES: tuple[Case, ...] = (
    Case(
        "byte-flipped-in-media",
        "file-altered",
        replace_file(first_segment, lambda data: flip(data, len(data) // 2)),
        first_segment,
    ),
    Case("segment-file-removed", "file-missing", remove(first_segment), first_segment),
    Case("two-segments-swapped", "file-altered", swap_segments),
    Case("segment-cut-short", "file-size", replace_file(first_segment, lambda data: data[:-1]), first_segment),
    Case("segment-lengthened", "file-size", replace_file(first_segment, lambda data: data + b"\0"), first_segment),
    Case(
        "foreign-file",
        "unlisted-file",
        lambda files, _s: {**files, "media/T01/extra.mp4": b"x"},
        lambda _f: "media/T01/extra.mp4",
    ),
    Case("foreign-name", "bad-path", lambda files, _s: {**files, "media/../x": b"x"}, lambda _f: "media/../x"),
    Case("file-beyond-limit", "file-too-large", too_large, first_segment),
    Case("journal-removed", "no-journal", remove(lambda _f: "journal.jsonl"), lambda _f: "journal.jsonl"),
    Case("journal-twice", "mixed-chunks", mixed, lambda _f: "journal.jsonl"),
    Case("journal-chunk-missing", "bad-chunk", chunk_hole, lambda _f: "journal.chunks/000001"),
    Case("journal-tail-cut", "journal-cut", cut_tail, lambda _f: "journal.jsonl"),
    Case(
        "journal-line-flipped",
        "root-mismatch",
        edit_raw_line(2, lambda raw: raw.replace(b'"at":"20', b'"at":"21', 1)),
    ),
    Case("journal-line-spaced", "not-canonical", edit_raw_line(2, lambda raw: raw.replace(b":", b": ", 1)), _line(2)),
    Case(
        "journal-line-duplicate-key",
        "not-canonical",
        edit_raw_line(2, lambda raw: raw.replace(b'{"at"', b'{"at":"x","at"', 1)),
        _line(2),
    ),
    Case(
        "journal-line-float",
        "not-canonical",
        edit_raw_line(2, lambda raw: raw.replace(b',"salt"', b'.0,"salt"', 1)),
        _line(2),
    ),
    Case("journal-lines-swapped", "bad-sequence", swap_lines, _line(2)),
    Case("line-added-unsigned", "uncovered-lines", append_line),
    Case(
        "line-without-salt",
        "bad-line",
        edit_raw_line(
            2, lambda raw: canonical.dumps({key: value for key, value in json.loads(raw).items() if key != "salt"})
        ),
        _line(2),
    ),
    Case(
        "line-zero-withheld",
        "not-opened",
        edit_raw_line(0, lambda _raw: canonical.dumps({"withheld": "A" * 43 + "="})),
        _line(0),
    ),
    Case(
        "other-format",
        "unknown-format",
        edit_raw_line(0, lambda raw: raw.replace(b"hattama-record/1", b"hattama-record/9")),
        _line(0),
    ),
    Case("checkpoints-removed", "no-checkpoints", remove(lambda _f: "checkpoints"), lambda _f: "checkpoints"),
    Case("signatures-stripped", "unsigned", strip_signatures, lambda _f: "checkpoints#1"),
    Case(
        "signature-flipped",
        "bad-signature",
        edit_notes(
            lambda notes: [
                *notes[:-1],
                notes[-1][:-10] + (b"A" if notes[-1][-10:-9] != b"A" else b"B") + notes[-1][-9:],
            ]
        ),
    ),
    Case(
        "checkpoint-garbled",
        "bad-checkpoint",
        edit_notes(lambda notes: [notes[0].replace(b"\n", b"\nx", 1), *notes[1:]]),
        lambda _f: "checkpoints#1",
    ),
    Case(
        "checkpoint-of-another-hearing",
        "wrong-origin",
        resign(lambda point: Checkpoint(point.origin + "x", point.size, point.root)),
        without_key=False,
    ),
    Case("second-signature", "unknown-signature", add_signature),
    Case("signed-by-another-key", "unknown-signature", resign(lambda point: point, other=True)),
    Case("checkpoint-repeated", "checkpoint-order", edit_notes(lambda notes: [*notes, notes[-1]])),
    Case(
        "manifest-removed", "manifest-missing", remove(lambda _f: "manifest-0001.json"), lambda _f: "manifest-0001.json"
    ),
    Case(
        "manifest-garbled",
        "bad-manifest",
        replace_file(lambda _f: "manifest-0001.json", lambda data: data[:-2]),
        lambda _f: "manifest-0001.json",
    ),
    Case(
        "manifest-of-other-digest",
        "manifest-mismatch",
        lambda files, _s: {
            **files,
            "manifest-0001.json": canonical.dumps({**json.loads(files["manifest-0001.json"]), "hearing": "other"}),
        },
        lambda _f: "manifest-0001.json",
    ),
    Case(
        "manifest-slipped-in",
        "unlisted-manifest",
        lambda files, _s: {**files, "manifest-0009.json": files["manifest-0001.json"]},
        lambda _f: "manifest-0009.json",
    ),
    Case("manifest-unsealed", "no-seal", unsealed),
    Case("predecessor-forged", "broken-chain", rechain, lambda _f: "manifest-0002.json", without_key=False),
    Case(
        "entry-left-out",
        "unlisted-segment",
        lambda files, signer: forge(files, signer, entries=drop_entry(first_segment(files))),
        first_segment,
        without_key=False,
    ),
    Case(
        "entry-lies",
        "entry-mismatch",
        lambda files, signer: forge(files, signer, entries=change_entry(first_segment(files), publicity="closed")),
        first_segment,
        without_key=False,
    ),
    Case("withheld-but-there", "withheld-present", withheld_but_there, first_segment),
    Case(
        "closed-file-unframed",
        "bad-container",
        closed_without_frame,
        lambda files: first_segment(files) + ".enc",
        without_key=False,
    ),
    Case("recovered-file-replaced", "progress-mismatch", forged(recovered_other_bytes), without_key=False),
    Case("state-jumps", "illegal-move", forged(each("state", _set(from_="planned", to="archived"))), without_key=False),
    Case("clock-runs-back", "mono-backwards", forged(lambda rows: rows[5].update(mono=0)), _line(5), without_key=False),
    Case("known-line-lacks-key", "bad-line", forged(each("take_ended", _drop("reason"))), without_key=False),
    Case("take-ends-before-start", "bad-take", forged(each("take_ended", _set(end_us=1))), without_key=False),
    Case("segment-line-dropped", "segment-missing", forged(without_segment), without_key=False),
    Case("stretch-cut-out", "unexplained-gap", forged(shifted), without_key=False),
    Case("segments-overlap", "overlap", forged(overlapping), without_key=False),
    Case("place-hides-a-hole", "bad-take", forged(each("segment", _length(-20_001), which=1)), without_key=False),
    Case("place-hides-an-overlap", "bad-take", forged(each("segment", _length(20_001), which=1)), without_key=False),
    Case("length-is-text", "bad-line", forged(each("segment", _set(media_us="10"))), without_key=False),
    Case("length-below-nothing", "bad-line", forged(each("segment", _set(media_us=-1))), without_key=False),
    Case("time-base-unknown", "bad-line", forged(each("segment", _set(time_base="guess"))), without_key=False),
    Case(
        "never-finished",
        "still-open",
        forged(
            lambda rows: [
                row for row in rows if not (row["type"] == "state" and row["data"]["to"] in ("finished", "drafted"))
            ]
        ),
        without_key=False,
    ),
    Case("another-box", "unlisted-key", stranger, _line(0)),
    Case("receipt-garbled", "bad-receipt", bad_receipt, lambda _f: "receipt.json"),
    Case("timestamp-that-the-device-made-up", "bad-timestamp", bad_timestamp, lambda _f: "timestamps/0001.tst", without_key=False),
)
