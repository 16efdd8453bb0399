"""A camera of this machine (V4L2). One that gives H.264 is copied; any other is encoded once, under one running encoder.

::

    source thread   reads packets, gives each its time, never waits ──► Backlog (bounded) ──► encoder thread ──► put

Where the processor cannot keep up, pictures are left out before the encoder: whole stretches first, each of which ends its
segment and is a gap of the journal; then every second, or three of four, which is no hole but is said all the same.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import av
import structlog
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from recorder.errors import SourceLost
from recorder.packets import HOLE_US, Picture
from recorder.segments import VIDEO_RATE
from recorder.sources.base import Behind, Failure, Opened, PictureItem, Put, Track
from recorder.sources.copying import copy_pictures, opened
from recorder.sources.encoder import ENCODERS, Encoder, Shape, choose, template_of
from recorder.sources.opening import check_size, told, video_of
from recorder.sources.pace import monotonic_us
from recorder.sources.v4l2 import COPIED, Wish, modes_of
from recorder.sources.v4l2 import choose as choose_mode

log = structlog.get_logger()

# Pictures that wait for the encoder: a machine that is busy for a moment catches up within a second or it does not.
WAITING_S = 1.0
WAITING_BYTES = 192 * 2**20
# Of how many pictures one is encoded, at the worst. A step of 4 at 25 pictures a second stays within the hole that the record
# format allows a camera, 200 ms.
MOST_STRIDE = 4
TELL_US = 1_000_000
DRAIN_S = 3.0

Port = Callable[[], InputContainer]
"""Opens the camera."""


@dataclass(frozen=True)
class Waiting:
    """A packet that is to be encoded: when it was taken, CLOCK_MONOTONIC, and whether pictures before it were left out."""

    packet: Packet[Any]
    at_us: int
    after_hole: bool = False


class Backlog:
    """What waits for the encoder. The reader never waits: what finds no room is left out, and counted.

    Args:
        most: pictures that may wait.
    """

    def __init__(self, most: int) -> None:
        self._most = max(2, most)
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._full = False
        self._closed = False
        self._changed = threading.Condition()
        self._missed = 0
        self._seen = 0
        self.stride = 1

    def put(self, item: Waiting) -> None:
        """Add one, or leave it out."""
        with self._changed:
            self._seen += 1
            if self._full and len(self._waiting) <= self._most // 2:
                self._full = False
                item = replace(item, after_hole=True)
            elif len(self._waiting) >= self._most or self._bytes > WAITING_BYTES:
                if not self._full:
                    self.stride = min(self.stride * 2, MOST_STRIDE)
                self._full = True
            if self._full or (self._seen % self.stride and not item.after_hole):
                self._missed += 1
                return
            self._waiting.append(item)
            self._bytes += item.packet.size
            self._changed.notify()

    def get(self) -> Waiting | None:
        """The next one, waited for; None when nothing comes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            self._bytes -= item.packet.size
            return item

    def close(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def missed(self) -> int:
        """Pictures left out since this was asked last."""
        with self._changed:
            missed, self._missed = self._missed, 0
            return missed


class CameraVideo:
    """A camera of this machine.

    Args:
        name: name of the source.
        device: its stable name, ``/dev/v4l/by-id/…``.
        wish: size and rate asked of it.
        encoders: what may encode it, the best first.
    """

    def __init__(self, name: str, device: str, wish: Wish, encoders: tuple[str, ...] = ENCODERS) -> None:
        self._name, self._device, self._wish, self._encoders = name, device, wish, encoders
        self._copied = False
        self._running: EncodedVideo | None = None
        self._stopped = False

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        modes = modes_of(Path(self._device), self._wish)
        mode = choose_mode(modes, self._wish, self._device)
        log.info("camera opened", action="open", device=self._device, **vars(mode))
        if mode.fourcc in COPIED:
            self._copy(put, mode.options(self._wish))
            return
        self._running = EncodedVideo(
            self._name, self._device, lambda: open_camera(self._device, mode.options(self._wish)), self._encoders
        )
        if not self._stopped:
            self._running.run(put)

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._stopped = True
        if self._running is not None:
            self._running.stop()

    def _copy(self, put: Put, options: dict[str, str]) -> None:
        container = open_camera(self._device, options)
        stream = video_of(container, self._device)
        put(opened(self._name, stream, self._device))
        copy_pictures(put, container, stream, self._device, lambda: self._stopped)


def open_camera(device: str, options: dict[str, str]) -> InputContainer:
    """Open a V4L2 camera by FFmpeg.

    Raises:
        CaptureError: it cannot be opened.
    """
    with told(device, opened=False):
        return av.open(device, format="v4l2", options=options)


class EncodedVideo:
    """Pictures of anything that FFmpeg decodes, encoded as they come.

    Args:
        name: name of the source.
        place: what the camera is called in errors.
        port: opens it.
        encoders: what may encode it, the best first.
    """

    def __init__(self, name: str, place: str, port: Port, encoders: tuple[str, ...] = ENCODERS) -> None:
        self._name, self._place, self._port, self._encoders = name, place, port, encoders
        self._stopped = False
        self._backlog: Backlog | None = None

    def run(self, put: Put) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        container = self._port()
        stream = video_of(container, self._place)
        check_size(stream, self._place)
        context = stream.codec_context
        shape = Shape.of(context.width, context.height, float(stream.average_rate or stream.guessed_rate or 25))
        encoder = choose(shape, self._encoders)
        backlog = self._backlog = Backlog(round(shape.fps * WAITING_S))
        worker = threading.Thread(
            target=self._encode, args=(put, stream, encoder, backlog), name="encoder", daemon=True
        )
        worker.start()
        try:
            told_us = 0
            for item in self._taken(container, stream):
                backlog.put(item)
                if item.at_us - told_us >= TELL_US and (missed := backlog.missed()):
                    put(Behind(missed, backlog.stride))
                    told_us = item.at_us
        finally:
            backlog.close()
            if not self._stopped:  # what the camera gave before it stopped is evidence
                worker.join(DRAIN_S)
                if missed := backlog.missed():
                    put(Behind(missed, backlog.stride))
        if not self._stopped:
            raise SourceLost(f"{self._place}: the camera stopped")

    def stop(self) -> None:
        """See :class:`recorder.sources.base.CaptureSource`."""
        self._stopped = True
        if self._backlog is not None:
            self._backlog.close()

    def _taken(self, container: InputContainer, stream: VideoStream) -> Iterator[Waiting]:
        """The camera's packets with strictly increasing times on CLOCK_MONOTONIC: the kernel's, where it gives them."""
        last: int | None = None
        with told(self._place, opened=True):
            for packet in container.demux(stream):
                if self._stopped:
                    return
                if not packet.size:
                    continue
                now = monotonic_us()
                said = (
                    None
                    if packet.pts is None or packet.time_base is None
                    else round(packet.pts * packet.time_base * 1_000_000)
                )
                at = said if said is not None and 0 <= now - said < HOLE_US else now
                hole = last is not None and at - last > HOLE_US
                last = at if last is None else max(at, last + 1_000)
                yield Waiting(packet, last, after_hole=hole)

    def _encode(self, put: Put, stream: VideoStream, encoder: Encoder, backlog: Backlog) -> None:
        try:
            with told(self._place, opened=True):
                _encode_all(put, self._name, stream, encoder, backlog)
        except Exception as error:  # noqa: BLE001 - whatever it is ends this thread; the child's main thread raises and reports it
            put(Failure(error))


def _encode_all(put: Put, name: str, stream: VideoStream, encoder: Encoder, backlog: Backlog) -> None:
    """Decode, encode and hand over what waits, until the backlog is closed."""
    given = stream.codec_context.codec.canonical_name
    pictures = Pictures(VIDEO_RATE // encoder.shape.fps)
    first: int | None = None
    hole = False
    while (item := backlog.get()) is not None:
        hole = hole or item.after_hole
        first = item.at_us if first is None else first
        for frame in _decoded(stream, item, name):
            for packet in encoder.encode(frame, (item.at_us - first) * VIDEO_RATE // 1_000_000, key=hole):
                if pictures.nothing_yet:
                    put(
                        Opened(
                            (Track(name, "video", "h264", VIDEO_RATE, given, encoder.name),),
                            template_of(packet, encoder.shape),
                        )
                    )
                for picture in pictures.add(packet, item.at_us, after_hole=hole):
                    put(PictureItem(picture))
                hole = False
    for picture in pictures.flush():
        put(PictureItem(picture))


def _decoded(stream: VideoStream, item: Waiting, name: str) -> list[VideoFrame]:
    """The picture in a packet; none where a JPEG is broken, as the first ones of many cameras are."""
    try:
        return stream.decode(item.packet)
    except av.error.InvalidDataError:
        log.warning("a broken picture", action="leave_out", source=name)
        return []


class Pictures:
    """What the encoder gives, as pictures with exact durations: each is held until the next is there.

    Args:
        nominal: usual ticks from picture to picture.
    """

    def __init__(self, nominal: int) -> None:
        self._nominal = nominal
        self._held: Picture | None = None
        self.nothing_yet = True

    def add(self, packet: Packet[Any], at_us: int, *, after_hole: bool) -> Iterator[Picture]:
        """Take one; gives the one before it."""
        self.nothing_yet = False
        held, dts = self._held, packet.dts or 0
        self._held = Picture(bytes(packet), dts, dts, 0, packet.is_keyframe, at_us, after_hole=after_hole)
        if held is not None:
            yield held._replace(duration=self._nominal if after_hole else dts - held.dts)

    def flush(self) -> Iterator[Picture]:
        """The one that is held: nothing comes after it."""
        held, self._held = self._held, None
        if held is not None:
            yield held._replace(duration=self._nominal)


EncoderName = Literal["auto", "h264_nvenc", "libx264"]


def encoders_of(name: EncoderName) -> tuple[str, ...]:
    """What may encode, by the setting."""
    return ENCODERS if name == "auto" else (name,)
