"""``hattama sources`` against the real daemon: a guest comes and goes while the hearing is recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hattama.demo.room import SPEECH
from tests.support.command import eventually, hattama, service


@pytest.fixture
def config(tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "settings.toml"
    source = f'kind = "file"\nmedia = "audio"\nloop = true\npath = "{SPEECH}"\n'
    file.write_text(
        f'state_dir = "{tmp_path / "state"}"\nsegment_s = 2\n'
        f'[[sources]]\nname = "mics"\n{source}channels = ["mic-1", "mic-2", "mic-3", "mic-4"]\n'
        f'[[sources]]\nname = "more"\n{source}channels = ["mic-5", "mic-6", "mic-7", "mic-8"]\n'
    )
    log = tmp_path / "recorder.log"
    with service(log, "--config", str(file), "recorder") as process:
        eventually("socket", (tmp_path / "state" / "run" / "recorder.sock").exists, process, log)
        yield str(file)


def test_a_guest_comes_and_goes(config: str, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        said = hattama("--config", config, *arguments)
        assert said.status == 0, said
        return said.out.strip()

    closed = hattama("--config", config, "sources", "remove", "more")
    assert closed.status == 65
    assert "error[illegal-move]: no hearing is open" in closed.err
    hearing = run("record", "new", "7512-26-00-2/1")
    run("record", "start")
    channels = [item for number in range(1, 5) for item in ("--channel", f"guest-{number}")]
    assert "guest                file       there by секретарь" in run(
        "sources", "add", "guest", "--kind", "file", "--path", str(SPEECH), *channels, "--by", "секретарь"
    )
    assert "taken out by судья" in run("sources", "remove", "more", "--by", "судья")
    listed = {
        item["name"]: (item["origin"], item["present"], item["by"])
        for item in json.loads(run("sources", "list", "--json"))
    }
    assert listed == {
        "mics": ("settings", True, None),
        "guest": ("hearing", True, "секретарь"),
        "more": ("settings", False, "судья"),
    }
    assert "taken out" not in run("sources", "add", "more")
    for arguments, status, said in (
        (("add", "nobody"), 66, "error[no-source]: the settings have no source 'nobody'"),
        (("remove", "mic-1"), 66, "mic-1 is a channel of mics"),
        (("add", "guest", "--device", "x"), 65, "error[bad-request]: guest: a source of this name is there already"),
        (("add", "x", "--url", "rtsp://user:secret@10.0.0.9/1"), 64, "give --url -"),
        (("add", "x", "--url", "ftp://10.0.0.9/1"), 64, "error[bad-argument]: source: url: begins with none of"),
        (("add", "X!", "--device", "x"), 64, "error[bad-argument]: name:"),
    ):
        found = hattama("--config", config, "sources", *arguments)
        assert (found.status, said in found.err) == (status, True), found
        assert "secret" not in found.err
    run("record", "stop")
    report = json.loads(
        hattama("--config", config, "verify", "--json", str(tmp_path / "state" / "hearings" / hearing)).out
    )
    assert report["good"], report


def test_an_address_is_read_from_standard_input(config: str) -> None:
    assert hattama("--config", config, "record", "new", "7512-26-00-2/1").status == 0
    found = subprocess.run(
        [sys.executable, "-m", "hattama", "--config", config, "sources", "add", "guest", "--url", "-", "--json"],
        input="rtsp://user:secret@127.0.0.1:1/room\n", text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "secret" not in found.stdout + found.stderr
    assert {item["name"]: item["place"] for item in json.loads(found.stdout)}["guest"] == "rtsp://127.0.0.1:1/room"
