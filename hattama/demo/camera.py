"""A network camera without hardware: ``python -m hattama.demo.camera``, one process each.

It draws pictures at their own pace, encodes them once (H.264) and serves a live MPEG-TS stream on a Unix socket to everyone who
connects, each from the next key frame on. A reader who is too slow is dropped, as cameras do. It ends when its standard
input ends, so it never outlives the demo.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from hattama.demo.picture import HEIGHT, WIDTH, Picture

RATE = Fraction(25, 2)  # frames a second
KEY_EVERY = 13  # frames: a key frame about each second
SEND_TIMEOUT_S = 0.5  # a reader that takes no bytes for this long is dropped


class Audience:
    """Who is connected; ``write`` is the muxer's output and sends to each of them."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._waiting: list[socket.socket] = []
        self._readers: list[socket.socket] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                reader, _ = self._listener.accept()
            except OSError:
                return  # the listener is closed: the camera ends
            reader.settimeout(SEND_TIMEOUT_S)
            with self._lock:
                self._waiting.append(reader)

    def admit(self) -> None:
        """Let those who wait in: the next byte begins a key frame, with the stream's tables before it."""
        with self._lock:
            self._readers += self._waiting
            self._waiting.clear()

    def write(self, data: bytes) -> int:
        """Send to every reader; one that has gone or is too slow is dropped."""
        for reader in list(self._readers):
            try:
                reader.sendall(data)
            except OSError:
                self._readers.remove(reader)
                reader.close()
        return len(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.close()
        for reader in [*self._readers, *self._waiting]:
            reader.close()


def _encoder(container: av.container.OutputContainer) -> VideoStream:
    stream = container.add_stream("libx264", rate=RATE)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.time_base = 1 / RATE
    # One thread: several would cut each picture into slices, which some players and recorders see as several pictures.
    stream.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26", "g": str(KEY_EVERY), "threads": "1"}
    return stream


def serve(path: Path, view: str, court: str, ended: threading.Event) -> None:
    """Serve until ``ended``.

    Args:
        path: Unix socket to listen on; made here, removed at the end.
        view: see :class:`Picture`.
        court: the court's name.
        ended: set by another thread when the camera shall end.
    """
    picture = Picture(view, court)
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    listener.listen()
    # Tables before every picture: who joins at a key frame can decode at once.
    options = {"mpegts_flags": "pat_pmt_at_frames+resend_headers", "flush_packets": "1"}
    with Audience(listener) as audience, av.open(audience, "w", format="mpegts", options=options) as container:
        stream = _encoder(container)
        begin, number = time.monotonic(), 0
        while not ended.wait(max(0.0, begin + float(number / RATE) - time.monotonic())):
            frame = VideoFrame.from_ndarray(np.asarray(picture.frame(number, datetime.now(UTC))), format="rgb24")
            frame.pts, frame.time_base = number, 1 / RATE
            if number % KEY_EVERY == 0:
                audience.admit()
            container.mux(stream.encode(frame))
            # After a long stop (a suspended machine) go on with the present picture instead of catching up.
            number = max(number + 1, int((time.monotonic() - begin) * RATE) - KEY_EVERY)
    path.unlink(missing_ok=True)


def _end_with_input(ended: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not sys.stdin: its lock would be held when the process ends
        pass
    ended.set()


def main() -> None:
    """Run one camera until its standard input ends or SIGTERM."""
    parser = argparse.ArgumentParser(prog="hattama.demo.camera", description="A camera without hardware.")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to serve MPEG-TS on")
    parser.add_argument("--view", choices=("bench", "room"), required=True)
    parser.add_argument("--court", default="")
    arguments = parser.parse_args()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    threading.Thread(target=_end_with_input, args=(ended,), daemon=True).start()
    serve(arguments.socket, arguments.view, arguments.court, ended)


if __name__ == "__main__":
    main()
