"""A real RTSP camera (GStreamer): copied picture by picture, refused, frozen, unplugged, killed."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from recorder.errors import SourceLost, SourceRefused, SourceUnavailable
from recorder.segment_recovery import recover_segment
from tests.support.capture_child import capture_child
from tests.support.clips import make_clip, numbers_in
from tests.support.rtsp_server import Camera, rtsp_server, why_not

pytestmark = [pytest.mark.rtsp, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough for any test; key frames of several slices, which GStreamer sends as several packets with one time."""
    return make_clip(tmp_path_factory.mktemp("clips") / "camera.mp4", 60, slices=4)


def config(url: str, **more: Any) -> dict[str, Any]:
    source = {"name": "cam-judge", "kind": "camera", "media": "video", "url": url}
    return {"source": source, "offset_us": 10**15, "segment_s": 2.0, **more}


def wrong(camera: Camera) -> str:
    return camera.url.replace("right", "s3cr3t")


def begin(folder: Path) -> dict[str, Any]:
    return {"do": "begin", "take": "T01", "folder": str(folder)}


def shown(record: Path, closed: list[dict[str, Any]]) -> list[int]:
    return [number for item in closed for number in numbers_in(record / item["path"])]


def test_every_picture_is_kept_and_placed(tmp_path: Path, clip: Path) -> None:
    preview = tmp_path / "run/cam-judge.mp4"
    login = ("court", "se:cret")
    with rtsp_server(clip, *login) as camera, capture_child(config(camera.url, preview=str(preview))) as child:
        tracks = child.wait_for("ready")["tracks"]
        track = {"source": "cam-judge", "media": "video", "codec": "h264", "rate": 90000}
        assert tracks == [{**track, "given": "h264", "encoder": ""}]
        child.send(begin(tmp_path))
        child.wait_for("closed", lambda item: item["number"] == 2)
        child.send({"do": "end"})
        child.wait_for("ended")
        ended_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 + 10**15
        assert child.finish() == 0
    closed = child.all("closed")
    numbers = shown(tmp_path, closed)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) == sum(item["units"] for item in closed)
    assert numbers[0] % 25 == 0
    assert [item["end_us"] for item in closed[:-1]] == [item["start_us"] for item in closed[1:]]
    long_us = closed[-1]["end_us"] - closed[0]["start_us"]
    assert long_us == pytest.approx(len(numbers) * 40_000, abs=1_000)
    assert 0 <= ended_us - closed[-1]["end_us"] < 10_000_000
    assert len(numbers_in(preview)) == 1


def test_a_wrong_password_is_refused_without_showing_it(clip: Path) -> None:
    with rtsp_server(clip, "court", "right") as camera, capture_child(config(wrong(camera))) as child:
        report = child.wait_for("failed")
        assert child.wait() == SourceRefused.exit_status
    assert report["code"] == "source-refused"
    assert "s3cr3t" not in report["cause"]
    assert "127.0.0.1" in report["cause"]


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with capture_child(config(f"rtsp://127.0.0.1:{port}/camera")) as child:
        assert child.wait_for("failed")["code"] == "source-unavailable"
        assert child.wait() == SourceUnavailable.exit_status


@pytest.mark.parametrize("how", ["unplug", "freeze"])
def test_a_camera_that_stops_is_lost_and_what_it_gave_is_closed(tmp_path: Path, clip: Path, how: str) -> None:
    with rtsp_server(clip) as camera, capture_child(config(camera.url)) as child:
        child.wait_for("ready")
        child.send(begin(tmp_path))
        child.wait_for("progress", lambda item: bool(item["tracks"]))
        camera.unplug() if how == "unplug" else camera.freeze()
        assert child.wait_for("failed")["code"] == "source-lost"
        assert child.wait() == SourceLost.exit_status
    closed = child.all("closed")
    assert closed[-1]["closed"] == "lost"
    numbers = shown(tmp_path, closed)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_kill_9_leaves_readable_segments(tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rtsp_server(clip) as camera, capture_child(config(camera.url)) as child:
        child.wait_for("ready")
        child.send(begin(tmp_path))
        child.wait_for("closed")
        time.sleep(0.7)
        killed_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 + 10**15
        child.kill()
    numbers: list[int] = []
    end_us = 0
    for path in sorted((tmp_path / "media/T01/cam-judge").iterdir()):
        found = recover_segment(path)
        if not found.empty:
            assert found.start_us is not None
            assert found.end_us is not None
            assert abs(found.start_us - end_us) < 2 or not end_us
            numbers += numbers_in(path)
            end_us = found.end_us
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    with capsys.disabled():
        sys.stdout.write(f"\nRTSP: lost by kill -9: {(killed_us - end_us) / 1e6:.3f} s\n")
    assert killed_us - end_us < 10_000_000
