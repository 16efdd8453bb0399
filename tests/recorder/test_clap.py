"""Flash and beep through a real RTSP camera and a real audio device, whose true times are known (bench.clap; bench.sync has the figures)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.clap import OFFSET_US, ClapCamera, make_flashes
from bench.sync import clap
from tests.support.capture_child import capture_child
from tests.support.pulse import why_not as no_pulse
from tests.support.rtsp_server import why_not as no_rtsp

# The bound is 40 ms, and bench.sync holds it: at a load of 28 it measured less than 4. A test must also pass where a
# machine stands still for a moment.
LIMIT_MS = 100.0
PATIENCE_SEGMENTS = 60
# On a crowded machine the sound server that plays the beeps has been seen 0.3 s off by itself, on the microphone's side and
# from its start: the recorder cannot know. It is then measured again; a fault of ours would be there each time.
TRIES = 3


@pytest.mark.rtsp
@pytest.mark.pulse
@pytest.mark.skipif((no_rtsp() or no_pulse()) is not None, reason=str(no_rtsp() or no_pulse()))
def test_picture_and_sound_agree_at_start_and_after_a_restart_of_either(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(TRIES):
        found = clap(restarts=1, take_s=6.0)
        with capsys.disabled():
            sys.stdout.write(
                f"\npicture against sound (ms): {[(item['phase'], item['offset_ms']) for item in found]}\n"
            )
        if all(abs(item["offset_ms"]) < LIMIT_MS for item in found):
            break
    assert [item["phase"] for item in found] == ["start", "camera restarted", "microphone restarted"]
    for item in found:
        assert abs(item["offset_ms"]) < LIMIT_MS


@pytest.mark.rtsp
@pytest.mark.skipif(no_rtsp() is not None, reason=str(no_rtsp()))
def test_a_cameras_own_reports_are_used_once_it_gives_them(tmp_path: Path) -> None:
    camera = ClapCamera(make_flashes(tmp_path / "clap.mp4", 120))
    try:
        source = {"name": "cam", "kind": "camera", "media": "video", "url": camera.url}
        with capture_child({"source": source, "offset_us": OFFSET_US, "segment_s": 1.0}) as child:
            child.send({"do": "begin", "take": "T01", "folder": str(tmp_path)})
            told = [child.wait_for("closed")]
            while told[-1]["time_base"] != "rtcp" and len(told) < PATIENCE_SEGMENTS:
                told.append(child.wait_for("closed"))
            assert child.finish() == 0
    finally:
        camera.close()
    assert told[0]["time_base"] == "arrival"
    assert [item["end_us"] for item in told[:-1]] == [item["start_us"] for item in told[1:]]
    if told[-1]["time_base"] != "rtcp":  # within 10 s, as a rule: the first report comes within 7
        pytest.skip("this machine is so busy that the camera's reports contradict what came")
