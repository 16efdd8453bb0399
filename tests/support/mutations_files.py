"""Must-fail cases of files, names, chunks, manifests and the receipt, for the golden records."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from protocol import canonical
from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import b64
from protocol.merkle import Tree, leaf_hash
from protocol.note import Ed25519Signer, sign_note
from tests.support.breaking import flip, remove, replace_file
from tests.support.golden import ARCHIVE, Files, golden, in_chunks
from tests.support.mutations import Case

CAPTURE, SECOND = "manifest-0001.json", "manifest-0002.json"
PICTURE, SOUND = "media/T01/cam-hall/0001.mp4", "media/T01/mic-judge/0001.mp4"
CLOSED = "media/T01/mic-judge/0001.mp4.enc"
TEXT, BRIEF = "transcript/0001.json", "protocol/brief-0001.json"


def _file(name: str, code: str, path: str, change: Callable[[bytes], bytes], *, base: str = "plain") -> Case:
    return Case(name, code, replace_file(lambda _f: path, change), lambda _f: path, base=base)


def _also(name: str, code: str, path: str, data: bytes = b"x", subject: str | None = None) -> Case:
    return Case(name, code, lambda files, _s: {**files, path: data}, lambda _f: subject or path)


def _manifest(name: str, code: str, path: str, change: Callable[[dict[str, Any]], None]) -> Case:
    """A manifest changed and written canonically again."""

    def edit(data: bytes) -> bytes:
        value = json.loads(data)
        change(value)
        return canonical.dumps(value)

    return _file(name, code, path, edit)


def _put(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda value: value.update(changes)


def _entry(index: int = 0, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda value: value["entries"][index].update(changes)


def _exchanged(first: str, second: str) -> Callable[[Files, Ed25519Signer], Files]:
    return lambda files, _s: {**files, first: files[second], second: files[first]}


def _renamed(files: Files, _signer: Ed25519Signer) -> Files:
    rest = {path: data for path, data in files.items() if path != PICTURE}
    return {**rest, "media/T01/cam-hall/0003.mp4": files[PICTURE]}


FILES: tuple[Case, ...] = (
    _file("picture-first-bit-flipped", "file-altered", PICTURE, lambda data: flip(data, 0)),
    _file("sound-last-bit-flipped", "file-altered", SOUND, lambda data: flip(data, len(data) - 1)),
    _file("segment-of-zeros", "file-altered", SOUND, lambda data: bytes(len(data))),
    _file("segment-emptied", "file-size", SOUND, lambda _data: b""),
    Case("sound-of-another-source", "file-altered", replace_file(lambda _f: SOUND, lambda _d: golden("plain")[PICTURE]), lambda _f: SOUND),
    Case("segment-renamed", "file-missing", _renamed, lambda _f: PICTURE),
    _file("transcript-edited", "file-size", TEXT, lambda data: data + b" "),
    _file("transcript-word-exchanged", "file-altered", TEXT, lambda data: data.replace(b"test", b"tost")),
    Case("transcript-removed", "file-missing", remove(lambda _f: TEXT), lambda _f: TEXT),
    Case("brief-removed", "file-missing", remove(lambda _f: BRIEF), lambda _f: BRIEF),
    Case("segments-of-a-track-exchanged", "file-altered", _exchanged(SOUND, SOUND.replace("1.mp4", "2.mp4")), lambda _f: SOUND),
    Case("signature-removed", "file-missing", remove(lambda _f: "signatures/judge-0001.p7s"), lambda _f: "signatures/judge-0001.p7s", base="later-seals"),
    _file("amendment-edited", "file-altered", "protocol/amendment-0001.json", lambda data: flip(data, 5), base="later-seals"),
    Case("last-seal-removed-with-its-file", "manifest-missing", remove(lambda _f: "manifest-0007.json"), lambda _f: "manifest-0007.json", base="later-seals"),
    _file("recovered-segment-cut", "file-size", "media/T01/mic-judge/0002.mp4", lambda data: data[:-32], base="recovered"),
    _file("recovered-beginning-exchanged", "progress-mismatch", "media/T01/mic-judge/0002.mp4", lambda data: flip(data, 3), base="recovered"),
    _also("file-hidden-beside-the-journal", "unlisted-file", ".hidden"),
    _also("second-transcript-slipped-in", "unlisted-file", "transcript/0002.json"),
    _also("encrypted-twin-of-a-segment", "unlisted-file", f"{SOUND}.enc"),
    _also("path-with-empty-part", "bad-path", "media//x.mp4"),
    _also("path-absolute", "bad-path", "/etc/passwd"),
    _also("path-not-latin", "bad-path", "protocol/хаттама.pdf"),
    _also("path-too-long", "bad-path", "media/" + "x" * 200),
    _also("path-with-backslash", "bad-path", "media\\x.mp4"),
    _also("path-of-one-dot", "bad-path", "media/./x.mp4"),
    _also("checkpoints-twice", "mixed-chunks", "checkpoints.chunks/000001", subject="checkpoints"),
    _also("chunk-number-too-short", "unlisted-file", "journal.chunks/01"),
    _also("manifest-of-the-future", "unlisted-manifest", "manifest-0004.json", b"{}"),
    _file("encrypted-file-without-magic", "bad-container", CLOSED, lambda data: b"X" + data[1:], base="encrypted"),
    _file("encrypted-chunk-length-raised", "bad-container", CLOSED, lambda data: data[:32] + b"\xff" + data[33:], base="encrypted"),
    _file("encrypted-chunk-too-short-for-a-tag", "bad-container", CLOSED, lambda data: data[:32] + b"\0\0\0\x10" + data[36:], base="encrypted"),
    _file("encrypted-file-with-a-tail", "bad-container", CLOSED, lambda data: data + b"\0\0\0", base="encrypted"),
    _file("encrypted-last-chunk-removed", "file-size", CLOSED, lambda data: data[: -(4 + 40 + 17)], base="encrypted"),
    _file("encrypted-header-only-in-part", "bad-container", CLOSED, lambda data: data[:20], base="encrypted"),
    Case("withheld-file-put-back", "withheld-present", lambda files, _s: {**files, SOUND: golden("paused")[SOUND]}, lambda _f: SOUND, base="redacted"),
    _file("withheld-entry-with-another-hash", "manifest-mismatch", CAPTURE, lambda data: data.replace(json.loads(data)["entries"][0]["withheld"].encode(), b64(bytes(32)).encode()), base="redacted"),
)  # fmt: skip

CHUNKS: tuple[Case, ...] = (
    Case("middle-chunk-missing", "bad-chunk", remove(lambda _f: "journal.chunks/000002"), lambda _f: "journal.chunks/000002", base="chunks"),
    Case("last-chunk-missing", "journal-cut", remove(lambda _f: "journal.chunks/000003"), lambda _f: "journal.jsonl", base="chunks"),
    Case("checkpoint-chunk-missing", "bad-chunk", remove(lambda _f: "checkpoints.chunks/000001"), lambda _f: "checkpoints.chunks/000001", base="chunks"),
    Case("chunks-exchanged", "bad-sequence", _exchanged("journal.chunks/000002", "journal.chunks/000003"), base="chunks"),
    _file("chunk-ends-inside-a-line", "bad-chunk", "journal.chunks/000001", lambda data: data[:-9], base="chunks"),
    _file("chunk-ends-inside-a-note", "bad-chunk", "checkpoints.chunks/000001", lambda data: data[:-9], base="chunks"),
    Case("chunk-cut-where-nothing-is-signed", "bad-chunk", lambda files, _s: _unsigned_cut(files), lambda _f: "journal.chunks/000001"),
    Case("chunk-line-changed", "root-mismatch", replace_file(lambda _f: "journal.chunks/000001", lambda data: data.replace(b'"gpk"', b'"upk"')), lambda _f: "journal.jsonl#2", base="chunks"),
)  # fmt: skip


def _unsigned_cut(files: Files) -> Files:
    """The first chunk holds one line, and no checkpoint stands there: the one that did was taken away."""
    notes = split_notes(files["checkpoints"])[0]
    made = in_chunks({**files, "checkpoints": b"".join(note + b"\n" for note in notes[1:])}, 1, 9)
    first, second = made["journal.chunks/000001"].split(b"\n", 1)
    return {
        **made,
        "journal.chunks/000001": first + b"\n",
        "journal.chunks/000002": second + made["journal.chunks/000002"],
    }


MANIFESTS: tuple[Case, ...] = (
    _file("manifest-with-line-feed", "bad-manifest", CAPTURE, lambda data: data + b"\n"),
    _file("manifest-not-json", "bad-manifest", CAPTURE, lambda data: data[1:]),
    _file("manifest-emptied", "bad-manifest", CAPTURE, lambda _data: b""),
    _manifest("manifest-with-unknown-key", "bad-manifest", CAPTURE, _put(note="x")),
    _manifest("manifest-without-root", "bad-manifest", CAPTURE, lambda value: value.pop("root")),
    _manifest("manifest-of-other-format", "bad-manifest", CAPTURE, _put(format="hattama-manifest/2")),
    _manifest("manifest-of-unknown-kind", "bad-manifest", CAPTURE, _put(kind="other")),
    _manifest("later-manifest-called-capture", "bad-manifest", SECOND, _put(kind="capture")),
    _manifest("manifest-numbered-nought", "bad-manifest", CAPTURE, _put(number=0)),
    _manifest("manifest-with-another-number", "manifest-mismatch", SECOND, _put(number=3)),
    _manifest("manifest-kind-exchanged", "manifest-mismatch", SECOND, _put(kind="amendment")),
    _manifest("manifest-names-another-journal", "manifest-mismatch", CAPTURE, _put(journal={"root": b64(bytes(32)), "size": 17})),
    _manifest("manifest-says-another-size", "manifest-mismatch", CAPTURE, _put(size=5)),
    _manifest("manifest-says-another-root", "manifest-mismatch", CAPTURE, _put(root=b64(bytes(32)))),
    _manifest("manifest-entries-unsorted", "bad-manifest", CAPTURE, lambda value: value["entries"].reverse()),
    _manifest("manifest-entry-twice", "bad-manifest", CAPTURE, lambda value: value["entries"].append(value["entries"][-1])),
    _manifest("manifest-entry-left-out", "manifest-mismatch", CAPTURE, lambda value: value["entries"].pop()),
    _manifest("manifest-entry-digest-exchanged", "manifest-mismatch", CAPTURE, _entry(sha256=b64(bytes(32)))),
    _manifest("manifest-entry-salt-exchanged", "manifest-mismatch", CAPTURE, _entry(salt=b64(bytes(16)))),
    _manifest("manifest-entry-of-unknown-role", "bad-manifest", CAPTURE, _entry(role="other")),
    _manifest("manifest-entry-path-leads-out", "bad-manifest", CAPTURE, _entry(path="../x")),
    _manifest("manifest-entry-of-negative-length", "bad-manifest", CAPTURE, _entry(bytes=-1)),
    _manifest("manifest-entry-without-salt", "bad-manifest", CAPTURE, lambda value: value["entries"][0].pop("salt")),
    _manifest("manifest-entry-withheld-by-a-short-hash", "bad-manifest", CAPTURE, lambda value: value["entries"].__setitem__(0, {"withheld": "AAAA"})),
    _manifest("manifest-without-predecessor", "broken-chain", SECOND, _put(previous=None)),
    _manifest("manifest-predecessor-of-other-head", "broken-chain", SECOND, lambda value: value["previous"].update(head_sha256=b64(bytes(32)))),
    _manifest("manifest-predecessor-of-other-seal", "broken-chain", SECOND, lambda value: value["previous"]["seal"].update(root=b64(bytes(32)))),
    Case("manifests-exchanged", "manifest-mismatch", _exchanged("manifest-0002.json", "manifest-0003.json"), lambda _f: SECOND),
)  # fmt: skip


def _receipt(name: str, change: Callable[[dict[str, Any]], None], *, base: str = "plain") -> Case:
    case = _manifest(name, "bad-receipt", "receipt.json", change)
    return Case(case.name, case.code, case.apply, lambda _f: "receipt.json", base=base)


def _salted(name: str, change: Callable[[dict[str, Any]], None]) -> Case:
    """Of a receipt of format 2."""
    return _receipt(f"salted-receipt-{name}", change, base="salted-receipt")


def _entered(
    sign: Ed25519Signer = ARCHIVE, origin: str | None = None, /, **changes: Any
) -> Callable[[dict[str, Any]], None]:
    """The receipt with another log entry, its log and the log's signature made to fit."""

    def change(value: dict[str, Any]) -> None:
        text = canonical.dumps({**json.loads(value["entry"]), **changes})
        log = Tree([leaf_hash(text)])
        note = sign_note(Checkpoint(origin or f"{sign.key.name}/log", 1, log.root()).text, sign)
        value.update(entry=text.decode(), index=0, proof=[], checkpoint=note)

    return change


def _resigned(value: dict[str, Any]) -> None:
    """The last byte of the log's signature exchanged."""
    head, _, encoded = value["checkpoint"].rstrip("\n").rpartition(" ")
    value["checkpoint"] = f"{head} {b64(flip(base64.b64decode(encoded), 67))}\n"


RECEIPTS: tuple[Case, ...] = (
    _receipt("receipt-of-another-hearing", _put(hearing="2026-11-22_g2")),
    _receipt("receipt-of-other-format", _put(format="hattama-receipt/2")),
    _receipt("receipt-with-unknown-key", _put(note="x")),
    _receipt("receipt-entry-edited", lambda value: value.update(entry=value["entry"].replace('"seal_number":1', '"seal_number":2'))),
    _receipt("receipt-entry-not-canonical", lambda value: value.update(entry=value["entry"] + " ")),
    _receipt("receipt-of-another-place-in-the-log", _put(index=3)),
    _receipt("receipt-proof-cut", lambda value: value["proof"].pop()),
    _receipt("receipt-proof-lengthened", lambda value: value["proof"].append(b64(bytes(32)))),
    _receipt("receipt-proof-exchanged", lambda value: value["proof"].reverse()),
    _receipt("receipt-signature-flipped", _resigned),
    _receipt("receipt-without-signature", lambda value: value.update(checkpoint=value["checkpoint"].partition("\n\n")[0] + "\n\n")),
    _receipt("receipt-of-another-journal", _entered(journal_root=b64(bytes(32)))),
    _receipt("receipt-beyond-the-journal", _entered(journal_size=99)),
    _receipt("receipt-of-another-box", _entered(origin="box-2.test/2026-11-22_g1")),
    _receipt("receipt-of-another-entry", _entered(type="viewed")),
    _receipt("receipt-signed-by-a-stranger", _entered(Ed25519Signer(ARCHIVE.key.name, bytes(32)))),
    _receipt("receipt-from-another-log", _entered(ARCHIVE, "archive.test/other")),
    _salted("with-another-salt", _put(salt=b64(bytes(16)))),
    _salted("with-a-short-salt", _put(salt=b64(bytes(15)))),
    _salted("without-salt", lambda value: value.pop("salt")),
    _salted("called-format-1", _put(format="hattama-receipt/1")),
    _salted("of-another-hearing", _put(hearing="2026-11-22_g2")),
    _salted("of-another-subject", _entered(subject=b64(bytes(32)))),
    _salted("naming-the-hearing", _entered(hearing="2026-11-22_g1")),
    _salted("of-another-journal", _entered(journal_root=b64(bytes(32)))),
    _salted("proof-cut", lambda value: value["proof"].pop()),
)  # fmt: skip
