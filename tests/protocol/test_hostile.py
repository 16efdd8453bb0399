"""Records made to hurt the verifier: it neither raises, nor hangs, nor says less than it found."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from protocol.encoding import b64, utc_us
from protocol.errors import BadEncoding
from protocol.merkle import leaf_hash
from protocol.note import Ed25519Signer
from protocol.receipt import BadReceipt, Receipt
from protocol.record import DirectoryRecord, MemoryRecord, UnreadableRecord
from protocol.verification import Trust, verify
from tests.support.forgery import Lines, forge
from tests.support.records import SIGNER, files_of, make_record

TRUST = Trust.of(SIGNER.key)
FAR = 2**53 - 1


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return files_of(make_record(tmp_path_factory.mktemp("records") / "good"))


def far_number(rows: Lines) -> None:
    """The last segment of a track says that it is one of very many."""
    row = next(
        row for row in rows if row["type"] == "segment" and row["data"]["path"] == "media/T01/mic-judge/0002.mp4"
    )
    row["data"] |= {"number": FAR, "path": f"media/T01/mic-judge/{FAR}.mp4"}


def test_a_segment_number_out_of_reach_is_one_finding(good: dict[str, bytes]) -> None:
    found = verify(MemoryRecord(forge(good, SIGNER, lines=far_number)), TRUST).failures
    missing = [item for item in found if item.code == "segment-missing"]
    assert [(item.subject, item.detail) for item in missing] == [
        ("media/T01/mic-judge/0002.mp4", f"{FAR - 2} missing from here")
    ]


def two_holes(rows: Lines) -> Lines:
    """A gap line with an interval for each of two sources, and one source with two holes that nothing explains."""
    for row in rows:
        data = row["data"]
        if row["type"] == "gap":
            first = data["intervals"][0]
            data["intervals"].append({**first, "source": "mic-judge"})
        if row["type"] == "segment" and data["take"] == "T01" and data["source"] == "mic-judge":
            data["start_us"] += 1_000_000
    return rows


def test_each_gap_and_each_hole_is_listed(good: dict[str, bytes]) -> None:
    report = verify(MemoryRecord(forge(good, SIGNER, lines=two_holes)), TRUST)
    gaps = [item.detail.partition(":")[0] for item in report.findings if item.code == "gap"]
    assert gaps == ["mic-plaintiff", "mic-judge"]
    holes = [item for item in report.failures if item.code == "unexplained-gap"]
    assert [item.subject for item in holes] == ["media/T01/mic-judge"] * 2


@pytest.mark.parametrize("checkpoint", [5, None, [], {"a": 1}], ids=repr)
@pytest.mark.parametrize("key", ["checkpoint", "hearing", "entry", "archive", "index", "proof"])
def test_a_receipt_of_wrong_kinds_is_bad_and_does_not_raise(
    good: dict[str, bytes], key: str, checkpoint: object
) -> None:
    archive = Ed25519Signer("archive.court.test", b"a" * 32)
    entry = {
        "hearing": "h", "journal_root": b64(leaf_hash(b"")), "journal_size": 1, "origin": "o",
        "received_at": "2026-11-22T00:00:00.000Z", "seal_number": 1, "type": "received",
    }  # fmt: skip
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    value: dict[str, object] = {
        "archive": archive.key.text, "checkpoint": "", "entry": text, "format": "hattama-receipt/1",
        "hearing": "h", "index": 0, "proof": [],
    }  # fmt: skip
    value[key] = checkpoint
    data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    report = verify(MemoryRecord({**good, "receipt.json": data}), Trust.of(SIGNER.key, archive.key))
    assert "bad-receipt" in {item.code for item in report.failures}
    if key == "checkpoint":
        with pytest.raises(BadReceipt):
            Receipt.from_bytes(data)


def test_digits_of_other_scripts_are_no_time() -> None:
    with pytest.raises(BadEncoding):
        utc_us("٢٠٢٦-11-22T00:00:00.000Z")


@pytest.mark.timeout(20)
def test_a_pipe_in_a_record_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = make_record(tmp_path / "r")
    segment = folder / "media" / "T01" / "mic-judge" / "0001.mp4"
    segment.unlink()
    os.mkfifo(segment)
    with pytest.raises(UnreadableRecord):
        DirectoryRecord(folder).read("media/T01/mic-judge/0001.mp4")
    report = verify(DirectoryRecord(folder), TRUST)
    assert {"media/T01/mic-judge/0001.mp4"} <= {item.subject for item in report.failures}
