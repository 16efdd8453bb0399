"""Copies that the archive hands out: each is in the log before its first byte, verifies anywhere, and holds nothing that was in camera."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from storage.archive.copies import zipped
from storage.sender import Sender
from storage.uploader import upload_record
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, Court
from tests.storage.records import SOURCES, START_US, Builder
from tests.storage.test_closed import closed_record
from web.accounts import Role
from web.offline import NAME

TRUST = Trust.of(SIGNER.key, ARCHIVE_SIGNER.key)


def test_a_copy_is_logged_and_verifies_by_itself(served: Court, tmp_path: Path) -> None:
    record = served.record()
    upload_record(record.folder, served.settings)
    with served.browser() as http:
        said = http.get("/hearings/h1/copy.zip")
        assert (said.status_code, said.headers["content-type"]) == (200, "application/zip")
        assert 'filename="h1.zip"' in said.headers["content-disposition"]
        http.get("/hearings/h1/copy.zip")
    entries = served.logged("copied")
    assert len(entries) == 2, "each copy, also in the same session"
    assert set(entries[0]) == {"at", "subject", "type", "user_sha256"}, "no case and no person is named in public"
    with zipfile.ZipFile(io.BytesIO(said.content)) as copy:
        assert copy.testzip() is None
        copy.extractall(tmp_path)
    report = verify(DirectoryRecord(tmp_path / "h1"), TRUST)
    assert (report.good, report.completeness) == (True, "complete"), report.failures
    assert (tmp_path / NAME).is_file()
    assert (tmp_path / "receipts" / "0002.json").is_file()
    for path in ("media/T01/cam-judge/0002.mp4", "transcript/0001.json", "journal.jsonl", "checkpoints"):
        assert (tmp_path / "h1" / path).read_bytes() == (record.folder / path).read_bytes()


def test_what_was_not_received_is_not_copied(served: Court) -> None:
    record = served.record()
    with served.client() as client:
        Sender(record.folder, client).step()
    with served.browser() as http:
        assert http.get("/hearings/h1/copy.zip").json()["code"] == "not-verified"
        assert http.get("/hearings/h2/copy.zip").status_code == 404
    assert not served.logged("copied")


def test_while_something_later_comes_there_is_no_copy(served: Court) -> None:
    record = served.record()
    upload_record(record.folder, served.settings)
    record.add_revision("transcript", "transcript/0002.json", b"{}", number=2)
    record.draft_again()
    with served.browser() as http, served.client() as client:
        Sender(record.folder, client).step()
        said = http.get("/hearings/h1/copy.zip")
        assert (said.status_code, said.json()["code"]) == (409, "still-coming"), "its seal has no receipt"
        upload_record(record.folder, served.settings, client)
        assert http.get("/hearings/h1/copy.zip").status_code == 200
        (served.root / "archive/objects/records/h1/transcript/0002.json").unlink()
        said = http.get("/hearings/h1/copy.zip")
        assert (said.status_code, said.json()["code"]) == (409, "still-coming"), "a file is not there"
    assert len(served.logged("copied")) == 1


def test_between_a_chunk_and_its_checkpoint_there_is_no_copy(served: Court, tmp_path: Path) -> None:
    """What the chunk brought is signed by nothing that has come: a copy of it would not verify."""
    record = served.record()
    upload_record(record.folder, served.settings)
    record.certify()
    chunks = served.root / "archive/objects/records/h1/checkpoints.chunks"
    before = set(chunks.iterdir())
    with served.browser() as http, served.client() as client:
        Sender(record.folder, client).step()
        (came,) = set(chunks.iterdir()) - before
        came.rename(tmp_path / "later")
        said = http.get("/hearings/h1/copy.zip")
        assert (said.status_code, said.json()["code"]) == (409, "still-coming")
        assert "checkpoint" in said.json()["message"]
        (tmp_path / "later").rename(came)
        said = http.get("/hearings/h1/copy.zip")
    with zipfile.ZipFile(io.BytesIO(said.content)) as copy:
        copy.extractall(tmp_path / "copy")
    assert verify(DirectoryRecord(tmp_path / "copy/h1"), TRUST).good
    assert len(served.logged("copied")) == 1


@pytest.mark.parametrize("role", [Role.JUDGE, Role.ADMIN])
def test_nothing_of_a_part_in_camera_is_copied(served: Court, tmp_path: Path, role: Role) -> None:
    closed_record(served, "құпия")
    upload_record(served.settings.hearings / "h1", served.settings)
    with served.browser(role) as http:
        said = http.get("/hearings/h1/copy.zip")
    with zipfile.ZipFile(io.BytesIO(said.content)) as copy:
        assert not [name for name in copy.namelist() if name.endswith(".enc")]
        copy.extractall(tmp_path)
    report = verify(DirectoryRecord(tmp_path / "h1"), TRUST)
    assert (report.good, report.completeness) == (True, "redacted"), report.failures


def test_a_copy_has_what_a_reader_may_fetch_and_no_more(served: Court, tmp_path: Path) -> None:
    """A part in camera that an older box did not encrypt, and media of which the journal says nothing."""
    made = Builder(served.settings.hearings / "h1", "h1", SIGNER)
    made.open()
    made.start()
    for source in SOURCES:
        made.segment(source, 1, START_US)
    made.line("take_ended", take="T01", end_us=START_US + 2_000_000, reason="publicity")
    made.line("take_started", take="T02", publicity="closed", start_us=START_US + 2_000_000, sources=["mic-bench"])
    made.segment("mic-bench", 1, START_US + 2_000_000, take="T02", publicity="closed")
    made.end(START_US + 4_000_000, "T02")
    made.seal()
    paths = [f"media/{take}/mic-bench/0001.mp4" for take in ("T01", "T02", "T09")]
    closed = (made.folder / paths[1]).read_bytes()
    served.archive.put(served.device, "h1", paths[1], [closed], hashlib.sha256(closed).digest())
    upload_record(made.folder, served.settings)
    served.archive.put(served.device, "h1", paths[2], [b"x"], hashlib.sha256(b"x").digest())
    with served.browser(Role.SECRETARY) as http:
        assert [http.get(f"/hearings/h1/files/{path}").status_code for path in paths] == [200, 403, 403]
        said = http.get("/hearings/h1/copy.zip")
    with zipfile.ZipFile(io.BytesIO(said.content)) as copy:
        assert [f"h1/{path}" in copy.namelist() for path in paths] == [True, False, False]
        copy.extractall(tmp_path)
    report = verify(DirectoryRecord(tmp_path / "h1"), TRUST)
    assert (report.good, report.completeness) == (True, "redacted"), report.failures


def test_a_zip_grows_as_it_is_read() -> None:
    pieces = zipped([("a/b", (bytes([number]) * 1000 for number in range(100))), ("empty", [])])
    assert len(next(pieces)) < 1200
    whole = b"".join(zipped([("a/b", [b"x" * 1000, b"y"]), ("empty", [])]))
    with zipfile.ZipFile(io.BytesIO(whole)) as made:
        assert (made.namelist(), made.read("a/b"), made.testzip()) == (["a/b", "empty"], b"x" * 1000 + b"y", None)
