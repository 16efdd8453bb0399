"""The daemon with fake capture children: moves, takes, gaps, what is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.hearing import MOVES, State
from recorder.keeper import Limits
from recorder.refusals import HearingRuns, IllegalAction, NoHearing, NothingRecorded
from tests.support.recorder import (
    CASE,
    LIMITS,
    PATIENCE,
    camera,
    check,
    codes,
    lines,
    microphones,
    plan,
    running,
    settings,
    sync,
    until,
)


@sync
async def test_hearing_from_plan_to_seal(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones("mics", "mic-bench", "mic-witness"), camera())
    async with running(box) as daemon:
        hearing = await plan(daemon)
        status = daemon.status()
        assert (status.state, status.recording) == (State.PLANNED, False)
        await until(lambda: daemon.status().sources[0].peak_cdb == -1200)  # levels are visible before the start
        await daemon.move(hearing, "start", "secretary")
        status = daemon.status()
        assert (status.state, status.take, status.recording) == (State.RECORDING, "T01", True)
        await daemon.mark(hearing, "stage", {"code": "OPENING", "by": "s", "participant": None, "note": ""})
        await until(lambda: len(lines(daemon, "segment")) >= 3)
        await daemon.move(hearing, "pause", "secretary")
        assert {source.state for source in daemon.status().sources} == {"absent"}, "a pause closes the devices"
        await daemon.move(hearing, "resume", "secretary")
        await daemon.mark(hearing, "remark", {"text": "a remark", "by": "s"})
        await daemon.move(hearing, "stop", "secretary")
        assert daemon.status().state is State.FINISHED
        view = daemon.view(hearing)
        assert [take.reason for take in view.takes.values()] == ["pause", "finish"]
        assert [stage.code for stage in view.stages] == ["OPENING"]
        assert not view.gaps
    report = check(box.hearings / hearing)
    assert report.good, codes(report)


@sync
async def test_illegal_moves_are_refused(tmp_path: Path) -> None:
    ways = {"start": State.PLANNED, "pause": State.RECORDING, "resume": State.PAUSED}
    async with running(settings(tmp_path, microphones())) as daemon:
        hearing = await plan(daemon)
        with pytest.raises(IllegalAction):
            await daemon.mark(hearing, "remark", {"text": "too early", "by": "s"})
        for action in (None, "start", "pause", "resume", "stop"):
            if action:
                await daemon.move(hearing, action, "s")
            state = daemon.status().state
            assert state is not None
            for other, fits in ways.items():
                if state is not fits:
                    with pytest.raises(IllegalAction):
                        await daemon.move(hearing, other, "s")
            if (state, State.FINISHED) not in MOVES:
                with pytest.raises(IllegalAction):
                    await daemon.move(hearing, "stop", "s")
            assert daemon.status().state is state
        with pytest.raises(IllegalAction):
            await daemon.mark(hearing, "remark", {"text": "too late", "by": "s"})
        with pytest.raises(NoHearing):
            await daemon.move("2026-01-01_none", "start", "s")


@sync
async def test_second_hearing_waits_for_a_pause(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    async with running(box) as daemon:
        first = await plan(daemon)
        await daemon.move(first, "start", "s")
        with pytest.raises(HearingRuns):
            await daemon.plan(CASE, (), ())
        await daemon.move(first, "pause", "s")
        second = await plan(daemon)
        await daemon.move(second, "start", "s")
        with pytest.raises(HearingRuns):
            await daemon.move(first, "resume", "s")
        with pytest.raises(IllegalAction):
            await daemon.move(first, "pause", "s")
        await daemon.move(second, "stop", "s")
        await daemon.move(first, "resume", "s")
        await daemon.move(first, "stop", "s")
    for hearing in (first, second):
        assert check(box.hearings / hearing).good


@sync
async def test_many_clients_press_start_at_once(tmp_path: Path) -> None:
    async with running(settings(tmp_path, microphones())) as daemon:
        hearing = await plan(daemon)
        answers = await asyncio.gather(
            *(daemon.move(hearing, "start", f"s{i}") for i in range(5)), return_exceptions=True
        )
        assert [type(answer).__name__ for answer in answers].count("NoneType") == 1
        assert sum(isinstance(answer, IllegalAction) for answer in answers) == 4
        assert len(lines(daemon, "take_started")) == 1


@sync
async def test_no_source_at_all_is_said(tmp_path: Path) -> None:
    limits = Limits(start=1.0, resume=1.0, tick=0.3)
    async with running(settings(tmp_path, microphones(device="never_first")), limits=limits) as daemon:
        hearing = await plan(daemon)
        with pytest.raises(NothingRecorded):
            await daemon.move(hearing, "start", "s")
        assert daemon.status().state is State.PLANNED
        assert not daemon.status().recording


@sync
async def test_recording_goes_on_without_a_late_microphone(tmp_path: Path) -> None:
    limits = Limits(start=1.0, resume=1.0, tick=0.3, late=2.0)
    box = settings(
        tmp_path, microphones("good"), microphones("late", device="first_after=2.5"), camera(device="never_first")
    )
    async with running(box, limits=limits) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        assert not daemon.status().recording, "not every microphone is on disk"
        await until(lambda: daemon.status().recording)
        await daemon.move(hearing, "stop", "s")
        gaps = daemon.view(hearing).gaps
        take = daemon.view(hearing).takes["T01"]
        late = [item for gap in gaps for item in gap.intervals if item.source == "late"]
        dead = [item for gap in gaps for item in gap.intervals if item.source == "cam-judge"]
        assert [gap.cause for gap in gaps] == ["starting", "starting"]
        assert [late[0].from_us, dead[0].from_us, dead[0].to_us] == [take.start_us, take.start_us, take.end_us]
        assert 1_000_000 < late[0].to_us - late[0].from_us < 60_000_000
    assert check(box.hearings / hearing).good


@sync
@pytest.mark.parametrize(
    ("fault", "cause"),
    [("die_after=1,once", "killed"), ("freeze_after=1,once", "frozen"), ("dry_after=1,once", "no_bytes")],
)
async def test_failing_child_is_replaced(
    tmp_path: Path, fault: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_CAPTURE_MARKS", str(tmp_path))
    box = settings(tmp_path, microphones("good"), microphones("bad", device=fault))
    async with running(box) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await until(lambda: lines(daemon, "source_back"))
        assert [item["cause"] for item in lines(daemon, "source_lost")] == [cause]
        assert daemon.status().state is State.RECORDING
        await until(lambda: daemon.status().recording)
        await daemon.move(hearing, "stop", "s")
        view = daemon.view(hearing)
        assert {gap.cause for gap in view.gaps} == {cause}
        assert {item.source for gap in view.gaps for item in gap.intervals} == {"bad"}
    assert check(box.hearings / hearing).good


@sync
async def test_all_sources_lost_is_faulty_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CAPTURE_MARKS", str(tmp_path))
    box = settings(tmp_path, microphones("only", device="freeze_after=1,once"))
    async with running(box) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await until(lambda: [item["to"] for item in lines(daemon, "state")] == ["recording", "faulty", "recording"])
        await daemon.move(hearing, "stop", "s")
    assert check(box.hearings / hearing).good


@sync
async def test_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones("good"), microphones("deaf", device="never_ends"))
    async with running(box, patience=replace(PATIENCE, end=1.0)) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await asyncio.sleep(0.5)
        await daemon.move(hearing, "stop", "s")
        assert daemon.status().state is State.FINISHED
    report = check(box.hearings / hearing)
    assert report.good, codes(report)


@sync
@pytest.mark.parametrize("fault", ["garbage", "fail=source-unavailable", "never_ready"])
async def test_device_that_does_not_open_is_lost_and_tried_again(tmp_path: Path, fault: str) -> None:
    box = settings(tmp_path, microphones("good"), microphones("bad", device=fault))
    async with running(box, patience=replace(PATIENCE, open=1.0)) as daemon:
        await daemon.plan(CASE, (), ())
        await until(lambda: [s.state for s in daemon.status().sources] == ["ready", "lost"])
        await until(lambda: [f.code for f in daemon.status().findings if f.source] == ["source-lost"])


@sync
async def test_digital_silence_is_found(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones("dead", device="silent"), microphones("good"))
    async with running(box, limits=replace(LIMITS, dead=1.0)) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await until(lambda: any(f.code == "digital-silence" for f in daemon.status().findings))
        await daemon.move(hearing, "stop", "s")
