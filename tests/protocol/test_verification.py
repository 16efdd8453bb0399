"""Verification: good records are good, and each broken one fails with its own code, step and subject."""

from __future__ import annotations

from pathlib import Path

import pytest
from nacl.public import PrivateKey

from protocol import closed, durable
from protocol.journal import Line, read_journal, split_lines
from protocol.record import DirectoryRecord, MemoryRecord
from protocol.redaction import redact
from protocol.verification import CODES, Severity, Trust, verify
from tests.support.mutations import CASES, Case
from tests.support.records import OTHER_SIGNER, SIGNER, START_US, RecordMaker, digest, files_of, make_record

TRUST = Trust.of(SIGNER.key)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return files_of(make_record(tmp_path_factory.mktemp("records") / "good"))


def test_good_record(good: dict[str, bytes]) -> None:
    report = verify(MemoryRecord(good), TRUST)
    assert (report.integrity, report.completeness, report.provenance) == ("intact", "complete-with-gaps", "trusted")
    assert report.good
    assert [item.code for item in report.findings] == ["gap"]


def test_good_record_of_unknown_box(good: dict[str, bytes]) -> None:
    report = verify(MemoryRecord(good), Trust.of(OTHER_SIGNER.key))
    assert (report.integrity, report.provenance, report.good) == ("intact", "unlisted-key", False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_must_fail(case: Case, good: dict[str, bytes]) -> None:
    broken = case.apply(dict(good), SIGNER)
    assert broken != good
    report = verify(MemoryRecord(broken), TRUST)
    found = [item for item in report.failures if item.code == case.code]
    assert found, [f"{item.code} {item.subject} {item.detail}" for item in report.findings]
    expected = case.subject(good)
    assert expected is None or expected in [item.subject for item in found]
    assert not report.good
    question = report.to_json()[str(CODES[case.code][0])]
    assert not question["good"]


def test_enough_codes_are_reached() -> None:
    reached = {case.code for case in CASES}
    notes = {
        "torn-tail",
        "torn-checkpoint",
        "withheld-line",
        "withheld-entry",
        "withheld-hole",
        "gap",
        "receipt-unchecked",
        "timestamp-unchecked",
    }
    assert reached == set(CODES) - notes
    assert len(reached) >= 25


def test_redacted_copy_verifies_and_says_so(good: dict[str, bytes]) -> None:
    path = "media/T01/mic-plaintiff/0001.mp4"
    copy = redact(MemoryRecord(good), lines=[2, 3], paths=[path])
    assert path not in copy
    report = verify(MemoryRecord(copy), TRUST)
    assert (report.integrity, report.completeness, report.provenance) == ("intact", "redacted", "trusted")
    assert [item.subject for item in report.findings if item.code == "withheld-line"] == [
        "journal.jsonl#2",
        "journal.jsonl#3",
    ]
    assert b"7512-26-00-2/1234" not in copy["journal.jsonl"]


def test_withheld_line_cannot_be_replaced(good: dict[str, bytes]) -> None:
    copy = redact(MemoryRecord(good), lines=[2])
    other = redact(MemoryRecord(good), lines=[3])
    lines = copy["journal.jsonl"].split(b"\n")
    lines[2] = other["journal.jsonl"].split(b"\n")[3]
    report = verify(MemoryRecord({**copy, "journal.jsonl": b"\n".join(lines)}), TRUST)
    assert "root-mismatch" in {item.code for item in report.failures}


def test_chunks_are_the_file(good: dict[str, bytes]) -> None:
    from protocol.checkpoint import split_notes

    lines, _ = split_lines(good["journal.jsonl"])
    notes, _ = split_notes(good["checkpoints"])
    half = int(notes[len(notes) // 2].split(b"\n")[1])
    chunked = {path: data for path, data in good.items() if path not in ("journal.jsonl", "checkpoints")}
    chunked["journal.chunks/000001"] = b"".join(line + b"\n" for line in lines[:half])
    chunked["journal.chunks/000002"] = b"".join(line + b"\n" for line in lines[half:])
    chunked["checkpoints.chunks/000001"] = b"".join(note + b"\n" for note in notes[:3])
    chunked["checkpoints.chunks/000002"] = b"".join(note + b"\n" for note in notes[3:])
    report = verify(MemoryRecord(chunked), TRUST)
    assert report.good, report.findings
    wrong = dict(chunked)
    wrong["journal.chunks/000001"] = chunked["journal.chunks/000001"] + lines[half] + b"\n"
    wrong["journal.chunks/000002"] = b"".join(line + b"\n" for line in lines[half + 1 :])
    codes = {item.code for item in verify(MemoryRecord(wrong), TRUST).failures}
    sizes = {int(note.split(b"\n")[1]) for note in notes}
    assert ("bad-chunk" in codes) == (half + 1 not in sizes)


def test_torn_tails_are_notes(good: dict[str, bytes]) -> None:
    torn = dict(good)
    torn["journal.jsonl"] += b'{"at":"20'
    torn["checkpoints"] += b"box-7"
    report = verify(MemoryRecord(torn), TRUST)
    assert report.good
    assert {"torn-tail", "torn-checkpoint"} <= {item.code for item in report.findings if item.severity is Severity.NOTE}


def test_record_in_a_folder(tmp_path: Path) -> None:
    folder = make_record(tmp_path / "r")
    assert verify(DirectoryRecord(folder), TRUST).good
    (folder / "media" / "link.mp4").symlink_to("/etc/passwd")
    assert "unlisted-file" in {item.code for item in verify(DirectoryRecord(folder), TRUST).failures}


def test_garbage_never_raises(good: dict[str, bytes]) -> None:
    for name in ("journal.jsonl", "checkpoints", "manifest-0001.json"):
        for content in (
            b"",
            b"\n",
            b"{}\n",
            b"\xff\xfe\n",
            b"[1]\n" * 3,
            b'{"withheld":1}\n',
            bytes(100),
            b'{"entries":[1]}',
        ):
            assert not verify(MemoryRecord({**good, name: content}), TRUST).good


def test_every_bit_of_journal_and_checkpoints_counts(good: dict[str, bytes]) -> None:
    """Every 97th bit of the signed texts, flipped in turn, is found."""
    for name in ("journal.jsonl", "checkpoints", "manifest-0001.json"):
        data = good[name]
        for bit in range(0, len(data) * 8, 977):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            assert not verify(MemoryRecord({**good, name: bytes(changed)}), TRUST).good, (name, bit)


def closed_record(folder: Path) -> tuple[dict[str, bytes], bytes, bytes]:
    """A record with a closed take: an encrypted segment and a sealed remark. Its files, the take's key, the archive's key."""
    key, archive = bytes(range(32)), PrivateKey(b"\1" * 32)
    maker = RecordMaker(folder)
    start, path = START_US + 1_000_000, "media/T01/mic-judge/0001.mp4.enc"
    maker.line("key", key="K01", take="T01", wrapped=closed.wrap_key(key, {"archive": bytes(archive.public_key)}))
    maker.state("planned", "recording")
    maker.line("take_started", take="T01", publicity="closed", start_us=start, sources=["mic-judge"])
    encryptor = closed.StreamEncryptor(key, path)
    cipher = encryptor.head + b"".join(encryptor.chunk(b"fragment" * 50, final=number == 39) for number in range(40))
    durable.write_once(folder / path, cipher)
    facts = {"bytes": len(cipher), "sha256": digest(cipher), "publicity": "closed", "closed": "stop"}
    plain = {"key": "K01", "plain_bytes": encryptor.plain_bytes, "plain_sha256": encryptor.plain_sha256}
    segment = {"path": path, "take": "T01", "source": "mic-judge", "number": 1, "start_us": start, "media": "audio"}
    media = {"end_us": start + 10_000_000, "codec": "flac", "rate": 48_000, "units": 480_000, "fragments": 40}
    maker.line("segment", **segment, **media, **facts, **plain, peak_cdb=None, rms_cdb=None)
    remark = {"text": "Тайна усыновления", "at_us": start, "by": "secretary"}
    seq = maker.writer.size
    maker.line("remark", **closed.seal_line_data(remark, key, "K01", line_type="remark", seq=seq, salt=bytes(16)))
    maker.end_take("T01", start + 10_000_000, "finish")
    maker.state("recording", "finished")
    maker.seal()
    maker.writer.close()
    return files_of(folder), key, bytes(archive)


def test_closed_take(tmp_path: Path) -> None:
    files, key, archive = closed_record(tmp_path / "r")
    path = "media/T01/mic-judge/0001.mp4.enc"
    report = verify(MemoryRecord(files), TRUST)
    assert report.good, report.findings
    assert "Тайна" not in files["journal.jsonl"].decode()
    lines, _ = read_journal(files["journal.jsonl"])
    wrapped = next(line for line in lines if isinstance(line, Line) and line.type == "key")
    assert closed.unwrap_key(wrapped.data["wrapped"], archive) == key
    sealed = next(line for line in lines if isinstance(line, Line) and line.type == "remark")
    text = closed.open_line_data(sealed.data, key, line_type="remark", seq=sealed.seq)["text"]
    assert text == "Тайна усыновления"
    opened = closed.open_file(files[path], key, path)
    assert (opened.final, len(opened.plain)) == (True, 40 * 400)
    copy = redact(MemoryRecord(files), paths=[path])
    assert verify(MemoryRecord(copy), TRUST).completeness == "redacted"
    cut = verify(MemoryRecord({**files, path: files[path][:-421]}), TRUST)
    assert {"file-size"} <= {item.code for item in cut.failures}
    assert not closed.open_file(files[path][:-421], key, path).final


def test_closed_container_is_checked_without_the_key(good: dict[str, bytes]) -> None:
    cipher, encryptor = closed.encrypt_file(b"x" * 200_000, b"k" * 32, "media/T01/mic/0001.mp4.enc")
    frame = closed.split_frame(cipher)
    assert len(frame.chunks) == 4
    assert encryptor.plain_bytes == 200_000
    assert closed.split_frame(cipher[:-5]).torn
