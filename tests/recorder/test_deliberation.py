"""The pause for the deliberation room: a device that is heard all the same is an alarm."""

from __future__ import annotations

import os
import wave
from pathlib import Path

from device_config.sources import SourceSettings
from protocol.hearing import State
from recorder import reports
from recorder.child import CAPTURE
from recorder.deliberation import CODE
from recorder.held import held
from tests.support.clips import counter
from tests.support.recorder import check, lines, microphones, plan, running, settings, sync, until


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


@sync
async def test_a_real_capture_process_in_a_pause_is_an_alarm(tmp_path: Path) -> None:
    """A fault of ours opens one device behind the room's back: the process is found, and what it says counts for nothing."""
    sound = tmp_path / "voices.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(counter(48000 * 30, (7,)).astype("<i2").tobytes())
    source = SourceSettings(name="mic", kind="file", media="audio", path=sound, loop=True)
    async with running(settings(tmp_path, source), command=CAPTURE) as daemon:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await daemon.move(hearing, "pause", "s")
        assert held(os.getpid()) == {}
        device = daemon.room.devices[0]
        device.open()
        await until(lambda: CODE in {item.code for item in daemon.status().findings})
        assert set(held(os.getpid()).values()) == {"a capture process"}
        assert not daemon.room.levels
        assert not list((tmp_path / "state" / "hearings" / hearing / "media").glob("T02"))
        await device.close()
        await daemon.move(hearing, "resume", "s")
        await daemon.move(hearing, "stop", "s")
        [closed] = lines(daemon, "devices_closed")
        found = [item for item in lines(daemon, "finding") if item["code"] == CODE]
    assert (closed["held"], closed["sources"]) == ([], ["mic"])
    assert {item["source"] for item in found} <= {"mic", "recorder"}
    assert [item["end_us"] is None for item in found].count(True) == [item["end_us"] is None for item in found].count(False)
    assert check(tmp_path / "state" / "hearings" / hearing).good


def test_a_device_of_the_kernel_that_is_held_is_found(tmp_path: Path) -> None:
    """As ``/proc`` would tell it: the recorder's child of a child holds a microphone."""
    for pid, child, descriptor in ((10, "11", "/dev/null"), (11, "12", "socket:[1]"), (12, "", "/dev/snd/pcmC0D0c")):
        process = tmp_path / str(pid)
        (process / "task" / str(pid)).mkdir(parents=True)
        (process / "task" / str(pid) / "children").write_text(child)
        (process / "cmdline").write_bytes(b"python\0-m\0recorder.readback\0")
        (process / "fd").mkdir()
        (process / "fd" / "3").symlink_to(descriptor)
    assert held(10, tmp_path) == {12: "/dev/snd/pcmC0D0c"}
    (tmp_path / "12" / "fd" / "3").unlink()
    (tmp_path / "12" / "fd").rmdir()
    assert held(10, tmp_path) == {}  # it has ended
    (tmp_path / "12" / "fd").touch()
    assert list(held(10, tmp_path)) == [12]  # what cannot be looked at is no proof
