"""A camera of this machine: what is taken of what it offers, one encoder over all segments, and what happens when it is too slow.

There is no V4L2 device here: FFmpeg's virtual input (lavfi), or FFmpeg sending JPEG, stands in its place, behind the same class
from the packet on. What asks the kernel (recorder.sources.v4l2) is met here only by what is no camera.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.packet import Packet

from recorder.capture_core import Capture, run
from recorder.errors import SourceFormat, SourceLost, SourceUnavailable
from recorder.health.encoding import OVER_S, EncodingWatch
from recorder.inbox import Begin, CaptureConfig, Inbox, Quit
from recorder.segments import Syncer
from recorder.sources import open_source
from recorder.sources.base import Behind, Item, Opened, PictureItem
from recorder.sources.camera import MOST_STRIDE, Backlog, EncodedVideo, Waiting, encoders_of
from recorder.sources.encoder import ENCODERS, Shape, choose
from recorder.sources.v4l2 import Mode, Wish, modes_of
from recorder.sources.v4l2 import choose as choose_mode
from tests.support.clips import make_clip, numbers_in

WISH = Wish(1280, 720, 25)


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ([("YUYV", 640, 480, 30), ("H264", 1280, 720, 30), ("MJPG", 1280, 720, 30)], ("H264", 1280)),
        (
            [("YUYV", 1280, 720, 5), ("MJPG", 1280, 720, 30)],
            ("MJPG", 1280),
        ),  # USB 2: a raw picture of this size, but five a second
        ([("YUYV", 1280, 720, 25), ("MJPG", 1280, 720, 30)], ("YUYV", 1280)),
        ([("YUYV", 640, 480, 30), ("YUYV", 1920, 1080, 30), ("YUYV", 1280, 720, 30)], ("YUYV", 1280)),
        ([("NV12", 640, 480, 30), ("NV12", 320, 240, 30)], ("NV12", 640)),  # nothing is big enough
        ([("GB16", 1280, 720, 60), ("UYVY", 1280, 720, 30)], ("UYVY", 1280)),  # what nobody reads is not taken
    ],
)
def test_the_mode_that_is_taken(offered: list[tuple[str, int, int, float]], taken: tuple[str, int]) -> None:
    mode = choose_mode([Mode(*item) for item in offered], WISH, "/dev/video0")
    assert (mode.fourcc, mode.width) == taken


def test_a_camera_that_offers_nothing_readable_is_refused_by_its_formats() -> None:
    with pytest.raises(SourceFormat, match="gives GB16, HSV3; none of it is read"):
        choose_mode([Mode("HSV3", 640, 480, 30), Mode("GB16", 640, 480, 30)], WISH, "/dev/video0")
    assert Mode("YUYV", 640, 480, 0).options(WISH) == {"input_format": "yuyv422", "video_size": "640x480"}
    assert Mode("YUYV", 640, 480, 12.5).options(WISH)["framerate"] == "12.5"


def test_what_is_no_camera_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="No such file"):
        modes_of(tmp_path / "usb-Court_Camera-video-index0", WISH)
    (tmp_path / "file").touch()
    with pytest.raises(SourceUnavailable, match="is no device"):
        modes_of(tmp_path / "file", WISH)
    assert modes_of(Path("/dev/null"), WISH) == []
    config = CaptureConfig.model_validate(
        {"source": {"name": "cam", "kind": "camera", "media": "video", "device": "/dev/null"}, "offset_us": 0}
    )
    with pytest.raises(SourceFormat, match="/dev/null: gives no pictures"):
        open_source(config.source).run(lambda _: None)


def test_an_encoder_is_chosen_by_encoding_and_a_card_that_is_not_there_is_passed_over() -> None:
    found = choose(Shape(640, 360, 25))
    assert found.name in ENCODERS
    if Path("/dev/nvidiactl").exists():
        pytest.skip("there is a card here")
    assert found.name == "libx264"
    with pytest.raises(SourceFormat, match=r"pictures of 640x360 cannot be encoded: h264_nvenc: "):
        choose(Shape(640, 360, 25), encoders_of("h264_nvenc"))
    with pytest.raises(SourceFormat, match="cannot be encoded"):
        choose(Shape(65_000, 65_000, 25))


@pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg, which lists its encoders' options, is not installed"
)
def test_the_options_of_nvenc_are_those_that_it_has() -> None:
    from recorder.sources.encoder import _OPTIONS

    command = ["ffmpeg", "-hide_banner", "-h", "encoder=h264_nvenc"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "NVENC" not in told:
        pytest.skip("this ffmpeg is built without NVENC")
    known = {line.split()[0] for line in told.splitlines() if line.startswith(("  -", "     "))}
    options = _OPTIONS["h264_nvenc"]
    assert {f"-{name}" for name in options} <= known
    assert {options["preset"], options["tune"], options["rc"]} <= known


class Reports:
    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def __call__(self, report: str, **fields: Any) -> None:
        self.all.append({"report": report, **fields})

    def of(self, report: str) -> list[dict[str, Any]]:
        return [item for item in self.all if item["report"] == report]

    def wait(self, report: str, count: int = 1) -> None:
        for _ in range(3_000):
            if len(self.of(report)) >= count:
                return
            assert not self.of("failed"), self.of("failed")
            time.sleep(0.02)
        raise AssertionError(f"no {report}: {self.all[-3:]}")


def record(source: EncodedVideo, folder: Path, segments: int) -> Reports:
    """Record through the child's own loop until so many segments are closed by rolling."""
    reports, syncer, inbox = Reports(), Syncer(), Inbox()
    config = CaptureConfig.model_validate(
        {
            "source": {"name": "cam", "kind": "camera", "media": "video", "device": "any"},
            "offset_us": 0,
            "segment_s": 1.0,
        }
    )
    inbox.put(Begin(do="begin", take="T01", folder=folder))
    thread = threading.Thread(target=run, args=(source, Capture(config, reports, syncer), inbox, reports))
    thread.start()
    try:
        reports.wait("closed", segments)
    finally:
        inbox.put(Quit(do="quit"))
        thread.join(60)
        syncer.close()
    return reports


def test_raw_pictures_are_encoded_once_under_one_encoder(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 60)

    def port() -> Any:
        return av.open(f"movie={clip},realtime,format=yuyv422", format="lavfi")

    reports = record(EncodedVideo("cam", "stand-in", port, encoders_of("libx264")), tmp_path, 3)
    [track] = reports.of("ready")[0]["tracks"]
    assert (track["codec"], track["encoder"]) == ("h264", "libx264")
    judge(tmp_path, reports)


SEND = ("-c:v", "mjpeg", "-q:v", "2", "-f", "matroska", "-flush_packets", "1")


@pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg, which stands in for a camera that gives JPEG, is not installed"
)
def test_a_camera_of_jpegs_is_encoded_too_for_no_browser_plays_them(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 60)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", str(clip), *SEND, f"tcp://127.0.0.1:{port}?listen=1"]
    with subprocess.Popen(command) as camera:
        try:
            source = EncodedVideo(
                "cam", "stand-in", patient(lambda: av.open(f"tcp://127.0.0.1:{port}")), encoders_of("libx264")
            )
            reports = record(source, tmp_path, 2)
        finally:
            camera.kill()
    assert reports.of("ready")[0]["tracks"][0]["given"] == "mjpeg"
    judge(tmp_path, reports)


def patient(port: Callable[[], Any]) -> Callable[[], Any]:
    """A port that is tried until somebody listens."""

    def opened() -> Any:
        for _ in range(300):
            try:
                return port()
            except OSError:
                time.sleep(0.1)
        raise AssertionError("nobody listens")

    return opened


def judge(folder: Path, reports: Reports) -> None:
    """Every picture is there, or its absence was told; segments begin at key frames and join."""
    closed = reports.of("closed")
    numbers = [number for item in closed for number in numbers_in(folder / item["path"])]
    assert len(numbers) == sum(item["units"] for item in closed)
    assert numbers == sorted(set(numbers))
    if not reports.of("behind"):  # on a machine that keeps up
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert [item["end_us"] for item in closed[:-1]] == [item["start_us"] for item in closed[1:]]
    heads = [av.open(str(folder / item["path"])).streams.video[0].codec_context.extradata for item in closed]
    assert len(set(heads)) == 1  # one encoder: no parameter set changed


def waiting(at_us: int) -> Waiting:
    return Waiting(Packet(b"x" * 100), at_us)


def test_a_slow_encoder_loses_stretches_that_are_marked_and_counted() -> None:
    backlog = Backlog(4)
    for number in range(10):
        backlog.put(waiting(number))
    assert backlog.missed() == 6
    assert backlog.missed() == 0
    taken = [backlog.get() for _ in range(2)]
    assert [(item.at_us, item.after_hole) for item in taken if item] == [(0, False), (1, False)]
    backlog.put(waiting(10))  # half of it is free: go on, behind a hole
    rest = [backlog.get() for _ in range(3)]
    assert [(item.at_us, item.after_hole) for item in rest if item] == [(2, False), (3, False), (10, True)]
    backlog.put(waiting(11))
    backlog.put(waiting(12))
    assert (backlog.stride, backlog.missed()) == (2, 1)  # of two pictures one is taken from now on
    backlog.close()
    last = backlog.get()
    assert last is not None  # what waits when the camera stops is still given
    assert last.at_us == 11
    assert backlog.get() is None


def test_a_slow_encoder_is_spared_in_steps_and_no_further() -> None:
    backlog = Backlog(4)
    given = 0
    for _ in range(10):
        for number in range(100):
            backlog.put(waiting(number))
        while backlog._waiting:
            given += backlog.get() is not None
    assert backlog.stride == MOST_STRIDE
    assert given + backlog.missed() == 1_000


def test_pictures_faster_than_any_encoder_are_all_given_or_counted_and_a_key_frame_follows_each_hole(
    tmp_path: Path,
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 30)
    items: list[Item] = []
    source = EncodedVideo("cam", "stand-in", lambda: av.open(str(clip)), encoders_of("libx264"))
    with pytest.raises(SourceLost, match="the camera stopped"):
        source.run(items.append)
    kinds = [type(item) for item in items if not isinstance(item, Behind)]
    assert kinds[0] is Opened
    pictures = [item.picture for item in items if isinstance(item, PictureItem)]
    missed = sum(item.pictures for item in items if isinstance(item, Behind))
    assert len(pictures) + missed == 750
    assert all(picture.key for picture in pictures if picture.after_hole)
    assert all(two.dts == one.dts + one.duration for one, two in pairs(pictures) if not two.after_hole)


def pairs(pictures: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(pictures, pictures[1:], strict=False)  # noqa: RUF007 - as the other tests of pictures do


def test_missing_pictures_are_a_finding_as_long_as_it_lasts() -> None:
    watch = EncodingWatch()
    assert watch.look(0.0) == {}
    watch.behind("cam", 12, 2, 1.0)
    watch.behind("cam", 3, 4, 2.0)
    trouble = watch.look(2.5)["encoder-behind", "cam"]
    assert (trouble.severity, trouble.since) == ("error", 1.0)
    assert trouble.detail == "15 pictures left out; one of 4 is encoded"
    assert watch.look(2.0 + OVER_S + 0.1) == {}
    watch.behind("cam", 1, 2, 20.0)
    watch.forget(["cam"])
    assert watch.look(20.1) == {}


def test_a_picture_is_what_the_camera_showed(tmp_path: Path) -> None:
    """Colours survive: a raw picture of full range, as JPEG has it, is not shown too dark or too bright."""
    from recorder.sources.encoder import Encoder

    encoder = Encoder("libx264", Shape(320, 192, 25))
    grey = av.VideoFrame.from_ndarray(np.full((192, 320, 3), 100, np.uint8), format="rgb24").reformat(format="yuvj422p")
    [packet] = encoder.encode(grey, 0, key=True)
    path = tmp_path / "one.h264"
    path.write_bytes(bytes(packet))
    with av.open(str(path)) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert abs(float(np.mean(shown)) - 100) < 3
