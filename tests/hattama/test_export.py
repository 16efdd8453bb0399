from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import golden
from tests.support.command import hattama
from tests.support.records import SIGNER, files_of, make_record
from web.pages import STATIC

PAGE = STATIC / "build" / "verify.html"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the front end is not built: npm run --prefix web/ui build")


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return make_record(tmp_path / "record")


def test_the_copy_is_whole_verified_and_carries_the_verifier(record: Path, tmp_path: Path) -> None:
    assert hattama("device", "trust", "add", SIGNER.key.text).status == 0
    said = hattama("export", str(record), str(tmp_path / "stick"))
    assert said.status == 0, said
    assert "TRUSTED" in said.out
    assert files_of(tmp_path / "stick" / "record") == files_of(record)
    assert (tmp_path / "stick" / "verify.html").read_bytes() == PAGE.read_bytes()
    again = hattama("export", str(record), str(tmp_path / "stick"))
    assert again.status == 64
    assert "is there already" in again.err


def test_a_verifier_of_another_version_stays(record: Path, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "verify.html").write_text("older")
    assert hattama("export", str(record), str(tmp_path / "stick")).status == 16 + 4
    assert (tmp_path / "stick" / "verify.html").read_text() == "older"
    assert (tmp_path / "stick" / "verify-2.html").read_bytes() == PAGE.read_bytes()


def test_a_broken_record_is_copied_and_called_broken(record: Path, tmp_path: Path) -> None:
    segment = next(record.glob("media/*/*/0001.mp4"))
    segment.write_bytes(b"x" + segment.read_bytes()[1:])
    said = hattama("export", str(record), str(tmp_path / "stick"))
    assert said.status == 16 + 1 + 4
    assert "file-altered" in said.out


def test_what_is_no_record_folder(tmp_path: Path) -> None:
    assert hattama("export", str(tmp_path / "nothing"), str(tmp_path / "stick")).status == 66


def test_a_copy_without_what_was_said_in_camera_verifies_as_redacted(tmp_path: Path) -> None:
    golden.encrypted(tmp_path / "closed")
    hattama("device", "trust", "add", golden.BOX.key.text)
    said = hattama("export", "--without-closed", str(tmp_path / "closed"), str(tmp_path / "stick"))
    assert said.status == 0, said.out
    assert "REDACTED" in said.out
    assert "INTACT" in said.out
    copy = tmp_path / "stick" / "closed"
    assert not list(copy.rglob("*.enc"))
    assert b'"sealed"' not in (copy / "journal.jsonl").read_bytes()
