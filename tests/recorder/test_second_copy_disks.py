"""Both disks of a second copy, each lost in a hearing: real daemon, real children, a loop-mounted disk whose plug is pulled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import loss_disk
from device_config.settings import Settings
from protocol.journal import Line, read_journal
from protocol.view import HearingView
from recorder.second_copy import CODE
from tests.recorder.test_recovery import begin, courtroom, media, view_of
from tests.support.recorder import Box, box_running, check, codes, wait_for

__all__ = ["media"]  # a fixture

pytestmark = pytest.mark.skipif(loss_disk.why_not() is not None, reason=str(loss_disk.why_not()))
#: All that may be said of a copy whose record's disk vanished: the hearing has no end in it.
AT_THE_END = {"still-open", "uncovered-lines", "file-missing", "torn-tail", "torn-checkpoint", "gap"}
#: What of a second copy may be missing is a second at most; on a machine that is busy with other tests more.
PATIENCE_US = 20_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[loss_disk.Disk]:
    found = loss_disk.LoopDisk(tmp_path / "loop", "ext4", 96 << 20)
    try:
        yield found
    finally:
        found.close()


def findings(box: Box) -> set[str]:
    with box.client() as client:
        return {item.code for item in client.status().findings}


def reached(journal: Path, text: bytes) -> bool:
    return journal.exists() and text in journal.read_bytes()


@pytest.mark.timeout(300)
def test_the_first_disk_vanishes_and_the_copy_verifies_by_itself(
    tmp_path: Path, media: Path, disk: loss_disk.Disk
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    settings = courtroom(disk.folder, media)
    settings = settings.model_copy(update={"run_dir": tmp_path / "run", "second_copy": copies})
    with box_running(settings, tmp_path / "log") as box:
        hearing = begin(box)
        with box.client() as client:
            client.remark(hearing, "said a while before", "secretary")
        time.sleep(5)  # segments of two seconds: some are closed, some open
        wait_for(lambda: reached(copies / hearing / "journal.jsonl", b"said a while before"))
        disk.cut()
        vanished_us = time.time_ns() // 1000
        wait_for(lambda: "journal-failed" in findings(box))
        time.sleep(2)  # passes of the copy that find nothing to read
        box.kill_all()
    copy = copies / hearing
    report = check(copy)
    assert (report.integrity, report.provenance) == ("intact", "trusted"), codes(report)
    assert set(codes(report)) <= AT_THE_END, codes(report)
    assert report.completeness in ("open", "incomplete"), "it does not say that it is all"
    # What was on the first disk a while before is in the copy.
    lines = [line for line in read_journal((copy / "journal.jsonl").read_bytes())[0] if isinstance(line, Line)]
    view = HearingView.of(lines)
    assert len({item.source for item in view.segments}) == 5
    assert all((copy / item.path).stat().st_size == item.bytes for item in view.segments)
    tracks = [track for line in lines if line.type == "progress" for track in line.data["tracks"]]
    last_us = max(track["end_us"] for track in tracks)
    assert vanished_us - last_us < PATIENCE_US
    goes_on(settings.model_copy(update={"state_dir": tmp_path / "spare", "second_copy": None}), copies, hearing)


def goes_on(settings: Settings, copies: Path, hearing: str) -> None:
    """The room goes on with what is left, as docs/recorder.md says: the same hearing, a new take, the gap told."""
    settings.hearings.parent.mkdir()
    settings.hearings.symlink_to(copies)
    with box_running(settings, settings.state_dir / "log") as box, box.client() as client:
        wait_for(lambda: client.status().recording)
        assert client.status().hearing == hearing
        time.sleep(2)
        client.stop(hearing, "secretary")
    view, report = view_of(box, hearing), check(copies / hearing)
    assert (report.integrity, report.provenance) == ("intact", "trusted"), codes(report)
    assert set(codes(report)) <= {"gap", "file-missing"}, codes(report)
    assert len(view.takes) == 2
    assert {item.source for gap in view.gaps for item in gap.intervals} == {
        track for one in settings.sources for track in one.tracks
    }


@pytest.mark.timeout(300)
def test_the_second_disk_vanishes_and_is_filled_up_when_it_is_back(
    tmp_path: Path, media: Path, disk: loss_disk.Disk
) -> None:
    settings = courtroom(tmp_path, media)
    settings = settings.model_copy(update={"second_copy": disk.folder})
    with box_running(settings, tmp_path / "log") as box:
        hearing = begin(box)
        wait_for((disk.folder / hearing / "checkpoints").exists)
        disk.cut()
        wait_for(lambda: CODE in findings(box))
        with box.client() as client:
            assert client.status().recording, "the first disk is not concerned"
            client.remark(hearing, "said while it was away", "secretary")
        disk.back()
        wait_for(lambda: CODE not in findings(box))
        journal = disk.folder / hearing / "journal.jsonl"
        wait_for(lambda: reached(journal, b"said while it was away"))
        with box.client() as client:
            client.stop(hearing, "secretary")
    record, copy = box.settings.hearings / hearing, disk.folder / hearing
    names = sorted(path.relative_to(record) for path in record.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(copy) for path in copy.rglob("*") if path.is_file())
    assert all((record / name).read_bytes() == (copy / name).read_bytes() for name in names)
    report = check(copy)
    assert report.good, codes(report)
    assert {gap.cause for gap in view_of(box, hearing).gaps} <= {"starting"}, "no source lost anything by it"
