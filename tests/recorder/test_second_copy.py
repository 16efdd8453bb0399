"""The second copy: good by itself at every moment, and a failure of either disk leaves the other alone."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from protocol.durable import cut
from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from recorder.findings import Findings
from recorder.mirror import drop, mirror
from recorder.mirror_ends import CopyDiffers, NotRead
from recorder.second_copy import CODE, SecondCopy
from tests.support import records
from tests.support.cut_off import CutOff, cut_off
from tests.support.golden import GOOD
from tests.support.recorder import SIGNER, check, codes, microphones, plan, running, settings, sync, until
from tests.support.records import make_record

NAME = "2026-11-23_a_k3f9"
#: What may be said of a copy that was cut off: all of it is of completeness, or only noted.
AT_THE_END = {
    *("still-open", "uncovered-lines", "file-missing", "manifest-missing", "no-seal"),
    *("torn-tail", "torn-checkpoint", "gap", "no-receipt"),
}
#: One of so many places where a copy can be cut off is tried; prime, so that each kind of step comes up.
STRIDE = 7


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A sealed record."""
    return make_record(tmp_path / "records" / NAME)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def grown(path: Path, size: int) -> bool:
    return path.stat().st_size > size


def unharmed(copy: Path) -> None:
    """Nothing is wrong with a copy but what it lacks."""
    if (copy / "checkpoints").exists() and b"\n\n" in (copy / "checkpoints").read_bytes():
        report = verify(DirectoryRecord(copy), Trust.of(SIGNER.key, records.SIGNER.key))
        assert (report.integrity, report.provenance) == ("intact", "trusted"), codes(report)
        assert set(codes(report)) <= AT_THE_END, codes(report)


def soon(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "not within 60 s"
        time.sleep(0.02)


def test_a_copy_is_the_record_and_is_made_once(record: Path, tmp_path: Path) -> None:
    assert mirror(record, tmp_path / "copy") == sum(len(data) for data in files(record).values())
    assert files(tmp_path / "copy") == files(record)
    assert mirror(record, tmp_path / "copy") == 0


def test_a_torn_end_that_a_recovery_cut_goes_from_the_copy_too(record: Path, tmp_path: Path) -> None:
    journal, media = record / "journal.jsonl", next((record / "media").rglob("*.mp4"))
    whole = {path: path.stat().st_size for path in (journal, media)}
    for path in whole:
        path.write_bytes(path.read_bytes() + b"torn")
    mirror(record, tmp_path / "copy")
    for path, size in whole.items():
        cut(path, size)
    mirror(record, tmp_path / "copy", whole=True)
    assert files(tmp_path / "copy") == files(record)


def test_a_time_stamp_that_the_first_disk_lost_stays_in_the_copy(tmp_path: Path) -> None:
    first = shutil.copytree(GOOD / "stamped", tmp_path / "first")
    copy = shutil.copytree(first, tmp_path / "copy")
    (copy / "timestamps/0099.tst").write_bytes(b"of a line that a recovery cut")
    (first / "timestamps/0001.tst").unlink()
    drop(first, copy)
    assert [path.name for path in sorted((copy / "timestamps").iterdir())] == ["0001.tst", "0002.tst"]


def test_a_copy_with_more_lines_than_the_record_is_left_as_it_is(record: Path, tmp_path: Path) -> None:
    mirror(record, tmp_path / "copy")
    before = files(tmp_path / "copy")
    journal = record / "journal.jsonl"
    journal.write_bytes(b"".join(line + b"\n" for line in journal.read_bytes().splitlines()[:-1]))
    with pytest.raises(CopyDiffers):
        mirror(record, tmp_path / "copy")
    assert files(tmp_path / "copy") == before


def test_what_was_never_acknowledged_gives_way_to_what_the_record_has_now(record: Path, tmp_path: Path) -> None:
    """The power went between a line's writing and its sync: the copy has it, the record went on with another."""
    copy, journal = tmp_path / "copy", record / "journal.jsonl"
    whole, notes = journal.read_bytes(), (record / "checkpoints").read_bytes()
    *_, before, _ = itertools.accumulate(len(line) + 1 for line in whole.splitlines())
    number = whole[:before].count(b"\n")
    journal.write_bytes(whole[:before] + b'{"path":"media/T02/mic-judge/0009.mp4","seq":%d}\n' % number)
    (record / "checkpoints").write_bytes(notes[: notes.rindex(b"\n\n", 0, notes.rindex(b"\n\n", 0, -2))] + b"\n\n")
    extra = record / "media/T02/mic-judge/0009.mp4"
    extra.write_bytes(b"nobody acknowledged this")
    mirror(record, copy)
    assert (copy / "media/T02/mic-judge/0009.mp4").exists()
    extra.unlink()
    journal.write_bytes(whole)
    (record / "checkpoints").write_bytes(notes)
    mirror(record, copy)
    assert files(copy) == files(record)


def test_a_copy_that_is_cut_off_anywhere_only_lacks_its_end(record: Path, tmp_path: Path) -> None:
    for done in itertools.count(0, STRIDE):
        copy = tmp_path / f"copy-{done}"
        try:
            with cut_off(done):
                mirror(record, copy)
        except CutOff:
            unharmed(copy)
            mirror(record, copy, whole=True)
            assert files(copy) == files(record)
            assert not list(tmp_path.glob(".*"))
            shutil.rmtree(copy)
        else:
            assert done > 100, "it was cut off again and again"
            break


def test_a_record_that_cannot_be_read_costs_the_copy_nothing(record: Path, tmp_path: Path) -> None:
    mirror(record, tmp_path / "copy")
    before = files(tmp_path / "copy")
    shutil.rmtree(record)
    with pytest.raises(NotRead):
        mirror(record, tmp_path / "copy")
    assert files(tmp_path / "copy") == before


def test_a_disk_that_comes_back_gets_what_it_missed(record: Path, tmp_path: Path) -> None:
    copies, findings = tmp_path / "second", Findings()
    second = SecondCopy(record.parent, copies, other_disk=False)
    second.start()
    try:
        soon(lambda: second.failed)
        second.look(None, findings, 5)
        assert findings.keys((CODE,)), "it is a finding while it lasts"
        copies.mkdir()
        soon(lambda: second.failed is None)
        second.look(None, findings, 6)
        assert not findings.keys((CODE,))
    finally:
        second.close()
    assert files(copies / NAME) == files(record)


def test_a_record_that_nobody_understands_is_told_and_stops_no_other(record: Path, tmp_path: Path) -> None:
    strange = record.parent / "2026-11-22_a_aaaa"
    shutil.copytree(record, strange)
    (strange / "checkpoints").write_bytes(b"\xff\xfe\n\n\xff\n\n")
    copies = tmp_path / "second"
    copies.mkdir()
    second = SecondCopy(record.parent, copies, other_disk=False)
    second.start()
    try:
        soon(lambda: second.failed)
        assert files(copies / NAME) == files(record)
        shutil.rmtree(strange)
        soon(lambda: second.failed is None)
    finally:
        second.close()


def test_a_second_disk_that_is_not_mounted_gets_nothing(record: Path, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = SecondCopy(record.parent, tmp_path / "second")
    second.start()
    try:
        soon(lambda: second.failed)
    finally:
        second.close()
    assert "own disk" in str(second.failed)
    assert not list((tmp_path / "second").iterdir())


@sync
async def test_a_copy_that_is_cut_off_in_a_hearing_only_lacks_its_end(tmp_path: Path) -> None:
    """Files grow, segments roll, and each pass is cut off one step later than the last."""
    box, copies = settings(tmp_path, microphones(), segment_s=2.0), tmp_path / "copies"
    async with running(box) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        record, copy = box.hearings / hearing, copies / hearing
        for done in range(80):
            await asyncio.sleep(0.05)
            with suppress(CutOff), cut_off(done):
                mirror(record, copy, whole=True)
            unharmed(copy)
        await daemon.move(hearing, "stop", "s")
    mirror(record, copy, whole=True)
    assert files(copy) == files(record)


@sync
async def test_the_copy_grows_with_its_record_and_verifies(tmp_path: Path) -> None:
    box, copies = settings(tmp_path, microphones()), tmp_path / "copies"
    copies.mkdir()
    async with running(box) as daemon:
        daemon.second_copy = SecondCopy(box.hearings, copies, other_disk=False)
        daemon.second_copy.start()
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await until((copies / hearing / "checkpoints").exists)
        journal = copies / hearing / "journal.jsonl"
        await until(partial(grown, journal, journal.stat().st_size))
        await daemon.move(hearing, "stop", "s")
    report = check(copies / hearing)
    assert report.good, codes(report)
    assert files(copies / hearing) == files(box.hearings / hearing)


def test_what_the_first_disk_lost_of_a_closed_segment_the_second_keeps(tmp_path: Path) -> None:
    record, copy = tmp_path / "a" / NAME, tmp_path / "b" / NAME
    make_record(record, hearing=NAME)
    mirror(record, copy, whole=True)
    segment = next(path for path in sorted(record.rglob("media/**/*")) if path.is_file())
    kept = segment.read_bytes()
    segment.write_bytes(kept[: len(kept) // 2])
    mirror(record, copy, whole=True)
    assert (copy / segment.relative_to(record)).read_bytes() == kept
    segment.write_bytes(kept)
    (copy / segment.relative_to(record)).write_bytes(kept + b"torn")  # of before a crash
    mirror(record, copy, whole=True)
    assert (copy / segment.relative_to(record)).read_bytes() == kept
