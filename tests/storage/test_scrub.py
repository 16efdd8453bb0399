"""Scrub: what an operator or a disk did to the archive is found, with the record, the file and the time; within a budget, in turns."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from storage.archive.scrub import Scrub, ScrubFinding
from storage.sender import Sender
from storage.uploader import upload_record
from tests.storage.conftest import Court

SOUND = "media/T01/mic-bench/0001.mp4"


@pytest.fixture
def kept(served: Court) -> Court:
    """An archive that holds one received record."""
    upload_record(served.record().folder, served.settings)
    return served


def objects(court: Court) -> Path:
    return court.root / "archive" / "objects"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def found(court: Court) -> list[ScrubFinding]:
    return Scrub(court.archive).run().findings


def test_a_good_archive_has_no_findings(kept: Court) -> None:
    report = Scrub(kept.archive).run()
    assert (report.hearings, report.findings) == (1, [])
    assert report.bytes > 100_000


def test_each_harm_is_found_and_told_with_its_time(kept: Court) -> None:
    now = [1_800_000_000.0]
    assert Scrub(kept.archive, lambda: now[0]).run().findings == []
    flip(objects(kept) / "records/h1" / SOUND)
    now[0] += 86_400
    findings = Scrub(kept.archive, lambda: now[0]).run().findings
    assert {item.path for item in findings} >= {SOUND}
    assert {(item.hearing, item.found_at, item.good_at) for item in findings} == {
        ("h1", "2027-01-16T08:00:00.000Z", "2027-01-15T08:00:00.000Z")
    }
    shown = kept.archive.summary("h1")
    assert shown is not None
    assert not shown.good  # the list of hearings says so, too


def test_missing_files_and_receipts(kept: Court) -> None:
    root = objects(kept)
    (root / "records/h1" / SOUND).unlink()
    flip(root / "receipts/h1/0002.json")
    codes = {(item.code, item.path) for item in found(kept)}
    assert ("object-missing", SOUND) in codes
    assert ("receipt-altered", "receipts/h1/0002.json") in codes
    (root / "receipts/h1/0002.json").unlink()
    assert "is gone" in {item.detail for item in found(kept)}


def test_a_journal_that_cannot_be_read(kept: Court) -> None:
    chunk = objects(kept) / "records/h1/journal.chunks/000001"
    chunk.write_bytes(b"\xff" * chunk.stat().st_size)
    assert found(kept)


def test_a_record_that_vanished_with_its_catalogue(kept: Court) -> None:
    shutil.rmtree(objects(kept) / "records/h1")
    assert {item.code for item in found(kept)} >= {"object-missing"}
    with kept.archive.catalogue.database.begin() as db:
        db.exec_driver_sql("DELETE FROM hearing")
    gone = found(kept)
    assert [(item.code, item.hearing) for item in gone] == [("record-gone", "h1")]
    assert gone[0].good_at  # when the log received it


def test_sound_that_was_never_sound(served: Court) -> None:
    record = served.record(drafted=False)
    path = record.folder / "media/T01/mic-bench/0001.mp4"
    with served.client() as client:
        Sender(record.folder, client).step()
    assert found(served) == []
    stored = objects(served) / "records/h1" / SOUND
    stored.write_bytes(stored.read_bytes()[: path.stat().st_size // 2])
    assert "not-playable" in {item.code for item in found(served)} or {item.path for item in found(served)} >= {SOUND}


def test_a_budget_is_kept_in_turns(served: Court) -> None:
    for hearing in ("h1", "h2", "h3"):
        upload_record(served.record(hearing).folder, served.settings)
    now = [1_800_000_000.0]

    def run() -> list[str]:
        now[0] += 60
        before = {name: us for name, _, us in served.archive.catalogue.to_scrub()}
        assert Scrub(served.archive, lambda: now[0]).run(max_bytes=1).hearings == 1
        return [name for name, _, us in served.archive.catalogue.to_scrub() if us != before[name]]

    assert [run(), run(), run(), run()] == [["h1"], ["h2"], ["h3"], ["h1"]]
    assert Scrub(served.archive, lambda: now[0]).run(max_s=0).hearings == 3  # a clock that stands still uses nothing up
