"""What was said is played back while the hearing is recorded: segments and what is signed of the growing ones, nothing in camera."""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import av
import httpx2
import numpy as np
import pytest

from device_config.settings import Settings, SourceSettings
from protocol.encoding import b64
from recorder.client import RecorderClient
from recorder.hearings import HearingStore
from recorder.playback import readable, withheld
from recorder.refusals import NoFile, PartInCamera
from tests.support.recorder import CASE, box_running, settings, wait_for

BY = "S. Secretary"


Recording = tuple[RecorderClient, httpx2.Client, str, Settings]
NAMES = ("mic-bench", "mic-witness")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    """A hearing that is being recorded by real capture children, from a file that is played for ever."""
    folder = tmp_path_factory.mktemp("box")
    sound = folder / "room.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        times = np.arange(48_000) / 48_000
        tones = np.stack([8000 * np.sin(2 * np.pi * hertz * times) for hertz in (440, 660)], axis=1)
        file.writeframes(tones.astype("<i2").tobytes())
    source = SourceSettings(name="mics", kind="file", media="audio", path=sound, channels=NAMES, loop=True)
    box = settings(folder, source, segment_s=10.0)
    transport = httpx2.HTTPTransport(uds=str(box.socket))
    with (
        box_running(box, folder / "log") as running,
        running.client() as client,
        httpx2.Client(transport=transport, base_url="http://recorder") as raw,
    ):
        hearing = client.plan(CASE)
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, BY)
        yield client, raw, hearing, box


def media(raw: httpx2.Client, hearing: str, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = raw.get(f"/v1/hearings/{hearing}/media", params=query).raise_for_status().json()
    return found


def growing(raw: httpx2.Client, hearing: str) -> list[dict[str, Any]]:
    tracks = media(raw, hearing)["tracks"]
    return [segment for track in tracks for segment in track["segments"] if segment.get("growing")]


def test_growing_segments_are_served_as_far_as_they_are_signed(
    recording: Recording,
) -> None:
    _, raw, hearing, _ = recording
    wait_for(lambda: len(growing(raw, hearing)) == 2)
    described = media(raw, hearing)
    assert {track["source"] for track in described["tracks"]} == {"mic-bench", "mic-witness"}
    segment = growing(raw, hearing)[0]
    address = f"/v1/hearings/{hearing}/files/{segment['path']}"
    answer = raw.get(address, headers={"Range": f"bytes=0-{segment['bytes'] - 1}"})
    assert answer.status_code == 206
    assert answer.headers["content-type"] == "audio/mp4"
    assert b64(hashlib.sha256(answer.content).digest()) == segment["sha256"]
    with av.open(io.BytesIO(answer.content), mode="r") as container:
        samples = sum(frame.samples for frame in container.decode(container.streams.audio[0]))
        rate = container.streams.audio[0].rate
    assert segment["end_us"] - segment["start_us"] == pytest.approx(samples * 1_000_000 / rate, abs=25_000)
    take = described["takes"][0]
    assert abs(segment["start_us"] - take["start_us"]) < 5_000_000
    later = segment["end_us"] + 3_600_000_000
    assert all(
        s.get("growing") is True for track in media(raw, hearing, since_us=later)["tracks"] for s in track["segments"]
    )


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 200),
        ("bytes=0-99", 206),
        ("bytes=-10", 206),
        ("bytes=0-1,3-4", 416),
        ("bytes=99999999-", 416),
        ("bytes", 400),
    ],
)
def test_one_range_at_a_time(recording: Recording, header: str | None, status: int) -> None:
    _, raw, hearing, _ = recording
    wait_for(lambda: growing(raw, hearing))
    segment = growing(raw, hearing)[0]
    headers = {"Range": header} if header else {}
    answer = raw.get(f"/v1/hearings/{hearing}/files/{segment['path']}", headers=headers)
    assert answer.status_code == status
    if header and status == 206:
        assert len(answer.content) == (100 if "99" in header else 10)


@pytest.mark.parametrize(
    "path",
    ["journal.jsonl", "media/../journal.jsonl", "media/T01/mic-bench/0009.mp4", "checkpoints", "transcript/0001.json"],
)
def test_no_other_file_is_given_out(recording: Recording, path: str) -> None:
    _, raw, hearing, _ = recording
    answer = raw.get(f"/v1/hearings/{hearing}/files/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] in ("no-file", "no-route")


def test_nothing_of_a_part_in_camera_is_given_out_and_a_damaged_file_is_named(recording: Recording) -> None:
    client, raw, hearing, box = recording
    client.stop(hearing, BY)
    described = media(raw, hearing)
    assert not growing(raw, hearing)
    path = described["tracks"][0]["segments"][0]["path"]
    assert raw.get(f"/v1/hearings/{hearing}/files/{path}").status_code == 200

    view = HearingStore(box.hearings).view(hearing)
    closed = replace(view, takes={name: replace(take, publicity="closed") for name, take in view.takes.items()})
    assert withheld(closed, "T01")
    with pytest.raises(PartInCamera):
        readable(closed, path)
    with pytest.raises(NoFile):
        readable(view, "media/T01/none/0001.mp4")

    file = box.hearings / hearing / path
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:100])
    answer = raw.get(f"/v1/hearings/{hearing}/files/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-file")
