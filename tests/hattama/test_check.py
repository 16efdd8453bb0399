"""``hattama check`` against the real daemon with the demo's sound and a camera's file: ready, not ready, and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hattama.demo.room import SPEECH
from tests.support.clips import make_clip
from tests.support.command import eventually, hattama, service


@pytest.fixture
def room(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A running recorder with four microphones and a camera; its settings file and state folder."""
    clip = make_clip(tmp_path / "cam.mp4", 8)
    file, state = tmp_path / "settings.toml", tmp_path / "state"
    file.write_text(
        f'state_dir = "{state}"\nsegment_s = 2\n'
        f'[[sources]]\nname = "mics"\nkind = "file"\nmedia = "audio"\nloop = true\npath = "{SPEECH}"\n'
        'channels = ["mic-bench", "mic-plaintiff", "mic-defendant", "mic-secretary"]\n'
        f'[[sources]]\nname = "cam"\nkind = "file"\nmedia = "video"\nloop = true\npath = "{clip}"\n'
    )
    log = tmp_path / "recorder.log"
    with service(log, "--config", str(file), "recorder") as process:
        eventually("socket", (state / "run" / "recorder.sock").exists, process, log)
        yield str(file), clip
        assert process.poll() is None


def test_without_a_recorder_nothing_is_ready(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n')
    said = hattama("--config", str(config), "check")
    assert said.status == 69
    assert "error[recorder-gone]" in said.err


def test_a_room_that_is_ready_and_one_whose_camera_is_gone(room: tuple[str, Path], tmp_path: Path) -> None:
    config, clip = room
    for _ in range(4):  # on a machine with other work devices may open late: then the check says so, and is asked again
        said = hattama("--config", config, "check", "--seconds", "6", "--json")
        found = json.loads(said.out)
        if found["ready"]:
            break
    assert (said.status, found["ready"], found["verified"]) == (0, True, True), (found, tmp_path.joinpath("recorder.log").read_text()[-3000:])
    assert [item["name"] for item in found["sources"] if item["ready"] and item["units"]] == [
        "mic-bench", "mic-plaintiff", "mic-defendant", "mic-secretary", "cam",
    ]  # fmt: skip
    assert not (tmp_path / "state" / "checks").exists()
    assert [path for path in (tmp_path / "state" / "hearings").iterdir() if path.is_dir()] == []

    clip.rename(clip.with_suffix(".gone"))
    hearing = hattama("--config", config, "record", "new", "7512-26-00-2/1").out.strip()
    said = hattama("--config", config, "check", "--seconds", "3")
    assert said.status == 20
    assert said.out.startswith("NOT READY")
    assert "cam: source-lost" in said.out
    assert "Check the power and the cable" in said.out
    starts = (hattama("--config", config, "record", "start").status for _ in range(4))  # as above
    assert 0 in starts, "the planned hearing kept its place"
    said = hattama("--config", config, "check")
    assert said.status == 75
    assert "error[hearing-runs]" in said.err
    assert hattama("--config", config, "record", "stop").status == 0

    again = hattama("--config", config, "record", "new", "7512-26-00-2/2").out.strip()
    results = {}
    for name in (hearing, again):
        lines = (tmp_path / "state" / "hearings" / name / "journal.jsonl").read_text().splitlines()
        results[name] = [json.loads(line)["data"] for line in lines if json.loads(line)["type"] == "check"]
    # The second check was made while the hearing waited to begin: it is that hearing's, and no other's.
    assert [item["ready"] for item in results[hearing]] == [True, False]
    assert {"code": "source-lost", "source": "cam"} in results[hearing][1]["problems"]
    assert results[again] == []
