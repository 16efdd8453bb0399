"""The witness: what it answers (C2SP tlog-witness), what it remembers, and that a kill at any moment never has it cosign a fork."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from protocol.checkpoint import Checkpoint
from protocol.cosignature import Cosigner, WitnessKey, lines_of
from protocol.errors import BadNote
from protocol.note import Ed25519Signer, parse_note, sign_note
from storage.errors import WitnessUnfit
from storage.log import Log
from storage.setting_errors import WitnessBusy, WitnessRenamed
from storage.witness import Memory, Witness, make_request
from tests.storage.conftest import ARCHIVE_SIGNER
from tests.storage.logs import ORIGIN, WitnessProcess, ask, entries, head_of, make_log, wait_for

#: Kills at random moments; each costs a start. More: HATTAMA_WITNESS_KILLS=200.
KILLS = int(os.environ.get("HATTAMA_WITNESS_KILLS", "6"))


@pytest.fixture
def log() -> Iterator[Log]:
    with make_log(entries(20)) as made:
        yield made


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    memory = Memory(tmp_path / "witness", "witness.test")
    yield Witness(memory, {ORIGIN: ARCHIVE_SIGNER.key}, clock=lambda: 1_795_000_000.9)
    memory.close()


def request(log: Log, old: int, size: int) -> bytes:
    note = log.checkpoint_at(size)
    assert note is not None
    return make_request(old, log.consistency(old, size) if 0 < old < size else [], note)


def other_log(shared: int, size: int) -> Log:
    """Another history by the same key: the same beginning, other entries after it."""
    return make_log([*entries(shared), *entries(size - shared, shared, of="another history")])


def test_it_cosigns_what_goes_on(log: Log, witness: Witness) -> None:
    key = witness._memory.cosigner.key
    for old, size in ((0, 5), (5, 5), (5, 6), (6, 20)):
        answer = witness.add_checkpoint(request(log, old, size))
        assert answer.status == 200
        text = log.checkpoint_at(size) or ""
        note = parse_note(text + answer.body)
        assert note.signed_by(ARCHIVE_SIGNER.key)
        assert key.signed_at(note.text, note.signatures) == 1_795_000_000
        assert key.signed_at(note.text.replace("archive.test", "archive.tests"), note.signatures) is None
        assert lines_of(answer.body, note.text, {key.name: key}) == [(key, answer.body)]


@pytest.mark.parametrize(
    ("old", "size", "status", "body"),
    [
        (0, 10, 409, "7\n"),
        (6, 10, 409, "7\n"),
        (8, 10, 409, "7\n"),
        (0, 3, 409, "7\n"),
        (3, 3, 409, "7\n"),
        (9, 8, 400, None),
    ],
)
def test_another_size_than_it_cosigned(
    log: Log, witness: Witness, old: int, size: int, status: int, body: str | None
) -> None:
    assert witness.add_checkpoint(request(log, 0, 7)).status == 200
    answer = witness.add_checkpoint(request(log, old, size))
    assert (answer.status, body in (None, answer.body)) == (status, True)


def test_a_second_history_gets_no_signature(log: Log, witness: Witness) -> None:
    assert witness.add_checkpoint(request(log, 0, 10)).status == 200
    with other_log(5, 20) as fork:
        for old, size, status in ((10, 10, 409), (10, 15, 422), (10, 20, 422), (5, 20, 409), (0, 20, 409), (5, 7, 409)):
            assert witness.add_checkpoint(request(fork, old, size)).status == status
    assert witness.add_checkpoint(request(log, 10, 20)).status == 200


def test_a_wrong_proof(log: Log, witness: Witness) -> None:
    assert witness.add_checkpoint(request(log, 0, 7)).status == 200
    note, proof = log.checkpoint_at(20) or "", log.consistency(7, 20)
    for wrong in ([], proof[:-1], [*proof, bytes(32)], proof[::-1], [bytes(32), *proof[1:]]):
        assert witness.add_checkpoint(make_request(7, wrong, note)).status == 422
    assert witness.add_checkpoint(make_request(7, proof, note)).status == 200


def test_a_first_checkpoint_has_no_proof(log: Log, witness: Witness) -> None:
    note = log.checkpoint_at(7) or ""
    assert witness.add_checkpoint(make_request(0, [bytes(32)], note)).status == 422
    assert witness.add_checkpoint(make_request(0, [], note)).status == 200


def test_who_signed_it(log: Log, witness: Witness) -> None:
    text = parse_note(log.checkpoint_at(7) or "").text
    stranger = sign_note(text, Ed25519Signer("archive.test", bytes(32)))
    assert witness.add_checkpoint(make_request(0, [], stranger)).status == 403
    other = sign_note(text.replace("archive.test", "other.test"), ARCHIVE_SIGNER)
    assert witness.add_checkpoint(make_request(0, [], other)).status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 0\n", b"old 0\n\n", b"old 00\n\n%s", b"old -1\n\n%s", b"old \xd9\xa1\n\n%s", b"new 0\n\n%s", b"old 0\nAAAA\n\n%s", b"\xff\n\n%s",
        b"old 0\n" + b"x\n" * 64 + b"\n%s", b"old 0\n\nnot a note\n", b"old 99999999999999999999\n\n%s", b"old 0\n\n\n%s",
    ],
    ids=repr,
)  # fmt: skip
def test_a_malformed_request(log: Log, witness: Witness, body: bytes) -> None:
    assert witness.add_checkpoint(body.replace(b"%s", (log.checkpoint_at(7) or "").encode())).status == 400
    assert witness._memory.head(ORIGIN) is None


def test_its_key_as_text() -> None:
    key = Cosigner("witness.test", bytes(32)).key
    assert WitnessKey.from_text(key.text) == key
    for text in (ARCHIVE_SIGNER.key.text, key.text.replace("witness", "other"), "x", key.text[:-4]):
        with pytest.raises(BadNote):
            WitnessKey.from_text(text)


def test_it_refuses_to_start_without_its_memory(tmp_path: Path, log: Log) -> None:
    folder = tmp_path / "witness"
    memory = Memory(folder, "witness.test")
    assert Witness(memory, {ORIGIN: ARCHIVE_SIGNER.key}).add_checkpoint(request(log, 0, 7)).status == 200
    key = memory.cosigner.key
    with pytest.raises(WitnessBusy, match="another process"):
        Memory(folder, "witness.test")
    memory.close()
    with pytest.raises(WitnessRenamed, match=r"witness.name is renamed.test, .*but of witness.test"):
        Memory(folder, "renamed.test")
    kept = (folder / "heads.sqlite").read_bytes()
    (folder / "heads.sqlite").unlink()
    for _ in range(2):  # the second time, too
        with pytest.raises(WitnessUnfit, match="is missing"):
            Memory(folder, "witness.test")
    (folder / "heads.sqlite").write_bytes(kept[:2000] + bytes(len(kept) - 2000))
    with pytest.raises(WitnessUnfit):
        Memory(folder, "witness.test")
    (folder / "heads.sqlite").write_bytes(b"")
    with pytest.raises(WitnessUnfit):
        Memory(folder, "witness.test")
    (folder / "heads.sqlite").write_bytes(kept)
    again = Memory(folder, "witness.test")
    assert (again.cosigner.key, again.head(ORIGIN) is not None) == (key, True)
    again.close()
    (folder / "witness.seed").unlink()
    with pytest.raises(WitnessUnfit, match="not the key"):
        Memory(folder, "witness.test")
    assert (folder / "heads.sqlite").stat().st_mode & 0o777 == 0o600


def test_killed_before_its_key_was_there_it_begins_again(tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    Memory(folder, "witness.test").close()
    (folder / "witness.seed").unlink()  # nothing was cosigned yet
    (folder / "witness.new").write_bytes(b"half")
    memory = Memory(folder, "witness.test")
    assert (folder / "witness.seed").stat().st_mode & 0o777 == 0o600
    memory.close()


def test_killed_between_check_and_answer_it_remembers(tmp_path: Path, log: Log) -> None:
    """The seam: its memory is on the disk, the cosignature has not left. Nobody got it, and nobody gets one for a fork."""
    process = WitnessProcess(tmp_path / "witness", pause_s=3600)
    try:
        process.start()
        caught: list[Exception] = []

        def unanswered() -> None:
            try:
                ask(process.url, 0, log, 10)
            except httpx2.HTTPError as error:
                caught.append(error)

        asking = threading.Thread(target=unanswered)
        asking.start()
        wait_for(lambda: _remembers(tmp_path / "witness"))
        process.kill()
        asking.join(60)
        assert len(caught) == 1
        process.pause_s = 0
        process.start()
        with other_log(5, 20) as fork:
            assert ask(process.url, 0, fork, 8).status_code == 409
            assert ask(process.url, 0, fork).status_code == 409
            assert ask(process.url, 10, fork, 10).status_code == 409
            assert ask(process.url, 10, fork, proof=fork.consistency(10, 20)).status_code == 422
        head = head_of(process.url)
        assert head is not None
        assert head.size == 10
        again = ask(process.url, 10, log, 10)
        assert (again.status_code, again.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        conflict = ask(process.url, 3, log)
        assert (conflict.status_code, conflict.headers["content-type"], conflict.text) == (
            409,
            "text/x.tlog.size",
            "10\n",
        )
    finally:
        process.close()


def _remembers(folder: Path) -> bool:
    try:
        with sqlite3.connect(f"file:{folder}/heads.sqlite?mode=ro", uri=True) as db:
            return bool(db.execute("SELECT size FROM head").fetchall())
    except sqlite3.Error:
        return False


def test_killed_at_any_moment_it_never_cosigns_a_fork(tmp_path: Path) -> None:
    """Two histories by the log's own key are offered in turn, all the time, while the witness is killed again and again."""
    chance = random.Random(20261123)  # noqa: S311
    sizes = range(1, 300)
    histories = (make_log(entries(300)), other_log(1, 300))
    process = WitnessProcess(tmp_path / "witness", pause_s=0.02)
    given: list[Checkpoint] = []
    over = threading.Event()

    def offer() -> None:
        last = 0
        while not over.is_set():
            history = histories[chance.random() < 0.5]
            size = max(1, min(last + chance.choice((0, 1, 1, 2)), sizes[-1]))
            try:
                answer = ask(process.url, last, history, size)
            except httpx2.HTTPError:
                continue  # killed under way
            if answer.status_code == 200:
                given.append(Checkpoint.from_text(parse_note(history.checkpoint_at(size) or "").text))
                last = size
            elif answer.status_code == 409:
                last = int(answer.text)

    offering = threading.Thread(target=offer)
    try:
        process.start()
        offering.start()
        for _ in range(KILLS):
            before = len(given)
            wait_for(partial(_more, given, before + 1))
            time.sleep(chance.random() * 0.05)
            process.kill()
            process.start()
        over.set()
        offering.join(60)
        head = head_of(process.url)
    finally:
        over.set()
        process.close()
    assert len(given) > KILLS
    assert [point.size for point in given] == sorted(point.size for point in given), "never a smaller one"
    assert head is not None
    assert head.size >= given[-1].size
    own = [log for log in histories if log._tree.root(head.size) == head.root]
    assert len(own) == 1
    assert all(log_root(own[0], point) for point in given), "one history, from the first to the last"
    for history in histories:
        history.close()


def _more(given: list[Checkpoint], than: int) -> bool:
    return len(given) > than


def log_root(log: Log, point: Checkpoint) -> bool:
    return log._tree.root(point.size) == point.root
