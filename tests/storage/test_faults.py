"""What goes wrong around the storage itself: crashes between two stores, long outages, answers that lie, slow senders."""

from __future__ import annotations

import hashlib
import socket
import sqlite3
import stat
from contextlib import closing

import httpx2
import pytest

from protocol.encoding import b64
from protocol.transcript import Transcript
from protocol.view import HearingView
from storage.archive.app import create_app
from storage.archive.box_api import Pace
from storage.archive.catalogue import Catalogue
from storage.archive.service import Archive
from storage.client import ArchiveClient
from storage.database import Database
from storage.errors import Diverged, NotVerified
from storage.sender import Progress, Sender
from storage.uploader import Uploader, upload_record
from tests.storage.conftest import TOKEN, Court
from tests.storage.servers import serve


class Killed(BaseException):
    """Stands for the end of the process."""


class Dying(Catalogue):
    """A catalogue whose process is killed where it would write a hearing's row."""

    def upsert(self, name: str, view: HearingView, transcript: Transcript | None = None) -> None:
        raise Killed(name, view, transcript)


def test_an_archive_that_is_away_for_days_does_not_end_the_uploader(court: Court) -> None:
    court.record()
    clock = [0.0]

    def away(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody listens")

    client = ArchiveClient("http://archive.test", TOKEN, httpx2.MockTransport(away))
    uploader = Uploader(court.settings, client, clock=lambda: clock[0])
    for _ in range(1100):  # 18 hours at a minute each
        uploader.tick()
        clock[0] += 100
    uploader.close()


def test_what_the_archive_stored_and_did_not_note_before_it_was_killed_is_not_forgotten(served: Court) -> None:
    record = served.record(drafted=False)
    with served.client() as client:
        Sender(record.folder, client).step()
        chunk = "journal.chunks/000001"
        # As after kill -9 between the object and its note.
        with closing(sqlite3.connect(served.root / "archive" / "catalogue.sqlite")) as database:
            database.execute("DELETE FROM stored WHERE path = ?", (chunk,))
            database.commit()
        record.draft()  # the journal grew: the chunk would be cut elsewhere now
        assert Sender(record.folder, client).step() is Progress.SENT
        assert chunk in client.held("h1")


def test_a_kill_before_the_row_is_written_leaves_it_to_be_written_again(served: Court) -> None:
    record = served.record(drafted=False)
    upload_record(record.folder, served.settings)
    assert served.archive.search()[0].state == "finished"
    record.draft()
    with served.client() as client:
        Sender(record.folder, client).step()
    dying = Archive(served.archive.store, served.archive.log, Dying(Database.at(served.root / "archive" / "catalogue.sqlite")))
    with pytest.raises(Killed):
        dying.search()
    dying.catalogue.close()
    assert served.archive.search()[0].state == "drafted"
    assert served.archive.catalogue.dirty() == []


@pytest.mark.parametrize("path", ["journal.chunks/abcdef", "journal.chunks/1", "journal.chunks/٠٠٠٠٠١"])
def test_a_list_of_files_that_lies_stops_one_record_only(court: Court, path: str) -> None:
    record = court.record()
    answer = httpx2.MockTransport(lambda _request: httpx2.Response(200, json={path: b64(bytes(32))}))
    with ArchiveClient("http://archive.test", TOKEN, answer) as client, pytest.raises(Diverged):
        Sender(record.folder, client).step()


@pytest.mark.parametrize("report", [[1], "a text", 7])
def test_a_refusal_with_a_report_of_another_form_is_still_a_refusal(report: object) -> None:
    body = {"code": "not-verified", "message": "no", "report": report}
    answer = httpx2.MockTransport(lambda _request: httpx2.Response(422, json=body))
    with ArchiveClient("http://archive.test", TOKEN, answer) as client, pytest.raises(NotVerified):
        client.receipt("h1")


def test_a_body_that_trickles_is_given_up(court: Court) -> None:
    app = create_app(court.settings, archive=court.archive, accounts=court.accounts, pace=Pace(0.3, 1000))
    digest = b64(hashlib.sha256(b"x" * 100_000).digest())
    head = (
        "PUT /api/v1/records/h1/files/manifest-0001.json HTTP/1.1\r\nHost: archive\r\nContent-Length: 100000\r\n"
        f"Authorization: Bearer {TOKEN}\r\nRepr-Digest: sha-256=:{digest}:\r\n\r\n"
    )
    said = b""
    with serve(app) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as sock:
            sock.sendall(head.encode())
            sock.settimeout(0.1)
            for _ in range(100):  # a byte each tenth of a second: never a stall, never an end
                sock.sendall(b"x")
                try:
                    said = sock.recv(65536)
                    break
                except TimeoutError:
                    continue
    assert said.startswith(b"HTTP/1.1 408")
    assert not (court.root / "archive" / "objects" / "records").exists()


def test_a_list_of_what_is_done_that_cannot_be_used_keeps_no_record_here(served: Court) -> None:
    """A full disk, or a damaged file: what is needed most then is that the records leave the box."""
    records = [served.record("h1"), served.record("h2")]
    uploader = Uploader(served.settings)
    with closing(sqlite3.connect(served.settings.state_dir / "uploader.sqlite")) as database:
        database.execute("DROP TABLE done")
    uploader.tick()
    uploader.close()
    assert all((record.folder / "receipt.json").exists() for record in records)


def test_databases_are_their_owners(served: Court) -> None:
    upload_record(served.record().folder, served.settings)
    Uploader(served.settings).close()
    found = sorted(served.root.rglob("*.sqlite*"))
    assert {path.name for path in found} >= {"accounts.sqlite", "catalogue.sqlite", "log.sqlite", "uploader.sqlite"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
