"""The archive's log: signed with every entry, the same after every restart, and stopped when it was touched."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from protocol.checkpoint import Checkpoint
from protocol.merkle import leaf_hash, verify_consistency, verify_inclusion
from protocol.note import Ed25519Signer, parse_note
from storage.database import Database
from storage.errors import LogBroken
from storage.log import Entry, Log
from storage.setting_errors import LogRenamed
from tests.storage.conftest import ARCHIVE_SIGNER
from tests.support.postgres import Postgres


def check(entry: Entry) -> Checkpoint:
    note = parse_note(entry.checkpoint)
    assert note.signed_by(ARCHIVE_SIGNER.key)
    point = Checkpoint.from_text(note.text)
    assert point.origin == "archive.test/log"
    assert verify_inclusion(leaf_hash(entry.text), entry.index, point.size, entry.proof, point.root)
    return point


def test_entries_are_signed_and_proven(database_url: str) -> None:
    with Log(Database(database_url), ARCHIVE_SIGNER) as log:
        points = [check(log.add(f"n{number}", {"number": number, "type": "test"})) for number in range(20)]
        for old, new in ((1, 20), (7, 8), (16, 20)):
            proof = log.consistency(old, new)
            assert verify_consistency(old, new, proof, points[old - 1].root, points[new - 1].root)


def test_an_entry_stays_what_it_was(database_url: str) -> None:
    with Log(Database(database_url), ARCHIVE_SIGNER) as log:
        first = log.add("one", {"type": "test"})
        log.add("two", {"type": "test"})
        assert log.add("one", {"type": "other"}) == first
        assert log.size == 2
    with Log(Database(database_url), ARCHIVE_SIGNER) as log:
        assert log.find("one") == first
        assert check(log.add("three", {"type": "test"})).size == 3


def test_an_entry_that_cannot_be_logged_leaves_the_log_as_it_was(database_url: str) -> None:
    with Log(Database(database_url), ARCHIVE_SIGNER) as log:
        log.add("one", {"type": "test"})
        before = log.checkpoint()
        with pytest.raises(Exception, match="float"):
            log.add("two", {"type": 1.5})  # type: ignore[dict-item]
        assert (log.size, log.checkpoint()) == (1, before)
        check(log.add("three", {"type": "test"}))


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ('UPDATE entry SET text = CAST(\'{"type":"x"}\' AS BLOB) WHERE number = 1', "do not give the root"),
        ("DELETE FROM entry WHERE number = 1", "is missing"),
        ("DELETE FROM entry WHERE number = 2", "do not give the root"),
        ("UPDATE entry SET number = 99 WHERE number = 1", "is missing"),
        ("DELETE FROM checkpoint", "no checkpoint"),
        ("DELETE FROM checkpoint WHERE size = 3", "do not give the root"),
        ("UPDATE checkpoint SET note = replace(note, 'archive.test/log', 'other/log')", "is not signed"),
        ("UPDATE checkpoint SET note = 'x'", "malformed"),
    ],
)
def test_a_log_that_was_touched_stops_the_archive(tmp_path: Path, statement: str, match: str) -> None:
    with Log(tmp_path / "log.sqlite", ARCHIVE_SIGNER) as log:
        for number in range(3):
            log.add(str(number), {"number": number, "type": "test"})
    database = sqlite3.connect(tmp_path / "log.sqlite")
    database.execute(statement)
    database.commit()
    database.close()
    with pytest.raises(LogBroken, match=match):
        Log(tmp_path / "log.sqlite", ARCHIVE_SIGNER)


def test_another_name_is_told_as_such(tmp_path: Path) -> None:
    """The same key under another archive.name: the log is as it was, and the settings are wrong."""
    with Log(tmp_path / "log.sqlite", ARCHIVE_SIGNER) as log:
        log.add("one", {"type": "test"})
    with pytest.raises(LogRenamed, match=r"archive.name is other.test, and this log was begun as archive.test") as caught:
        Log(tmp_path / "log.sqlite", Ed25519Signer("other.test", bytes(range(1, 33))))
    assert (caught.value.exit_status, "Set archive.name back" in caught.value.advice) == (78, True)
    Log(tmp_path / "log.sqlite", ARCHIVE_SIGNER).close()


def test_another_key_is_not_the_archive(tmp_path: Path) -> None:
    with Log(tmp_path / "log.sqlite", ARCHIVE_SIGNER) as log:
        log.add("one", {"type": "test"})
    with pytest.raises(LogBroken, match="not signed by"):
        Log(tmp_path / "log.sqlite", Ed25519Signer("archive.test", bytes(32)))


@pytest.mark.postgres
def test_several_processes_write_one_log(postgres: Postgres) -> None:
    url = postgres.new_database()
    logs = [Log(Database(url), ARCHIVE_SIGNER) for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        made = list(
            pool.map(lambda number: logs[number % 3].add(f"n{number % 15}", {"number": number % 15}), range(30))
        )
    assert sorted({entry.index for entry in made}) == list(range(15))
    assert all(made[number] == made[number + 15] for number in range(15))
    points = {check(entry).size: check(entry) for entry in made}
    for log in logs:  # each knows what the others wrote
        assert log.find("n3") == made[3]
        assert verify_consistency(1, 15, log.consistency(1, 15), points[1].root, points[15].root)
        log.close()


@pytest.mark.postgres
def test_an_older_copy_under_a_running_archive_stops_it(postgres: Postgres) -> None:
    url = postgres.new_database()
    with Log(Database(url), ARCHIVE_SIGNER) as log:
        for number in range(3):
            log.add(str(number), {"number": number})
        other = Database(url)
        with other.begin() as db:
            db.execute(sa.text("DELETE FROM entry WHERE number = 2"))
            db.execute(sa.text("DELETE FROM checkpoint WHERE size = 3"))
        other.close()
        with pytest.raises(LogBroken):
            log.add("another", {"number": 9})
