"""``hattama record`` against the real daemon, over its real socket, with the demo's sound as the microphones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hattama.demo.room import SPEECH
from tests.support.command import eventually, hattama, service


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "settings.toml"
    file.write_text(
        f'state_dir = "{tmp_path / "state"}"\ncourt = "Демо"\ncourtroom = "1"\nsegment_s = 2\n'
        f'[[sources]]\nname = "mics"\nkind = "file"\nmedia = "audio"\nloop = true\npath = "{SPEECH}"\n'
        'channels = ["mic-bench", "mic-plaintiff", "mic-defendant", "mic-secretary"]\n'
    )
    return file


@pytest.fixture
def recorder(config: Path, tmp_path: Path) -> Iterator[str]:
    log = tmp_path / "recorder.log"
    with service(log, "--config", str(config), "recorder") as process:
        eventually("socket", (tmp_path / "state" / "run" / "recorder.sock").exists, process, log)
        yield str(config)


def test_without_a_recorder_the_command_says_so(config: Path) -> None:
    said = hattama("--config", str(config), "record", "status")
    assert said.status == 69
    assert "error[recorder-gone]" in said.err
    assert "hattama recorder" in said.err


def test_a_hearing_from_plan_to_seal(recorder: str, tmp_path: Path) -> None:
    def record(*arguments: str) -> str:
        said = hattama("--config", recorder, "record", *arguments)
        assert said.status == 0, said
        return said.out.strip()

    none = hattama("--config", recorder, "record", "start")
    assert (none.status, none.err.splitlines()[0]) == (66, "error[no-open-hearing]: no hearing is open")

    hearing = record("new", "7512-26-00-2/1", "--title", "Демо", "--participant", "plaintiff:А. Сериков@mic-plaintiff")
    assert "RECORDING" in record("start", "--by", "секретарь")
    assert record("stage", "OPEN").startswith("line ")
    assert record("remark", "Замечание").startswith("line ")
    status = json.loads(record("status", "--json"))
    assert (status["hearing"], status["recording"], len(status["sources"])) == (hearing, True, 4)
    assert "not recording" in record("pause")
    assert "RECORDING" in record("resume")
    assert "finished" in record("stop")
    assert f"finished   {hearing}" in record("status", "--all")
    again = hattama("--config", recorder, "record", "start", hearing)
    assert again.status != 0
    assert again.err.startswith("error[")

    key = hattama("--config", recorder, "device", "key").out.strip()
    checked = hattama("--config", recorder, "verify", str(tmp_path / "state" / "hearings" / hearing), "--trust", key)
    assert checked.status == 0, checked
    journal = (tmp_path / "state" / "hearings" / hearing / "journal.jsonl").read_text()
    assert '"by":"секретарь"' in journal
    assert '"name":"А. Сериков"' in journal


def test_a_participant_that_cannot_be_understood_is_told(recorder: str) -> None:
    said = hattama("--config", recorder, "record", "new", "1", "--participant", "nobody")
    assert said.status == 64
    assert "ROLE:NAME@MICROPHONE" in said.err


def test_a_second_recorder_is_refused(recorder: str, tmp_path: Path) -> None:
    log = tmp_path / "second.log"
    with service(log, "--config", recorder, "recorder") as second:
        assert second.wait(60) == 75
    assert "error[already-running]" in log.read_text()
