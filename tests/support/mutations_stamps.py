"""Must-fail cases of time stamps (golden record ``stamped``) and of marks taken back (``withdrawn``), the latter without the device's key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol.encoding import sha256_b64
from protocol.note import Ed25519Signer
from tests.support.breaking import each, edit_raw_line, flip, forged
from tests.support.forgery import EditLines, Lines
from tests.support.golden import Files
from tests.support.mutations import Case

FIRST, SECOND = "timestamps/0001.tst", "timestamps/0002.tst"
LINE_2 = 15  # the second `timestamp` line, the last of the journal

Change = Callable[[bytes], bytes]


def _file(name: str, code: str, change: Callable[[Files], object], subject: str = FIRST, base: str = "stamped") -> Case:
    """Somebody without the device's key."""

    def apply(files: Files, _signer: Ed25519Signer) -> Files:
        change(files)
        return files

    return Case(name, code, apply, lambda _f: subject, base=base)


def _swap(files: Files) -> None:
    files[FIRST], files[SECOND] = files[SECOND], files[FIRST]


def _token(name: str, change: Change, code: str = "bad-timestamp") -> Case:
    """The device itself names another token for the second seal."""

    def apply(files: Files, signer: Ed25519Signer) -> Files:
        token = change(files[SECOND])
        made = forged(each("timestamp", lambda data: data.update(bytes=len(token), sha256=sha256_b64(token)), -1))(
            files, signer
        )
        return {**made, SECOND: token}

    return Case(name, code, apply, lambda _f: SECOND, without_key=False, base="stamped")


def _said(name: str, code: str, subject: str, edit: EditLines) -> Case:
    return Case(name, code, forged(edit), lambda _f: subject, without_key=False, base="stamped")


def _last(**changes: Any) -> EditLines:
    return each("timestamp", lambda data: data.update(changes), -1)


def _before_its_manifest(rows: Lines) -> Lines:
    """The second manifest's line removed; its token stays."""
    return [row for row in rows if row["type"] != "manifest" or row["data"]["number"] == 1]


STAMPS: tuple[Case, ...] = (
    _file("timestamp-byte-flipped", "file-altered", lambda files: files.update({FIRST: flip(files[FIRST], 200)})),
    _file("timestamp-last-byte-flipped", "file-altered", lambda files: files.update({FIRST: flip(files[FIRST], len(files[FIRST]) - 1)})),
    _file("timestamp-cut", "file-size", lambda files: files.update({FIRST: files[FIRST][:-1]})),
    _file("timestamp-lengthened", "file-size", lambda files: files.update({FIRST: files[FIRST] + b"\0"})),
    _file("timestamp-removed", "file-missing", lambda files: files.pop(FIRST)),
    _file("timestamps-exchanged", "file-altered", _swap),
    _file("timestamp-of-nobody-added", "unlisted-file", lambda files: files.update({"timestamps/0003.tst": files[SECOND]}), "timestamps/0003.tst"),
    _token("timestamp-of-another-seal", lambda _token: _other()),
    _token("timestamp-empty", lambda _token: b""),
    _token("timestamp-is-no-token", lambda _token: b"token"),
    _token("timestamp-of-another-digest", lambda token: token.replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040203"))),
    _token("timestamp-followed-by-something", lambda token: token + b"\0"),
    _token("timestamp-of-endless-length", lambda token: b"\x30\x80" + token[4:] + b"\0\0"),
    _token("timestamp-cut-and-named-so", lambda token: token[:120]),
    _said("timestamp-line-of-another-path", "bad-line", f"journal.jsonl#{LINE_2}", _last(path=FIRST)),
    _said("timestamp-line-numbered-nought", "bad-line", f"journal.jsonl#{LINE_2}", _last(number=0)),
    _said("timestamp-line-digest-too-short", "bad-line", f"journal.jsonl#{LINE_2}", _last(sha256="AAAA")),
    _said("timestamp-of-no-manifest", "bad-timestamp", SECOND, _before_its_manifest),
)  # fmt: skip


def _other() -> bytes:
    """The first seal's token."""
    from tests.support.golden import golden

    return golden("stamped")[FIRST]


def _line(name: str, code: str, number: int, change: Change, subject: int | None = None) -> Case:
    """A line of the record ``withdrawn`` changed by somebody without the device's key."""
    return Case(
        name,
        code,
        edit_raw_line(number, change),
        lambda _f: f"journal.jsonl#{number if subject is None else subject}",
        base="withdrawn",
    )


def _raw(name: str, code: str, subject: str | None, edit: Callable[[list[bytes]], list[bytes]]) -> Case:
    def apply(files: Files, _signer: Ed25519Signer) -> Files:
        lines = edit(files["journal.jsonl"].splitlines(keepends=True))
        return {**files, "journal.jsonl": b"".join(lines)}

    return Case(name, code, apply, lambda _f: subject, base="withdrawn")


def _as(number: int) -> Change:
    return lambda raw: raw.replace(b'"seq":%d' % number, b'"seq":%d' % (number - 1))


#: Of the golden record: line 7 is a stage, 8 takes it back, 9 is a remark, 10 corrects it, 11 takes the correction back.
WITHDRAWN: tuple[Case, ...] = (
    _line("withdrawn-line-names-another-mark", "root-mismatch", 8, lambda raw: raw.replace(b'"line":7', b'"line":6')),
    _line("withdrawn-by-somebody-else", "root-mismatch", 11, lambda raw: raw.replace(b'"by":"judge"', b'"by":"clerk"')),
    _line("withdrawn-for-another-reason", "root-mismatch", 11, lambda raw: raw.replace("қате".encode(), "ерік".encode())),
    _line("withdrawn-at-another-time", "root-mismatch", 8, lambda raw: raw.replace(b'"at_us":1795300004', b'"at_us":1795300003')),
    _line("withdrawn-made-a-remark", "root-mismatch", 8, lambda raw: raw.replace(b'"type":"withdrawn"', b'"type":"remark"')),
    _line("remark-made-a-withdrawal", "root-mismatch", 9, lambda raw: raw.replace(b'"type":"remark"', b'"type":"withdrawn"')),
    _line("withdrawn-with-another-salt", "root-mismatch", 8, lambda raw: raw.replace(b'"salt":"LGJC', b'"salt":"MGJC')),
    _line("withdrawn-line-not-canonical", "not-canonical", 8, lambda raw: raw.replace(b'"line":7', b'"line": 7')),
    _line("correction-of-another-remark", "root-mismatch", 10, lambda raw: raw.replace(b'"replaces":9', b'"replaces":7')),
    _line("correction-made-a-remark-of-its-own", "root-mismatch", 10, lambda raw: raw.replace(b',"replaces":9', b"")),
    _line("withdrawn-line-hidden-by-a-false-hash", "root-mismatch", 8, lambda _raw: b'{"withheld":"' + b"A" * 43 + b'="}'),
    _raw("withdrawn-line-removed", "bad-sequence", "journal.jsonl#8", lambda lines: lines[:8] + lines[9:]),
    _raw("withdrawn-line-removed-and-counted-anew", "root-mismatch", "journal.jsonl#8", lambda lines: lines[:8] + [_as(n)(raw) for n, raw in enumerate(lines[9:], 9)]),
    _raw("withdrawn-before-its-mark", "bad-sequence", "journal.jsonl#7", lambda lines: [*lines[:7], lines[8], lines[7], *lines[9:]]),
    _raw("withdrawn-twice", "bad-sequence", "journal.jsonl#9", lambda lines: [*lines[:9], lines[8], *lines[9:]]),
    _raw("withdrawn-after-the-seal", "uncovered-lines", "journal.jsonl#22", lambda lines: [*lines, lines[8].replace(b'"seq":8', b'"seq":%d' % len(lines)).replace(b'"mono":1080000', b'"mono":9080000')]),
)  # fmt: skip

ALL: tuple[Case, ...] = (*STAMPS, *WITHDRAWN)
__all__ = ["ALL", "STAMPS", "WITHDRAWN"]
