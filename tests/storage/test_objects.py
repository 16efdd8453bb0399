"""Object stores: created once, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import BadKey, BadRange, DigestMismatch, ObjectConflict, ObjectLocked, ObjectMissing, TooLarge
from storage.folder_store import FolderStore
from storage.objects import MemoryStore, ObjectStore, Protection, digest, read
from tests.support.ceph import Ceph

NOW_US = 1_900_000_000_000_000  # 2030: later than the stores' own clocks
DAY_US = 86_400_000_000


@pytest.fixture(params=["folder", "memory", pytest.param("s3", marks=pytest.mark.ceph)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        service: Ceph = request.getfixturevalue("ceph")
        return service.new_store()[0]
    return FolderStore(tmp_path / "objects") if request.param == "folder" else MemoryStore()


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_an_object_is_created_once(store: ObjectStore) -> None:
    assert store.put_once("records/h/a", [b"o", b"ne"], sha(b"one"))
    assert not store.put_once("records/h/a", [b"one"], sha(b"one"))
    with pytest.raises(ObjectConflict):
        store.put_once("records/h/a", [b"two"], sha(b"two"))
    assert read(store, "records/h/a") == b"one"
    assert digest(store, "records/h/a") == sha(b"one")
    assert store.size("records/h/a") == 3


def test_a_wrong_digest_creates_nothing(store: ObjectStore) -> None:
    with pytest.raises(DigestMismatch):
        store.put_once("a", [b"one"], sha(b"two"))
    assert not store.exists("a")


def test_a_body_that_breaks_off_creates_nothing(store: ObjectStore, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"on"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put_once("a", broken(), sha(b"one"))
    assert not store.exists("a")
    if isinstance(store, FolderStore):
        assert not list((tmp_path / "objects" / ".staging").iterdir())


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", ".staging/x", "a b", "ä", "a\n", "a" * 301]
)
def test_bad_keys(store: ObjectStore, key: str) -> None:
    with pytest.raises(BadKey):
        store.put_once(key, [b""], sha(b""))
    with pytest.raises(BadKey):
        store.size(key)


@pytest.mark.parametrize(
    ("start", "length", "expected"), [(0, None, b"abcdef"), (2, None, b"cdef"), (2, 3, b"cde"), (6, None, b"")]
)
def test_parts_of_an_object(store: ObjectStore, start: int, length: int | None, expected: bytes) -> None:
    store.put_once("a", [b"abcdef"], sha(b"abcdef"))
    assert b"".join(store.get("a", start, length)) == expected


@pytest.mark.parametrize(("start", "length"), [(-1, 2), (0, 7), (7, 0), (3, -1)])
def test_parts_outside_an_object(store: ObjectStore, start: int, length: int) -> None:
    store.put_once("a", [b"abcdef"], sha(b"abcdef"))
    with pytest.raises(BadRange):
        list(store.get("a", start, length))


def test_what_is_not_there(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        store.size("records/h/a")
    with pytest.raises(ObjectMissing):
        list(store.get("records/h/a"))
    assert list(store.list("records/h")) == []


def test_listing_is_sorted_and_keeps_to_the_folder(store: ObjectStore) -> None:
    for key in ("records/h/b", "records/h/a/c", "records/h2/a", "records/h/a/b"):
        store.put_once(key, [key.encode()], sha(key.encode()))
    assert list(store.list("records/h")) == ["records/h/a/b", "records/h/a/c", "records/h/b"]


def test_an_empty_object_and_one_that_does_not_fit_in_memory(store: ObjectStore) -> None:
    assert store.put_once("empty", [], sha(b""))
    assert (store.size("empty"), read(store, "empty")) == (0, b"")
    block = bytes(range(256)) * 4096  # 1 MiB
    whole = hashlib.sha256()
    for _ in range(10):
        whole.update(block)
    assert store.put_once("large", (block for _ in range(10)), whole.digest())
    assert store.size("large") == 10 << 20
    assert digest(store, "large") == whole.digest()
    assert b"".join(store.get("large", (5 << 20) - 1, 3)) == b"\xff\x00\x01"


def test_more_than_a_file_may_have_is_refused(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.objects.MAX_FILE_BYTES", 1000)
    with pytest.raises(TooLarge):
        store.put_once("large", [b"x" * 600, b"x" * 600], sha(b"x" * 1200))
    assert not store.exists("large")


def test_many_at_once_make_one_object(store: ObjectStore) -> None:
    bodies = [bytes([number % 3]) * 1000 for number in range(9)]

    def put(body: bytes) -> bool | None:
        try:
            return store.put_once("records/h/a", [body], sha(body))
        except ObjectConflict:
            return None

    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(put, bodies))
    winner = read(store, "records/h/a")
    assert answers.count(True) == 1
    assert all((answer is None) == (body != winner) for answer, body in zip(answers, bodies, strict=True))
    assert list(store.strays("records")) == []


def test_an_object_is_removed_and_may_be_made_again(store: ObjectStore) -> None:
    store.put_once("records/h/a", [b"one"], sha(b"one"))
    assert store.protection("records/h/a") == Protection()
    store.remove("records/h/a")
    store.remove("records/h/a")
    assert not store.exists("records/h/a")
    assert store.put_once("records/h/a", [b"two"], sha(b"two"))
    assert read(store, "records/h/a") == b"two"


def test_a_locked_object_is_not_removed_and_its_lock_not_shortened(store: ObjectStore) -> None:
    store.put_once("records/h/a", [b"one"], sha(b"one"), until_us=NOW_US)
    store.retain("records/h/a", NOW_US - DAY_US)
    assert store.protection("records/h/a") == Protection(NOW_US)
    with pytest.raises(ObjectLocked):
        store.remove("records/h/a")
    store.retain("records/h/a", NOW_US + DAY_US)
    assert store.protection("records/h/a") == Protection(NOW_US + DAY_US)
    assert not store.put_once("records/h/a", [b"one"], sha(b"one"), until_us=NOW_US)
    assert store.protection("records/h/a") == Protection(NOW_US + DAY_US)
    assert read(store, "records/h/a") == b"one"


def test_a_hold_keeps_an_object_until_it_is_lifted(store: ObjectStore) -> None:
    store.put_once("records/h/a", [b"one"], sha(b"one"))
    store.hold("records/h/a", on=True)
    assert store.protection("records/h/a") == Protection(None, held=True)
    with pytest.raises(ObjectLocked):
        store.remove("records/h/a")
    store.hold("records/h/a", on=False)
    store.remove("records/h/a")
    assert not store.exists("records/h/a")


def test_what_is_not_there_is_not_protected(store: ObjectStore) -> None:
    for act in (store.protection, lambda key: store.retain(key, NOW_US), lambda key: store.hold(key, on=True)):
        with pytest.raises(ObjectMissing):
            act("records/h/a")


def test_an_object_is_no_folder(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_once("a/b", [b"x"], sha(b"x"))
    for key in ("a/b/c", "a/b/c/d", "a"):
        with pytest.raises(ObjectConflict):
            store.put_once(key, [b"x"], sha(b"x"))


def test_what_a_crash_left_is_removed_at_the_start(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / ".staging" / "half").write_bytes(b"x")
    assert store.clear_staging() == 1
    assert store.clear_staging() == 0
