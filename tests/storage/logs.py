"""Logs, witnesses and monitors for tests: real ones, over HTTP on loopback ports."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from protocol.checkpoint import Checkpoint
from protocol.cosignature import WitnessKey
from protocol.encoding import utc_us
from protocol.note import parse_note
from storage.archive.log_api import Rate, router
from storage.log import Log
from storage.monitor import Monitor, MonitorReport, Patience
from storage.monitor_memory import MonitorMemory
from storage.tile_reader import TileReader
from storage.witness import Memory, Witness, make_request
from storage.witness_client import WitnessClient
from storage.witness_service import create_app
from tests.storage.conftest import ARCHIVE_SIGNER
from tests.storage.servers import serve, wait_for

ORIGIN = "archive.test/log"
AT = "2026-11-23T10:00:00.000Z"
NOW_S = utc_us(AT) / 1e6 + 60
ROOT = Path(__file__).resolve().parents[2]

#: A witness in a process of its own; pauses up to so many seconds between its memory and its answer.
WITNESS = """
import random, socket, sys, time
from pathlib import Path
import uvicorn
from storage.witness import Memory, Witness
from storage.witness_service import create_app, logs_of
folder, descriptor, key, pause = sys.argv[1:]
memory = Memory(Path(folder), "witness.test")
slow = (lambda: time.sleep(random.random() * float(pause))) if float(pause) < 60 else (lambda: time.sleep(3600))
witness = Witness(memory, logs_of({"archive.test/log": key}), before_answer=slow)
uvicorn.Server(uvicorn.Config(create_app(witness), log_config=None)).run(sockets=[socket.socket(fileno=int(descriptor))])
"""


def entries(count: int, start: int = 0, **more: str) -> list[dict[str, str | int]]:
    """So many entries of a log, each different."""
    return [{"at": AT, "number": number, "type": "test", **more} for number in range(start, start + count)]


def make_log(items: Sequence[dict[str, str | int]], where: Path | None = None) -> Log:
    """A log of these entries, signed by the archive's key: also what somebody makes who has that key."""
    log = Log(where, ARCHIVE_SIGNER)
    log.add_all([(str(number), item) for number, item in enumerate(items)])
    return log


@contextmanager
def shown(log: Log) -> Iterator[str]:
    """The log as it is read from outside; its address."""
    with serve(public(log, Rate(1e6, 1e6))) as url:
        yield f"{url}/log"


def public(log: Log, rate: Rate) -> ASGIApp:
    """The public routes alone; nobody is signed in."""
    app = FastAPI()
    app.include_router(router(log, rate))

    async def stranger(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["account"] = None
        await app(scope, receive, send)

    return stranger


@contextmanager
def witnessing(folder: Path) -> Iterator[WitnessClient]:
    """A witness of the archive's log, in this process."""
    memory = Memory(folder, "witness.test")
    witness = Witness(memory, {ORIGIN: ARCHIVE_SIGNER.key})
    with serve(create_app(witness)) as url:
        client = WitnessClient(url, memory.cosigner.key)
        yield client
        client.close()
    memory.close()


@dataclass
class WitnessProcess:
    """A witness that can be killed and started again at the same address; while it is down, requests wait at its door."""

    folder: Path
    pause_s: float = 0.0
    socket: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    @property
    def key(self) -> WitnessKey:
        memory = Memory(self.folder, "witness.test")
        memory.close()
        return memory.cosigner.key

    def start(self) -> None:
        descriptor = self.socket.fileno()
        self.child = subprocess.Popen(
            [sys.executable, "-c", WITNESS, str(self.folder), str(descriptor), ARCHIVE_SIGNER.key.text, str(self.pause_s)],
            cwd=ROOT, pass_fds=[descriptor], stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        if self.child is not None:
            os.kill(self.child.pid, signal.SIGKILL)
            self.child.wait()
            self.child = None

    def close(self) -> None:
        self.kill()
        self.socket.close()


def ask(url: str, old: int, log: Log, size: int | None = None, proof: Sequence[bytes] | None = None) -> httpx2.Response:
    """An ``add-checkpoint`` request with the checkpoint of a log at a size (its newest by default)."""
    size = size or log.size
    note = log.checkpoint_at(size)
    assert note is not None
    if proof is None:
        proof = log.consistency(old, size) if 0 < old <= size else []
    return httpx2.post(f"{url}/add-checkpoint", content=make_request(old, proof, note), timeout=60, trust_env=False)


def head_of(url: str) -> Checkpoint | None:
    """What the witness cosigned last."""
    answer = httpx2.get(f"{url}/heads/{hashlib.sha256(ORIGIN.encode()).hexdigest()}", timeout=60, trust_env=False)
    return Checkpoint.from_text(parse_note(answer.text).text) if answer.status_code == 200 else None


def look(
    url: str,
    memory: Path,
    witnesses: Sequence[WitnessClient] = (),
    *,
    full: bool = False,
    later_s: float = 0.0,
    patience: Patience | None = None,
) -> MonitorReport:
    """One run of a monitor, as a process of its own would do it: nothing but its file is kept between two."""
    reader, seen = TileReader(url), MonitorMemory(memory, ORIGIN)
    try:
        monitor = Monitor(
            reader,
            ARCHIVE_SIGNER.key,
            seen,
            witnesses,
            patience or Patience(),
            lambda: NOW_S + later_s,
            lambda _s: None,
        )
        return monitor.run(full=full)
    finally:
        seen.close()
        reader.close()


def codes(report: MonitorReport) -> list[tuple[str, str]]:
    """Findings without their words."""
    return [(item.code, item.subject) for item in report.findings]


__all__ = [
    "ORIGIN",
    "WitnessProcess",
    "ask",
    "codes",
    "entries",
    "head_of",
    "look",
    "make_log",
    "public",
    "shown",
    "wait_for",
    "witnessing",
]
