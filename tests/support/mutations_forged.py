"""Must-fail cases by somebody who holds the device's key: every signature is right, and what the lines say cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol.encoding import b64
from tests.support.breaking import each, forged, without
from tests.support.forgery import EditLines, Lines, change_entry, drop_entry, forge
from tests.support.golden import CAMERA, FIRST, MIC, REMOTE, SECOND
from tests.support.mutations import Case

TRACK = f"media/T01/{MIC}"


def _forged(name: str, code: str, edit: EditLines, subject: str | None = None, *, base: str = "plain") -> Case:
    return Case(name, code, forged(edit), lambda _f: subject, without_key=False, base=base)


def _ill(name: str, line_type: str, subject: int, *, base: str = "plain", **changes: Any) -> Case:
    """The first line of a type with values that its type does not allow."""
    return _forged(
        name, "bad-line", each(line_type, lambda data: data.update(changes)), f"journal.jsonl#{subject}", base=base
    )


def _set(line_type: str, which: int = 0, /, **changes: Any) -> EditLines:
    return each(line_type, lambda data: data.update(changes), which)


def _move(**changes: str) -> EditLines:
    """The last change of state says something else."""
    return each("state", lambda data: data.update(changes), -1)


def _seconds(line_type: str, which: int, key: str, more_us: int) -> EditLines:
    return each(line_type, lambda data: data.update({key: data[key] + more_us}), which)


def _before(line_type: str, moved: str, which: int = 0) -> EditLines:
    """The ``which``-th line of a type put before the first of another."""

    def edit(rows: Lines) -> Lines:
        row = [item for item in rows if item["type"] == moved][which]
        rest = [item for item in rows if item is not row]
        place = next(index for index, item in enumerate(rest) if item["type"] == line_type)
        return [*rest[:place], {**row, "mono": rest[place]["mono"]}, *rest[place:]]

    return edit


def _again(line_type: str, which: int = 0) -> EditLines:
    """A line said twice."""

    def edit(rows: Lines) -> Lines:
        place = [index for index, row in enumerate(rows) if row["type"] == line_type][which]
        return [*rows[: place + 1], {**rows[place]}, *rows[place + 1 :]]

    return edit


def _entries(name: str, code: str, path: str, /, **changes: Any) -> Case:
    """The manifest lies of one file."""
    edit: Callable[..., Any] = lambda files, signer: forge(files, signer, entries=change_entry(path, **changes))  # noqa: E731
    return Case(name, code, edit, lambda _f: path, without_key=False)


def _left_out(path: str) -> Callable[..., Any]:
    return lambda files, signer: forge(files, signer, entries=drop_entry(path))


LINES: tuple[Case, ...] = (
    _ill("clock-of-no-boot", "clock", 1, boot=None),
    _ill("clock-synchronized-by-a-number", "clock", 1, synchronized=1),
    _ill("state-unknown", "state", 5, to="resting"),
    _ill("take-of-no-number", "take_started", 6, take="T1"),
    _ill("take-half-open", "take_started", 6, publicity="half"),
    _ill("take-source-with-slash", "take_started", 6, sources=["../mic"]),
    _ill("take-ended-for-no-known-reason", "take_ended", 15, reason="lunch"),
    _ill("progress-leads-out-of-the-record", "progress", 7, tracks=[{"path": "../x", "bytes": 1, "sha256": b64(bytes(32))}]),
    _ill("progress-digest-too-short", "progress", 7, tracks=[{"path": "x", "bytes": 1, "sha256": b64(bytes(31))}]),
    _ill("segment-of-number-nought", "segment", 8, number=0),
    _ill("segment-path-of-another-number", "segment", 8, number=9),
    _ill("segment-path-of-another-source", "segment", 8, source=MIC),
    _ill("segment-closed-for-no-known-reason", "segment", 8, closed="done"),
    _ill("segment-of-unknown-media", "segment", 8, media="smell"),
    _ill("segment-of-negative-length", "segment", 8, bytes=-1),
    _ill("segment-with-a-key-and-no-plain-digest", "segment", 8, key="K01"),
    _ill("segment-with-a-plain-digest-and-no-key", "segment", 8, plain_sha256=b64(bytes(32))),
    _ill("gap-without-a-source", "gap", 15, base="gaps", intervals=[{"from_us": 1, "to_us": 2}]),
    _ill("gap-intervals-no-list", "gap", 15, base="gaps", intervals={}),
    _ill("recovered-digest-too-short", "recovered", 11, base="recovered", torn_sha256="AAAA"),
    _ill("revision-of-unknown-kind", "revision", 18, kind="poem"),
    _ill("revision-path-absolute", "revision", 18, path="/transcript/0001.json"),
    _ill("key-for-no-take", "key", 2, base="encrypted", take="all"),
    _ill("key-wrapped-to-a-false-id", "key", 2, base="encrypted", wrapped=[{"to": "x", "key_id": "F" * 16, "box": "AAAA"}]),
    _ill("manifest-line-numbered-nought", "manifest", 17, number=0),
)  # fmt: skip

TIMELINE: tuple[Case, ...] = (
    _forged("recording-begun-twice", "illegal-move", _again("state"), "journal.jsonl#6"),
    _forged("finished-without-recording", "illegal-move", without("state"), "journal.jsonl#15"),
    _forged("drafted-goes-back-to-recording", "illegal-move", _move(to="recording"), "journal.jsonl#22"),
    _forged("state-begins-elsewhere", "illegal-move", _move(**{"from": "paused"}), "journal.jsonl#22"),
    _forged("archived-while-recording", "illegal-move", _set("state", to="archived"), "journal.jsonl#5"),
    _forged("takes-out-of-order", "bad-take", _set("take_started", take="T02"), "journal.jsonl#6"),
    _forged("take-begun-twice", "bad-take", _again("take_started"), "journal.jsonl#7"),
    _forged("take-never-ended", "bad-take", without("take_ended"), "journal.jsonl#6"),
    _forged("another-take-ended", "bad-take", _set("take_ended", take="T02"), "journal.jsonl#15"),
    _forged("take-ended-twice", "bad-take", _again("take_ended"), "journal.jsonl#16"),
    _forged("take-sources-unsorted", "bad-take", each("take_started", lambda data: data["sources"].reverse()), "journal.jsonl#6"),
    _forged("take-source-named-twice", "bad-take", each("take_started", lambda data: data["sources"].insert(0, "cam-hall")), "journal.jsonl#6"),
    _forged("segment-of-a-source-not-in-the-take", "bad-take", _set("take_started", sources=["cam-hall"]), "journal.jsonl#10"),
    _forged("segment-before-its-take", "bad-take", _before("take_started", "segment"), "journal.jsonl#6"),
    _forged("segment-number-twice", "bad-take", _again("segment", 3), "journal.jsonl#15"),
    _forged("segment-ends-before-its-start", "bad-take", _set("segment", 1, end_us=FIRST - 1), "journal.jsonl#10"),
    _forged("second-take-begins-in-the-first", "bad-take", without("take_ended"), base="paused"),
    _forged("first-segment-dropped", "segment-missing", without("segment", 1), f"{TRACK}/0001.mp4"),
    _forged("hole-of-20-ms-and-1-us", "unexplained-gap", _seconds("segment", 3, "start_us", 20_001), TRACK),
    _forged("picture-hole-of-200-ms-and-1-us", "unexplained-gap", _seconds("segment", 2, "start_us", 200_001), "media/T01/cam-hall"),
    _forged("overlap-of-20-ms-and-1-us", "overlap", _seconds("segment", 3, "start_us", -20_001), f"{TRACK}/0002.mp4"),
    _forged("last-second-missing", "unexplained-gap", _seconds("take_ended", 0, "end_us", SECOND), TRACK),
    _forged("first-second-missing", "unexplained-gap", _seconds("take_started", 0, "start_us", -SECOND), TRACK),
    _forged("source-that-recorded-nothing", "unexplained-gap", _set("take_started", sources=["cam-hall", MIC, "mic-witness"]), "media/T01/mic-witness"),
    _forged("gap-explained-too-short", "unexplained-gap", each("gap", lambda data: data["intervals"][0].update(to_us=FIRST + 5 * SECOND)), TRACK, base="gaps"),
    _forged("gap-explained-for-another-source", "unexplained-gap", each("gap", lambda data: data["intervals"][0].update(source="cam-hall")), TRACK, base="gaps"),
    _forged("gap-line-dropped", "unexplained-gap", without("gap"), TRACK, base="gaps"),
    _forged("clock-runs-back-by-a-microsecond", "mono-backwards", lambda rows: rows[9].update(mono=rows[8]["mono"] - 1), "journal.jsonl#9"),
    _forged("capture-never-sealed", "manifest-missing", lambda rows: [row for row in rows if row["type"] != "manifest"], "manifest-0001.json"),
    _forged("seal-number-skipped", "broken-chain", without("manifest", 1), "manifest-0003.json"),
    _forged("transcript-revision-of-another-role", "entry-mismatch", _set("revision", kind="remarks"), "transcript/0001.json"),
    _forged("segment-line-of-another-digest", "entry-mismatch", _set("segment", sha256=b64(bytes(32))), "media/T01/cam-hall/0001.mp4"),
    _forged("segment-line-of-another-length", "entry-mismatch", _set("segment", 1, bytes=127), f"{TRACK}/0001.mp4"),
)  # fmt: skip

#: Of the golden record ``sources``: line 8 adds the remote participant, 11 removes the camera, 16 removes and 17 adds the participant again.
SOURCES: tuple[Case, ...] = tuple(
    _forged(name, code, edit, subject, base="sources")
    for name, code, edit, subject in (
        ("removal-of-a-source-dropped", "unexplained-gap", without("source_removed"), f"media/T01/{CAMERA}"),
        ("removal-between-two-spans-dropped", "bad-take", without("source_removed", 1), "journal.jsonl#16"),
        ("addition-of-a-source-dropped", "bad-take", without("source_added"), "journal.jsonl#14"),
        ("second-addition-dropped", "bad-take", without("source_added", 1), "journal.jsonl#20"),
        ("addition-after-its-segment", "bad-take", _before("source_added", "segment", 2), "journal.jsonl#8"),
        ("addition-dated-too-late", "bad-take", _seconds("source_added", 0, "at_us", 20_001), "journal.jsonl#15"),
        ("addition-dated-too-early", "unexplained-gap", _seconds("source_added", 0, "at_us", -20_001), f"media/T01/{REMOTE}"),
        ("removal-dated-too-early", "bad-take", _seconds("source_removed", 0, "at_us", -200_001), "journal.jsonl#10"),
        ("removal-dated-too-late", "unexplained-gap", _seconds("source_removed", 0, "at_us", 200_001), f"media/T01/{CAMERA}"),
        ("removal-before-its-addition", "bad-take", _set("source_removed", 1, at_us=FIRST), "journal.jsonl#16"),
        ("addition-of-who-is-there", "bad-take", _set("source_added", source=MIC), "journal.jsonl#8"),
        ("removal-of-who-is-not-there", "bad-take", _set("source_removed", source="mic-witness"), "journal.jsonl#11"),
        ("removal-said-twice", "bad-take", _again("source_removed"), "journal.jsonl#12"),
        ("addition-to-another-take", "bad-take", _set("source_added", take="T02"), "journal.jsonl#8"),
        ("addition-outside-the-take-that-runs", "bad-take", _set("source_added", take=None), "journal.jsonl#8"),
        ("addition-by-nobody", "bad-line", _set("source_added", by=None), "journal.jsonl#8"),
        ("removal-at-no-time", "bad-line", each("source_removed", lambda data: data.pop("at_us")), "journal.jsonl#11"),
        ("removal-of-a-strange-name", "bad-line", _set("source_removed", source="../cam"), "journal.jsonl#11"),
    )
)  # fmt: skip

ENTRIES: tuple[Case, ...] = (
    _entries("entry-of-another-take", "entry-mismatch", f"{TRACK}/0001.mp4", take="T02"),
    _entries("entry-of-another-source", "entry-mismatch", f"{TRACK}/0001.mp4", source="cam-hall"),
    _entries("entry-with-a-key", "entry-mismatch", f"{TRACK}/0001.mp4", key="K01", plain_bytes=1, plain_sha256=b64(bytes(32))),
    _entries("entry-of-other-media", "entry-mismatch", f"{TRACK}/0001.mp4", media=None),
    _entries("entry-of-another-role", "entry-mismatch", f"{TRACK}/0001.mp4", role="transcript"),
    _entries("entry-of-another-digest", "file-altered", f"{TRACK}/0001.mp4", sha256=b64(bytes(32))),
    _entries("entry-of-another-length", "file-size", f"{TRACK}/0001.mp4", bytes=127),
    Case("transcript-in-no-seal", "file-altered", lambda files, signer: {**_left_out("transcript/0001.json")(files, signer), "transcript/0001.json": b'{"format":"tost"}'}, lambda _f: "transcript/0001.json", without_key=False),
    Case("segment-in-no-seal", "unlisted-segment", _left_out(f"{TRACK}/0002.mp4"), lambda _f: f"{TRACK}/0002.mp4", without_key=False),
)  # fmt: skip
