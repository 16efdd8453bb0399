"""Cameras that are broken or mean harm: servers on 127.0.0.1 that answer whoever comes with what they were given."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket], None]


@contextmanager
def server(answer: Answer) -> Iterator[int]:
    """The port at which each who comes gets ``answer``, in a thread; an answer ends when its connection does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        over = threading.Event()
        threads: list[threading.Thread] = []

        def one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(60)
                answer(connection)

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError, OSError):
                    connection, _ = listener.accept()
                    threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            accepting.join(10)


def rtsp(describe: Callable[[socket.socket, str], None]) -> Answer:
    """An RTSP camera up to DESCRIBE, which ``describe(connection, head)`` answers; ``head`` is its status line and CSeq."""

    def answer(connection: socket.socket) -> None:
        for request in _requests(connection):
            sequence = next(line for line in request.split("\r\n") if line.lower().startswith("cseq"))
            head = f"RTSP/1.0 200 OK\r\n{sequence}\r\n"
            if request.startswith("DESCRIBE"):
                describe(connection, head)
                return
            connection.sendall(f"{head}Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n".encode())

    return answer


def _requests(connection: socket.socket) -> Iterator[str]:
    waiting = b""
    while data := connection.recv(4096):
        waiting += data
        while b"\r\n\r\n" in waiting:
            request, waiting = waiting.split(b"\r\n\r\n", 1)
            yield request.decode()


class Bits:
    """Writes what H.264's parameter sets are made of (7.3.2.1; 9.1 for the Exp-Golomb codes)."""

    def __init__(self) -> None:
        self._bits = ""

    def u(self, width: int, value: int) -> Bits:
        """An unsigned number of ``width`` bits."""
        self._bits += f"{value:0{width}b}"
        return self

    def ue(self, *values: int) -> Bits:
        """Exp-Golomb numbers."""
        for value in values:
            code = f"{value + 1:b}"
            self._bits += "0" * (len(code) - 1) + code
        return self

    def unit(self, kind: int) -> bytes:
        """The unit, with start code and the stop bit."""
        bits = self._bits + "1"
        bits += "0" * (-len(bits) % 8)
        data = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
        for tail in (0, 1, 2, 3):  # emulation prevention
            data = data.replace(b"\x00\x00" + bytes([tail]), b"\x00\x00\x03" + bytes([tail]))
        return b"\x00\x00\x00\x01" + bytes([0x60 | kind]) + data


def sequence_set(width: int, height: int) -> bytes:
    """A sequence parameter set, Baseline profile, level 5.2; width and height are multiples of 16."""
    bits = Bits().u(8, 66).u(8, 0).u(8, 52).ue(0, 0, 2, 1).u(1, 0)
    return bits.ue(width // 16 - 1, height // 16 - 1).u(1, 1).u(1, 0).u(1, 0).u(1, 0).unit(7)


def picture_set() -> bytes:
    """The simplest picture parameter set."""
    return Bits().ue(0, 0).u(2, 0).ue(0, 0, 0).u(1, 0).u(2, 0).ue(0, 0, 0).u(3, 0).unit(8)
