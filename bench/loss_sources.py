"""Sources whose every sample and picture has a number, and which know what they handed over (bench.loss_room runs them).

Two live ones on 127.0.0.1, outside the disk that is cut and outside the processes that are killed: a sound device of two
channels (NUT, PCM of 24 bits, 48 kHz) and a camera (MPEG-TS, H.264, 25 pictures a second). They run on the monotonic clock whether
somebody listens or not, as microphones and cameras do. A sample's value is its number scrambled (so that sound does not
compress to nothing); a picture carries its number in bright and dark squares.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

RATE = 48_000
FPS = 25
GROUP = 10
CLIP = 500  # pictures: 20 s; a take of this bench is shorter
CHANNELS = ("mic-bench", "mic-witness")
CAMERA = "cam-judge"
BLOCK = RATE // 50
_SIZE = (256, 128)
_BITS = 16
_MASK = 2**24 - 1
#: Odd, so that each has an inverse modulo 2^24: every value tells its number.
_FACTORS = (0x9E3779, 0x5BD1E9)
_INVERSES = tuple(pow(factor, -1, 2**24) for factor in _FACTORS)

Numbers = NDArray[np.int64]


def sound(first: int, count: int) -> bytes:
    """Samples ``first`` to ``first + count``, interleaved, in 32 bits (the lowest byte is 0)."""
    numbers = np.arange(first, first + count, dtype=np.int64)
    block = np.stack([(numbers * factor & _MASK) << 8 for factor in _FACTORS], axis=1)
    return block.astype(np.uint32).tobytes()


def sample_numbers(samples: NDArray[Any], channel: int) -> Numbers:
    """Numbers (modulo 2^24, some 350 s) of decoded samples, int32 with 24 bits in the upper bytes."""
    values = samples.astype(np.int64) >> 8 & _MASK
    numbers: Numbers = values * _INVERSES[channel] & _MASK
    return numbers


def picture_number(frame: av.VideoFrame) -> int:
    """The number that a picture carries, modulo :data:`CLIP`."""
    picture: Any = frame.to_ndarray(format="gray")
    return sum(int(picture[8, bit * 16 + 8] > 128) << bit for bit in range(_BITS))


def _picture(number: int, noise: NDArray[np.uint8]) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = np.roll(noise, number * 3, axis=1) + 40
    for bit in range(_BITS):
        picture[:16, bit * 16 : bit * 16 + 16] = 235 if number >> bit & 1 else 16
    return picture


def make_clip(path: Path) -> Path:
    """:data:`CLIP` numbered pictures, a key frame every :data:`GROUP`."""
    with av.open(str(path), "w", format="mpegts") as container:
        options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(GROUP), "x264-params": "threads=1:scenecut=0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *_SIZE, "yuv420p"
        noise = np.random.default_rng(7).integers(0, 60, (_SIZE[1], _SIZE[0]), np.uint8)
        for number in range(CLIP):
            frame = av.VideoFrame.from_ndarray(_picture(number, noise), format="gray")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


class Source:
    """A live source that a listener may connect to at any time.

    Args:
        rate: units a second.
        batch: units that are handed over together.
        counts: where the number after the last unit that a listener was given goes, and by how much at most a unit was handed
            over later than it was due, in µs: memory that another process may read.

    Attributes:
        start: monotonic time of unit 0, s.
    """

    def __init__(self, rate: int, batch: int, counts: MutableSequence[int] | None = None) -> None:
        self.rate = rate
        self._counts: MutableSequence[int] = [0, 0] if counts is None else counts
        self._batch = batch
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.start = time.monotonic()
        self._stopping = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """End it."""
        self._stopping = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(30)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            number = self._first()
            send = self._begin(connection, number)
            while not self._stopping:
                due = self.start + (number + self._batch) / self.rate
                time.sleep(max(0.0, due - time.monotonic()))
                late_us = int((time.monotonic() - due) * 1e6)
                send(number)
                number += self._batch
                self._counts[0] = number
                self._counts[1] = max(self._counts[1], late_us)

    def _now(self) -> int:
        return int((time.monotonic() - self.start) * self.rate)

    def _first(self) -> int:
        raise NotImplementedError

    def _begin(self, connection: socket.socket, first: int) -> Any:
        raise NotImplementedError


class Microphones(Source):
    """Two channels of numbered samples."""

    def __init__(self, counts: MutableSequence[int] | None = None) -> None:
        super().__init__(RATE, BLOCK, counts)

    def _first(self) -> int:
        return self._now() // BLOCK * BLOCK

    def _begin(self, connection: socket.socket, first: int) -> Any:
        container = av.open(_Sending(connection), "w", format="nut", options={"flush_packets": "1"})
        stream = container.add_stream("pcm_s32le", rate=RATE, layout="stereo")

        def send(number: int) -> None:
            packet: Packet[Any] = Packet(sound(number, BLOCK))
            packet.stream, packet.time_base = stream, Fraction(1, RATE)
            packet.pts = packet.dts = number - first
            packet.duration = BLOCK
            container.mux(packet)

        return send


class Camera(Source):
    """Numbered pictures of a clip, again and again, on one time line."""

    def __init__(self, clip: Path, counts: MutableSequence[int] | None = None) -> None:
        with av.open(str(clip)) as container:
            self._packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
        self._clip = clip
        super().__init__(FPS, 1, counts)

    def _first(self) -> int:
        return -(-self._now() // GROUP) * GROUP  # a listener begins with a key frame

    def _begin(self, connection: socket.socket, first: int) -> Any:
        template = av.open(str(self._clip))
        output = _Sending(connection)
        container = av.open(output, "w", format="mpegts", options={"flush_packets": "1"})
        stream = container.add_stream_from_template(template.streams.video[0])

        def send(number: int) -> None:
            packet: Packet[Any] = Packet(self._packets[number % CLIP])
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number - first
            packet.duration, packet.is_keyframe = 1, number % GROUP == 0
            container.mux(packet)

        return send


class _Sending(io.RawIOBase):
    """What PyAV writes goes to a socket."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._connection.sendall(data)
        return len(data)


@contextmanager
def courtroom(folder: Path) -> Iterator[tuple[Microphones, Camera]]:
    """Both sources in this process, for as long as the block runs."""
    clip = make_clip(folder / "clip.ts")
    microphones, camera = Microphones(), Camera(clip)
    try:
        yield microphones, camera
    finally:
        microphones.close()
        camera.close()
