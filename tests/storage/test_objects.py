"""Object stores: created once, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import BadKey, BadRange, DigestMismatch, ObjectConflict, ObjectMissing
from storage.objects import FolderStore, MemoryStore, ObjectStore, digest, read


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
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
