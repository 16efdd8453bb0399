"""``.venv/bin/python -m bench.siege``: hostile readers at the archive's web service while microphones are recorded on the same machine.

One process of ``hattama archive serve`` holds a record; one capture child records eight microphones into which sound with known samples is played. A well-behaved
reader asks for the record's description and for ranges of its files, one request after the other: first alone, then while hostile ones are there:
200 slow clients (half of them send a header a byte at a time, half ask for a file and take 100 bytes a second of it), and one that repeats a ``Range`` header of 10,000
ranges (CVE-2025-62727). Exit status 1 if a sample of the recording is missing or differs, or if a request of the well-behaved reader failed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx2

from bench.fleet import free_port, serve_archive, spread
from bench.levels import SPARE_S, record
from bench.machine import cpu_s, machine, raise_session
from device_config.identity import add_trust, trust_dir
from device_config.settings import ArchiveSettings, Settings
from protocol.note import Ed25519Signer
from storage.archive.enrolment import archive_key, enrol_device, open_archive
from storage.client import ArchiveClient
from storage.uploader import upload_record
from tests.storage.records import make_record
from tests.support.pulse import why_not
from web.accounts import WEAKEST, Accounts, Role
from web.security import cookie_name
from web.sessions import Sessions

FILE = "/hearings/h1/files/media/T01/cam-judge/0001.mp4"
LARGE = "protocol/brief-0002.ru.pdf"  # more than the buffers of a connection hold
LARGE_BYTES = 16 << 20
RANGES = 10_000


@dataclass
class Seen:
    """What the well-behaved reader saw, in milliseconds."""

    alone: list[float] = field(default_factory=list)
    besieged: list[float] = field(default_factory=list)
    failed: int = 0


class Hostile:
    """Slow clients and senders of many ranges: a process and a session of its own, as other people's machines are."""

    def __init__(self, port: int, cookie: str, slow: int) -> None:
        ours, theirs = multiprocessing.Pipe()
        self._pipe = ours
        self._process = multiprocessing.get_context("spawn").Process(target=_besiege, args=(port, cookie, slow, theirs))
        self._process.start()
        ours.recv()  # all are connected

    def end(self) -> tuple[int, int]:
        """Let go; gives slow connections that were held to the end, and headers of many ranges that were refused."""
        self._pipe.send(None)
        held, refused = self._pipe.recv()
        self._process.join()
        return int(held), int(refused)


def _besiege(port: int, cookie: str, slow: int, pipe: Connection) -> None:
    os.setsid()
    siege = _Siege(port, cookie)
    threads = [threading.Thread(target=siege.slow, args=(slow,)), threading.Thread(target=siege.many)]
    for thread in threads:
        thread.start()
    siege.ready.wait(60)
    pipe.send(None)
    pipe.recv()
    siege.over.set()
    for thread in threads:
        thread.join()
    pipe.send((siege.held, siege.refused_ranges))


class _Siege:
    def __init__(self, port: int, cookie: str) -> None:
        self._port, self._cookie = port, cookie
        self.over, self.ready = threading.Event(), threading.Event()
        self.refused_ranges, self.held = 0, 0

    def _head(self, path: str, more: str = "") -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self._cookie}\r\n{more}".encode()

    def slow(self, count: int) -> None:
        """All slow clients, in turn: ten bytes each, ten times a second."""
        request = self._head(f"/hearings/h1/files/{LARGE}") + b"\r\n"
        socks = []
        for number in range(count):
            sock = socket.create_connection(("127.0.0.1", self._port), 10)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(0.001)
            if number % 2:
                sock.sendall(request)
            socks.append(sock)
        self.ready.set()
        sent, lost = 0, set[int]()
        while not self.over.wait(0.1):
            for number, sock in enumerate(socks):
                try:
                    if number % 2:
                        if not sock.recv(10):
                            lost.add(number)
                    else:
                        sock.send((request[:-2] + b"X-Slow: " + b"a" * 10_000)[sent : sent + 1])
                except TimeoutError:
                    continue
                except OSError:
                    lost.add(number)
            sent += 1
            self.held = count - len(lost)
        for sock in socks:
            sock.close()

    def many(self) -> None:
        ranges = ",".join(f"{at}-{at}" for at in range(RANGES))
        while not self.over.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 10) as sock:
                sock.sendall(self._head(FILE, f"Range: bytes={ranges}\r\nConnection: close\r\n") + b"\r\n")
                answer = sock.recv(64)
                self.refused_ranges += answer.split(b" ")[1:2] in ([b"400"], [b"416"], [b"431"])


def ask(client: httpx2.Client, times: list[float], seen: Seen, until: float) -> None:
    """Ask, one request after the other, until a moment of the monotonic clock."""
    number = 0
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            if number % 5:
                start = number * 37 % 1000
                answer = client.get(FILE, headers={"Range": f"bytes={start}-{start + 4095}"})
                good = answer.status_code == httpx2.codes.PARTIAL_CONTENT
            else:
                good = client.get("/hearings/h1/replay.json").status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            good = False
        seen.failed += not good
        times.append((time.monotonic() - began) * 1000)
        number += 1
        time.sleep(0.02)


def run(root: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Everything."""
    port, signer = free_port(), Ed25519Signer("box.test", bytes(range(32)))
    archive = Settings(state_dir=root / "archive", archive=ArchiveSettings(port=port, name="archive.test"))
    with open_archive(archive) as opened:
        enrol_device(opened, signer.key.text, "t" * 43)
    accounts = Accounts(archive.state_dir / "accounts.sqlite", WEAKEST)
    account = accounts.add("judge", "A judge", Role.JUDGE, "a long password")
    cookie = f"{cookie_name('archive', 'http')}={Sessions(accounts.path, 'archive').open(account)}"
    box = Settings(state_dir=root / "box", archive=ArchiveSettings(url=f"http://127.0.0.1:{port}", name="archive.test"))
    add_trust(trust_dir(box), archive_key(archive))
    sent = make_record(box.hearings / "h1", "h1", signer)
    sent.add_revision("brief_pdf", LARGE, b"%PDF-1.7" + bytes(LARGE_BYTES), 2)
    sent.draft_again()
    seen, figures = Seen(), dict[str, Any]()
    with serve_archive(root, archive, nice=0) as process:
        with ArchiveClient(f"http://127.0.0.1:{port}", signer) as client:
            upload_record(sent.folder, box, client)
        base = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=base, headers={"Cookie": cookie}, trust_env=False, timeout=60) as reader:
            ask(reader, seen.alone, seen, time.monotonic() + chosen.seconds)
            hostile = Hostile(port, cookie, chosen.slow)
            try:
                before = cpu_s(process.pid)
                length = chosen.seconds * 2
                asking = threading.Thread(
                    target=ask, args=(reader, seen.besieged, seen, time.monotonic() + length + SPARE_S)
                )
                asking.start()
                _, compared, _ = record(chosen.seconds, 2, root / "recorded")
                asking.join()
                figures["archive_cpu_s"] = round(cpu_s(process.pid) - before, 1)
            finally:
                held, refused = hostile.end()
    return {
        "machine": machine(), "slow_clients": chosen.slow, "still_held": held, "headers_of_10000_ranges_refused": refused,
        "requests": len(seen.alone) + len(seen.besieged), "failed": seen.failed,
        "alone_ms": spread(seen.alone), "besieged_ms": spread(seen.besieged), **figures,
        "samples_played": sum(item.played for item in compared), "samples_lost": sum(item.lost for item in compared),
        "samples_differ": sum(item.differ for item in compared),
    }  # fmt: skip


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="alone, and half of the siege")
    parser.add_argument("--slow", type=int, default=200, help="slow clients")
    chosen = parser.parse_args()
    if (reason := why_not()) is not None:
        print(reason, file=sys.stderr)
        return 69
    raise_session(os.getpid(), -10)  # the sound server stands for the devices, the capture child has its unit's weight
    with tempfile.TemporaryDirectory(prefix="hattama-siege-") as name:
        result = run(Path(name), chosen)
    print(json.dumps(result, indent=2))
    return 1 if result["samples_lost"] or result["samples_differ"] or result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
