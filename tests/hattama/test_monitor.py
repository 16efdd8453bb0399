"""`hattama archive serve`, `hattama witness` and `hattama monitor`, each its own process, as three organisations would run them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from device_config.settings import Settings
from protocol.note import parse_note
from storage.archive.enrolment import archive_key, open_archive
from storage.witness import Memory
from tests.storage.servers import wait_for

AT = "2026-11-23T10:00:00.000Z"
ORIGIN = "archive.hattama.local/log"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _running(command: list[str], settings: dict[str, Any]) -> Iterator[None]:
    child = subprocess.Popen(
        [sys.executable, "-m", "hattama", *command], env=_environment(settings), stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        assert child.wait(60) in (0, -15)


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HATTAMA_")}
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}
    return {**kept, **{f"HATTAMA_{name}": value for name, value in given.items()}}


def _log(state: Path, *names: str) -> None:
    """What an archive logs, while it does not run."""
    with open_archive(Settings(state_dir=state)) as archive:
        for name in names:
            archive.log.add(name, {"at": AT, "device": "box.test", "hearing": name, "type": "opened"})


def test_an_archive_put_back_from_yesterdays_copy(tmp_path: Path) -> None:
    """The witness refuses it, the monitor reports it; until then both go along."""
    archive, port, door = tmp_path / "archive", _free_port(), _free_port()
    key = archive_key(Settings(state_dir=archive))
    memory = Memory(tmp_path / "witness" / "witness", "witness.test")
    peer = [{"url": f"http://127.0.0.1:{door}", "key": memory.cosigner.key.text}]
    memory.close()
    log, url = archive / "archive" / "log.sqlite", f"http://127.0.0.1:{port}/log"
    serving = {"STATE_DIR": str(archive), "ARCHIVE__PORT": port, "ARCHIVE__WITNESSES": peer}
    cosigning = {
        "STATE_DIR": str(tmp_path / "witness"), "WITNESS__NAME": "witness.test", "WITNESS__PORT": door, "WITNESS__LOGS": {ORIGIN: key.text},
    }  # fmt: skip
    watching = {
        "STATE_DIR": str(tmp_path / "monitor"), "MONITOR__URL": url, "MONITOR__KEY": key.text, "MONITOR__WITNESSES": peer, "MONITOR__SEALED_H": 1e6,
    }  # fmt: skip

    def monitor() -> tuple[int, list[tuple[str, str]]]:
        command = [sys.executable, "-m", "hattama", "monitor", "--json"]
        done = subprocess.run(
            command, env=_environment(watching), capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr
        found = json.loads(done.stdout)["findings"] if done.stdout else []
        return done.returncode, [(item["code"], item["subject"]) for item in found]

    _log(archive, "one")
    shutil.copy(log, tmp_path / "yesterday")
    _log(archive, "two", "three")
    with _running(["witness"], cosigning):
        with _running(["archive", "serve"], serving):
            wait_for(lambda: len(_signatures(url)) == 2)
            assert monitor() == (0, [])
        for path in log.parent.glob("log.sqlite*"):
            path.unlink()
        shutil.copy(tmp_path / "yesterday", log)
        with _running(["archive", "serve"], serving):
            wait_for(lambda: _troubles(url) == ["witness-conflict"])
            assert monitor() == (65, [("rollback", "1"), ("rollback", "witness.test")])
    assert monitor()[0] == 75, "nobody answers: that is no finding"


def _signatures(url: str) -> list[str]:
    try:
        note = httpx2.get(f"{url}/checkpoint", trust_env=False).text
    except httpx2.HTTPError:
        return []
    return [item.name for item in parse_note(note).signatures]


def _troubles(url: str) -> list[str]:
    try:
        told = httpx2.get(f"{url}/witnesses.json", trust_env=False).json()
    except httpx2.HTTPError:
        return []
    return [item["trouble"] for item in told["witnesses"]]
