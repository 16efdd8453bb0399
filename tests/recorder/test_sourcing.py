"""Sources that come and go while a hearing is recorded, with fake capture children: journal, files, restarts, refusals."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from device_config.settings import Settings
from device_config.sources import SourceSettings
from protocol.hearing import State
from protocol.journal import Line, read_journal
from protocol.view import HearingView
from recorder.refusals import BadRequest, IllegalAction, NoSource, SourceSilent
from recorder.service import Daemon
from tests.support.recorder import (
    LIMITS,
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

GUEST = SourceSettings(name="guest", kind="remote", media="audio", url="rtsp://user:secret@10.0.0.9/x", channels=("guest-left", "guest-right"))


def guest(device: str = "") -> SourceSettings:
    return SourceSettings(name="guest", kind="remote", media="audio", device=device, channels=("guest-left", "guest-right"))


def box(folder: Path, **more: Any) -> Settings:
    return settings(folder, microphones("mics", "mic-bench", "mic-witness"), camera(), **more)


async def recorded(daemon: Daemon) -> str:
    """A hearing that is being recorded."""
    hearing = await plan(daemon)
    await daemon.move(hearing, "start", "s")
    return hearing


def record_of(folder: Path, hearing: str) -> tuple[HearingView, list[Line]]:
    path = folder / "state" / "hearings" / hearing
    report = check(path)
    assert report.good, [(item.code, item.subject, item.detail) for item in report.failures]
    entries, _ = read_journal((path / "journal.jsonl").read_bytes())
    found = [entry for entry in entries if isinstance(entry, Line)]
    return HearingView.of(found), found


def gaps_of(view: HearingView) -> set[str]:
    return {item.source for gap in view.gaps for item in gap.intervals}


@sync
async def test_a_source_joins_leaves_and_comes_back_in_one_take(tmp_path: Path) -> None:
    async with running(box(tmp_path)) as daemon:
        hearing = await recorded(daemon)
        await daemon.sourcing.add(guest(), "clerk")
        assert daemon.status().recording
        assert {item.name: item.state for item in daemon.status().sources}["guest-left"] == "recording"
        await asyncio.sleep(0.5)
        await daemon.sourcing.remove("guest", "clerk")
        assert "guest-left" not in {item.name for item in daemon.status().sources}
        await asyncio.sleep(0.5)
        await daemon.sourcing.add(guest(), "clerk")
        await daemon.sourcing.remove("cam-judge", "judge")
        await asyncio.sleep(0.5)
        await daemon.move(hearing, "stop", "s")
    view, found = record_of(tmp_path, hearing)
    take = view.takes["T01"]
    assert list(view.takes) == ["T01"]
    assert not gaps_of(view) & {"guest-left", "guest-right", "cam-judge"}
    assert take.present == ("guest-left", "guest-right", "mic-bench", "mic-witness")
    changes = [(line.type, line.data["source"], line.data["by"]) for line in found if line.type in ("source_added", "source_removed")]
    both = ("guest-left", "guest-right")
    assert sorted(changes[:2]) == [("source_added", name, "clerk") for name in both]
    assert changes[2:4] == [("source_removed", name, "clerk") for name in both]
    assert sorted(changes[4:6]) == [("source_added", name, "clerk") for name in both]
    assert changes[6:] == [("source_removed", "cam-judge", "judge")]
    assert not [line for line in found if line.type in ("source_lost", "source_back")]
    last = {name: max(item.end_us for item in view.track("T01", name)) for name in take.sources}
    ends = {line.data["source"]: line.data["at_us"] for line in found if line.type == "source_removed"}
    assert ends["cam-judge"] == last["cam-judge"], "it belongs to the take to its last picture"
    firsts = {line.data["source"]: line.data["at_us"] for line in found if line.type == "source_added"}
    starts = {item.start_us for item in view.track("T01", "guest-left")}
    assert firsts["guest-left"] in starts, "it belongs to the take from its first sample"


@sync
async def test_changes_belong_to_their_hearing(tmp_path: Path) -> None:
    async with running(box(tmp_path)) as daemon:
        hearing = await plan(daemon)
        await daemon.sourcing.remove("cam-judge", "clerk")
        await daemon.sourcing.add(guest(), "clerk")
        listed = {item.name: (item.origin, item.present, item.by) for item in daemon.sourcing.listed()}
        assert listed == {"mics": ("settings", True, None), "guest": ("hearing", True, "clerk"), "cam-judge": ("settings", False, "clerk")}
        await daemon.move(hearing, "start", "s")
        await daemon.move(hearing, "pause", "s")
        await daemon.sourcing.restore("cam-judge", "judge")
        assert all(device.pid is None for device in daemon.room.devices), "nothing is opened in a pause"
        await daemon.move(hearing, "resume", "s")
        await daemon.move(hearing, "stop", "s")
        assert [item.name for item in daemon.sourcing.listed()] == ["mics", "cam-judge"]
        other = await plan(daemon)
        await daemon.move(other, "start", "s")
        await daemon.move(other, "stop", "s")
    view, _ = record_of(tmp_path, hearing)
    assert view.takes["T01"].sources == ("guest-left", "guest-right", "mic-bench", "mic-witness")
    assert view.takes["T02"].sources == ("cam-judge", "guest-left", "guest-right", "mic-bench", "mic-witness")
    assert record_of(tmp_path, other)[0].takes["T01"].sources == ("cam-judge", "mic-bench", "mic-witness")
    assert not list((tmp_path / "state" / "sources").glob("*"))


@sync
async def test_one_that_gives_nothing_is_not_added(tmp_path: Path) -> None:
    limits = type(LIMITS)(**{**vars(LIMITS), "resume": 1.0})
    async with running(box(tmp_path), limits=limits) as daemon:
        hearing = await recorded(daemon)
        for wrong in ("never_first", "fail=source-unavailable"):
            with pytest.raises(SourceSilent, match="gave nothing within 1 s"):
                await daemon.sourcing.add(guest(wrong), "clerk")
            assert [item.name for item in daemon.sourcing.listed()] == ["mics", "cam-judge"]
        assert daemon.status().recording
        await daemon.move(hearing, "stop", "s")
    view, found = record_of(tmp_path, hearing)
    assert view.takes["T01"].sources == ("cam-judge", "mic-bench", "mic-witness")
    assert not [line for line in found if line.type in ("source_added", "source_removed", "gap")]


@sync
async def test_one_whose_take_ends_meanwhile_is_not_added(tmp_path: Path) -> None:
    async with running(box(tmp_path)) as daemon:
        hearing = await recorded(daemon)
        adding = asyncio.ensure_future(daemon.sourcing.add(guest("never_first"), "clerk"))
        await until(lambda: "guest-left" in daemon.room.tracks)
        await daemon.move(hearing, "stop", "s")
        with pytest.raises(IllegalAction):
            await adding
    assert record_of(tmp_path, hearing)[0].takes["T01"].sources == ("cam-judge", "mic-bench", "mic-witness")


@sync
async def test_a_restart_takes_the_same_sources(tmp_path: Path) -> None:
    async with running(box(tmp_path)) as daemon:
        hearing = await recorded(daemon)
        await daemon.sourcing.add(guest(), "clerk")
        await daemon.sourcing.remove("cam-judge", "judge")
        await asyncio.sleep(0.4)
    async with running(box(tmp_path)) as daemon:
        await until(lambda: daemon.status().recording)
        assert [item.name for item in daemon.sourcing.listed() if item.present] == ["mics", "guest"]
        await asyncio.sleep(0.3)
        await daemon.move(hearing, "stop", "s")
    view, _ = record_of(tmp_path, hearing)
    expected = ("guest-left", "guest-right", "mic-bench", "mic-witness")
    assert view.takes["T01"].present == view.takes["T02"].sources == expected
    assert gaps_of(view) <= set(expected)


@sync
async def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    async with running(box(tmp_path)) as daemon:
        with pytest.raises(IllegalAction, match="plan the hearing first"):
            await daemon.sourcing.add(guest(), "clerk")
        hearing = await recorded(daemon)
        with pytest.raises(BadRequest, match="mics: a source of this name is there already"):
            await daemon.sourcing.restore("mics", "clerk")
        with pytest.raises(BadRequest, match="mic-bench"):
            await daemon.sourcing.add(microphones("more", "mic-bench"), "clerk")
        with pytest.raises(BadRequest, match="is no name of a track"):
            await daemon.sourcing.add(microphones("more", "../mic"), "clerk")
        with pytest.raises(BadRequest, match="two of its channels"):
            await daemon.sourcing.add(microphones("more", "a", "a"), "clerk")
        with pytest.raises(NoSource, match="the settings have no source 'nobody'"):
            await daemon.sourcing.restore("nobody", "clerk")
        with pytest.raises(NoSource, match="mic-bench is a channel of mics"):
            await daemon.sourcing.remove("mic-bench", "clerk")
        await daemon.sourcing.remove("cam-judge", "clerk")
        with pytest.raises(BadRequest, match="this name stands for video"):
            await daemon.sourcing.add(SourceSettings(name="cam-judge", kind="remote", media="audio", device=""), "clerk")
        with pytest.raises(IllegalAction, match="mics is the last source of take T01"):
            await daemon.sourcing.remove("mics", "clerk")
        assert [item.name for item in daemon.sourcing.listed() if item.present] == ["mics"]
        await daemon.move(hearing, "stop", "s")
        assert daemon.status().state is State.FINISHED
        with pytest.raises(IllegalAction):
            await daemon.sourcing.remove("mics", "clerk")
    record_of(tmp_path, hearing)


@sync
async def test_a_password_is_for_the_recorder_only(tmp_path: Path) -> None:
    async with running(box(tmp_path)) as daemon:
        hearing = await plan(daemon)
        await daemon.sourcing.add(GUEST, "clerk")
        assert "secret" not in str([item.model_dump() for item in daemon.sourcing.listed()])
        assert "secret" not in json.dumps(lines(daemon, "source", "source_added"))
        kept = tmp_path / "state" / "sources" / f"{hearing}.json"
        assert "secret" in kept.read_text()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        kept.write_text("{torn")
        assert [item.name for item in daemon.sourcing.listed()] == ["mics", "cam-judge"]
    assert codes(check(tmp_path / "state" / "hearings" / hearing)) == ["still-open"]
