"""When systemd's watchdog is fed, and when it is not."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from protocol.errors import DiskFailed
from recorder.service import Daemon
from recorder.supervisor import DeviceState
from recorder.watchdog import TICK_S, Facts, Watchdog, period, tell_systemd, unable
from tests.support.recorder import camera, lines, microphones, plan, running, settings, sync, until

_RECORDING = {"answered": True, "tick_s": 0.5, "delivers": True, "tried": True}


@pytest.mark.parametrize(
    ("facts", "able"),
    [
        ({}, True),
        ({"tick_s": None, "delivers": False, "tried": False}, True),  # idle
        ({"delivers": False}, True),  # every microphone is dead, and tried again
        ({"tried": False}, True),  # a supervisor died, the source delivers
        ({"delivers": False, "tried": False}, False),
        ({"tick_s": TICK_S + 0.1}, False),
        ({"answered": False}, False),
        ({"answered": False, "tick_s": None}, False),
    ],
)
def test_the_rule(facts: dict[str, Any], able: bool) -> None:
    assert (unable(Facts(**{**_RECORDING, **facts})) is None) is able


@asynccontextmanager
async def watched(daemon: Daemon) -> AsyncIterator[list[str]]:
    """What systemd is told while the block runs."""
    told: list[str] = []
    feeder = asyncio.create_task(Watchdog(daemon, told.append, 0.05).run())
    try:
        yield told
        assert not feeder.done()
    finally:
        feeder.cancel()


def fed(told: list[str]) -> int:
    return sum("WATCHDOG=1" in state for state in told)


async def keeps_feeding(told: list[str]) -> None:
    before = fed(told)
    await until(lambda: fed(told) > before + 5)


async def starves(told: list[str], reason: str) -> None:
    await until(lambda: told and told[-1] == f"STATUS={reason}")


@sync
async def test_idle_and_recording_boxes_feed(tmp_path: Path) -> None:
    async with running(settings(tmp_path, microphones(), camera())) as daemon, watched(daemon) as told:
        await keeps_feeding(told)
        assert told[-1].endswith("STATUS=no hearing")
        hearing = await plan(daemon)
        await keeps_feeding(told)
        await daemon.move(hearing, "start", "s")
        await keeps_feeding(told)
        await until(lambda: told[-1].endswith("STATUS=recording, T01: 2 of 2 sources reach the disk"))
        assert hearing not in "".join(told)
        await daemon.move(hearing, "stop", "s")
        await keeps_feeding(told)


@sync
async def test_a_writer_thread_that_hangs_is_not_fed_for(tmp_path: Path) -> None:
    go_on = threading.Event()
    async with running(settings(tmp_path, microphones())) as daemon, watched(daemon) as told:
        await keeps_feeding(told)
        daemon._thread.submit(go_on.wait, 120)  # a sync that does not return
        try:
            await starves(told, "the writer thread does not answer")
        finally:
            go_on.set()
        await keeps_feeding(told)


@sync
async def test_dead_devices_are_no_reason_to_restart(tmp_path: Path) -> None:
    async with running(settings(tmp_path, microphones())) as daemon, watched(daemon) as told:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        (device,) = daemon.room.devices
        await device._reserve.close()
        device._reserve._command = ("/bin/false",)  # unplugged: every new child fails
        assert device._child is not None
        device._child.kill()
        await until(lambda: device.state is not DeviceState.RECORDING)
        await until(lambda: any(data["to"] == "faulty" for data in lines(daemon, "state")))
        await keeps_feeding(told)


@sync
async def test_a_take_that_nobody_vouches_for_is_not_fed_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.watchdog.TICK_S", 2.0)
    async with running(settings(tmp_path, microphones())) as daemon, watched(daemon) as told:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        await keeps_feeding(told)
        assert daemon.session is not None
        ticker = daemon.session.keeper._ticker
        assert ticker is not None
        ticker.cancel()
        await starves(told, "the journal of the running take is not written")


@sync
async def test_a_disk_that_refuses_is_told_not_restarted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.watchdog.TICK_S", 2.0)
    async with running(settings(tmp_path, microphones())) as daemon, watched(daemon) as told:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")

        def refuse(*_: Any) -> None:
            raise DiskFailed("no space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("protocol.durable.AppendFile.write", refuse)
            assert daemon.session is not None
            await until(lambda: daemon.session is not None and daemon.session.ledger.broken)
            before = daemon.session.keeper.ticked
            await until(lambda: daemon.session is not None and daemon.session.keeper.ticked > before + 3)
            await keeps_feeding(told)
            assert not any("is not written" in state for state in told)
        await keeps_feeding(told)


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "15000000"}, 3.75),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": str(os.getpid())}, 3.75),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often(environment: dict[str, str], seconds: float | None) -> None:
    assert period(environment) == seconds


def test_what_systemd_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        tell_systemd("WATCHDOG=1\nSTATUS=no hearing")
        assert systemd.recv(100) == b"WATCHDOG=1\nSTATUS=no hearing"
    tell_systemd("READY=1")  # nobody listens: that ends nothing
