"""The pause for the deliberation room: a device that is heard all the same is an alarm."""

from __future__ import annotations

from pathlib import Path

from protocol.hearing import State
from recorder import reports
from recorder.deliberation import CODE
from tests.support.recorder import check, microphones, plan, running, settings, sync


@sync
async def test_a_device_that_is_heard_in_a_pause_is_an_alarm_in_the_journal(tmp_path: Path) -> None:
    async with running(settings(tmp_path, microphones())) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await daemon.move(hearing, "pause", "s")
        assert daemon.session is not None
        assert all(device.pid is None for device in daemon.room.devices)
        device = daemon.room.devices[0]
        for _ in range(2):
            daemon.report(device, reports.Level(report="level", levels={"mics": (-2000, -3000)}))
        found = [item for item in daemon.status().findings if item.code == CODE]
        assert [(item.source, item.severity) for item in found] == [("mics", "error")]
        assert daemon.status().state is State.PAUSED
        assert not daemon.room.levels, "it is not shown as a level of the room"
        await daemon.move(hearing, "resume", "s")
        assert CODE not in {item.code for item in daemon.status().findings}
        await daemon.move(hearing, "stop", "s")
        view = daemon.view(hearing)
    assert [item.end_us is None for item in view.findings if item.code == CODE] == [True, False]
    assert check(tmp_path / "state" / "hearings" / hearing).good
