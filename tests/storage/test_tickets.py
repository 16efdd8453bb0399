"""Files that go straight from the box to the bucket, by tickets of the archive."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from protocol.encoding import b64
from storage.archive.locks import DAY_US, LockDays
from storage.archive.ticket_office import TicketOffice
from storage.by_ticket import ByTicket
from storage.client import ArchiveClient
from storage.errors import (
    BadKey,
    DigestMismatch,
    NotEnrolled,
    NotVerified,
    ObjectConflict,
    ObjectMissing,
    StorageError,
    StoreUnavailable,
    StoreUnfit,
    TooLarge,
)
from storage.objects import read
from storage.s3_store import Bucket, S3Store
from storage.s3_tickets import S3Tickets
from storage.store_client import MOST_FAULTS, SHUT_S, StoreClient
from storage.tickets import MOST, Announced, Ticket
from storage.uploader import upload_record
from tests.storage.conftest import SIGNER, Court, open_court
from tests.storage.records import make_record
from tests.storage.servers import serve
from tests.support.ceph import Ceph
from tests.support.lying_proxy import Deed, lying_proxy, says
from tests.support.upload_faults import all_faults, always, check, cut_everywhere, store_faults, ticketed

KEY = "records/h1/media/T01/mic/0001.mp4"
PATH = "media/T01/mic/0001.mp4"
DATA = b"evidence" * 1000
#: The others: bench.upload_faults.
FAULTS = (
    "every body changed on the way",
    "yes to one, and it is not there",
    "half of each file, and yes",
    "500, and it is stored",
)
SAID = Announced(len(DATA), hashlib.sha256(DATA).digest())


@pytest.fixture
def store(ceph: Ceph) -> S3Store:
    return ceph.new_store(boxes_endpoint=ceph.endpoint)[0]


@pytest.fixture
def ticket_court(store: S3Store, tmp_path: Path) -> Iterator[Court]:
    with open_court(tmp_path, store, LockDays({"gpk": 30, "default": 2})) as court, serve(court.app) as url:
        court.url = url
        yield court


def send(ticket: Ticket, data: bytes, headers: dict[str, str] | None = None, url: str | None = None) -> httpx2.Response:
    return httpx2.put(url or ticket.url, headers=headers or dict(ticket.headers), content=data, trust_env=False)


def made(store: S3Store, until_us: int | None = None, key: str = KEY) -> Ticket:
    assert store.tickets is not None
    return store.tickets.make(key, SAID, until_us=until_us)


@pytest.mark.ceph
def test_a_ticket_is_good_for_its_bytes_under_its_name_and_lock_and_nothing_else(store: S3Store) -> None:
    until_us = time.time_ns() // 1000 + 2 * DAY_US
    ticket = made(store, until_us)
    other = bytes(len(DATA))
    unsigned = dict(ticket.headers) | {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    no_lock = {name: value for name, value in ticket.headers.items() if "object-lock" not in name}
    shorter_lock = dict(ticket.headers) | {"x-amz-object-lock-retain-until-date": "2027-01-01T00:00:00Z"}
    shorter = dict(ticket.headers) | {"Content-Length": str(len(DATA) - 1)}
    bodiless = {name: value for name, value in ticket.headers.items() if name != "Content-Length"}
    refused = [
        send(ticket, other), send(ticket, other, unsigned), send(ticket, DATA, no_lock), send(ticket, DATA, shorter_lock),
        send(ticket, DATA[:-1], shorter), send(ticket, DATA, url=ticket.url.replace("0001", "0002")),
        httpx2.get(ticket.url, headers=bodiless, trust_env=False),
        httpx2.delete(ticket.url, headers=bodiless, trust_env=False),
    ]  # fmt: skip
    assert [answer.status_code for answer in refused] == [400, 403, 403, 403, 403, 403, 403, 403]
    assert store.sizes([KEY, KEY.replace("0001", "0002")]) == {}
    assert send(ticket, DATA).status_code == 200
    assert store.sizes([KEY]) == {KEY: len(DATA)}
    assert (store.protection(KEY).until_us or 0) >= until_us
    assert send(ticket, DATA).status_code == 200, "Ceph passes over If-None-Match where there are versions"
    assert list(store.strays("records")) == [], "the same bytes again"
    with pytest.raises(ObjectConflict):
        store.put_once(KEY, [other], hashlib.sha256(other).digest())


@pytest.mark.ceph
def test_a_service_is_tried_before_boxes_are_sent_to_it(store: S3Store) -> None:
    assert store.tickets is not None
    store.tickets.check()
    with pytest.raises(ObjectMissing):
        store.size("probe/other-bytes")


@pytest.mark.ceph
def test_sizes_of_many_names_at_once(ceph: Ceph, store: S3Store) -> None:
    keys = [
        f"records/h/media/T{take:02d}/mic-{mic}/{number:04d}.mp4"
        for take in (1, 2)
        for mic in (1, 2)
        for number in range(1, 30)
    ]
    for key in keys[::2]:
        store.put_once(key, [b"x"], hashlib.sha256(b"x").digest())
    fresh = S3Store(ceph.client(), store._bucket)
    assert fresh.sizes(keys[20:90]) == dict.fromkeys(keys[20:90:2], 1)
    assert fresh.sizes([]) == {}


@pytest.mark.ceph
def test_recorded_files_go_straight_to_the_bucket(ticket_court: Court) -> None:
    court = ticket_court
    record = court.record()
    through: list[str] = []
    put = court.archive.put
    court.archive.put = lambda *given: through.append(given[2]) or put(*given)  # type: ignore[method-assign, func-returns-value]
    upload_record(record.folder, court.settings)
    assert through
    assert not [path for path in through if path.startswith("media/")]
    check(court, record.folder, record.hearing)
    for path in record.folder.rglob("*.mp4"):
        key = f"records/h1/{path.relative_to(record.folder).as_posix()}"
        assert (court.archive.store.protection(key).until_us or 0) > time.time_ns() // 1000 + 29 * DAY_US


@pytest.mark.ceph
def test_one_file_that_the_archive_holds_with_other_bytes_stops_no_other(ticket_court: Court) -> None:
    court = ticket_court
    record = court.record()
    paths = {path.relative_to(record.folder).as_posix() for path in record.folder.rglob("*.mp4")}
    taken = min(paths)
    assert len(paths) > 1
    court.archive.put(court.device, record.hearing, taken, [DATA], SAID.sha256)
    with pytest.raises(NotVerified):
        upload_record(record.folder, court.settings)
    held = court.archive.held(court.device, record.hearing)
    assert paths <= set(held)
    assert {path for path in paths if read(court.archive.store, f"records/{record.hearing}/{path}") == DATA} == {taken}


@pytest.mark.ceph
def test_who_gets_a_ticket(ticket_court: Court) -> None:
    court, office = ticket_court, TicketOffice(ticket_court.archive)
    device = court.device
    assert set(office.give(device, "h1", {PATH: SAID})) == {PATH}
    for path in ("journal.chunks/000001", "receipt.json", "media/../h2/media/a.mp4", "transcript/one.json"):
        with pytest.raises(BadKey):
            office.give(device, "h1", {path: SAID})
    with pytest.raises(NotEnrolled):
        office.give(type(device)("other", "other.test+00000000+AAAA"), "h1", {PATH: SAID})
    court.archive.put(device, "h1", PATH, [DATA], SAID.sha256)
    assert office.give(device, "h1", {PATH: SAID}) == {}, "it is there"
    other = PATH.replace("0001", "0002")
    assert set(office.give(device, "h1", {PATH: Announced(5, bytes(32)), other: SAID})) == {other}
    record = make_record(court.settings.hearings / "h2", "h2", SIGNER, segments=1)
    upload_record(record.folder, court.settings)
    assert office.give(device, "h2", {PATH: SAID}) == {}, "its receipt is given"


@pytest.mark.ceph
def test_what_was_put_counts_when_the_archive_has_found_it(ticket_court: Court) -> None:
    court, office = ticket_court, TicketOffice(ticket_court.archive)
    ticket = office.give(court.device, "h1", {PATH: SAID})[PATH]
    assert office.arrived(court.device, "h1", {PATH: SAID}) == []
    assert court.archive.held(court.device, "h1") == {}
    assert send(ticket, DATA).status_code == 200
    assert office.arrived(court.device, "h1", {PATH: Announced(SAID.size + 1, SAID.sha256)}) == []
    assert office.arrived(court.device, "h1", {PATH: Announced(SAID.size, bytes(32))}) == [], "as long, and other bytes"
    assert court.archive.catalogue.stored_digest("h1", PATH) is None
    assert office.arrived(court.device, "h1", {PATH: SAID}) == [PATH]
    assert court.archive.held(court.device, "h1") == {PATH: b64(SAID.sha256)}


def test_questions_that_are_none(court: Court) -> None:
    office = TicketOffice(court.archive)

    def ask(value: object) -> dict[str, object]:
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        return office.answer(court.device, "h1", [text], hashlib.sha256(text).digest())

    assert ask({"put": {}, "wanted": {PATH: SAID.to_json()}}) == {"found": {}, "tickets": {}}, "a folder has no address"
    one = SAID.to_json()
    questions: list[object] = [
        b"", b"[" * 100_000, [], {}, {"put": {}}, {"put": [], "wanted": []}, {"put": {}, "wanted": {PATH: 5}},
        {"put": {}, "wanted": {PATH: one | {"bytes": True}}}, {"put": {}, "wanted": {PATH: one | {"bytes": 0}}},
        {"put": {}, "wanted": {PATH: one | {"bytes": 1 << 40}}}, {"put": {}, "wanted": {PATH: one | {"sha256": "x"}}},
        {"put": {}, "wanted": {f"media/{number}": one for number in range(MOST + 1)}},
    ]  # fmt: skip
    for value in questions:
        with pytest.raises(BadKey):
            ask(value)
    with pytest.raises(TooLarge):
        ask(b" " * (300 << 10))
    with pytest.raises(DigestMismatch):
        office.answer(court.device, "h1", [b"{}"], bytes(32))


@pytest.mark.parametrize(("status", "error"), [(200, StoreUnfit), (403, StoreUnfit), (503, StoreUnavailable)])
def test_a_service_that_takes_other_bytes_gets_no_boxes(status: int, error: type[StorageError]) -> None:
    with lying_proxy("http://127.0.0.1:9") as proxy:
        proxy.plan = always(Deed(unasked=True, answer=says(status, {})))
        with pytest.raises(error):
            S3Tickets(Bucket(proxy.url, "bucket", "default", "name", "secret"), proxy.url).check()


def test_an_address_that_does_not_answer_is_left_alone_for_a_while(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/bucket/key"
    now = 0.0
    client = StoreClient(5.0, secure=False, clock=lambda: now)
    for _ in range(MOST_FAULTS):
        assert client.is_open
        assert not client.put(Ticket(url, {}), file, len(DATA))
    assert not client.is_open
    now = SHUT_S
    assert client.is_open
    client.close()


@pytest.mark.ceph
def test_a_bucket_that_keeps_nothing_is_left_alone_with_one_file_at_a_time_too(ceph: Ceph, tmp_path: Path) -> None:
    """A running hearing of one source; what the bucket itself says does not make up for a fault, what the archive finds does."""
    file = tmp_path / "file"
    file.write_bytes(DATA)
    honest = {MOST_FAULTS - 1}  # the faults before this one count no more
    with ticketed(tmp_path, ceph) as box, box.client() as client:
        client.held("h1")
        by_ticket = ByTicket(client)
        for number in range(2 * MOST_FAULTS):
            assert client.store.is_open
            box.proxy.plan = None if number in honest else always(Deed(unasked=True, answer=says(200, {})))
            path = f"media/T01/mic/{number:04d}.mp4"
            by_ticket.ask("h1", {path: SAID})
            assert by_ticket.send(path, SAID, file, lambda _bytes: None)
            assert by_ticket.ask("h1", {}) == ([path] if number in honest else [])
        assert not client.store.is_open


def test_a_secure_archive_sends_nobody_to_an_open_address(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/bucket/key"
        client = StoreClient(5.0, secure=True)
        assert not client.put(Ticket(url, {}), file, len(DATA))
        for odd in ("ftp://127.0.0.1/x", "/x", "file:///etc/passwd", "https://[", ""):
            assert not client.put(Ticket(odd, {}), file, len(DATA))
        with pytest.raises(TimeoutError):
            server.accept()
        client.close()


def test_no_ticket_no_question(served: Court) -> None:
    """An archive that never said that it gives tickets is not asked for any."""
    with ArchiveClient(served.url, SIGNER) as client:
        client.held("h1")
        assert not client.gives_tickets
        assert ByTicket(client).ask("h1", {PATH: SAID}) == []


@pytest.mark.ceph
def test_the_way_to_the_bucket_broken_in_every_way(ceph: Ceph, tmp_path: Path) -> None:
    with ticketed(tmp_path, ceph) as box:
        assert all_faults(box, {name: plan for name, plan in store_faults().items() if name in FAULTS}) == len(FAULTS)


@pytest.mark.ceph
def test_the_way_to_the_bucket_cut_anywhere(ceph: Ceph, tmp_path: Path) -> None:
    with ticketed(tmp_path, ceph) as box:
        assert cut_everywhere(box, 2, random.Random(7)) == 4  # noqa: S311 - a choice of moments, no secret
