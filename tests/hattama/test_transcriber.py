"""``hattama transcriber --status``: what is being written, and how long it will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from hattama.commands.transcriber import told
from tests.recorder.test_api import planned, serving
from tests.support.command import hattama
from tests.support.recorder import microphones, settings
from transcription.client import SocketClient
from transcription.live_passages import LiveNews
from transcription.progress import Estimate, Progress, Step


@pytest.mark.parametrize(
    ("progress", "says"),
    [
        (None, "h1: waits"),
        ({"done_pm": 57, "left_s": None}, "h1: 5 %"),
        ({"done_pm": 431, "left_s": 130}, "h1: 43 %, about 2 min left"),
        ({"done_pm": 990, "left_s": 3}, "h1: 99 %, less than a minute left"),
    ],
)
def test_as_a_person_reads_it(progress: dict[str, int | None] | None, says: str) -> None:
    assert told("h1", progress) == says


def test_time_left_is_told_once_it_is_known() -> None:
    estimate = Estimate(100.0)
    assert estimate.at(Step("activity", 30, 60), 101.0) == Progress(50)
    assert estimate.at(Step("recognition", 0, 1000), 110.0) == Progress(100)
    assert estimate.at(Step("recognition", 100, 1000), 112.0) == Progress(190), "two seconds say nothing yet"
    assert estimate.at(Step("recognition", 250, 1000), 120.0) == Progress(325, 30)
    assert estimate.at(Step("recognition", 1000, 1000), 150.0) == Progress(1000, 0)
    assert Estimate(0.0).at(Step("recognition", 0, 0), 0.0) == Progress(1000)


def test_the_status(tmp_path: Path) -> None:
    box = settings(tmp_path, microphones("mics", "mic-bench"))
    config = tmp_path / "settings.toml"
    config.write_text(f'state_dir = "{box.state_dir}"\n')
    with serving(box), SocketClient(box.socket) as transcriber:
        from recorder.client import RecorderClient

        with RecorderClient(box.socket) as client:
            assert hattama("--config", str(config), "transcriber", "--status").out == "nothing to do\n"
            hearing = planned(client)
            client.start(hearing, "secretary")
            transcriber.post_live(hearing, LiveNews("open", 1, 1400))
            said = hattama("--config", str(config), "transcriber", "--status")
            assert said.out == f"{hearing}: live words 1.4 s behind\n"
            client.stop(hearing, "secretary")
            transcriber.post_progress(hearing, Progress(431, 130))
            said = hattama("--config", str(config), "transcriber", "--status")
            assert said.out == f"{hearing}: 43 %, about 2 min left\n"
    said = hattama("--config", str(config), "transcriber", "--status")
    assert (said.status, "recorder-gone" in said.err) == (69, True)
