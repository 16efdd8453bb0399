"""Must-fail cases of journal lines and checkpoints: what somebody without the device's key can do to the texts that it signed.

They are written for the golden record ``plain``: line 2 is the case, lines 3 and 4 its sources.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from protocol import canonical
from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import b64
from protocol.note import sign_note
from tests.support.breaking import edit_notes, edit_raw_line, resign
from tests.support.golden import BOX, Files
from tests.support.mutations import Case

Bytes = Callable[[bytes], bytes]


def _line(name: str, code: str, change: Bytes, number: int = 2) -> Case:
    return Case(name, code, edit_raw_line(number, change), lambda _f: f"journal.jsonl#{number}")


def _swap(old: bytes, new: bytes) -> Bytes:
    return lambda raw: raw.replace(old, new, 1)


def _keys(**changes: Any) -> Bytes:
    """The line with other values, still canonical."""
    return lambda raw: canonical.dumps({**json.loads(raw), **changes})


def _data(**changes: Any) -> Bytes:
    def change(raw: bytes) -> bytes:
        row = json.loads(raw)
        return canonical.dumps({**row, "data": {**row["data"], **changes}})

    return change


def _nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


LINES: tuple[Case, ...] = (
    _line("line-with-byte-order-mark", "not-canonical", lambda raw: b"\xef\xbb\xbf" + raw),
    _line("line-not-utf8", "not-canonical", _swap(b'"gpk"', b'"gp\xff"')),
    _line("line-with-trailing-space", "not-canonical", lambda raw: raw + b" "),
    _line("line-ended-by-crlf", "not-canonical", lambda raw: raw + b"\r"),
    _line("line-is-a-list", "not-canonical", lambda raw: b"[" + raw + b"]"),
    _line("line-is-empty", "not-canonical", lambda _raw: b""),
    _line("line-cut-in-the-middle", "not-canonical", lambda raw: raw[: len(raw) // 2]),
    _line("line-keys-unsorted", "not-canonical", lambda raw: b'{"type":"case",' + raw[1:].replace(b',"type":"case"', b"", 1)),
    _line("line-key-in-capitals", "not-canonical", _swap(b'"at"', b'"AT"')),
    _line("line-letter-escaped", "not-canonical", _swap(b'"gpk"', b'"g\\u0070k"')),
    _line("line-slash-escaped", "not-canonical", _swap(b"1/26", b"1\\/26")),
    _line("line-lone-surrogate", "not-canonical", _swap(b'"gpk"', b'"\\ud800"')),
    _line("line-negative-zero", "not-canonical", _swap(b'"seq":2', b'"seq":-0')),
    _line("line-exponent", "not-canonical", _swap(b'"seq":2', b'"seq":2e0')),
    _line("line-integer-beyond-2-to-53", "not-canonical", _swap(b'"seq":2', b'"seq":9007199254740993')),
    _line("line-nested-too-deep", "not-canonical", lambda _raw: _nested(40)),
    _line("line-with-a-comment", "not-canonical", lambda raw: raw + b"//"),
    _line("line-value-nan", "not-canonical", _swap(b'"seq":2', b'"seq":NaN')),
    _line("line-with-unknown-key", "bad-line", _keys(zone="x")),
    _line("line-salt-too-short", "bad-line", _keys(salt=b64(bytes(15)))),
    _line("line-salt-spelled-otherwise", "bad-line", _keys(salt="A" * 21 + "B==")),
    _line("line-of-a-day-that-never-was", "bad-line", _keys(at="2026-02-30T10:00:00.000Z")),
    _line("line-of-the-25th-hour", "bad-line", _keys(at="2026-11-21T24:00:00.000Z")),
    _line("line-time-without-milliseconds", "bad-line", _keys(at="2026-11-21T22:26:40Z")),
    _line("line-clock-negative", "bad-line", _keys(mono=-1)),
    _line("line-number-is-text", "bad-line", _keys(seq="2")),
    _line("line-number-is-true", "bad-line", _keys(seq=True)),
    _line("line-type-in-capitals", "bad-line", _keys(type="Case")),
    _line("line-data-is-a-list", "bad-line", _keys(data=[])),
    _line("line-withheld-by-a-short-hash", "bad-line", lambda _raw: canonical.dumps({"withheld": b64(bytes(31))})),
    _line("line-withheld-by-another-hash", "root-mismatch", lambda _raw: canonical.dumps({"withheld": b64(bytes(32))})),
    _line("line-says-another-number", "bad-sequence", _keys(seq=7)),
    _line("line-salt-exchanged", "root-mismatch", _keys(salt=b64(bytes(16))), 3),
    _line("judge-exchanged-in-the-log", "root-mismatch", _data(judge="В")),
    _line("take-start-moved", "root-mismatch", _data(start_us=1), 6),
    _line("opening-not-json", "not-canonical", lambda raw: raw[1:], 0),
    _line("opening-is-another-line", "not-opened", _keys(type="case"), 0),
    _line("opening-without-key", "bad-line", _swap(b',"software":"hattama 0.1.0"', b""), 0),
    _line("opening-of-another-hearing", "bad-line", _data(hearing="2026-11-22_g2"), 0),
    _line("opening-names-another-origin", "bad-line", _data(origin="box-2.test/2026-11-22_g1"), 0),
    _line("opening-key-with-false-id", "bad-line", _swap(b"+353624aa+", b"+353624ab+"), 0),
    _line("opening-key-of-other-algorithm", "bad-line", _swap(b"+AQOh", b"+AgOh"), 0),
    _line("opening-hearing-in-capitals", "bad-line", _data(hearing="G1", origin="box-1.test/G1"), 0),
)  # fmt: skip


def _without_line(files: Files, _signer: object) -> Files:
    """Line 3 cut out of the journal."""
    raw = files["journal.jsonl"].split(b"\n")
    return {**files, "journal.jsonl": b"\n".join(raw[:3] + raw[4:])}


def _line_twice(files: Files, _signer: object) -> Files:
    raw = files["journal.jsonl"].split(b"\n")
    return {**files, "journal.jsonl": b"\n".join(raw[:4] + raw[3:])}


def _tail_with_checkpoints(files: Files, _signer: object) -> Files:
    """The journal cut while the hearing was running, and the checkpoints with it: as if it had never been finished."""
    notes = [note for note in split_notes(files["checkpoints"])[0] if int(note.split(b"\n")[1]) <= 9]
    lines = files["journal.jsonl"].split(b"\n")[:9]
    return {
        **files,
        "journal.jsonl": b"\n".join([*lines, b""]),
        "checkpoints": b"".join(note + b"\n" for note in notes),
    }


def _other_record(files: Files, _signer: object) -> Files:
    """All checkpoints of another hearing of the same box: their signatures are right."""
    notes = []
    for raw in split_notes(files["checkpoints"])[0]:
        point = Checkpoint.from_text(raw.decode().partition("\n\n")[0] + "\n")
        notes.append(sign_note(Checkpoint("box-1.test/2026-11-22_g2", point.size, point.root).text, BOX).encode())
    return {**files, "checkpoints": b"".join(note + b"\n" for note in notes)}


def _note(name: str, code: str, change: Bytes, number: int = 0) -> Case:
    edit = edit_notes(lambda notes: [change(raw) if index == number else raw for index, raw in enumerate(notes)])
    return Case(name, code, edit, lambda _f: f"checkpoints#{number + 1}")


def _root(encoded: Callable[[bytes], bytes]) -> Bytes:
    def change(raw: bytes) -> bytes:
        parts = raw.split(b"\n")
        return b"\n".join([*parts[:2], encoded(parts[2]), *parts[3:]])

    return change


def _blob(change: Bytes) -> Bytes:
    """The note with other signature bytes (key ID and signature), base64 again."""

    def edit(raw: bytes) -> bytes:
        head, _, encoded = raw.rstrip(b"\n").rpartition(b" ")
        return head + b" " + base64.b64encode(change(base64.b64decode(encoded))) + b"\n"

    return edit


CHECKPOINTS: tuple[Case, ...] = (
    Case("line-cut-out", "bad-sequence", _without_line, lambda _f: "journal.jsonl#3"),
    Case("line-doubled", "bad-sequence", _line_twice, lambda _f: "journal.jsonl#4"),
    Case("end-cut-with-its-checkpoints", "still-open", _tail_with_checkpoints, lambda _f: "journal.jsonl"),
    Case("journal-emptied", "not-opened", lambda files, _s: {**files, "journal.jsonl": b""}, lambda _f: "journal.jsonl#0"),
    Case("checkpoints-emptied", "no-checkpoints", lambda files, _s: {**files, "checkpoints": b""}, lambda _f: "checkpoints"),
    Case("checkpoints-of-another-hearing", "wrong-origin", _other_record, lambda _f: "checkpoints#1"),
    _note("checkpoint-size-with-leading-zero", "bad-checkpoint", lambda raw: raw.replace(b"\n1\n", b"\n01\n", 1)),
    _note("checkpoint-size-negative", "bad-checkpoint", lambda raw: raw.replace(b"\n1\n", b"\n-1\n", 1)),
    _note("checkpoint-size-raised", "bad-signature", lambda raw: raw.replace(b"\n1\n", b"\n3\n", 1)),
    _note("checkpoint-root-exchanged", "bad-signature", _root(lambda _root: b64(bytes(32)).encode())),
    _note("checkpoint-root-too-short", "bad-checkpoint", _root(lambda _root: b64(bytes(31)).encode())),
    _note("checkpoint-root-spelled-otherwise", "bad-checkpoint", _root(lambda _root: b"A" * 42 + b"B=")),
    _note("checkpoint-with-extension-line", "bad-checkpoint", lambda raw: raw.replace(b"\n\n", b"\nmore\n\n", 1)),
    _note("checkpoint-without-origin", "bad-checkpoint", lambda raw: b"\n" + raw.partition(b"\n")[2]),
    _note("checkpoint-with-crlf", "bad-checkpoint", lambda raw: raw.replace(b"\n1\n", b"\r\n1\r\n", 1)),
    _note("signature-line-without-dash", "bad-checkpoint", lambda raw: raw.replace("— ".encode(), b"- ", 1)),
    _note("signature-line-with-two-spaces", "bad-checkpoint", lambda raw: raw.replace("— ".encode(), "—  ".encode(), 1)),
    _note("signature-not-base64", "bad-checkpoint", lambda raw: raw.rstrip(b"\n") + b"!\n"),
    _note("signature-of-four-bytes", "bad-checkpoint", _blob(lambda blob: blob[:4])),
    _note("signature-one-byte-short", "bad-signature", _blob(lambda blob: blob[:-1])),
    _note("signature-one-byte-long", "bad-signature", _blob(lambda blob: blob + b"\0")),
    _note("signature-all-zero", "bad-signature", _blob(lambda blob: blob[:4] + bytes(64))),
    _note("signature-with-another-key-id", "unknown-signature", _blob(lambda blob: bytes(4) + blob[4:])),
    _note("signature-with-another-name", "unknown-signature", lambda raw: raw.replace("— box-1".encode(), "— box-2".encode(), 1)),
    _note("signature-said-twice", "unknown-signature", lambda raw: raw + raw.rpartition(b"\n\n")[2]),
    Case(
        "signature-of-another-checkpoint",
        "bad-signature",
        edit_notes(lambda notes: [notes[0].partition(b"\n\n")[0] + b"\n\n" + notes[1].partition(b"\n\n")[2], *notes[1:]]),
        lambda _f: "checkpoints#1",
    ),
    Case("checkpoints-exchanged", "checkpoint-order", edit_notes(lambda notes: [notes[1], notes[0], *notes[2:]]), lambda _f: "checkpoints#2"),
    Case(
        "key-used-on-another-root",
        "root-mismatch",
        resign(lambda point: Checkpoint(point.origin, point.size, bytes(32)), which=4),
        lambda _f: "journal.jsonl#4",
        without_key=False,
    ),
)  # fmt: skip
