"""The monitor and the archive's witnesses, over HTTP: each way in which a log can be bent is refused and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from protocol.merkle import leaf_hash
from protocol.note import parse_note
from protocol.receipt import subject_of
from storage.archive.log_witnesses import Witnesses, published, states
from storage.database import Database
from storage.errors import LogBroken, LogSilent, MonitorUnfit, WitnessSilent
from storage.log import Log
from storage.monitor import Patience, differences
from storage.monitor_memory import Head, MonitorMemory
from storage.setting_errors import MonitorBusy, OtherLog
from storage.tiles import tiles_of
from storage.witness_client import WitnessClient
from tests.storage.conftest import ARCHIVE_SIGNER
from tests.storage.logs import AT, ORIGIN, codes, entries, look, make_log, shown, witnessing
from tests.support.postgres import Postgres


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[WitnessClient]:
    with witnessing(tmp_path / "witness") as client:
        yield client


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "monitor" / "seen.sqlite"


def cosign(log: Log, *clients: WitnessClient) -> list[str]:
    """What the archive does all the time, once; troubles."""
    asked = Witnesses(log, clients)
    return [asked.ask(client) for client in clients]


def test_a_log_that_only_grows(tmp_path: Path, witness: WitnessClient, memory: Path) -> None:
    with make_log(entries(5)) as log, shown(log) as url:
        assert cosign(log, witness) == [""]
        first = look(url, memory, [witness])
        assert (codes(first), first.before, first.size) == ([], 0, 5)
        log.add_all([(f"more {number}", item) for number, item in enumerate(entries(300, 5))])
        assert cosign(log, witness) == [""]
        second = look(url, memory, [witness], full=True)
        assert (codes(second), second.before, second.size, second.consistent) == ([], 5, 305, True)
        assert codes(look(url, memory, [witness])) == []
        note = parse_note(published(log) or "")
        assert [item.name for item in note.signatures] == ["archive.test", "witness.test"]
        assert witness.key.signed_at(note.text, note.signatures) is not None


def bent(kind: str) -> list[dict[str, str | int]]:
    """Ten entries that were shown, made into something else by somebody who has the archive's key."""
    items = entries(10)
    if kind == "altered":
        items[4]["type"] = "other"
    elif kind == "dropped":
        del items[4]
    elif kind == "reordered":
        items[4], items[6] = items[6], items[4]
    return items


@pytest.mark.parametrize(
    ("kind", "finding"),
    [
        ("altered", ("entry-altered", "4")),
        ("dropped", ("entry-dropped", "4")),
        ("reordered", ("entries-reordered", "4")),
    ],
)
@pytest.mark.parametrize("grown", [False, True])
def test_an_entry_altered_dropped_or_reordered(
    witness: WitnessClient, memory: Path, kind: str, finding: tuple[str, str], grown: bool
) -> None:
    """With the log's key, and the whole tree made and signed again: only who saw the first one can tell, and does."""
    with make_log(entries(10)) as log, shown(log) as url:
        assert cosign(log, witness) == [""]
        assert codes(look(url, memory, [witness])) == []
    with make_log([*bent(kind), *(entries(5, 10) if grown else [])]) as forged, shown(forged) as url:
        assert cosign(forged, witness) == ["witness-conflict"], "the witness refuses"
        for _ in range(2):  # found again until somebody looked into it
            report = look(url, memory, [witness])
            assert finding in codes(report)
            assert (report.consistent, report.size) == (False, 10)
        fresh = memory.with_name("fresh.sqlite")  # a monitor that saw nothing before has the witness's word
        expected = "rollback" if forged.size < 10 else "fork"
        assert (expected, "witness.test") in codes(look(url, fresh, [witness]))
    assert witness.head(ORIGIN, ARCHIVE_SIGNER.key).size == 10  # type: ignore[union-attr]


def test_two_histories_shown_to_two_clients(tmp_path: Path, witness: WitnessClient) -> None:
    one, other = tmp_path / "one.sqlite", tmp_path / "other.sqlite"
    left, right = make_log(entries(10)), make_log([*entries(9), *entries(1, 9, shown_to="the other")])
    with left, right, shown(left) as left_url, shown(right) as right_url:
        assert cosign(left, witness) == [""]
        assert cosign(right, witness) == ["witness-conflict"]
        assert codes(look(left_url, one, [witness])) == []
        assert codes(look(right_url, other, [witness])) == [("fork", "witness.test")]
        assert codes(look(right_url, one)) == [("entry-altered", "9")], (
            "also without a witness, once one client sees both"
        )


def test_a_database_restored_from_yesterdays_copy(tmp_path: Path, witness: WitnessClient, memory: Path) -> None:
    """The log is consistent in itself; witness and monitor know better, also when it has grown past its old size."""
    database, copy = tmp_path / "log.sqlite", tmp_path / "yesterday.sqlite"
    with make_log(entries(6), database) as log:
        assert cosign(log, witness) == [""]
    shutil.copy(database, copy)
    with Log(database, ARCHIVE_SIGNER) as log, shown(log) as url:
        log.add_all([(f"today {number}", item) for number, item in enumerate(entries(4, 6))])
        assert cosign(log, witness) == [""]
        assert codes(look(url, memory, [witness])) == []
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    shutil.copy(copy, database)
    with Log(database, ARCHIVE_SIGNER) as log, shown(log) as url:
        assert cosign(log, witness) == ["witness-conflict"]
        assert states(log)[0].trouble == "witness-conflict"
        assert codes(look(url, memory, [witness])) == [("rollback", "6"), ("rollback", "witness.test")]
        log.add_all([(f"again {number}", item) for number, item in enumerate(entries(8, 6, day="after"))])
        assert cosign(log, witness) == ["witness-conflict"]
        assert codes(look(url, memory, [witness])) == [("entry-altered", str(number)) for number in range(6, 10)]
        assert codes(look(url, memory.with_name("fresh.sqlite"), [witness])) == [("fork", "witness.test")]


@pytest.mark.postgres
def test_the_same_on_postgresql(postgres: Postgres, witness: WitnessClient, memory: Path) -> None:
    url = postgres.new_database()
    with Log(Database(url), ARCHIVE_SIGNER) as log, shown(log) as address:
        log.add_all([(str(number), item) for number, item in enumerate(entries(10))])
        assert cosign(log, witness) == [""]
        assert codes(look(address, memory, [witness])) == []
    other = Database(url)  # what a restore of the copy taken after entry 5 leaves
    with other.begin() as db:
        db.execute(sa.text("DELETE FROM entry WHERE number >= 6"))
        db.execute(sa.text("DELETE FROM checkpoint WHERE size > 6"))
        db.execute(sa.text("DELETE FROM log_cosignature"))
        db.execute(sa.text("DELETE FROM log_witness"))
    other.close()
    with Log(Database(url), ARCHIVE_SIGNER) as log, shown(log) as address:
        assert cosign(log, witness) == ["witness-conflict"]
        assert codes(look(address, memory, [witness])) == [("rollback", "6"), ("rollback", "witness.test")]


def test_a_database_altered_under_a_running_archive(tmp_path: Path, memory: Path) -> None:
    """Entries are read from the database for each reader: the next full look sees it, and the next entry stops the archive."""
    with make_log(entries(6), tmp_path / "log.sqlite") as log, shown(log) as url:
        assert codes(look(url, memory)) == []
        with log.database.begin() as db:
            db.execute(sa.text('UPDATE entry SET text = CAST(\'{"type":"x"}\' AS BLOB) WHERE number = 3'))
        assert codes(look(url, memory)) == []
        assert codes(look(url, memory, full=True)) == [("entry-altered", "3")]


def test_a_log_of_another_key_or_without_signature(memory: Path) -> None:
    with make_log(entries(3)) as log, shown(log) as url:
        with log.database.begin() as db:
            db.execute(sa.text("UPDATE checkpoint SET note = replace(note, 'archive.test/log', 'archive.test/other')"))
        report = look(url, memory)
        assert (codes(report), report.size) == ([("bad-checkpoint", ORIGIN)], 0)


def test_hearings_opened_and_never_sealed_sealed_and_never_received(memory: Path) -> None:
    course: list[dict[str, str | int]] = [
        {"at": AT, "device": "box.test", "hearing": "open", "type": "opened"},
        {"at": AT, "device": "box.test", "hearing": "sealed", "type": "opened"},
        {"at": AT, "hearing": "sealed", "seal_number": 1, "type": "sealed"},
        {"at": AT, "device": "box.test", "hearing": "whole", "type": "opened"},
        {"at": AT, "hearing": "whole", "seal_number": 1, "type": "sealed"},
        {"hearing": "whole", "received_at": AT, "seal_number": 1, "type": "received"},
        {"at": AT, "device": "box.test", "hearing": "gone", "type": "opened"},
        {"at": AT, "hearing": "gone", "type": "destroyed"},
    ]
    with Log(None, ARCHIVE_SIGNER) as log, shown(log) as url:
        log.add_all([(str(number), item) for number, item in enumerate(course)])
        subject = {name: _subject(log, name) for name in ("open", "sealed")}
        assert codes(look(url, memory)) == []
        patience = Patience(3_600_000_000, 7_200_000_000)
        assert codes(look(url, memory, later_s=3700, patience=patience)) == [("never-sealed", subject["open"])]
        late = look(url, memory, later_s=7300, patience=patience)
        assert sorted(codes(late)) == [("never-received", subject["sealed"]), ("never-sealed", subject["open"])]
        assert late.consistent
        log.add("late", {"at": AT, "hearing": "open", "seal_number": 1, "type": "sealed"})
        log.add("later", {"hearing": "sealed", "received_at": AT, "seal_number": 1, "type": "received"})
        assert codes(look(url, memory, later_s=3700, patience=patience)) == []


def _subject(log: Log, hearing: str) -> str:
    return subject_of(hearing, log.salt(hearing))


def test_a_silent_witness_holds_nothing_up(tmp_path: Path, witness: WitnessClient, memory: Path) -> None:
    with witnessing(tmp_path / "second") as passing:
        key = passing.key
    silent = WitnessClient("http://127.0.0.1:9", key)
    with make_log(entries(3)) as log, shown(log) as url:
        assert sorted(cosign(log, witness, silent)) == ["", "witness-silent"]
        assert [(item.size, item.trouble) for item in states(log) if item.witness == key.text] == [
            (0, "witness-silent")
        ]
        note = parse_note(published(log) or "")
        assert [item.name for item in note.signatures] == ["archive.test", "witness.test"]
        told = json.loads(httpx2.get(f"{url}/witnesses.json", trust_env=False).text)
        assert sorted(item["trouble"] for item in told["witnesses"]) == ["", "witness-silent"]
        assert codes(look(url, memory, [witness, silent])) == [("witness-silent", "witness.test")]
    silent.close()


def test_what_is_shown_is_what_all_that_answer_have_cosigned(tmp_path: Path, witness: WitnessClient) -> None:
    with witnessing(tmp_path / "second") as second, make_log(entries(3)) as log:
        asked = Witnesses(log, [witness, second])
        assert (asked.ask(witness), asked.ask(second)) == ("", "")
        log.add("new", {"type": "test"})
        assert asked.ask(witness) == ""
        assert "\n3\n" in (published(log) or ""), "the second has not cosigned the new one yet"
        assert asked.ask(second) == ""
        assert "\n4\n" in (published(log) or "")
        Witnesses(log, [witness])
        assert [item.witness for item in states(log)] == [witness.key.text]


def test_differences_are_named() -> None:
    seen = [leaf_hash(bytes([number])) for number in range(8)]
    assert list(differences(seen, [*seen, leaf_hash(b"new")])) == []
    assert [(item.code, item.subject) for item in differences(seen, seen[:6])] == [("entry-dropped", "6")]
    assert [(item.code, item.subject) for item in differences(seen, [*seen[:2], *seen[4:]])] == [("entry-dropped", "2")]
    swapped = [*seen[:1], seen[5], *seen[2:5], seen[1], *seen[6:]]
    assert [(item.code, item.subject) for item in differences(seen, swapped)] == [("entries-reordered", "1")]
    other = leaf_hash(b"other")
    assert [(item.code, item.subject) for item in differences(seen, [*seen[:3], other, *seen[4:7], other])] == [
        ("entry-altered", "3"),
        ("entry-altered", "7"),
    ]


def test_a_long_log_is_compared_in_time_and_a_size_out_of_all_reason_in_memory() -> None:
    """What is altered must be told soon (by lists copied for every entry it took minutes), and a signed size is only a number."""
    seen = [leaf_hash(number.to_bytes(4, "big")) for number in range(60_000)]
    found = list(differences(seen, [leaf_hash(b"other"), *seen[1:]]))
    assert [(item.code, item.subject) for item in found] == [("entry-altered", "0")]
    assert next(iter(tiles_of(None, 0, 10**15))).number == 0


def test_its_memory(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    held = MonitorMemory(path, ORIGIN)
    with pytest.raises(MonitorBusy, match="another monitor"):
        MonitorMemory(path, ORIGIN)
    held.add(0, [bytes(32)], Head(1, bytes(32), "note", "2026-11-23T00:00:00.000Z"))
    held.close()
    with pytest.raises(OtherLog, match="is about the log"):
        MonitorMemory(path, "other.test/log")
    path.write_bytes(b"no database" * 100)
    with pytest.raises(MonitorUnfit):
        MonitorMemory(path, ORIGIN)
    with pytest.raises(LogSilent):
        look("http://127.0.0.1:9/log", tmp_path / "other.sqlite")


def test_the_next_entry_of_an_altered_database_stops_the_archive(tmp_path: Path) -> None:
    with make_log(entries(3), tmp_path / "log.sqlite") as log:
        with log.database.begin() as db:
            db.execute(sa.text("DELETE FROM entry WHERE number = 2"))
            db.execute(sa.text("DELETE FROM checkpoint WHERE size = 3"))
        with pytest.raises(LogBroken):
            log.add("next", {"type": "test"})


def test_all_are_asked_about_one_checkpoint(tmp_path: Path, witness: WitnessClient) -> None:
    """While the log grows between one witness and the next, their sizes still meet."""
    with witnessing(tmp_path / "second") as second, make_log(entries(3)) as log:
        asked = Witnesses(log, [witness, second])
        for number in range(4):
            assert asked.ask(witness) == ""
            log.add(f"meanwhile {number}", {"type": "test"})
            assert asked.ask(second) == ""
            assert f"\n{3 + number}\n" in (published(log) or "")


def test_who_is_silent_is_not_waited_for(tmp_path: Path, witness: WitnessClient) -> None:
    with witnessing(tmp_path / "second") as passing:
        key = passing.key
    silent = WitnessClient("http://127.0.0.1:9", key)
    with make_log(entries(3)) as log:
        asked = Witnesses(log, [silent, witness])
        assert asked.ask(silent) == "witness-silent"
        for number in range(3):  # it is asked again only after a while
            assert asked.ask(witness) == ""
            assert f"\n{3 + number}\n" in (published(log) or "")
            log.add(f"new {number}", {"type": "test"})
    silent.close()


def test_one_that_never_ends_its_answer_is_not_waited_for_either(tmp_path: Path, witness: WitnessClient) -> None:
    with witnessing(tmp_path / "second") as slow, make_log(entries(3)) as log:
        now = [1_795_000_000.0]
        asked = Witnesses(log, [witness, slow], clock=lambda: now[0])
        assert (asked.ask(witness), asked.ask(slow)) == ("", "")
        log.add("new 0", {"type": "test"})
        assert asked.ask(witness) == ""  # the other one is asked now, and does not come back
        log.add("new 1", {"type": "test"})
        now[0] += 61
        assert asked.ask(witness) == ""
        assert "\n5\n" in (published(log) or "")
        assert [item.trouble for item in states(log) if item.witness == slow.key.text] == ["witness-silent"]
        assert asked.ask(slow) == ""
        assert [item.trouble for item in states(log)] == ["", ""]


def test_another_process_that_is_ahead_is_no_conflict(tmp_path: Path, witness: WitnessClient) -> None:
    """Two processes of one archive: one asks about a checkpoint that the other has gone beyond."""
    with make_log(entries(3)) as log:
        first, second = Witnesses(log, [witness]), Witnesses(log, [witness])
        assert first.ask(witness) == ""
        log.add("new 0", {"type": "test"})
        first._target()  # size 4 is what it will ask about
        log.add("new 1", {"type": "test"})
        assert second.ask(witness) == ""
        assert first.ask(witness) == ""
        log.add("new 2", {"type": "test"})
        assert first.ask(witness) == ""
        assert "\n6\n" in (published(log) or "")


def test_an_answer_that_trickles_is_given_up(witness: WitnessClient) -> None:
    clock = iter(range(0, 1000, 10))
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=iter([b"a"] * 10)))
    client = WitnessClient("http://witness", witness.key, transport, clock=lambda: float(next(clock)))
    with pytest.raises(WitnessSilent, match="takes longer"):
        client.head(ORIGIN, ARCHIVE_SIGNER.key)
    client.close()
