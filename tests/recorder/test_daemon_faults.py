"""What happens to a hearing when the disk refuses in the middle of a move, or two people act at once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from protocol import seal
from protocol.checkpoint import split_notes
from protocol.durable import AppendFile
from protocol.errors import BadManifest, DiskFailed, NotCanonical
from protocol.hearing import State
from protocol.seal import Moment
from protocol.writer import JournalWriter
from recorder.clock import FixedClock, HearingClock
from recorder.ledger import Ledger, new_salt
from recorder.refusals import DiskRefused, HearingRuns, IllegalAction
from recorder.service import Daemon
from tests.support.recorder import (
    CASE,
    LIMITS,
    SIGNER,
    check,
    codes,
    microphones,
    plan,
    running,
    settings,
    sync,
    until,
)


class Refusing:
    """A journal or checkpoints file that refuses once it is to."""

    def __init__(self, file: AppendFile, when: Callable[[], bool]) -> None:
        self._file, self._when = file, when
        self.path = file.path

    def write(self, data: bytes) -> None:
        if self._when():
            raise DiskFailed(f"{self.path}: write failed: no space left")
        self._file.write(data)

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        self._file.close()


def refuse_checkpoint_after(daemon: Daemon, line_type: str) -> None:
    """The checkpoint over the next line of this type is not written."""
    assert daemon.session is not None
    writer = daemon.session.ledger._writer
    writer._checkpoints = Refusing(  # type: ignore[assignment]
        writer._checkpoints, lambda: any(line.type == line_type for line in writer.lines[writer.signed :])
    )


@sync
async def test_a_seal_that_the_disk_refuses_is_finished_when_asked_again(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    async with running(box, limits=replace(LIMITS, seal=3600.0)) as daemon:  # or it would be finished by itself
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        refuse_checkpoint_after(daemon, "manifest")
        with pytest.raises(DiskRefused):
            await daemon.move(hearing, "stop", "s")
        await daemon.move(hearing, "stop", "s")
        with pytest.raises(IllegalAction):
            await daemon.move(hearing, "stop", "s")
    report = check(box.hearings / hearing)
    assert report.good, codes(report)


@sync
async def test_a_seal_that_the_disk_refuses_is_tried_again_by_itself(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    async with running(box) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        refuse_checkpoint_after(daemon, "manifest")
        with pytest.raises(DiskRefused):
            await daemon.move(hearing, "stop", "s")
        await until(lambda: daemon.session is not None and daemon.session.ledger.covered)
        report = check(box.hearings / hearing)
        assert report.good, codes(report)


@sync
async def test_a_seal_is_tried_again_when_another_hearing_has_the_room(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    async with running(box) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        refuse_checkpoint_after(daemon, "manifest")
        with pytest.raises(DiskRefused):
            await daemon.move(hearing, "stop", "s")
        other = await daemon.plan(CASE, (), ())
        await until(lambda: check(box.hearings / hearing).good)
        assert daemon.status().hearing == other


@sync
async def test_a_finding_that_a_kill_interrupted_gets_its_end(tmp_path: Path) -> None:
    """The state folder as it stood in the middle of a take, taken up by another daemon."""
    box, left = settings(tmp_path / "box", microphones()), settings(tmp_path / "left", microphones())
    async with running(box) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        assert daemon.session is not None
        for source, end in (("a", None), ("b", None), ("b", 7)):
            data = {"code": "hum", "severity": "warning", "source": source, "start_us": 5, "detail": "", "end_us": end}
            await daemon.session.ledger.post(("finding", data))
        await asyncio.to_thread(shutil.copytree, box.hearings, left.hearings)
        await daemon.move(hearing, "stop", "s")
    async with running(left) as daemon:
        assert daemon.session is not None
        told = [line.data for line in daemon.session.ledger._writer.lines if line.type == "finding" and line.data["code"] == "hum"]
        assert [(item["source"], item["end_us"] is None) for item in told] == [("a", True), ("b", True), ("b", False), ("a", False)]
        assert told[-1]["start_us"] == 5
        await until(lambda: daemon.status().recording)
        await daemon.move(hearing, "stop", "s")
    assert check(left.hearings / hearing).good


@sync
async def test_a_start_that_the_disk_refuses_half_way_leaves_no_open_take(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    async with running(box) as daemon:
        hearing = await plan(daemon)
        refuse_checkpoint_after(daemon, "take_started")
        with pytest.raises(DiskRefused):
            await daemon.move(hearing, "start", "s")
        assert not daemon.status().recording
        await daemon.move(hearing, "pause", "s")
        await daemon.move(hearing, "resume", "s")
        assert daemon.status().recording
        await daemon.move(hearing, "stop", "s")
        assert [take.reason for take in daemon.view(hearing).takes.values()] == ["interrupted", "finish"]
    report = check(box.hearings / hearing)
    assert report.good, codes(report)


@sync
async def test_the_next_hearing_waits_until_this_one_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = settings(tmp_path, microphones())
    async with running(box) as daemon:
        first = await plan(daemon)
        await daemon.move(first, "start", "s")
        assert daemon.session is not None
        readback, slow = daemon.session.keeper.readback, asyncio.Event()
        drain = readback.drain

        async def slowly(timeout_s: float) -> bool:
            slow.set()
            await asyncio.sleep(1)
            return await drain(timeout_s)

        monkeypatch.setattr(readback, "drain", slowly)
        stopping = asyncio.create_task(daemon.move(first, "stop", "s"))
        await slow.wait()
        second = await daemon.plan(CASE, (), ())
        await stopping
        assert daemon.status().hearing == second
    report = check(box.hearings / first)
    assert report.good, codes(report)


@sync
async def test_another_hearing_planned_during_a_start_is_refused(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones(device="first_after=1"))
    async with running(box) as daemon:
        first = await plan(daemon)
        starting = asyncio.create_task(daemon.move(first, "start", "s"))
        await until(lambda: daemon.session is not None and daemon.session.take is not None)
        with pytest.raises(HearingRuns):
            await daemon.plan(CASE, (), ())
        await starting
        assert (daemon.status().hearing, daemon.status().state) == (first, State.RECORDING)
        await daemon.move(first, "stop", "s")
    assert check(box.hearings / first).good


@sync
async def test_a_hearing_that_was_set_aside_takes_no_more_moves(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    async with running(box) as daemon:
        await plan(daemon)
        old = daemon.session
        assert old is not None
        await plan(daemon)
        with pytest.raises(IllegalAction):
            await old.start("s")
        assert daemon.session is not old


@sync
async def test_a_crash_between_a_manifest_and_its_checkpoint_is_made_good_at_the_next_start(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    async with running(box) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await daemon.move(hearing, "stop", "s")
    checkpoints = box.hearings / hearing / "checkpoints"
    notes, _ = split_notes(checkpoints.read_bytes())
    checkpoints.write_bytes(b"".join(note + b"\n" for note in notes[:-1]))
    assert "no-seal" in codes(check(box.hearings / hearing))
    async with running(box):
        pass
    report = check(box.hearings / hearing)
    assert report.good, codes(report)


def ledger_in(folder: Path, thread: ThreadPoolExecutor) -> Ledger:
    """A journal with one line."""
    writer = JournalWriter.create(folder, SIGNER, "2026-01-01_x", software="t", at_us=1, mono_us=1, salt=new_salt())
    return Ledger(writer, SIGNER, HearingClock(FixedClock(), "b", 0), thread, lambda _line: None)


def types(ledger: Ledger) -> list[str]:
    return [line.type for line in ledger._writer.lines]


@sync
async def test_facts_outlive_a_journal_that_cannot_even_be_read(tmp_path: Path) -> None:
    journal = tmp_path / "r" / "journal.jsonl"
    with ThreadPoolExecutor(1) as thread:
        ledger = ledger_in(tmp_path / "r", thread)
        ledger._writer._journal = Refusing(ledger._writer._journal, lambda: True)  # type: ignore[assignment]
        with pytest.raises(DiskRefused):
            await ledger.post(("x_first", {}), keep=True)
        journal.rename(journal.with_name("away"))
        with pytest.raises(DiskRefused):
            await ledger.post(("x_second", {}), keep=True)
        journal.with_name("away").rename(journal)
        await ledger.post(("x_third", {}))
        assert types(ledger) == ["opened", "finding", "x_first", "x_second", "x_third"]
        await ledger.close()


@sync
async def test_a_line_that_cannot_stand_in_a_record_doubles_no_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as thread:
        ledger = ledger_in(tmp_path / "r", thread)
        ledger._writer._journal = Refusing(ledger._writer._journal, lambda: True)  # type: ignore[assignment]
        with pytest.raises(DiskRefused):
            await ledger.post(("x_kept", {}), keep=True)
        with pytest.raises(NotCanonical):
            await ledger.post(("x_good", {}), ("x_bad", {"level": 0.5}))
        await ledger.post(("x_last", {}))
        assert types(ledger) == ["opened", "finding", "x_kept", "x_last"]
        assert ledger.view.size == 4
        await ledger.close()


@sync
async def test_lines_of_a_job_that_failed_are_known(tmp_path: Path) -> None:
    def job(writer: JournalWriter, moment: Moment) -> None:
        writer.append("x_written", {}, at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())
        seal.seal_capture(writer, moment)

    with ThreadPoolExecutor(1) as thread:
        ledger = ledger_in(tmp_path / "r", thread)
        with pytest.raises(BadManifest):
            await ledger.work(job)
        assert ledger.view.size == 2
        await ledger.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@sync
async def test_a_disk_that_refuses_for_long_costs_no_descriptors(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as thread:
        ledger = ledger_in(tmp_path / "r", thread)
        ledger._writer._journal = Refusing(ledger._writer._journal, lambda: True)  # type: ignore[assignment]
        checkpoints = tmp_path / "r" / "checkpoints"
        checkpoints.rename(tmp_path / "away")
        checkpoints.symlink_to("/nonexistent/checkpoints")  # cannot be opened
        before = None
        for _ in range(5):
            with pytest.raises(DiskRefused):
                await ledger.post(("x", {}), keep=True)
            before = before or descriptors()
        assert descriptors() <= (before or 0)
        checkpoints.unlink()
        (tmp_path / "away").rename(checkpoints)
        await ledger.post(checkpoint=True)
        await ledger.close()
