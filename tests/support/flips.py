"""Single bits turned over in a small record, one after the other: what both verifiers find, and whether it is where it was done."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from protocol.record import MemoryRecord
from protocol.verification import Trust, verify
from tests.support.golden import ARCHIVE, BOX, Files

BATCH = Path(__file__).parents[2] / "web" / "static" / "build" / "verify-batch-cli.js"
TRUST = Trust.of(BOX.key, ARCHIVE.key)

Flip = tuple[str, int]
Found = list[tuple[str, str, str]]


def every_flip(files: Files) -> list[Flip]:
    """Every bit of every file: path and number of the bit, 0 the lowest of the first byte."""
    return [(path, bit) for path, data in files.items() for bit in range(8 * len(data))]


def flipped(files: Files, flip: Flip) -> Files:
    """The record with one bit turned over."""
    path, bit = flip
    changed = bytearray(files[path])
    changed[bit // 8] ^= 1 << bit % 8
    return {**files, path: bytes(changed)}


def found_by_python(files: Files, flip: Flip) -> tuple[Found, bool]:
    """The findings, and whether the record is still called good."""
    report = verify(MemoryRecord(flipped(files, flip)), TRUST)
    return sorted((item.code, item.subject, str(item.severity)) for item in report.findings), report.good


def found_by_typescript(files: Files, flips: Sequence[Flip]) -> list[Found]:
    """The second verifier's findings, one list for each flip."""
    task = {
        "name": "flips",
        "trust": [key.text for key in TRUST.keys],
        "files": {path: base64.b64encode(data).decode() for path, data in files.items()},
        "flips": flips,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(task) + "\n")
        file.flush()
        node = shutil.which("node") or "node"
        done = subprocess.run([node, str(BATCH), file.name], capture_output=True, text=True, check=True)
    return [
        sorted((code, subject, severity) for code, subject, severity in json.loads(line))
        for line in done.stdout.splitlines()
    ]


def is_located(files: Files, flip: Flip, found: Found) -> bool:
    """Whether a failure, or the note of a torn end, names the file; of the journal, the very line."""
    path, bit = flip
    subjects = {subject for code, subject, severity in found if severity == "fail" or code.startswith("torn")}
    if path != "journal.jsonl":
        return any(subject.split("#")[0] == path for subject in subjects)
    data = files[path]
    last = data.count(b"\n") - 1
    seq = data.count(b"\n", 0, bit // 8)
    torn = seq == last and {"journal-cut", "torn-tail"} & {code for code, _, _ in found}
    return bool(torn) or f"journal.jsonl#{seq}" in subjects


def faults(files: Files, flips: Sequence[Flip]) -> list[str]:
    """Which flips were not found, not located, or judged differently; empty if all is well."""
    wrong = []
    for flip, second in zip(flips, found_by_typescript(files, flips), strict=True):
        first, good = found_by_python(files, flip)
        place = f"{flip[0]} bit {flip[1]}"
        if good:
            wrong.append(f"{place}: not found: {first}")
        elif not is_located(files, flip, first):
            wrong.append(f"{place}: not located: {first}")
        if first != second:
            wrong.append(f"{place}: Python {first}, TypeScript {second}")
    return wrong
