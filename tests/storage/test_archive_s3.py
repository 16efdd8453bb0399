"""An archive whose objects lie in a bucket: intake over HTTP, locks by the case's code, replay, the catalogue made again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.archive.catalogue import Catalogue
from storage.archive.locks import DAY_US, LockDays
from storage.archive.rebuild import rebuild
from storage.archive.service import Archive
from storage.errors import ObjectLocked
from storage.s3_store import S3Store
from storage.uploader import upload_record
from tests.storage.conftest import Court, open_court
from tests.storage.records import files_of
from tests.storage.servers import serve
from tests.support.ceph import Ceph

pytestmark = pytest.mark.ceph
FILE = "media/T01/mic-bench/0001.mp4"


@pytest.fixture
def bucket_court(ceph: Ceph, tmp_path: Path) -> Iterator[tuple[Court, S3Store]]:
    store, name = ceph.new_store()
    with open_court(tmp_path, store, LockDays({"gpk": 30, "default": 2})) as court, serve(court.app) as url:
        court.url = url
        yield court, S3Store(ceph.client(), name)


def test_a_record_in_a_bucket(bucket_court: tuple[Court, S3Store]) -> None:
    court, fresh = bucket_court
    record = court.record()
    receipt = upload_record(record.folder, court.settings)
    assert upload_record(record.folder, court.settings).text == receipt.text
    assert court.archive.verify("h1").good
    # Locked for the term of the case's code, also what came before the code was known.
    now_us = time.time_ns() // 1000
    keys = [*fresh.list("records/h1"), *fresh.list("receipts/h1")]
    assert len(keys) > 10
    for key in keys:
        assert 29 * DAY_US < (fresh.protection(key).until_us or 0) - now_us < 31 * DAY_US, key
        with pytest.raises(ObjectLocked):
            fresh.remove(key)
    assert list(fresh.strays("records")) == []
    # Replay reads parts of files out of the bucket.
    there = (record.folder / FILE).read_bytes()
    with court.browser() as browser:
        part = browser.get(f"/hearings/h1/files/{FILE}", headers={"Range": "bytes=100-299"})
        assert (part.status_code, part.content) == (206, there[100:300])
        assert browser.get(f"/hearings/h1/files/{FILE}").content == there
        assert browser.head(f"/hearings/h1/files/{FILE}").headers["content-length"] == str(len(there))
        assert browser.get("/hearings/h1/replay.json").json()["verification"]["good"]
    # The catalogue from the bucket alone.
    new = Archive(fresh, court.archive.log, Catalogue())
    assert rebuild(new) == 1
    assert new.search() == court.archive.search()
    assert new.catalogue.stored("h1") == court.archive.catalogue.stored("h1")
    assert new.catalogue.receipts("h1") == court.archive.catalogue.receipts("h1")
    new.catalogue.close()
    assert {key.removeprefix("records/h1/") for key in keys} >= {
        path.relative_to(record.folder).as_posix() for path in files_of(record.folder / "media")
    }
