"""Sources without a device: files of every width, streams over TCP, and errors that keep secrets."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from pydantic import ValidationError

import recorder.errors
from device_config.settings import SourceSettings
from recorder.errors import BadCaptureConfig, CaptureError, RecorderError, SourceFormat, SourceLost
from recorder.packets import Picture
from recorder.sources import open_source
from recorder.sources.base import Item, Opened, PictureGroup, PictureItem, SoundBlock
from recorder.sources.camera import CameraVideo
from recorder.sources.device import DeviceSound
from recorder.sources.opening import scrub
from recorder.sources.sound import DecodedSound
from recorder.sources.video import FileVideo, StreamVideo
from tests.support.clips import make_clip

RATE = 48_000


def settings(**fields: Any) -> SourceSettings:
    return SourceSettings.model_validate({"name": "device", "kind": "file", "media": "audio", **fields})


def write_sound(path: Path, codec: str, form: str, layout: str, samples: np.ndarray[Any, Any]) -> Path:
    """A file of ``samples``, shape (samples, channels)."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=RATE, layout=layout)
        for at in range(0, len(samples), 1024):
            array: Any = np.ascontiguousarray(samples[at : at + 1024]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(array, format=form, layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def run_to_end(source: Any) -> tuple[list[Item], CaptureError]:
    items: list[Item] = []
    with pytest.raises(CaptureError) as caught:
        source.run(items.append)
    return items, caught.value


def sound_of(items: list[Item]) -> np.ndarray[Any, Any]:
    return np.concatenate([item.samples for item in items if isinstance(item, SoundBlock)])


@pytest.mark.parametrize(("codec", "form", "bits"), [("pcm_s16le", "s16", 16), ("pcm_s24le", "s32", 24)])
def test_a_file_gives_its_samples_as_they_are(tmp_path: Path, codec: str, form: str, bits: int) -> None:
    random = np.random.default_rng(2)
    wide = random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (RATE // 2, 3))
    samples = wide.astype(np.int16) if bits == 16 else (wide * 256).astype(np.int32)
    path = write_sound(tmp_path / "room.wav", codec, form, "3.0", samples)
    items, error = run_to_end(DecodedSound(("a", "b", "c"), path, paced=True))
    assert isinstance(error, SourceLost)
    assert isinstance(items[0], Opened)
    assert (items[0].bits, [track.source for track in items[0].tracks]) == (bits, ["a", "b", "c"])
    assert np.array_equal(sound_of(items), samples)
    arrivals = [item.arrival_us for item in items if isinstance(item, SoundBlock)]
    assert arrivals[-1] - arrivals[0] > 400_000  # at its own pace


def test_eight_planar_channels_do_not_crash(tmp_path: Path) -> None:
    tone = (np.sin(np.arange(RATE // 2)[:, None] * np.arange(1, 9) / 20) * 9000).astype(np.int16)
    path = write_sound(tmp_path / "room.m4a", "aac", "s16", "7.1", tone)
    names = tuple(f"mic-{number}" for number in range(8))
    items, error = run_to_end(DecodedSound(names, path, paced=False))
    assert isinstance(error, SourceLost)
    assert sound_of(items).shape[1] == 8
    assert np.abs(sound_of(items)).max() > 5000


def test_the_number_of_names_must_be_the_number_of_channels(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "room.wav", "pcm_s16le", "s16", "stereo", np.zeros((4800, 2), np.int16))
    for names in (("one",), ("one", "two", "three")):
        items, error = run_to_end(DecodedSound(names, path, paced=True))
        assert isinstance(error, SourceFormat)
        assert "has 2 channels" in str(error)
        assert items == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


SERVE = """
import sys, av
with av.open(sys.argv[2] + "?listen=1", "w", format="mpegts") as out, av.open(sys.argv[1]) as container:
    stream = out.add_stream_from_template(container.streams.video[0])
    for packet in container.demux(video=0):
        if packet.dts is not None:
            packet.stream = stream
            out.mux(packet)
"""


def test_a_stream_over_tcp_is_copied_picture_by_picture(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 6)
    address = f"tcp://127.0.0.1:{free_port()}"
    # A process of its own: PyAV waits for who connects without letting other threads run.
    with subprocess.Popen([sys.executable, "-c", SERVE, str(clip), address]) as server:
        for _ in range(300):
            items, error = run_to_end(StreamVideo("cam", address))
            if isinstance(error, SourceLost):
                break
            assert server.poll() is None
            time.sleep(0.1)  # it does not listen yet
        assert server.wait(30) == 0
    assert "the stream ended" in str(error)
    assert isinstance(items[0], Opened)
    assert items[0].tracks[0].codec == "h264"
    pictures = [picture for item in items if isinstance(item, PictureGroup) for picture in item.pictures]
    assert steps(pictures) == {3600}
    assert len(pictures) in (149, 150)  # the last one waits for a successor that never comes
    assert [number for number, picture in enumerate(pictures) if picture.key][:5] == [0, 25, 50, 75, 100]


def steps(pictures: list[Picture]) -> set[int]:
    return {two.dts - one.dts for one, two in zip(pictures, pictures[1:], strict=False)}  # noqa: RUF007


def test_a_file_ends_as_a_camera_that_is_unplugged(tmp_path: Path) -> None:
    items, error = run_to_end(FileVideo("cam", make_clip(tmp_path / "clip.mp4", 1)))
    assert isinstance(error, SourceLost)
    assert len([item for item in items if isinstance(item, PictureItem)]) == 25


@pytest.mark.parametrize(
    ("text", "address", "expected"),
    [
        ("rtsp://court:s3cret@cam/1: refused", "", "rtsp://cam/1: refused"),
        ("'rtsp://court:p@ss@cam/1'", "rtsp://court:p@ss@cam/1", "'rtsp://cam/1'"),
        ("wrong password s3 cret", "rtsp://court:s3%20cret@cam/1", "wrong password ***"),
        ("/media/a@b.mp4: gone", "/media/a@b.mp4", "/media/a@b.mp4: gone"),
        ("anything", "rtsp://[broken", "(an address that cannot be read)"),
        ("rtmp://cam/live?key=t0ken99: refused", "", "rtmp://cam/live?***: refused"),
        ("the server says no to t0ken99", "rtmp://cam/live?key=t0ken99&listen=1", "the server says no to ***"),
    ],
)
def test_passwords_are_scrubbed(text: str, address: str, expected: str) -> None:
    assert scrub(text, address) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"media": "video", "path": "a.mp4", "channels": ["one", "two"]},
        {"device": "hw:0", "channels": [f"mic-{number}" for number in range(17)]},
    ],
)
def test_settings_that_name_no_readable_source_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadCaptureConfig):
        open_source(settings(**fields))


@pytest.mark.parametrize("fields", [{}, {"path": "a.wav", "url": "rtsp://a/"}])
def test_settings_name_one_source(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one of url, device and path"):
        settings(**fields)


def test_settings_choose_the_source() -> None:
    made = [
        open_source(settings(path="a.wav")),
        open_source(settings(url="rtsp://a/")),
        open_source(settings(device="hw:0")),
        open_source(settings(media="video", url="rtsp://a/")),
        open_source(settings(media="video", path="a.mp4", loop=True)),
        open_source(settings(media="video", url="rtmp://a/b")),
        open_source(settings(media="video", device="/dev/v4l/by-id/usb-cam")),
    ]
    kinds = [DecodedSound, DecodedSound, DeviceSound, StreamVideo, FileVideo, StreamVideo, CameraVideo]
    assert [type(source) for source in made] == kinds


def test_every_error_has_a_code_a_status_and_advice_and_stands_in_the_docs() -> None:
    kinds = [
        kind for kind in vars(recorder.errors).values() if isinstance(kind, type) and issubclass(kind, CaptureError)
    ]
    page = (Path(__file__).parents[2] / "docs/capture.md").read_text()
    table = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", page, re.MULTILINE))
    for kind in kinds:
        assert table[kind.code] == str(kind.exit_status)
        assert kind.advice
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert issubclass(CaptureError, RecorderError)
