"""Retention holds on a real store: whoever comes through S3 is refused, by version id too; what the store's operator can do is found by scrub."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from storage.archive.locks import LockDays
from storage.archive.scrub import Scrub, ScrubFinding
from storage.errors import StoreUnfit
from storage.objects import digest, read
from storage.s3_store import S3Store
from storage.uploader import upload_record
from tests.storage.conftest import Court, open_court
from tests.storage.servers import serve
from tests.support.ceph import Ceph

pytestmark = pytest.mark.ceph
ROOT = Path(__file__).resolve().parents[2]
BODY = b"what was said" * 50
SOUND = "media/T01/mic-bench/0001.mp4"
Case = Callable[[Any, str, str, str], Any]


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def retention(client: Any, bucket: str, key: str, version: str, **more: Any) -> Any:
    return client.put_object_retention(Bucket=bucket, Key=key, VersionId=version, **more)


#: What somebody with the archive's own credentials may try on one locked object: name, call. Each is refused by the store.
REFUSED: dict[str, Case] = {
    "delete by version": lambda s3, b, k, v: s3.delete_object(Bucket=b, Key=k, VersionId=v),
    "delete with bypass": lambda s3, b, k, v: s3.delete_object(Bucket=b, Key=k, VersionId=v, BypassGovernanceRetention=True),
    "shorten": lambda s3, b, k, v: retention(s3, b, k, v, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": in_days(1)}),
    "shorten with bypass": lambda s3, b, k, v: retention(
        s3, b, k, v, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": in_days(1)}, BypassGovernanceRetention=True
    ),
    "downgrade to governance": lambda s3, b, k, v: retention(s3, b, k, v, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": in_days(60)}),
    "take the lock off": lambda s3, b, k, v: retention(s3, b, k, v, Retention={}, BypassGovernanceRetention=True),
    "suspend versions": lambda s3, b, _k, _v: s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Suspended"}),
    "delete the bucket": lambda s3, b, _k, _v: s3.delete_bucket(Bucket=b),
}  # fmt: skip


@pytest.fixture
def locked(ceph: Ceph) -> tuple[Any, str, str, str]:
    """A client, a bucket, a key and the version of an object that is locked for 30 days."""
    store, bucket = ceph.new_store("lock")
    key = f"records/h/{SOUND}"
    store.put_once(key, [BODY], _sha(BODY), until_us=int(in_days(30).timestamp() * 1_000_000))
    return ceph.client(), bucket, key, store._first(key).id


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def intact(client: Any, bucket: str, key: str) -> bool:
    store = S3Store(client, bucket)
    return read(store, key) == BODY and (store.protection(key).until_us or 0) > in_days(29).timestamp() * 1_000_000


def test_everything_that_goes_through_s3_is_refused(locked: tuple[Any, str, str, str]) -> None:
    client, bucket, key, version = locked
    for name, attempt in REFUSED.items():
        with pytest.raises(ClientError) as refused:
            attempt(client, bucket, key, version)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403, 409), name
        assert intact(client, bucket, key), name


def test_many_at_once_are_refused_one_by_one(locked: tuple[Any, str, str, str]) -> None:
    client, bucket, key, version = locked
    wanted = {"Objects": [{"Key": key, "VersionId": version}]}
    answer = client.delete_objects(Bucket=bucket, Delete=wanted, BypassGovernanceRetention=True)
    assert not answer.get("Deleted")
    assert [item["Code"] for item in answer["Errors"]] == ["AccessDenied"]
    assert intact(client, bucket, key)


def test_a_marker_an_overwriting_and_a_copy_over_hide_nothing(locked: tuple[Any, str, str, str]) -> None:
    client, bucket, key, _ = locked
    client.delete_object(Bucket=bucket, Key=key)
    client.put_object(Bucket=bucket, Key=key, Body=b"other")
    client.put_object(Bucket=bucket, Key="elsewhere", Body=b"a third")
    client.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": "elsewhere"})
    assert intact(client, bucket, key)
    strays = sorted(stray.what for stray in S3Store(client, bucket).strays("records/h"))
    assert strays == ["marker", "version", "version"]


def test_versions_locked_and_not_under_one_name(locked: tuple[Any, str, str, str]) -> None:
    client, bucket, key, version = locked
    free = client.put_object(Bucket=bucket, Key=key, Body=b"not locked")["VersionId"]
    client.delete_object(Bucket=bucket, Key=key, VersionId=free)  # nobody's loss
    with pytest.raises(ClientError):
        client.delete_object(Bucket=bucket, Key=key, VersionId=version)
    assert intact(client, bucket, key)


def test_a_lifecycle_rule_removes_nothing_that_is_locked(ceph: Ceph, locked: tuple[Any, str, str, str]) -> None:
    client, bucket, key, _ = locked
    rule = {
        "ID": "all",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 1},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    client.put_object(Bucket=bucket, Key="loose", Body=b"x")
    time.sleep(2)  # `rgw lc debug interval = 1`: a day of the rule is a second here
    ceph.admin("lc", "process")
    time.sleep(1)
    ceph.admin("lc", "process")
    assert intact(client, bucket, key)


def test_a_hold_outlasts_the_lock_and_is_lifted_by_its_owner_only(ceph: Ceph) -> None:
    store, bucket = ceph.new_store("hold")
    store.put_once("a", [BODY], _sha(BODY))
    store.hold("a", on=True)
    with pytest.raises(ClientError):
        ceph.client().delete_object(
            Bucket=bucket, Key="a", VersionId=store._first("a").id, BypassGovernanceRetention=True
        )
    assert digest(store, "a") == _sha(BODY)


@pytest.fixture
def kept(ceph: Ceph, tmp_path: Path) -> Iterator[tuple[Court, str]]:
    """An archive in a bucket with one received and locked record, found good by a first scrub."""
    store, bucket = ceph.new_store("court")
    with open_court(tmp_path, store, LockDays({"default": 30})) as court, serve(court.app) as url:
        court.url = url
        upload_record(court.record().folder, court.settings)
        assert scrub(court) == []
        yield court, bucket


def scrub(court: Court) -> list[ScrubFinding]:
    return Scrub(court.archive, locked=True).run().findings


def test_what_an_operator_of_the_store_can_do_is_found(ceph: Ceph, kept: tuple[Court, str]) -> None:
    court, bucket = kept
    key = f"records/h1/{SOUND}"
    store = court.archive.store
    assert isinstance(store, S3Store)
    version = store._first(key).id
    # A raw object altered below S3: what GET returns is other bytes, unnoticed by the store.
    pool = ("rados", "-p", "default.rgw.buckets.data")
    name = next(line for line in ceph.tool(*pool, "ls").splitlines() if version in line and SOUND in line)
    raw = court.root / "raw"
    ceph.tool(*pool, "get", name, str(raw))
    data = bytearray(raw.read_bytes())
    data[len(data) // 2] ^= 1
    raw.write_bytes(bytes(data))
    ceph.tool(*pool, "put", name, str(raw))
    findings = scrub(court)
    assert SOUND in {item.path for item in findings}
    assert all(item.hearing == "h1" and item.good_at and item.found_at >= item.good_at for item in findings)
    # Somebody with credentials lays a marker and another version over the name.
    client: Any = ceph.client()
    client.put_object(Bucket=bucket, Key=key, Body=b"other")
    client.delete_object(Bucket=bucket, Key=key)
    assert {"stray-version", "stray-marker"} <= {item.code for item in scrub(court)}
    # The operator removes it although it is locked.
    ceph.admin("object", "rm", f"--bucket={bucket}", f"--object={key}", f"--object-version={version}")
    assert SOUND in {item.path for item in scrub(court)}
    # The whole bucket goes.
    ceph.admin("bucket", "rm", f"--bucket={bucket}", "--purge-objects")
    with pytest.raises(StoreUnfit):
        store.check_bucket()
    assert {item.hearing for item in scrub(court)} == {"h1"}


DELETE = """
import sys
from storage.s3_store import Bucket, connect
endpoint, access_key, secret_key, bucket, key, version = sys.argv[1:]
client = connect(Bucket(endpoint, bucket, "default", access_key, secret_key))
client.delete_object(Bucket=bucket, Key=key, VersionId=version)
"""


def test_a_store_whose_clock_was_set_forward_lets_go_and_is_found(ceph: Ceph, kept: tuple[Court, str]) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed (Debian: libfaketime)")
    court, bucket = kept
    key = f"records/h1/{SOUND}"
    store = court.archive.store
    assert isinstance(store, S3Store)
    ahead = {"LD_PRELOAD": str(library), "FAKETIME": "+40d", "DONT_FAKE_MONOTONIC": "1"}
    arguments = (ceph.endpoint, ceph.access_key, ceph.secret_key, bucket, key, store._first(key).id)
    ceph.restart_gateway(ahead)
    try:  # whoever asks must be of the same day, or the signature is refused
        command = [sys.executable, "-c", DELETE, *arguments]
        subprocess.run(command, env={**os.environ, **ahead}, cwd=ROOT, check=True, timeout=120, capture_output=True)
    finally:
        ceph.restart_gateway({})
    findings = scrub(court)
    assert ("object-missing", SOUND) in {(item.code, item.path) for item in findings}
    assert all(item.hearing == "h1" and item.good_at for item in findings)
