"""Faults of real parts: a real audio device, real cameras' files and the real pictures worker, found, journalled and over again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from device_config.settings import SourceSettings
from hattama.demo.picture import Picture
from recorder.client import RecorderClient
from tests.recorder.test_health_picture import BEGIN
from tests.recorder.test_health_sound import int16, noise, speech, tone
from tests.support.pulse import pulse_room, why_not
from tests.support.recorder import CASE, box_running, check, microphones, settings, wait_for

NAMES = ("bench", "clerk", "plaintiff", "defendant")
ABOUT_ROOM = {"digital-silence", "microphone-silent", "clipping", "hum", "constant-offset", "picture-black", "picture-frozen", "picture-blurred"}


def found(client: RecorderClient) -> set[tuple[str, str | None]]:
    """What is wrong with the room at present."""
    return {(item.code, item.source) for item in client.status().findings if item.code in ABOUT_ROOM}


def journalled(client: RecorderClient, hearing: str) -> list[dict[str, Any]]:
    return [item for item in client.hearing(hearing)["findings"] if item["code"] in ABOUT_ROOM]


@pytest.mark.pulse
@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_faults_of_microphones_are_found_journalled_and_over(tmp_path: Path) -> None:
    """One clips, one hums, one is dead; the fourth is as it should be. Then all are well."""
    voices = [speech(90, pitch, -2800, seed) for seed, pitch in enumerate((110, 140, 180, 220))]
    wrong = [voices[0] * 30, voices[1] + tone(50, -3800, 90) + tone(100, -4200, 90) + noise(-7000, 90), voices[2] * 0, voices[3]]
    expected = {("clipping", "bench"), ("hum", "clerk"), ("digital-silence", "plaintiff")}
    box = settings(tmp_path, microphones("mics", *NAMES, device="courtroom"))
    with pulse_room(4) as room, box_running(box, tmp_path / "log", room.environment) as running, running.client() as client:
        hearing = client.plan(CASE)
        player = room.play(int16(*wrong))
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, "s")
        wait_for(lambda: found(client) == expected)
        player.kill()
        room.play(int16(*voices))
        wait_for(lambda: found(client) == set())
        client.stop(hearing, "s")
        lines = journalled(client, hearing)
    begun = {(item["code"], item["source"]) for item in lines if item["end_us"] is None}
    ended = {(item["code"], item["source"]) for item in lines if item["end_us"] is not None}
    # Between the two players all four are silent for a moment; that may be found too, and is over as well.
    assert expected <= begun == ended
    assert {source for _, source in begun if source == "defendant"} <= {"defendant"}
    assert check(box.hearings / hearing).good


def camera_file(path: Path, fault: str) -> Path:
    """A camera's file of 40 s with a key frame each second: it lives, from 10 to 25 s it is faulty, then it lives again."""
    picture = Picture("room", "Court")
    black = np.zeros((360, 640, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"preset": "ultrafast", "tune": "zerolatency", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(200):
            is_faulty = 50 <= number < 125
            moment = 50 if is_faulty and fault == "frozen" else number
            image = np.asarray(picture.frame(moment, replace_time(moment)))
            frame = av.VideoFrame.from_ndarray(black if is_faulty and fault == "black" else image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def replace_time(number: int) -> Any:
    return BEGIN.replace(second=number // 5 % 60, microsecond=number % 5 * 200_000)


def test_faults_of_cameras_are_found_journalled_and_over(tmp_path: Path) -> None:
    cameras = [
        SourceSettings(name=f"cam-{fault}", kind="camera", media="video", path=camera_file(tmp_path / f"{fault}.mp4", fault), loop=True)
        for fault in ("black", "frozen", "good")
    ]
    expected = {("picture-black", "cam-black"), ("picture-frozen", "cam-frozen")}
    box = settings(tmp_path, *cameras)
    with box_running(box, tmp_path / "log") as running, running.client() as client:
        hearing = client.plan(CASE)
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, "s")
        wait_for(lambda: found(client) == expected)
        wait_for(lambda: found(client) == set())
        client.stop(hearing, "s")
        lines = journalled(client, hearing)
    for code, source in expected:
        mine = [item for item in lines if item["source"] == source]
        assert [item["code"] for item in mine][:2] == [code, code]
        assert mine[0]["end_us"] is None
        assert mine[1]["end_us"] - mine[1]["start_us"] > 5_000_000
    assert not [item for item in lines if item["source"] == "cam-good"]
    assert check(box.hearings / hearing).good
