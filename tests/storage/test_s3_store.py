"""A bucket as a store: what others do under its names changes nothing that is read; a bucket that keeps no promise is refused."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import pytest

from storage.errors import ObjectConflict, ObjectMissing, StoreUnavailable, StoreUnfit
from storage.objects import digest, read
from storage.s3_store import SPOOL, S3Store, connect
from tests.support.ceph import Ceph

pytestmark = pytest.mark.ceph
KEY = "records/h/media/T01/mic/0001.mp4"


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_what_is_put_or_deleted_under_a_name_later_hides_nothing(ceph: Ceph) -> None:
    store, bucket = ceph.new_store()
    store.put_once(KEY, [b"evidence"], sha(b"evidence"))
    other = ceph.client()
    other.put_object(Bucket=bucket, Key=KEY, Body=b"something else")
    other.delete_object(Bucket=bucket, Key=KEY)
    fresh = S3Store(ceph.client(), bucket)  # knows no version yet
    assert fresh.exists(KEY)
    assert list(fresh.list("records/h")) == [KEY]
    assert read(S3Store(ceph.client(), bucket), KEY) == b"evidence"
    assert [(stray.key, stray.what) for stray in fresh.strays("records")] == [(KEY, "marker"), (KEY, "version")]
    again = S3Store(ceph.client(), bucket)
    assert not again.put_once(KEY, [b"evidence"], sha(b"evidence"))
    with pytest.raises(ObjectConflict):
        S3Store(ceph.client(), bucket).put_once(KEY, [b"something else"], sha(b"something else"))
    assert digest(again, KEY) == sha(b"evidence")


def test_a_name_that_was_only_ever_deleted_is_free(ceph: Ceph) -> None:
    store, bucket = ceph.new_store()
    ceph.client().delete_object(Bucket=bucket, Key=KEY)
    assert not store.exists(KEY)
    assert list(store.list("records")) == []
    with pytest.raises(ObjectMissing):
        read(store, KEY)
    assert store.put_once(KEY, [b"evidence"], sha(b"evidence"))
    assert read(S3Store(ceph.client(), bucket), KEY) == b"evidence"


def test_more_names_than_a_page_of_the_service(ceph: Ceph) -> None:
    store, bucket = ceph.new_store()
    keys = [f"records/h/{number:02d}" for number in range(25)]
    for key in keys:
        store.put_once(key, [b"x"], sha(b"x"))
    fresh = S3Store(ceph.client(), bucket)
    assert [key for key, _ in fresh._entries("records/", page=7)] == keys
    assert fresh.size(keys[0]) == 1


def test_a_version_is_asked_for_again_where_a_lock_or_an_answer_gives_reason(ceph: Ceph) -> None:
    _, bucket = ceph.new_store()
    client = ceph.client()
    store, asked = S3Store(client, bucket), list[str]()
    client.meta.events.register("before-call.s3.HeadObject", lambda model, **_: asked.append(model.name))
    expected = list[str]()
    client.meta.events.register(
        "before-call.s3.PutObject", lambda params, **_: expected.append(params["headers"].get("Expect", ""))
    )
    store.put_once("plain", [b"evidence"], sha(b"evidence"))
    assert asked == []
    store.put_once("locked", [b"evidence"], sha(b"evidence"), until_us=(int(time.time()) + 60) * 1_000_000)
    assert asked == ["HeadObject"]
    client.meta.events.register("after-call.s3.PutObject", lambda parsed, **_: parsed.update(ETag='"another"'))
    store.put_once("doubtful", [b"evidence"], sha(b"evidence"))
    assert asked == ["HeadObject"] * 2
    assert expected == [""] * 3, "no body waits for leave"


def test_a_body_longer_than_what_is_kept_in_memory(ceph: Ceph) -> None:
    store, _ = ceph.new_store()
    body = bytes(range(256)) * (SPOOL // 256 + 1)
    assert store.put_once("long", [body[:1000], body[1000:]], sha(body))
    assert digest(store, "long") == sha(body)


def test_a_bucket_without_versions_or_lock_is_refused(ceph: Ceph) -> None:
    ceph.client().create_bucket(Bucket="plain-bucket")
    store = S3Store(ceph.client(), "plain-bucket")
    for act in (store.check_bucket, store.create_bucket, S3Store(ceph.client(), "no-such-bucket").check_bucket):
        with pytest.raises(StoreUnfit):
            act()
    with pytest.raises(StoreUnfit):  # also without the check at the start
        store.put_once("a", [b"x"], sha(b"x"))
    made, _ = ceph.new_store()
    made.create_bucket()
    made.check_bucket()


def test_wrong_credentials_and_no_service(ceph: Ceph) -> None:
    _, name = ceph.new_store()
    stranger = S3Store(connect(replace(ceph.bucket(name), secret_key="wrong")), name)
    with pytest.raises(StoreUnfit):
        stranger.put_once("a", [b"x"], sha(b"x"))
    nowhere = S3Store(connect(replace(ceph.bucket(name), endpoint="http://127.0.0.1:9")), name)
    with pytest.raises(StoreUnavailable):
        nowhere.exists("a")
    with pytest.raises(StoreUnavailable):
        nowhere.check_bucket()


def test_a_full_store_takes_nothing_and_says_so(ceph: Ceph) -> None:
    keys = ("--access-key", "small-key", "--secret", "small-secret")
    ceph.admin("user", "create", "--uid", "small", "--display-name", "small", *keys)
    ceph.admin("quota", "set", "--quota-scope=user", "--uid=small", "--max-size=4K")
    ceph.admin("quota", "enable", "--quota-scope=user", "--uid=small")
    bucket = replace(ceph.bucket("small-bucket"), access_key="small-key", secret_key="small-secret")
    store = S3Store(connect(bucket), "small-bucket")
    store.create_bucket()
    body = b"x" * 100_000
    with pytest.raises(StoreUnavailable, match="QuotaExceeded"):
        store.put_once("a", [body], sha(body))
    assert not store.exists("a")
