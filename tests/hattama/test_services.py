"""Each service as its own process: it starts, answers, and ends on SIGTERM."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx2
import pytest

from hattama.demo.room import free_port
from tests.support.command import eventually, hattama, service

#: uvicorn closes everything and then lets the signal that ended it take its course; systemd counts both as success.
ENDED = (0, -signal.SIGTERM)


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/sign-in", trust_env=False, timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False


@pytest.mark.parametrize(("table", "arguments"), [("console", ["console"]), ("archive", ["archive", "serve"])])
def test_web_apps(tmp_path: Path, table: str, arguments: list[str]) -> None:
    port = free_port(0)
    config, log = tmp_path / "settings.toml", tmp_path / "log"
    config.write_text(f'state_dir = "{tmp_path / "state"}"\n[{table}]\nport = {port}\n')
    with service(log, "--config", str(config), *arguments) as process:
        eventually("page", lambda: _answers(port), process, log)
        process.terminate()
        process.wait(60)
    assert process.returncode in ENDED, log.read_text()


def test_recorder(tmp_path: Path) -> None:
    config, log = tmp_path / "settings.toml", tmp_path / "log"
    config.write_text(f'state_dir = "{tmp_path / "state"}"\n')
    with service(log, "--config", str(config), "recorder") as process:
        eventually("answer", lambda: hattama("--config", str(config), "record", "status").status == 0, process, log)
        process.terminate()
        process.wait(60)
    assert process.returncode in ENDED, log.read_text()


@pytest.mark.parametrize(("name", "action"), [("transcriber", '"transcriber_started"'), ("uploader", '"started"')])
def test_workers(tmp_path: Path, name: str, action: str) -> None:
    config, log = tmp_path / "settings.toml", tmp_path / "log"
    config.write_text(
        f'state_dir = "{tmp_path / "state"}"\n[archive]\nurl = "http://127.0.0.1:{free_port(0)}"\ntoken = "{"t" * 40}"\n'
    )
    (tmp_path / "state").mkdir()
    with service(log, "--config", str(config), name) as process:
        eventually("first line of the log", lambda: action in log.read_text(), process, log)
        process.terminate()
        assert process.wait(60) == 0, log.read_text()


def test_an_uploader_without_an_archive_says_so() -> None:
    said = hattama("uploader")
    assert said.status not in (0, 1)
    assert "archive.url" in said.err


@pytest.mark.parametrize(("table", "arguments"), [("console", ["console"]), ("archive", ["archive", "serve"])])
def test_a_taken_port_is_named(tmp_path: Path, table: str, arguments: list[str]) -> None:
    config = tmp_path / "settings.toml"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        config.write_text(f'state_dir = "{tmp_path / "state"}"\n[{table}]\nport = {port}\n')
        said = hattama("--config", str(config), *arguments)
    assert said.status == 69
    assert said.err.startswith(f"error[cannot-listen]: 127.0.0.1:{port} ({table}.host, {table}.port): ")


@pytest.mark.parametrize("arguments", [["user", "list"], ["demo", "--exit"]])
def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    config = tmp_path / "settings.toml"
    config.write_text(f'state_dir = "{tmp_path / "file" / "state"}"\n')
    said = hattama("--config", str(config), *arguments)
    assert said.status == 74
    assert said.err.startswith("error[system]: ")
    assert str(tmp_path / "file") in said.err
