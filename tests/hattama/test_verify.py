from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from protocol.journal import split_lines
from tests.support.command import hattama
from tests.support.golden import AUTHORITY, GOOD
from tests.support.records import OTHER_SIGNER, SIGNER, make_record


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return make_record(tmp_path / "record")


def _flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:40] + bytes([data[40] ^ 1]) + data[41:])


def test_a_good_record_of_a_trusted_box(record: Path, tmp_path: Path) -> None:
    key = tmp_path / "box.vkey"
    key.write_text(SIGNER.key.text + "\n")
    for trust in (str(key), SIGNER.key.text):
        said = hattama("verify", str(record), "--trust", trust)
        assert said.status == 0, said
        verdicts = [line.split()[:2] for line in said.out.splitlines() if line.startswith(("integrity", "completeness", "provenance"))]
        assert verdicts == [["integrity", "INTACT"], ["completeness", "COMPLETE-WITH-GAPS"], ["provenance", "TRUSTED"]]


def test_trust_added_once_counts_afterwards(record: Path) -> None:
    assert hattama("verify", str(record)).status == 16 + 4
    assert hattama("device", "trust", "add", SIGNER.key.text).status == 0
    assert hattama("verify", str(record)).status == 0


def test_each_question_has_its_own_exit_status(record: Path) -> None:
    _flip(next(record.glob("media/*/*/0001.mp4")))
    said = hattama("verify", str(record), "--trust", SIGNER.key.text)
    assert said.status == 16 + 1
    assert "step 6  FAILED  file-altered  media/" in said.out
    next(record.glob("protocol/*.json")).unlink()
    said = hattama("verify", str(record), "--trust", SIGNER.key.text)
    assert said.status == 16 + 1 + 2
    assert "file-missing  protocol/" in said.out
    assert hattama("verify", str(record), "--trust", OTHER_SIGNER.key.text).status == 16 + 1 + 2 + 4


def test_json_has_the_three_answers(record: Path) -> None:
    said = hattama("verify", str(record), "--json")
    value = json.loads(said.out)
    assert said.status == 20
    assert value["integrity"] == {"findings": [], "good": True, "verdict": "intact"}
    assert [item["code"] for item in value["completeness"]["findings"]] == ["gap"]
    assert [item["code"] for item in value["provenance"]["findings"]] == ["unlisted-key"]
    assert value["provenance"]["findings"][0]["step"] == 8


def test_what_is_no_record(tmp_path: Path) -> None:
    assert hattama("verify", str(tmp_path / "none")).status == 66
    said = hattama("verify", str(tmp_path))
    assert said.status > 16
    assert "no-journal" in said.out


def test_a_key_that_is_none_is_told(record: Path) -> None:
    said = hattama("verify", str(record), "--trust", "no-such-key")
    assert said.status == 78
    assert said.err.startswith("error[trust-unusable]: no-such-key: ")


@pytest.mark.parametrize("number", [b'"number":"x",', b""])
def test_a_seal_that_has_no_number_is_told_with_its_time_stamp(number: bytes, tmp_path: Path) -> None:
    record = shutil.copytree(GOOD / "stamped", tmp_path / "record")
    lines, _ = split_lines((record / "journal.jsonl").read_bytes())
    assert b'"number":1,' in lines[10]
    lines[10] = lines[10].replace(b'"number":1,', number)
    (record / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    said = hattama("verify", str(record), "--authorities", str(AUTHORITY))
    assert said.status > 16, said
    assert "step 2  FAILED" in said.out
    assert "time stamp    FAILED  timestamps/0001.tst" in said.out
    assert "seal 2: time stamped at" in said.out
