"""What a check of the room means, with fake children; ``tests/hattama/test_check.py`` does it with real ones."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from protocol.journal import Line
from recorder import readback
from recorder.check_result import CheckResult
from recorder.checking import last_entries
from recorder.refusals import HearingRuns
from recorder.service import Daemon
from tests.support.clips import make_clip
from tests.support.recorder import camera, microphones, plan, running, settings, sync, until


@sync
async def test_a_source_that_gives_nothing_is_named_and_the_planned_hearing_keeps_the_room(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones("mics", "bench", "clerk"), camera("cam-judge", device="never_first"))
    async with running(box) as daemon:
        hearing = await plan(daemon)
        result = await daemon.check(3)
        assert daemon.status().hearing == hearing
        assert not result.ready
        assert {item.name: item.ready for item in result.sources} == {"bench": True, "clerk": True, "cam-judge": False}
        assert ("source-lost", "cam-judge") in {(item.code, item.source) for item in result.problems}
        assert all(item.advice for item in result.problems)
        await until(lambda: all(source.state == "ready" for source in daemon.status().sources))
        assert lines_of(daemon, "check")[-1].data["ready"] is False, "it was made for this hearing"
        assert last_entries(box.state_dir, daemon.clock.now()[0]) == [], "and for no other"
        await daemon.move(hearing, "start", "s")
        with pytest.raises(HearingRuns):
            await daemon.check(3)
        await daemon.move(hearing, "pause", "s")
        with pytest.raises(HearingRuns):  # the deliberation room: devices stay closed
            await daemon.check(3)
        assert not daemon.room.is_open
        await daemon.move(hearing, "stop", "s")


@sync
async def test_no_source_at_all_is_not_ready(tmp_path: Path) -> None:
    async with running(settings(tmp_path, microphones("mics", device="never_first"))) as daemon:
        result = await daemon.check(3)
        assert (result.ready, result.verified) == (False, False)
        assert [(item.code, item.source) for item in result.problems if item.source] == [("source-lost", "mics")]
        assert not daemon.room.is_open
        assert not list(box_checks(daemon.settings.state_dir))


@sync
async def test_a_check_stands_in_the_next_hearing_and_in_no_other(tmp_path: Path) -> None:
    async with running(settings(tmp_path, microphones())) as daemon:
        await daemon.check(3)
        await plan(daemon)
        assert len(lines_of(daemon, "check")) == 1
        await plan(daemon)
        assert not lines_of(daemon, "check")


def lines_of(daemon: Daemon, line_type: str) -> list[Line]:
    assert daemon.session is not None
    return [line for line in daemon.session.ledger._writer.lines if line.type == line_type]


def box_checks(state: Path) -> list[Path]:
    return list(state.glob("checks/*"))


def test_a_result_is_journalled_for_a_day(tmp_path: Path) -> None:
    assert last_entries(tmp_path, 0) == []
    found = CheckResult(at_us=1000, seconds=10, ready=True, verified=True, sources=(), problems=())
    (tmp_path / "check.json").write_text(found.model_dump_json())
    assert [kind for kind, _ in last_entries(tmp_path, 2000)] == ["check"]
    assert last_entries(tmp_path, 1000 + 25 * 3600 * 1_000_000) == []
    (tmp_path / "check.json").write_text(found.model_dump_json()[:20])
    assert last_entries(tmp_path, 2000) == []


def test_pictures_are_read_back_at_their_key_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 3)
    assert readback.measure(clip) == (75, None)
    data = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        keys = [(packet.pos or 0, packet.size) for packet in container.demux(video=0) if packet.is_keyframe and packet.size]
    for position, size in keys:
        data[position : position + size] = bytes(size)
    clip.write_bytes(data)
    with pytest.raises((ValueError, av.FFmpegError)):
        readback.measure(clip)
