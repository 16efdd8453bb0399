"""The archive over its life: restarts, a lost catalogue, a killed uploader."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from storage.archive.catalogue import Catalogue
from storage.archive.rebuild import rebuild
from storage.archive.service import Archive
from storage.errors import NotEnrolled
from storage.folder_store import FolderStore
from storage.uploader import run, upload_record
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, Court, open_court
from tests.storage.records import files_of
from tests.storage.servers import process, serve, wait_for
from tests.support.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
UPLOAD = """
import sys
from pathlib import Path
from device_config.settings import ArchiveSettings, Settings
from storage.uploader import run, upload_record
folder, state_dir, url, token = sys.argv[1:]
upload_record(Path(folder), Settings(state_dir=Path(state_dir), archive=ArchiveSettings(url=url, token=token)))
"""


def test_a_restart_changes_nothing(court: Court) -> None:
    with serve(court.app) as url:
        court.url = url
        first = upload_record(court.record().folder, court.settings)
    court.archive.close()
    court.open()
    with serve(court.app) as url:
        court.url = url
        folder = court.settings.hearings / "h1"
        assert upload_record(folder, court.settings).text == first.text
        before = court.archive.log.size
        assert upload_record(court.record("h2").folder, court.settings).index > before
        assert [item.hearing for item in court.archive.search()] == ["h1", "h2"]


def test_a_crash_between_log_and_receipt_is_made_good(any_court: Court) -> None:
    record = any_court.record()
    first = upload_record(record.folder, any_court.settings)
    objects = any_court.root / "archive" / "objects"
    (objects / "receipts/h1/0002.json").unlink()
    (objects / "records/h1/receipt.json").unlink()
    assert upload_record(record.folder, any_court.settings).text == first.text
    assert (objects / "receipts/h1/0002.json").read_bytes() == first.text
    assert (objects / "records/h1/receipt.json").read_bytes() == first.text
    assert len(any_court.logged("received")) == 1


def test_the_catalogue_is_made_again_from_the_objects(any_court: Court) -> None:
    for hearing in ("h1", "h2"):
        upload_record(any_court.record(hearing).folder, any_court.settings)
    old = any_court.archive
    new = Archive(FolderStore(any_court.root / "archive" / "objects"), old.log, Catalogue())
    assert rebuild(new) == 2
    assert new.search() == old.search()
    for hearing in ("h1", "h2"):
        assert new.catalogue.stored(hearing) == old.catalogue.stored(hearing)
        assert new.catalogue.receipts(hearing) == old.catalogue.receipts(hearing)
        assert new.catalogue.owner(hearing) == SIGNER.key.text
    assert new.device("t" * 43) == old.device("t" * 43)
    with pytest.raises(NotEnrolled):
        new.device("x" * 43)
    new.catalogue.close()


@pytest.mark.postgres
def test_two_processes_of_one_archive(postgres: Postgres, tmp_path: Path) -> None:
    """They share database and objects, and keep nothing of their own: a box may talk to either."""
    url = postgres.new_database()
    with open_court(tmp_path, database=url) as first:
        second = Court(tmp_path, first.accounts, database=url)
        with serve(first.app) as one, serve(second.app) as two:
            record = first.record(drafted=False)
            first.url = one
            upload_record(record.folder, first.settings)
            record.draft()
            (record.folder / "receipt.json").unlink()
            first.url = two
            receipt = upload_record(record.folder, first.settings)
            with first.client() as client:
                assert client.held("h1") == first.archive.held(first.device, "h1")
            assert first.archive.receipt(first.device, "h1") == second.archive.receipt(first.device, "h1")
            assert first.archive.search() == second.archive.search()
            assert len(second.logged("received")) == 2
            assert first.archive.log.entries(receipt.index, 1) == second.archive.log.entries()[-1:]
        second.archive.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 1),
        ("МЕДЕУСКИЙ", 1),
        ("взыскании судья", 1),
        ("әлия", 1),
        ("1234", 1),
        ("верховный", 0),
        ("%", 0),
        ("_", 0),
        ("1234 верховный", 0),
    ],
)
def test_search(any_court: Court, text: str, found: int) -> None:
    upload_record(any_court.record().folder, any_court.settings)
    assert len(any_court.archive.search(text)) == found
    assert any_court.archive.search(text, offset=1) == []


class Slow:
    """An archive that holds every upload after the first few until it is let go: the moment to kill the sender."""

    def __init__(self, app: object, free: int) -> None:
        self.app, self.left = app, free
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.answered: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["method"] == "PUT":
                self.answered.append(message["status"])
                self.left -= 1
                if self.left < 0 and not self.go_on.is_set():
                    self.reached.set()
                    return  # stored, but the sender never hears of it
            await send(message)

        assert callable(self.app)
        await self.app(scope, receive, noted)


@pytest.mark.parametrize("free", [0, 1, 4, 9])
def test_a_killed_uploader_goes_on_and_everything_is_there_once(court: Court, free: int) -> None:
    record = court.record()
    slow = Slow(court.app, free)
    with serve(slow) as url:
        court.url = url
        arguments = (record.folder, court.settings.state_dir, url, "t" * 43)
        with process("-c", UPLOAD, *arguments, cwd=ROOT) as child:
            wait_for(slow.reached.is_set)
            child.send_signal(signal.SIGKILL)
            child.wait()
        slow.go_on.set()
        with process("-c", UPLOAD, *arguments, cwd=ROOT) as child:
            assert child.wait(120) == 0, child.stderr.read() if child.stderr else ""
    assert (record.folder / "receipt.json").exists()
    there = court.root / "archive" / "objects" / "records" / "h1"
    report = verify(DirectoryRecord(there), Trust.of(SIGNER.key, ARCHIVE_SIGNER.key))
    assert report.good, report.findings
    assert 409 not in slow.answered
    # Each object once: as many as were created, and what is on disk is what the catalogue lists.
    on_disk = {path.relative_to(there).as_posix() for path in files_of(there)} - {"receipt.json"}
    assert slow.answered.count(201) == len(on_disk)
    assert set(court.archive.catalogue.stored("h1")) == on_disk
    joined = b"".join(path.read_bytes() for path in sorted((there / "journal.chunks").iterdir()))
    assert joined == (record.folder / "journal.jsonl").read_bytes()


def test_the_uploader_runs_until_it_is_told_to_stop(served: Court) -> None:
    record = served.record()
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(served.settings,), kwargs={"stop": stop})
    thread.start()
    wait_for((record.folder / "receipt.json").exists)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
