"""An RTSP camera that costs little: a clip again and again to any number of clients, packets made once for all of them.

``python -m bench.rtsp_source CLIP`` listens on a free port of 127.0.0.1 and prints ``{"port": N}``. Every path is the same
camera; the name tells the clients apart. A line on standard input is answered by ``{"clients": {name: {"handed": pictures handed to
the system, "waiting": bytes that the client has not taken, "most_waiting": …}}}``. It ends with its standard input.
RTP over the RTSP connection (RFC 2326, 10.12) with H.264 in fragmentation units (RFC 6184, 5.8); sender reports every five seconds.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from bench.numbered import FPS

_MTU = 1400
_CLOCK = 90_000
_PAYLOAD_TYPE = 96
_SSRC = 0x48617474
_REPORT_S = 5
_NTP_EPOCH_S = 2_208_988_800
_FU_A = 28
_KEY_SLICE = 5


class Clip:
    """The clip as RTP payloads.

    Attributes:
        pictures: payloads of each picture, and whether it is a key frame.
        sets: sequence and picture parameter set.
    """

    def __init__(self, path: Path) -> None:
        self.pictures: list[tuple[list[bytes], bool]] = []
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            self.sets = _sets(bytes(stream.codec_context.extradata or b""))
            seen: set[bytes] = set()
            for packet in container.demux(stream):
                data = bytes(packet)
                if not packet.size or data in seen:
                    break
                seen.add(data)
                units = [*self.sets, *_units(data)] if packet.is_keyframe else list(_units(data))
                self.pictures.append(([part for unit in units for part in _payloads(unit)], packet.is_keyframe))

    def sdp(self) -> str:
        """How it is described."""
        sprop = ",".join(base64.b64encode(unit).decode() for unit in self.sets)
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bench\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=control:*\r\n"
            f"m=video 0 RTP/AVP {_PAYLOAD_TYPE}\r\na=rtpmap:{_PAYLOAD_TYPE} H264/{_CLOCK}\r\na=framerate:{FPS}\r\n"
            f"a=fmtp:{_PAYLOAD_TYPE} packetization-mode=1;profile-level-id={self.sets[0][1:4].hex()};"
            f"sprop-parameter-sets={sprop}\r\na=control:track1\r\n"
        )


def _sets(extra: bytes) -> list[bytes]:
    """Parameter sets of an ``avcC`` (ISO/IEC 14496-15, 5.3.3.1)."""
    found, at, left = list[bytes](), 6, extra[5] & 31
    while left:
        length = int.from_bytes(extra[at : at + 2])
        found.append(extra[at + 2 : at + 2 + length])
        at, left = at + 2 + length, left - 1
        if not left and len(found) == extra[5] & 31:
            left, at = extra[at], at + 1
    return found


def _units(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 < len(data):
        length = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def _payloads(unit: bytes) -> Iterator[bytes]:
    if len(unit) <= _MTU:
        yield unit
        return
    indicator, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    for at in range(1, len(unit), _MTU):
        flags = (0x80 if at == 1 else 0) | (0x40 if at + _MTU >= len(unit) else 0)
        yield bytes((indicator, flags | kind)) + unit[at : at + _MTU]


class _Client(asyncio.Protocol):
    def __init__(self, camera: CameraServer) -> None:
        self._camera, self._rest = camera, b""
        self.name, self.state = "", "open"
        self.handed = self.most_waiting = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server gives
        self.transport = transport
        transport.set_write_buffer_limits(2**30)

    def connection_lost(self, _error: Exception | None) -> None:
        self.state = "gone"

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while self._rest:
            if self._rest[0] == ord("$"):  # receiver reports
                end = 4 + int.from_bytes(self._rest[2:4])
                if len(self._rest) < max(4, end):
                    return
            elif (end := self._rest.find(b"\r\n\r\n") + 4) < 4:
                return
            else:
                self._answer(self._rest[:end].decode())
            self._rest = self._rest[end:]

    def _answer(self, request: str) -> None:
        lines = request.split("\r\n")
        method, url, _ = lines[0].split(" ", 2)
        sequence = next(line for line in lines if line.lower().startswith("cseq:"))
        head, body = [sequence, "Session: 1;timeout=60"], ""
        if method == "OPTIONS":
            head.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
        elif method == "DESCRIBE":
            self.name, body = url.rstrip("/").rpartition("/")[2], self._camera.clip.sdp()
            head += [f"Content-Base: {url}/", "Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            head.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        elif method == "PLAY":
            head.append("Range: npt=0.000-")
            self.state = "waiting"
        assert self.transport is not None  # noqa: S101 - data came by it
        self.transport.write(("RTSP/1.0 200 OK\r\n" + "\r\n".join(head) + "\r\n\r\n" + body).encode())

    def give(self, data: bytes, *, key: bool) -> None:
        """A picture, from the first key frame on."""
        if self.state == "waiting" and key:
            self.state = "playing"
        if self.state == "playing" and self.transport is not None:
            self.transport.write(data)
            self.handed += 1
            self.most_waiting = max(self.most_waiting, self.transport.get_write_buffer_size())


class CameraServer:
    """Sends pictures when they are due."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.clients: list[_Client] = []
        self._sequence = 0

    def client(self) -> asyncio.Protocol:
        """Somebody connected."""
        self.clients.append(_Client(self))
        return self.clients[-1]

    async def run(self) -> None:
        """For ever."""
        begun, number = time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, begun + number / FPS - time.monotonic()))
            payloads, key = self.clip.pictures[number % len(self.clip.pictures)]
            stamp = number * _CLOCK // FPS
            data = self._framed(payloads, stamp)
            if number % (FPS * _REPORT_S) == 0 or key:
                data = _report(stamp) + data
            for client in self.clients:
                client.give(data, key=key)
            number += 1

    def facts(self) -> dict[str, dict[str, int]]:
        """What was handed to each client that plays."""
        return {
            client.name: {
                "handed": client.handed,
                "waiting": client.transport.get_write_buffer_size(),
                "most_waiting": client.most_waiting,
            }
            for client in self.clients
            if client.state == "playing" and client.transport is not None
        }

    def _framed(self, payloads: list[bytes], stamp: int) -> bytes:
        parts: list[bytes] = []
        for at, payload in enumerate(payloads, 1):
            marker = 0x80 if at == len(payloads) else 0
            rtp = 0x80, marker | _PAYLOAD_TYPE, self._sequence & 0xFFFF, stamp & 0xFFFFFFFF, _SSRC
            parts += (struct.pack(">cBHBBHII", b"$", 0, 12 + len(payload), *rtp), payload)
            self._sequence += 1
        return b"".join(parts)


def _report(stamp: int) -> bytes:
    """A sender report (RFC 3550, 6.4.1): this time stamp is now."""
    now = time.time() + _NTP_EPOCH_S
    ntp = int(now), int(now % 1 * 2**32)
    return struct.pack(">cBHBBHIIIIII", b"$", 1, 28, 0x80, 200, 6, _SSRC, *ntp, stamp & 0xFFFFFFFF, 0, 0)


async def _serve(clip: Path) -> None:
    loop = asyncio.get_running_loop()
    camera = CameraServer(Clip(clip))
    server = await loop.create_server(camera.client, "127.0.0.1", 0)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    sending = asyncio.create_task(camera.run())
    while await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(json.dumps({"clients": camera.facts()}) + "\n")
        sys.stdout.flush()
    sending.cancel()


class Running:
    """A server that runs as a process of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self._port = process, port

    def url(self, name: str) -> str:
        """Address of the camera ``name``."""
        return f"rtsp://127.0.0.1:{self._port}/{name}"

    def facts(self) -> dict[str, dict[str, int]]:
        """See :meth:`CameraServer.facts`."""
        assert self.process.stdin is not None  # noqa: S101 - opened with pipes
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, dict[str, int]] = json.loads(self.process.stdout.readline())["clients"]
        return found


@contextmanager
def cameras(clip: Path) -> Iterator[Running]:
    """Serve ``clip`` (MP4 with H.264) for as long as the block runs."""
    command = [sys.executable, "-m", "bench.rtsp_source", str(clip)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - opened with pipes
            yield Running(process, json.loads(process.stdout.readline())["port"])
        finally:
            process.kill()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(Path(sys.argv[1])))
