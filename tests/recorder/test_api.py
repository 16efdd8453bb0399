"""The HTTP API over its Unix socket, through the shipped client, with fake capture children."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from device_config.settings import Settings
from protocol.brief_reading import read_brief
from protocol.durable import AppendFile
from protocol.errors import DiskFailed
from protocol.hearing import Participant, Seat, State
from protocol.transcript import Transcript
from recorder.client import RecorderClient, Refused, Unreachable, listen
from recorder.daemon import _listening
from recorder.lock import CaptureLock
from recorder.refusals import AlreadyRunning
from recorder.server import Server
from recorder.service import Daemon
from tests.support.recorder import (
    CASE,
    FAKE,
    LIMITS,
    PATIENCE,
    SIGNER,
    camera,
    check,
    codes,
    microphones,
    settings,
    wait_for,
)


@contextmanager
def serving(box: Settings) -> Iterator[Daemon]:
    """The daemon's own server in a thread, with fake children."""
    import uvicorn

    from recorder.api import create_app

    ready, found = threading.Event(), list[Any]()

    async def body() -> None:
        daemon = Daemon(box, SIGNER, command=FAKE, patience=PATIENCE, limits=LIMITS)
        await daemon.start()
        with _listening(box.socket) as listener:
            config = uvicorn.Config(create_app(daemon), log_config=None, lifespan="off", timeout_graceful_shutdown=5)
            server = Server(config, daemon)
            found.extend((daemon, server))
            ready.set()
            await server.serve(sockets=[listener])
        await daemon.stop()

    thread = threading.Thread(target=lambda: asyncio.run(body()))
    thread.start()
    assert ready.wait(60)
    try:
        yield found[0]
    finally:
        found[1].leave()
        thread.join(60)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[tuple[RecorderClient, Settings]]:
    box = settings(tmp_path, microphones("mics", "mic-bench", "mic-witness"), camera(), court="Court")
    with serving(box), RecorderClient(box.socket) as client:
        yield client, box


def planned(client: RecorderClient) -> str:
    people = (Participant("p1", "plaintiff", "A. Plaintiff"),)
    hearing = client.plan(CASE, people, (Seat("s1", "Table", "mic-bench", "p1"),))
    wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
    return hearing


def refused(act: Any, *args: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*args)
    assert caught.value.advice
    return caught.value


def test_a_hearing_by_its_client(room: tuple[RecorderClient, Settings]) -> None:
    client, box = room
    assert client.status().state is None
    hearing = planned(client)
    assert client.start(hearing, "secretary").recording
    assert client.stage(hearing, "OPEN", "secretary") > 0
    assert client.remark(hearing, "Ескерту: a remark", "secretary") > 0
    assert client.pause(hearing, "secretary").state is State.PAUSED
    assert client.resume(hearing, "secretary").take == "T02"
    assert client.stop(hearing, "secretary").state is State.FINISHED
    assert [row["hearing"] for row in client.hearings("finished")] == [hearing]
    shown = client.hearing(hearing)
    assert (shown["stages"][0]["code"], shown["remarks"][0]["text"]) == ("OPEN", "Ескерту: a remark")
    assert shown["seats"][0]["participant"] == "p1"
    assert (box.socket.stat().st_mode & 0o777, box.runtime.stat().st_mode & 0o777) == (0o600, 0o700)


def test_papers_after_the_capture(room: tuple[RecorderClient, Settings]) -> None:
    client, box = room
    hearing = planned(client)
    transcript = Transcript(hearing, 1, "open", "ru", (), (), (), ())
    assert refused(client.transcript, hearing, transcript.to_json()).http_status == 409
    client.start(hearing, "secretary")
    assert refused(client.draft, hearing).http_status == 409
    client.stop(hearing, "secretary")
    other = Transcript("2026-01-01_other", 1, "open", "ru", (), (), (), ())
    assert refused(client.transcript, hearing, other.to_json()).code == "bad-request"
    assert [client.transcript(hearing, transcript.to_json()) for _ in range(2)] == [1, 2]
    files = client.draft(hearing)
    assert files == [f"protocol/brief-0001.{kind}" for kind in ("json", "ru.pdf", "kk.pdf")]
    record = box.hearings / hearing
    assert all((record / name).read_bytes().startswith(b"%PDF") for name in files[1:])
    assert client.hearing(hearing)["state"] == "drafted"
    assert client.draft(hearing, reasons={"decision": "оглашение отложено"}, rejected="второй микрофон не слышен")[0] == "protocol/brief-0002.json"
    first, second = (read_brief((record / f"protocol/brief-000{number}.json").read_bytes()) for number in (1, 2))
    assert (first.form, second.form, second.rejected) == ("brief", "full", "второй микрофон не слышен")
    assert [(point.key, point.reason) for point in second.missing if point.reason] == [("decision", "оглашение отложено")]
    assert refused(client.receipt, hearing, b"{}").code == "bad-request"
    planned(client)  # another hearing takes the room; papers still reach the first
    assert client.transcript(hearing, transcript.to_json()) == 3
    assert client.draft(hearing)[0] == "protocol/brief-0003.json"  # as the transcriber asks, which says nothing
    third = read_brief((record / "protocol/brief-0003.json").read_bytes())
    assert (third.form, third.rejected, third.missing) == ("full", second.rejected, second.missing)
    report = check(record)
    assert report.good, codes(report)


def test_what_is_refused(room: tuple[RecorderClient, Settings]) -> None:
    client, box = room
    hearing = planned(client)
    assert refused(client.pause, hearing, "s").code == "illegal-move"
    assert refused(client.start, "2026-01-01_none", "s").code == "no-hearing"
    assert refused(client.start, "../../etc", "s").http_status == 404
    assert refused(client.stages, "none").code == "bad-request"
    assert refused(client.picture, "cam-judge").code == "no-source"
    assert refused(client.plan, CASE, (), (Seat("s1", "Table", "no-such-mic"),)).code == "bad-request"
    known = Participant("w1", "witness", "№ 1", identity={"born": "1990", "language": "kk"}, protected=True)
    assert refused(client.plan, CASE, (known,)).code == "bad-request"
    assert refused(client.plan, replace(CASE, publicity="closed")).code == "no-closed-keys"
    client.start(hearing, "s")
    assert refused(client.start, hearing, "s").http_status == 409
    assert refused(client.stage, hearing, "NO_SUCH_STAGE", "s").code == "bad-request"
    assert refused(client.plan, CASE).code == "hearing-runs"
    transport = httpx2.HTTPTransport(uds=str(box.socket))
    with httpx2.Client(transport=transport, base_url="http://recorder", trust_env=False) as raw:
        assert raw.post("/v1/hearings", content=b"{").json()["code"] == "bad-request"
        assert raw.get("/v1/nothing").json()["code"] == "no-route"
        assert "/v1/hearings/{hearing}/start" in raw.get("/openapi.json").json()["paths"]
    assert client.status().recording


def test_events(room: tuple[RecorderClient, Settings]) -> None:
    client, box = room
    seen: dict[str, list[dict[str, Any]]] = {"status": [], "levels": [], "line": []}

    async def watch() -> None:
        async with listen(box.socket) as events:
            async for event in events:
                seen[event.name].append(event.data)
                if any(line["type"] == "manifest" for line in seen["line"]):
                    return

    thread = threading.Thread(target=lambda: asyncio.run(watch()))
    thread.start()
    wait_for(lambda: seen["status"])
    hearing = planned(client)
    wait_for(lambda: seen["levels"])
    client.start(hearing, "s")
    client.stop(hearing, "s")
    thread.join(60)
    assert {"mic-bench", "mic-witness"} == set(seen["levels"][-1])
    assert [line["seq"] for line in seen["line"]] == sorted(line["seq"] for line in seen["line"])
    assert any(status["recording"] for status in seen["status"])
    with client.events() as events:
        assert next(iter(events)).name == "status"


def test_nobody_answers(tmp_path: Path) -> None:
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(dead))
    for path in (tmp_path / "none.sock", dead):
        with RecorderClient(path) as client, pytest.raises(Unreachable) as caught:
            client.status()
        assert caught.value.exit_status == 69


def test_two_daemons(room: tuple[RecorderClient, Settings]) -> None:
    with pytest.raises(AlreadyRunning):
        CaptureLock.take(room[1].runtime)
    assert room[0].status().state is None


class _FullDisk:
    """Makes a writer's journal refuse, as a full disk does."""

    def __init__(self, journal: AppendFile) -> None:
        self._journal = journal
        self.path = journal.path

    def write(self, data: bytes) -> None:
        self._journal.write(data[: len(data) // 2])
        raise DiskFailed(f"{self.path}: write failed: {errno.errorcode[errno.ENOSPC]}")

    def sync(self) -> None:
        raise DiskFailed(f"{self.path}: write failed earlier")

    def close(self) -> None:
        self._journal.close()


def test_full_disk_is_told_and_survived(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    with serving(box) as daemon, RecorderClient(box.socket) as client:
        hearing = planned_alone(client)
        client.start(hearing, "s")
        assert daemon.session is not None
        writer = daemon.session.ledger._writer
        writer._journal = _FullDisk(writer._journal)  # type: ignore[assignment]
        wait_for(lambda: not client.status().recording or daemon.session.ledger._writer is not writer)  # type: ignore[union-attr]
        wait_for(lambda: client.status().recording)
        client.stop(hearing, "s")
        found = client.hearing(hearing)["findings"]
    assert "journal-interrupted" in {item["code"] for item in found}
    report = check(box.hearings / hearing)
    assert report.good, codes(report)


def planned_alone(client: RecorderClient) -> str:
    hearing = client.plan(CASE)
    wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
    return hearing


def test_record_that_cannot_be_created(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones())
    with serving(box), RecorderClient(box.socket) as client:
        box.hearings.rmdir()
        box.hearings.write_text("a file stands where the folder of records should be")
        error = refused(client.plan, CASE)
        assert (error.code, error.http_status, error.exit_status) == ("disk-failed", 507, 74)
        box.hearings.unlink()
    assert json.loads((box.state_dir / "clock.json").read_text())["offset_us"] > 0
