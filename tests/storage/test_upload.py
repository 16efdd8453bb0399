"""Records over a real HTTP server: everything once, nothing overwritten, nothing believed."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import httpx2
import pytest
import structlog

from protocol.encoding import b64
from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from storage import receipt
from storage.chunks import Tail
from storage.errors import Diverged, FileAltered, NoArchive, NotVerified, Unreachable
from storage.sender import Progress, Sender
from storage.uploader import Uploader, upload_record
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, TOKEN, Court
from tests.storage.records import START_US, Builder, files_of
from tests.storage.servers import serve, wait_for


def stored(court: Court, hearing: str = "h1") -> Path:
    return court.root / "archive" / "objects" / "records" / hearing


def check_stored(court: Court, folder: Path, hearing: str = "h1") -> None:
    """The archive's folder is a record, good, and holds each file of the box exactly once."""
    there = stored(court, hearing)
    report = verify(DirectoryRecord(there), Trust.of(SIGNER.key, ARCHIVE_SIGNER.key))
    assert report.good, report.findings
    for name, chunks in (("journal.jsonl", "journal.chunks"), ("checkpoints", "checkpoints.chunks")):
        joined = b"".join(path.read_bytes() for path in sorted((there / chunks).iterdir()))
        assert joined == (folder / name).read_bytes()[: len(joined)]
    ours = {path.relative_to(folder).as_posix() for path in files_of(folder)} - {"journal.jsonl", "checkpoints"}
    theirs = {path.relative_to(there).as_posix() for path in files_of(there) if ".chunks" not in path.parent.name}
    assert ours == theirs
    for path in ours:
        assert (folder / path).read_bytes() == (there / path).read_bytes()


def test_a_record_is_sent_and_its_receipt_verifies_offline(served: Court) -> None:
    record = served.record()
    got = upload_record(record.folder, served.settings)
    assert got.seal.number == 2
    check_stored(served, record.folder)
    text = (record.folder / "receipt.json").read_bytes()
    tail = Tail(record.folder)
    tail.read()
    again = receipt.check(text, [ARCHIVE_SIGNER.key], "h1", "box.test/h1", tail.leaves)
    assert again.seal.size == record.writer.checkpoints()[-1][0]
    report = verify(DirectoryRecord(record.folder), Trust.of(SIGNER.key, ARCHIVE_SIGNER.key))
    assert report.good
    assert not report.findings


def test_sending_again_changes_nothing(served: Court) -> None:
    record = served.record()
    first = upload_record(record.folder, served.settings)
    before = {path: path.stat().st_mtime_ns for path in files_of(stored(served))}
    second = upload_record(record.folder, served.settings)
    assert first.text == second.text
    assert before == {path: path.stat().st_mtime_ns for path in files_of(stored(served))}
    assert len(served.logged("received")) == 1


def test_the_same_file_again_is_200_and_other_bytes_are_409(served: Court) -> None:
    file = served.root / "file"
    file.write_bytes(b"one")
    with served.client() as client:
        one = hashlib.sha256(b"one").digest()
        assert client.put("h1", "media/T01/a/0001.mp4", file, (0, 3), one)
        assert not client.put("h1", "media/T01/a/0001.mp4", file, (0, 3), one)
        file.write_bytes(b"two")
        with pytest.raises(Diverged, match="409"):
            client.put("h1", "media/T01/a/0001.mp4", file, (0, 3), hashlib.sha256(b"two").digest())
        assert client.held("h1") == {"media/T01/a/0001.mp4": b64(one)}
    assert (stored(served) / "media/T01/a/0001.mp4").read_bytes() == b"one"


def test_bytes_with_another_digest_are_refused_and_leave_nothing(served: Court) -> None:
    file = served.root / "file"
    file.write_bytes(b"one")
    with served.client() as client, pytest.raises(FileAltered):
        client.put("h1", "media/T01/a/0001.mp4", file, (0, 3), bytes(32))
    assert not list(files_of(served.root / "archive" / "objects" / "records"))
    assert not list((served.root / "archive" / "objects" / ".staging").iterdir())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("media/T01/a/0001.mp4", 201),
        ("journal.chunks/000001", 201),
        ("manifest-0001.json", 201),
        ("journal.jsonl", 400),
        ("checkpoints", 400),
        ("receipt.json", 400),
        ("journal.chunks/1", 400),
        ("journal.chunks/000001/x", 400),
        ("media/.hidden", 400),
        ("media/%2e%2e/%2e%2e/log.sqlite", 400),
        ("..%2f..%2flog.sqlite", 400),
        ("%2fetc/passwd", 400),
        ("media//x", 400),
        ("media/" + "a" * 200, 400),
        ("media/%00", 400),
        ("other/file", 400),
    ],
)
def test_paths(served: Court, path: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Repr-Digest": f"sha-256=:{b64(hashlib.sha256(b'x').digest())}:"}
    with httpx2.Client(trust_env=False) as http:
        answer = http.put(f"{served.url}/api/v1/records/h1/files/{path}", content=b"x", headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("digest", [None, "", "md5=:AAAA:", "sha-256=AAAA", "sha-256=:AAAA:", "x" * 2000])
def test_a_digest_must_be_announced(served: Court, digest: str | None) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"} | ({} if digest is None else {"Repr-Digest": digest})
    with httpx2.Client(trust_env=False) as http:
        answer = http.put(f"{served.url}/api/v1/records/h1/files/media/a", content=b"x", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "digest-mismatch"


def test_a_file_that_is_too_large_is_refused_before_it_comes(served: Court) -> None:
    head = (
        "PUT /api/v1/records/h1/files/media/a HTTP/1.1\r\nHost: archive\r\n"
        f"Authorization: Bearer {TOKEN}\r\nRepr-Digest: sha-256=:{b64(bytes(32))}:\r\nContent-Length: {2**28 + 1}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), 30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_goes_away_leaves_nothing(served: Court) -> None:
    head = (
        "PUT /api/v1/records/h1/files/media/a HTTP/1.1\r\nHost: archive\r\n"
        f"Authorization: Bearer {TOKEN}\r\nRepr-Digest: sha-256=:{b64(bytes(32))}:\r\nContent-Length: 100000\r\n\r\n"
    )
    staging = served.root / "archive" / "objects" / ".staging"
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), 30) as connection:
        connection.sendall(head.encode() + b"x" * 50_000)
        wait_for(lambda: list(staging.iterdir()))
    wait_for(lambda: not list(staging.iterdir()))
    with served.client() as client:
        assert client.held("h1") == {}


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", "Bearer", ""])
def test_only_enrolled_devices_come_in(served: Court, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    with httpx2.Client(trust_env=False) as http:
        answer = http.get(f"{served.url}/api/v1/records/h1", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "not-enrolled"
        assert http.post(f"{served.url}/api/v1/records/h1/receipt", headers=headers).status_code == 403


def test_a_device_cannot_touch_the_hearing_of_another(served: Court) -> None:
    record = served.record()
    upload_record(record.folder, served.settings)
    from storage.archive.enrolment import enrol_device

    other = "o" * 43
    enrol_device(served.archive, ARCHIVE_SIGNER.key.text, other)
    headers = {"Authorization": f"Bearer {other}", "Repr-Digest": f"sha-256=:{b64(hashlib.sha256(b'x').digest())}:"}
    with httpx2.Client(base_url=f"{served.url}/api/v1/records/", headers=headers, trust_env=False) as http:
        assert http.put("h1/files/media/T01/new/0001.mp4", content=b"x").status_code == 403
        assert http.get("h1").status_code == 403
        assert http.post("h1/receipt").status_code == 403


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_file_altered_at_the_archive_is_named_and_gets_no_receipt(served: Court) -> None:
    record = served.record()
    with served.client() as client:
        assert Sender(record.folder, client).step() is Progress.SENT
        path = "media/T01/mic-bench/0002.mp4"
        _flip(stored(served) / path)
        with pytest.raises(NotVerified) as caught:
            client.receipt("h1")
    findings = caught.value.report["integrity"]["findings"]
    assert [(item["code"], item["subject"]) for item in findings] == [("file-altered", path)]
    assert not (record.folder / "receipt.json").exists()
    assert not served.logged("received")


def test_a_file_altered_on_the_box_is_not_believed(served: Court) -> None:
    record = served.record()
    _flip(record.folder / "media/T01/mic-bench/0002.mp4")
    with pytest.raises(NotVerified) as caught:
        upload_record(record.folder, served.settings)
    findings = caught.value.report["completeness"]["findings"]
    assert ("file-missing", "media/T01/mic-bench/0002.mp4") in [(item["code"], item["subject"]) for item in findings]
    assert (stored(served) / "media/T01/mic-bench/0003.mp4").exists()  # the others left the room


def test_a_journal_that_was_rewritten_after_it_was_sent_diverges(served: Court) -> None:
    record = served.record(drafted=False)
    with served.client() as client:
        Sender(record.folder, client).step()
        text = (record.folder / "journal.jsonl").read_bytes()
        (record.folder / "journal.jsonl").write_bytes(text.replace("Замечание".encode(), "замечание".encode()))
        with pytest.raises(Diverged, match="is no piece of this file"):
            Sender(record.folder, client).step()


def test_the_receipt_of_a_seal_stays_and_a_new_seal_gets_a_new_one(served: Court) -> None:
    record = served.record(drafted=False)
    first = upload_record(record.folder, served.settings)
    assert first.seal.number == 1
    record.draft()
    second = upload_record(record.folder, served.settings)
    assert second.seal.number == 2
    assert second.index > first.index
    assert (record.folder / "receipt.json").read_bytes() == first.text  # written once
    assert served.archive.catalogue.receipts("h1") == {1: first.text, 2: second.text}
    check_stored(served, record.folder)


def test_two_records_stand_in_one_log(served: Court) -> None:
    receipts = [upload_record(served.record(hearing).folder, served.settings) for hearing in ("h1", "h2")]
    received = served.logged("received")
    assert [served.archive.log.hearing_of(entry["subject"]) for entry in received] == ["h1", "h2"]
    assert receipts[0].index < receipts[1].index < served.archive.log.size


def test_a_running_hearing_is_sent_and_listed_before_it_ends(served: Court) -> None:
    record = Builder(served.settings.hearings / "h1", "h1", SIGNER)
    record.open()
    record.start()
    record.segment("mic-bench", 1, START_US)
    record.writer.checkpoint()
    clock = [0.0]
    with served.client() as client:
        sender = Sender(record.folder, client, lambda: clock[0])
        assert sender.step() is Progress.RUNNING
        assert served.archive.summary("h1") is not None
        assert [item.state for item in served.archive.search("взыск медеу")] == ["recording"]
        record.segment("mic-bench", 2, START_US + 2_000_000)
        record.writer.checkpoint()
        sender.step()
        assert (stored(served) / "media/T01/mic-bench/0002.mp4").exists()
        assert len(list((stored(served) / "journal.chunks").iterdir())) == 1  # not for every line
        clock[0] = 6.0
        sender.step()
        assert len(list((stored(served) / "journal.chunks").iterdir())) == 2
        with pytest.raises(NotVerified):
            client.receipt("h1")


def test_a_torn_journal_is_sent_up_to_its_last_checkpoint(served: Court) -> None:
    record = served.record(drafted=False)
    record.line("note", text="not signed yet")
    with (record.folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"at":"2026')
    with served.client() as client:
        sender = Sender(record.folder, client)
        assert sender.step() is Progress.RUNNING  # a line that no checkpoint covers
    joined = b"".join(path.read_bytes() for path in sorted((stored(served) / "journal.chunks").iterdir()))
    assert b"not signed yet" not in joined
    assert joined.endswith(b"\n")


def test_the_uploader_serves_every_record_and_keeps_the_receipts(served: Court) -> None:
    records = [served.record("h1"), served.record("h2", drafted=False)]
    uploader = Uploader(served.settings, wall=lambda: START_US / 1_000_000 + 60)
    uploader.tick()
    assert (records[0].folder / "receipt.json").exists()
    assert not (records[1].folder / "receipt.json").exists()  # a draft is to come
    records[1].draft()
    uploader.tick()
    assert (records[1].folder / "receipt.json").exists()
    uploader.close()
    again = Uploader(served.settings)
    again.tick()  # nothing is left to do
    again.close()
    for record in records:
        check_stored(served, record.folder, record.hearing)


def test_no_answer_loses_nothing(court: Court) -> None:
    record = court.record()
    clock = [0.0]
    with serve(court.app) as url:
        court.url = url
        settings = court.settings
    uploader = Uploader(settings, clock=lambda: clock[0])
    uploader.tick()  # nobody listens any more
    port = int(url.rpartition(":")[2])
    assert not (record.folder / "receipt.json").exists()
    uploader.close()
    with serve(court.app, port) as url:
        court.url = url
        upload_record(record.folder, court.settings)
    check_stored(court, record.folder)


def test_without_an_archive_nothing_is_sent(court: Court) -> None:
    settings = court.settings.model_copy(update={"archive": court.settings.archive.model_copy(update={"url": None})})
    with pytest.raises(NoArchive, match=r"archive\.url"):
        Uploader(settings)
    with pytest.raises(Unreachable):
        upload_record(court.record().folder, court.settings)


def test_a_receipt_of_a_strange_archive_is_refused(served: Court) -> None:
    record = served.record()
    for key in (served.settings.state_dir / "trust").iterdir():
        key.unlink()
    from storage.errors import BadReceipt

    with pytest.raises(BadReceipt, match="not trusted"):
        upload_record(record.folder, served.settings)
    assert not (record.folder / "receipt.json").exists()


def test_a_closed_take_in_the_clear_never_leaves_the_box(served: Court) -> None:
    record = Builder(served.settings.hearings / "h1", "h1", SIGNER)
    record.open()
    record.start()
    record.segment("mic-bench", 1, START_US)
    record.line("take_ended", take="T01", end_us=START_US + 2_000_000, reason="closed")
    record.line("take_started", take="T02", publicity="closed", start_us=START_US + 3_000_000, sources=["mic-bench"])
    record.segment("mic-bench", 1, START_US + 3_000_000, take="T02", publicity="open")  # the line lies; the take counts
    record.writer.checkpoint()
    with structlog.testing.capture_logs() as logs, served.client() as client:
        sender = Sender(record.folder, client)
        sender.step()
        sender.step()
        held = client.held("h1")
    assert "media/T01/mic-bench/0001.mp4" in held
    assert "media/T02/mic-bench/0001.mp4" not in held
    assert str(logs).count("closed-unencrypted") == 1
