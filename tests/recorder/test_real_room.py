"""A real camera and real microphones, everything killed half-way (issue: what the spine must show)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from device_config.settings import SourceSettings
from protocol.journal import read_journal
from protocol.view import HearingView
from tests.recorder.test_recovery import readable
from tests.support import pulse, rtsp_server
from tests.support.clips import counter, make_clip
from tests.support.recorder import CASE, box_running, check, codes, settings, wait_for

pytestmark = [
    pytest.mark.rtsp,
    pytest.mark.pulse,
    pytest.mark.skipif(rtsp_server.why_not() is not None, reason=str(rtsp_server.why_not())),
    pytest.mark.skipif(pulse.why_not() is not None, reason=str(pulse.why_not())),
]
NAMES = ("mic-bench", "mic-plaintiff", "mic-defendant", "mic-witness")
HALF_S = 10


def test_twenty_seconds_with_a_kill_half_way(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "camera.mp4", 60)
    voices = counter(90 * pulse.RATE, (7, 13, 19, 29))
    with rtsp_server.rtsp_server(clip, "court", "s3cret") as camera, pulse.pulse_room(4, voices) as room:
        box_settings = settings(
            tmp_path,
            SourceSettings(name="mics", kind="microphone", media="audio", device=room.device, channels=NAMES),
            SourceSettings(name="cam-judge", kind="camera", media="video", url=camera.url),
        )
        with box_running(box_settings, tmp_path / "log", room.environment) as box:
            with box.client() as client:
                hearing = client.plan(CASE)
                wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
                wait_for(lambda: client.status().sources[0].peak_cdb not in (None, -15000))
                client.start(hearing, "secretary")
                assert client.status().recording
                time.sleep(HALF_S)
                assert client.picture("cam-judge").startswith(b"\xff\xd8"), "the page gets a JPEG"
            box.kill_all()
            killed_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            time.sleep(1)
            box.start()
            with box.client() as client:
                wait_for(lambda: client.status().recording and client.hearing(hearing)["gaps"])
                time.sleep(HALF_S)
                client.stop(hearing, "secretary")
        record = box.settings.hearings / hearing
        view = HearingView.of(read_journal((record / "journal.jsonl").read_bytes())[0])
    report = check(record)
    assert report.good, codes(report)
    readable(record, view.segments)
    assert b"s3cret" not in b"".join(path.read_bytes() for path in record.rglob("*") if path.is_file())
    assert b"s3cret" not in (tmp_path / "log").read_bytes()
    assert [gap.cause for gap in view.gaps] == ["power_or_kill"], "one gap, and nothing else is missing"
    assert view.clock is not None
    killed = killed_us + view.clock.offset_us
    intervals = {item.source: item for item in view.gaps[0].intervals}
    assert set(intervals) == {*NAMES, "cam-judge"}
    for source in NAMES:
        gap, after = intervals[source], view.track("T02", source)[0]
        assert abs(gap.from_us - killed) < 1_000_000, f"{source}: begins when it was killed"
        assert abs(gap.to_us - after.start_us) <= 20_000, f"{source}: ends with the first new sample"
    assert abs(intervals["cam-judge"].from_us - view.track("T01", "cam-judge")[-1].end_us) < 1_000_000
