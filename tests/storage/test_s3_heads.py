"""The quicker look at a version says what boto3's does, and where it cannot say anything, boto3 does."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import pytest

from storage.errors import ObjectMissing
from storage.s3_client import Bucket
from storage.s3_heads import S3Heads
from storage.s3_store import S3Store
from tests.support.ceph import Ceph

KEY = "records/h/media/T01/mic-bench/0001.mp4"
BODY = b"what was said"
SHA256 = hashlib.sha256(BODY).digest()


@pytest.mark.ceph
def test_says_what_boto3_says(ceph: Ceph) -> None:
    _, bucket = ceph.new_store()
    slow = S3Store(ceph.client(), bucket)
    heads = S3Heads(ceph.bucket(bucket))
    slow.put_once(KEY, [BODY], SHA256, until_us=time.time_ns() // 1000 + 3_600_000_000)
    version = slow._first(KEY).id
    assert heads.head(KEY, version) is not None
    quick = S3Store(ceph.client(), bucket, heads=heads)
    for held in (False, True):
        slow.hold(KEY, on=held)
        seen, known = quick.protection(KEY), slow.protection(KEY)
        assert (seen, seen.sha256) == (known, known.sha256)
        assert (seen.held, seen.sha256, seen.until_us is not None) == (held, SHA256.hex(), True)
    slow.hold(KEY, on=False)
    slow.put_once("records/h/open", [BODY], SHA256)
    assert quick.protection("records/h/open") == slow.protection("records/h/open")


@pytest.mark.ceph
def test_what_it_cannot_say_boto3_says(ceph: Ceph) -> None:
    store, bucket = ceph.new_store()
    store.put_once(KEY, [BODY], SHA256)
    version = store._first(KEY).id
    there = ceph.bucket(bucket)
    for wrong in (
        replace(there, secret_key="wrong"),
        replace(there, endpoint="http://127.0.0.1:9"),
        replace(there, name="none"),
    ):
        heads = S3Heads(wrong)
        assert heads.head(KEY, version) is None
        assert S3Store(ceph.client(), bucket, heads=heads).protection(KEY).sha256 == SHA256.hex()
    with pytest.raises(ObjectMissing):
        store.protection("records/h/none")


def test_without_an_endpoint_it_asks_nobody() -> None:
    assert S3Heads(Bucket(None, "bucket", "eu-central-1", "name", "secret")).head(KEY, "1") is None
