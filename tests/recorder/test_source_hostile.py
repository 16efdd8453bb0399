"""Cameras that are broken or mean harm: the child refuses them, or dies alone, with bounded memory and files read by nobody."""

from __future__ import annotations

import io
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest

from device_config.settings import SourceSettings
from recorder import reports
from recorder.child import Reserve
from recorder.errors import SourceFormat, SourceLost, SourceUnavailable
from recorder.packets import Picture
from recorder.sources.base import PictureGroup
from recorder.sources.limits import COPYING_BYTES, ENCODING_BYTES, ceiling_of
from recorder.sources.opening import MOST_PIXELS
from recorder.sources.video import StreamVideo
from recorder.supervisor import Device, Loss, Patience
from tests.support import hostile
from tests.support.capture_child import CaptureChild, capture_child
from tests.support.clips import make_clip, numbers_in
from tests.support.recorder import sync, until

MANY = 10_000


def config(url: str, **more: Any) -> dict[str, Any]:
    source = {"name": "cam", "kind": "camera", "media": "video", "url": url, **more}
    return {"source": source, "offset_us": 10**15, "segment_s": 1.0}


def resident(child: CaptureChild) -> int:
    """The most memory that the process ever had, bytes; 0 when it has gone."""
    try:
        lines = Path(f"/proc/{child.process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


@contextmanager
def watched(child: CaptureChild) -> Iterator[list[int]]:
    """Measures a child's memory while it runs."""
    most = [0]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], resident(child))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def huge_description(connection: socket.socket, head: str) -> None:
    """Announces nearly two gigabytes of description, and sends without an end."""
    connection.sendall(f"{head}Content-Type: application/sdp\r\nContent-Length: 2000000000\r\n\r\nv=0\r\n".encode())
    while True:
        connection.sendall(b"a=x:" + b"A" * 65_000 + b"\r\n")


def many_streams(connection: socket.socket, head: str) -> None:
    """Ten thousand streams in one description."""
    body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
    body += "".join(
        f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t{number}\r\n" for number in range(MANY)
    )
    connection.sendall(f"{head}Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    while connection.recv(4096):
        pass


@pytest.mark.parametrize("describe", [huge_description, many_streams])
def test_a_description_without_measure_is_refused_with_bounded_memory(describe: Any) -> None:
    with (
        hostile.server(hostile.rtsp(describe)) as port,
        capture_child(config(f"rtsp://127.0.0.1:{port}/camera")) as child,
    ):
        with watched(child) as most:
            report = child.wait_for("failed")
            assert child.wait() in (SourceFormat.exit_status, SourceUnavailable.exit_status)
        assert report["code"] in ("source-format", "source-unavailable")
    assert most[0] < COPYING_BYTES // 2


def test_the_memory_of_a_child_has_a_ceiling() -> None:
    def ceilings(**source: Any) -> list[int]:
        with capture_child(
            {"source": {"name": "cam", "kind": "camera", "media": "video", **source}, "offset_us": 0}
        ) as child:
            child.wait_for("alive")
            return list(resource.prlimit(child.process.pid, resource.RLIMIT_DATA))

    def silent(connection: socket.socket) -> None:
        connection.recv(1)

    with hostile.server(silent) as port:
        assert ceilings(url=f"tcp://127.0.0.1:{port}") == [COPYING_BYTES] * 2
    array = SourceSettings(name="mics", kind="microphone", media="audio", device="array", channels=tuple("abcdefgh"))
    assert ceiling_of(array, 16) > ceiling_of(array, 2) > COPYING_BYTES
    raw = SourceSettings(name="cam", kind="camera", media="video", device="/dev/v4l/by-id/usb-cam")
    assert ceiling_of(raw, 16) == ENCODING_BYTES


class Listener:
    """Hears why children were lost."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []

    def report(self, device: Device, report: reports.Report) -> None:
        """Nothing is expected of a camera that never opens."""

    async def lost(self, _device: Device, loss: Loss) -> None:
        self.losses.append(loss)


@sync
async def test_a_camera_that_drips_is_given_up() -> None:
    """It says something every third of a second, for ever: no time-out of a read ends that, but the daemon's patience does."""

    def drip(connection: socket.socket, head: str) -> None:
        for byte in (head + "Content-Type: application/sdp\r\nX: " + "A" * 10_000).encode():
            connection.sendall(bytes([byte]))
            time.sleep(0.3)

    listener, reserve = Listener(), Reserve()
    with hostile.server(hostile.rtsp(drip)) as port:
        camera = SourceSettings(name="cam", kind="camera", media="video", url=f"rtsp://127.0.0.1:{port}/camera")
        device = Device(camera, 0, 2.0, None, listener, patience=Patience(tick=0.1, open=8.0), reserve=reserve)
        device.open()
        try:
            await until(lambda: listener.losses, 240.0)
        finally:
            await device.close()
            await reserve.close()
    assert listener.losses[0].cause == "not_opened"


def sends(data: bytes) -> hostile.Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    return answer


def transport_stream(*clips: Path) -> bytes:
    """Clips one after the other, as one camera would go on: each in its own times and with its own parameter sets."""
    parts = []
    for clip in clips:
        file = io.BytesIO()
        with av.open(str(clip)) as source, av.open(file, "w", format="mpegts") as out:
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
        parts.append(file.getvalue())
    return b"".join(parts)


def pictures_of(items: list[Any]) -> list[Picture]:
    return [picture for item in items if isinstance(item, PictureGroup) for picture in item.pictures]


def run_to_end(data: bytes) -> tuple[list[Any], Exception]:
    items: list[Any] = []
    with hostile.server(sends(data)) as port, pytest.raises((SourceFormat, SourceLost, SourceUnavailable)) as caught:
        StreamVideo("cam", f"tcp://127.0.0.1:{port}").run(items.append)
    return items, caught.value


@pytest.mark.parametrize(
    ("side", "told"), [(65_520, "gives no video"), (8_208, "pictures of 8208x8208 are not recorded")]
)
def test_pictures_without_measure_are_refused(side: int, told: str) -> None:
    assert side * side > MOST_PIXELS
    slice_of_nothing = b"\x00\x00\x00\x01\x65" + b"\x88\x84" + b"\x00\x21" * 2_000
    items, error = run_to_end((hostile.sequence_set(side, side) + hostile.picture_set() + slice_of_nothing) * 50)
    assert items == []
    assert isinstance(error, SourceFormat)
    assert told in str(error)


@pytest.mark.parametrize(
    "answer",
    [b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:4,\n%s\n#EXT-X-ENDLIST\n", b"ffconcat version 1.0\nfile '%s'\n"],
    ids=["playlist", "list"],
)
def test_a_server_cannot_have_files_of_this_machine_read(tmp_path: Path, answer: bytes) -> None:
    secret = make_clip(tmp_path / "secret.mp4", 2)
    items, error = run_to_end(answer % f"file://{secret}".encode())
    assert items == []
    assert isinstance(error, SourceFormat | SourceUnavailable)


def test_times_that_run_backwards_are_placed_by_their_arrival(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 4)
    items, error = run_to_end(transport_stream(clip, clip))
    assert isinstance(error, SourceLost)
    pictures = pictures_of(items)
    assert all(two.dts > one.dts for one, two in zip(pictures, pictures[1:], strict=False))  # noqa: RUF007
    assert len(pictures) >= 197


def test_a_stream_that_becomes_another_is_opened_anew(tmp_path: Path) -> None:
    small, big = make_clip(tmp_path / "small.mp4", 4), make_clip(tmp_path / "big.mp4", 4, size=(640, 384))
    items, error = run_to_end(transport_stream(small, big))
    assert isinstance(error, SourceLost)
    assert "changed the form of its pictures" in str(error)
    assert 90 <= len(pictures_of(items)) <= 100
    assert numbers_in(big)[0] == 0
