"""The daemon deletes a record only with a receipt that it checks itself; what asks it has no say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from device_config.identity import add_trust, trust_dir
from device_config.settings import Settings
from protocol import canonical
from protocol.encoding import b64
from protocol.journal import read_journal
from protocol.merkle import Tree
from protocol.note import Ed25519Signer
from recorder.forgetting import Forgetting
from recorder.refusals import BadRequest, IllegalAction, NoHearing
from recorder.removal import remove, was_removed
from recorder.second_copy import SecondCopy
from recorder.service import Daemon
from storage import receipt
from storage.log import Log
from storage.receipt import SealPoint
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER
from tests.storage.records import make_record
from tests.support.recorder import microphones, plan, running, settings, sync

HEARING = "2020-09-13_7512-20-00-2-1_aaaa"
OTHER = "2020-09-13_7512-20-00-2-2_bbbb"
MADE_US = 1_600_000_000_000_000
RECEIVED_AT = "2020-09-13T13:26:40.000Z"


@dataclass
class Box:
    """Two certified records, and what the archive said of the first."""

    settings: Settings
    record: Path
    lines: int
    receipt: bytes

    def daemon(self, **more: Any) -> AbstractAsyncContextManager[Daemon]:
        return running(self.settings.model_copy(update=more))


def received(record: Path, signer: Ed25519Signer = ARCHIVE_SIGNER, **more: Any) -> bytes:
    """An archive's receipt for the last seal."""
    entries, _ = read_journal((record / "journal.jsonl").read_bytes())
    seal = max(number for number, entry in enumerate(entries) if getattr(entry, "type", "") == "manifest")
    point = {"number": 2, "size": seal + 1, **more}
    tree = Tree(entry.leaf for entry in entries)
    made = SealPoint(record.name, f"box.test/{record.name}", point["number"], point["size"], tree.root(point["size"]))
    with Log(None, signer) as log:
        entry = log.add("received", receipt.entry_of(made, bytes(16), RECEIVED_AT))
        return receipt.make(record.name, bytes(16), entry, signer.key)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = settings(tmp_path, microphones())
    for hearing in (HEARING, OTHER):
        make_record(made.hearings / hearing, hearing, SIGNER, at_us=MADE_US).certify()
    add_trust(trust_dir(made), ARCHIVE_SIGNER.key)
    record = made.hearings / HEARING
    lines = len((record / "journal.jsonl").read_bytes().splitlines())
    return Box(made, record, lines, received(record))


def removals(box: Box) -> list[dict[str, Any]]:
    log = box.settings.state_dir / "removals.jsonl"
    return [canonical.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []


def whole(box: Box) -> bool:
    """Nothing was deleted, and nothing says so."""
    names = {path.name for path in box.settings.hearings.iterdir() if path.is_dir()}
    return {HEARING, OTHER} <= names and box.record.joinpath("journal.jsonl").is_file() and not removals(box)


@sync
async def test_what_was_received_goes_and_only_that(box: Box) -> None:
    async with box.daemon() as daemon:
        said = await remove(daemon, HEARING, box.receipt, box.lines, "retention")
        assert not box.record.exists()
        assert [path.name for path in box.settings.hearings.iterdir() if path.is_dir()] == [OTHER]
        assert removals(box) == [said]
        with pytest.raises(NoHearing):
            await remove(daemon, HEARING, box.receipt, box.lines, "retention")
    assert (said["hearing"], said["by"], said["journal_lines"]) == (HEARING, "retention", box.lines)
    assert said["receipt"].encode() == box.receipt, "what proves that the archive has it stays"
    assert RECEIVED_AT in said["reason"]


@sync
async def test_the_second_copy_goes_with_it(box: Box, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    shutil.copytree(box.settings.hearings, copies)
    async with box.daemon(second_copy=copies) as daemon:
        daemon.second_copy.close()
        daemon.second_copy = SecondCopy(box.settings.hearings, copies, other_disk=False)
        journal = copies / HEARING / "journal.jsonl"
        kept = journal.read_bytes()
        journal.write_bytes(kept[:-20] + kept[-19:])
        with pytest.raises(IllegalAction, match="another journal"):
            await remove(daemon, HEARING, box.receipt, box.lines, "retention")
        assert whole(box)
        journal.write_bytes(kept)
        shutil.copytree(
            copies / HEARING, copies / ".removed" / HEARING
        )  # a removal that was killed; the copy was made again
        said = await remove(daemon, HEARING, box.receipt, box.lines, "retention")
    assert said["second_copy"]
    assert not box.record.exists()
    assert [path.name for path in copies.iterdir()] == [OTHER]


@sync
async def test_without_the_second_disk_nothing_goes(box: Box, tmp_path: Path) -> None:
    async with box.daemon(second_copy=tmp_path / "away") as daemon:
        daemon.second_copy.failed = "it is not there"
        with pytest.raises(IllegalAction, match="second copy"):
            await remove(daemon, HEARING, box.receipt, box.lines, "retention")
    assert whole(box)


Receipt = Callable[[Box], bytes]


@sync
async def test_a_receipt_that_proves_nothing_deletes_nothing(box: Box) -> None:
    stranger = Ed25519Signer("archive.test", bytes(32))
    false: tuple[Receipt, ...] = (
        lambda box: received(box.record, stranger),
        lambda box: received(box.record, number=1),
        lambda box: received(box.record, size=5),
        lambda box: received(box.settings.hearings / OTHER),
        lambda box: box.receipt.replace(b"2020-09-13T13", b"2010-09-13T13"),
        lambda box: box.receipt.replace(b64(bytes(32)).encode(), b""),
        lambda box: box.receipt[:-3],
        lambda _box: b"",
        lambda _box: b"{}",
    )
    async with box.daemon() as daemon:
        for number, make in enumerate(false):
            text = make(box)
            if text == box.receipt:
                continue
            with pytest.raises(BadRequest):
                await remove(daemon, HEARING, text, box.lines, "retention")
            assert whole(box), number
        for path in trust_dir(box.settings).glob("*.vkey"):
            path.unlink()
        with pytest.raises(BadRequest, match="trust list"):
            await remove(daemon, HEARING, box.receipt, box.lines, "retention")
    assert whole(box)


@sync
async def test_its_own_settings_say_how_long(box: Box) -> None:
    async with box.daemon(retention_days=365_000) as daemon:
        with pytest.raises(IllegalAction, match="365000 days"):
            await remove(daemon, HEARING, box.receipt, box.lines, "retention")
    assert whole(box)


@sync
async def test_a_journal_that_has_grown_is_compared_again(box: Box) -> None:
    async with box.daemon() as daemon:
        with pytest.raises(IllegalAction, match="changed"):
            await remove(daemon, HEARING, box.receipt, box.lines - 1, "retention")
        with (box.record / "journal.jsonl").open("ab") as file:
            file.write(b"torn")
        with pytest.raises(IllegalAction, match="changed"):
            await remove(daemon, HEARING, box.receipt, box.lines, "retention")
    assert whole(box)


@sync
async def test_what_is_not_certified_or_not_over_stays(box: Box) -> None:
    drafted = make_record(box.settings.hearings / "d", "d", SIGNER, at_us=MADE_US).folder
    lines = len((drafted / "journal.jsonl").read_bytes().splitlines())
    async with box.daemon() as daemon:
        with pytest.raises(IllegalAction, match="certified"):
            await remove(daemon, "d", received(drafted), lines, "retention")
        hearing = await plan(daemon)
        with pytest.raises(IllegalAction, match="in this room"):
            await remove(daemon, hearing, box.receipt, 1, "retention")
    async with box.daemon(retention_uncertified=True) as daemon:
        await remove(daemon, "d", received(drafted), lines, "retention")
    assert not drafted.exists()


@sync
async def test_what_a_crash_left_of_a_removal_goes_with_the_next(box: Box) -> None:
    """Killed between the renaming and the deletion; and while it wrote the line."""
    left = box.settings.hearings / ".removed" / "2020-01-01_x_zzzz"
    left.mkdir(parents=True)
    (left / "journal.jsonl").write_bytes(b"{}")
    (box.settings.state_dir / "removals.jsonl").write_bytes(b'{"action":"rem')
    async with box.daemon() as daemon:
        assert {item.hearing for item in daemon.store.summaries()} == {HEARING, OTHER}
        await remove(daemon, HEARING, box.receipt, box.lines, "retention")
    assert not left.parent.exists()
    first, second = (box.settings.state_dir / "removals.jsonl").read_bytes().splitlines()
    assert first == b'{"action":"rem'
    assert canonical.loads(second)["hearing"] == HEARING
    log = box.settings.state_dir / "removals.jsonl"
    assert (was_removed(log, HEARING), was_removed(log, OTHER), was_removed(log.with_name("none"), HEARING)) == (True, False, False)


@sync
async def test_keys_go_where_a_crash_came_before_them(box: Box) -> None:
    """Of remarks in camera that nobody reviewed: the record is gone, its keys are not yet."""
    async with box.daemon() as daemon:
        await remove(daemon, HEARING, box.receipt, box.lines, "retention")
        vault, unknown = daemon.vault, "2020-01-01_x_zzzz"
        for hearing in (HEARING, unknown):  # of the other nobody knows: its disk may be away
            (box.settings.state_dir / "keys" / "closed" / hearing).mkdir(parents=True)
            (box.settings.state_dir / "keys" / "closed" / hearing / "K01.box").write_bytes(b"wrapped")
        assert set(vault.hearings()) == {HEARING, unknown}
        await Forgetting(daemon)._look()
        assert set(vault.hearings()) == {unknown}
