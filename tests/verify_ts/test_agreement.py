"""Two verifiers, written from the same page and not from each other, must find the same in every record, good or broken."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from protocol.checkpoint import split_notes
from protocol.journal import split_lines
from protocol.record import DirectoryRecord, MemoryRecord
from protocol.redaction import redact
from protocol.verification import Report, Trust, verify
from tests.protocol.test_hostile import far_number, two_holes
from tests.protocol.test_places import measured
from tests.protocol.test_verification import closed_record
from tests.support.forgery import forge
from tests.support.mutations import CASES
from tests.support.records import OTHER_SIGNER, SIGNER, START_US, RecordMaker, files_of, make_record

BUILD = Path(__file__).parents[2] / "web" / "static" / "build"
NODE = shutil.which("node")
TRUST = Trust.of(SIGNER.key)

pytestmark = pytest.mark.skipif(
    NODE is None or not (BUILD / "verify-batch-cli.js").is_file(),
    reason="the second verifier is not built: npm run --prefix web/ui build",
)

Files = dict[str, bytes]


@dataclass(frozen=True)
class Broken:
    """A record for both verifiers."""

    name: str
    files: Files
    trust: Trust = TRUST


def chunked(files: Files, lines_a: int, notes_a: int) -> Files:
    """The record with journal and checkpoints in two chunks each, cut after so many lines and notes."""
    lines, _ = split_lines(files["journal.jsonl"])
    notes, _ = split_notes(files["checkpoints"])
    rest = {path: data for path, data in files.items() if path not in ("journal.jsonl", "checkpoints")}
    return rest | {
        "journal.chunks/000001": b"".join(line + b"\n" for line in lines[:lines_a]),
        "journal.chunks/000002": b"".join(line + b"\n" for line in lines[lines_a:]),
        "checkpoints.chunks/000001": b"".join(note + b"\n" for note in notes[:notes_a]),
        "checkpoints.chunks/000002": b"".join(note + b"\n" for note in notes[notes_a:]),
    }


def records(good: Files, closed: Files) -> Iterator[Broken]:
    """Good records, the table of must-fail cases, and what chance breaks."""
    yield Broken("good", good)
    yield Broken("stranger", good, Trust.of(OTHER_SIGNER.key))
    yield Broken("nobody", good, Trust.of())
    yield Broken("empty", {})
    yield Broken("closed", closed)
    yield Broken("a number out of reach", forge(good, SIGNER, lines=far_number))
    yield Broken("two holes in a track", forge(good, SIGNER, lines=two_holes))
    yield Broken("places that follow a device's clock", forge(good, SIGNER, lines=measured))
    for case in CASES:
        yield Broken(case.name, case.apply(dict(good), SIGNER))
    path = "media/T01/mic-plaintiff/0001.mp4"
    size = int(split_notes(good["checkpoints"])[0][5].split(b"\n")[1])
    yield Broken("redacted", redact(MemoryRecord(good), lines=[2, 3], paths=[path]))
    yield Broken("redacted and there", {**redact(MemoryRecord(good), paths=[path]), path: good[path]})
    for line in range(1, len(split_lines(good["journal.jsonl"])[0])):
        yield Broken(f"withheld line {line}", redact(MemoryRecord(good), lines=[line]))
    yield Broken(
        "torn", {**good, "journal.jsonl": good["journal.jsonl"] + b'{"a', "checkpoints": good["checkpoints"] + b"x\n\n"}
    )
    yield Broken("chunks", chunked(good, size, 3))
    yield Broken("chunks cut beside a checkpoint", chunked(good, 4, 3))
    yield Broken("chunks out of nothing", {**chunked(good, size, 3), "journal.chunks/000009": b"x"})
    yield from garbage(good)
    yield from flipped(good, closed)


def garbage(good: Files) -> Iterator[Broken]:
    """Whole files replaced or cut."""
    for name in ("journal.jsonl", "checkpoints", "manifest-0001.json", "manifest-0002.json", "receipt.json"):
        for content in (
            b"",
            b"\n",
            b"{}\n",
            b"\xff\xfe\n",
            b"[1]\n" * 3,
            b'{"withheld":1}\n',
            bytes(100),
            b"{}",
            b"\n\n\n\n",
        ):
            yield Broken(f"{name} is {content!r}", {**good, name: content})
        data = good.get(name, b"")
        for part in range(1, 8 if data else 0):
            yield Broken(f"{name} cut at {part}/8", {**good, name: data[: len(data) * part // 8]})
    for path in good:
        yield Broken(f"without {path}", {name: data for name, data in good.items() if name != path})
    for path in (
        "x",
        "Media/é",
        "a//b",
        "/a",
        "journal.chunks/1",
        "journal.chunks/000000",
        "manifest-0009.json",
        "media/../x",
    ):
        yield Broken(f"with {path}", {**good, path: b"x"})


def flipped(good: Files, closed: Files) -> Iterator[Broken]:
    """Bits flipped and bytes exchanged, always the same ones."""
    chance = random.Random(2026)  # noqa: S311 - a fixed choice of places, no secret
    for source, files in (("good", good), ("closed", closed)):
        for name in ("journal.jsonl", "checkpoints", "manifest-0001.json"):
            data = files[name]
            for _ in range(90):
                at = chance.randrange(len(data))
                changed = (
                    data[:at] + bytes([chance.choice((data[at] ^ 1 << chance.randrange(8), 10, 0x30))]) + data[at + 1 :]
                )
                yield Broken(f"{source}: {name} byte {at} is {changed[at]}", {**files, name: changed})


def said_by_python(broken: Broken) -> dict[str, Any]:
    """What the first verifier says, to be compared."""
    report: Report = verify(MemoryRecord(broken.files), broken.trust)
    findings = {
        (item.code, item.step, item.subject, str(item.severity), str(item.question)) for item in report.findings
    }
    return {
        "findings": sorted(findings),
        "integrity": report.integrity,
        "completeness": report.completeness,
        "provenance": report.provenance,
        "good": report.good,
        "hearing": report.hearing,
        "device": report.device,
    }


def said_by_typescript(report: dict[str, Any]) -> dict[str, Any]:
    """What the second says, in the same form."""
    keys = ("code", "step", "subject", "severity", "question")
    return {**report, "findings": sorted({tuple(item[key] for key in keys) for item in report["findings"]})}


def task(broken: Broken) -> str:
    """One line for the batch runner."""
    files = {
        path: len(data) if len(data) > 1 << 20 else base64.b64encode(data).decode()
        for path, data in broken.files.items()
    }
    trust = [key.text for key in broken.trust.keys]
    return json.dumps({"name": broken.name, "trust": trust, "files": files})


def run_node(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Node with a program of the build."""
    assert NODE is not None
    return subprocess.run([NODE, *arguments], capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.timeout(900)
def test_the_two_agree(tmp_path: Path) -> None:
    good = files_of(make_record(tmp_path / "good"))
    closed, _, _ = closed_record(tmp_path / "closed")
    cases = list(records(good, closed))
    assert len(cases) > 500
    batch = tmp_path / "batch"
    batch.write_text("".join(task(broken) + "\n" for broken in cases), "utf-8")
    done = run_node(str(BUILD / "verify-batch-cli.js"), str(batch))
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["name"] for report in reports] == [broken.name for broken in cases]
    differing = []
    for broken, report in zip(cases, reports, strict=True):
        first, second = said_by_python(broken), said_by_typescript(report["report"])
        if first != second:
            differing.append(difference(broken.name, first, second))
    assert not differing, f"{len(differing)} of {len(cases)} differ:\n" + "\n".join(differing[:40])


def test_a_file_too_long_to_hold_is_read_piece_by_piece(tmp_path: Path) -> None:
    """Beyond 64 MiB the second verifier hashes by itself what it reads in pieces."""
    maker = RecordMaker(tmp_path / "long")
    start = START_US + 1_000_000
    maker.state("planned", "recording")
    maker.take("T01", start, ["mic"])
    maker.segment("T01", "mic", 1, start, 10_000_000, digests=2_100_001, closed="recovered")
    maker.end_take("T01", start + 10_000_000, "finish")
    maker.state("recording", "finished")
    maker.seal()
    maker.writer.close()
    program, trust = str(BUILD / "verify-cli.js"), ["--trust", SIGNER.key.text]
    assert run_node(program, str(tmp_path / "long"), *trust).returncode == 0
    with (tmp_path / "long/media/T01/mic/0001.mp4").open("r+b") as file:
        file.seek(64_000_000)
        file.write(b"x")
    found = json.loads(run_node(program, str(tmp_path / "long"), *trust).stdout)["findings"]
    assert [(item["code"], item["subject"]) for item in found] == [("file-altered", "media/T01/mic/0001.mp4")]


def difference(name: str, first: dict[str, Any], second: dict[str, Any]) -> str:
    """Where two reports differ."""
    only_first = [item for item in first["findings"] if item not in second["findings"]]
    only_second = [item for item in second["findings"] if item not in first["findings"]]
    verdicts = {key: (first[key], second[key]) for key in first if key != "findings" and first[key] != second[key]}
    return f"{name}: only Python {only_first}; only TypeScript {only_second}; verdicts {verdicts}"


def test_command_on_a_folder(tmp_path: Path) -> None:
    folder = make_record(tmp_path / "record")
    program = str(BUILD / "verify-cli.js")
    done = run_node(program, str(folder), "--trust", SIGNER.key.text)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["good"] is True
    assert verify(DirectoryRecord(folder), TRUST).good
    assert run_node(program, str(folder)).returncode == 1
    assert run_node(program, str(tmp_path / "nothing")).returncode == 66
    assert run_node(program).returncode == 64
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"7512", b"7513", 1))
    done = run_node(program, str(folder), "--trust", SIGNER.key.text)
    assert done.returncode == 1
    assert json.loads(done.stdout)["integrity"] == "altered"
