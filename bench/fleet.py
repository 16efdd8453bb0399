"""``.venv/bin/python -m bench.fleet``: 1,200 boxes send a working day to one archive node, time-compressed.

Each box has a key of its own, is enrolled, and has hearings of a real record each (fragmented MP4 of two seconds a segment, journal, seals, transcript,
protocol), small so that a day fits into minutes: the factor and the sizes are printed. Hearings end at random moments of the day (seeded), and each is sent at its
moment by the product's own sender, signed requests and receipts included, through one process of ``hattama archive serve``; what comes while all senders are busy waits, and
the waiting counts. Nothing is tried again: an answer that is no success is a refused request.

Prints requests, refused ones, latencies of requests by kind, how long a hearing took from its moment to its receipt, CPU and memory of the archive, and rows of the
catalogue. Exit status 1 if anything was refused, a receipt is missing or a hearing stands in the catalogue twice.
"""

from __future__ import annotations

import argparse
import json
import logging
import queue
import random
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from bench.machine import cpu_s, machine, raise_session
from device_config.identity import add_trust, trust_dir
from device_config.settings import ArchiveSettings, Settings
from protocol.note import Ed25519Signer, VerifierKey
from storage.archive.enrolment import archive_key, enrol_device
from storage.archive.enrolment import open_archive as open_of
from storage.client import ArchiveClient
from storage.database import Database
from storage.errors import StorageError
from storage.uploader import upload_record
from tests.storage.records import make_record
from tests.support.postgres import run_postgres, why_not

DAY_S = 8 * 3600.0  # a working day
PERCENTILES = (0.5, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class Box:
    """One simulated box's key."""

    signer: Ed25519Signer

    @property
    def key(self) -> VerifierKey:
        """Its public half."""
        return self.signer.key

    def sign_request(self, base: bytes) -> bytes:
        """As the box's signer does."""
        return self.signer.sign(base)


@dataclass
class Told:
    """What the senders saw."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    receipts: int = 0
    hearing_s: list[float] = field(default_factory=list)

    def took(self, kind: str, seconds: float) -> None:
        """A request was answered, or given up."""
        with self.lock:
            self.ms[kind].append(seconds * 1000)

    def failed(self, error: StorageError) -> None:
        """An answer was no success."""
        with self.lock:
            self.refused[f"{error.code}: {str(error)[:120]}"] += 1


class TimedClient(ArchiveClient):
    """The box's client, with a watch on each request."""

    def __init__(self, url: str, box: Box, told: Told) -> None:
        super().__init__(url, box)
        self._told = told

    def _send(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        began = time.monotonic()
        kind = "receipt" if path.endswith("/receipt") else "list" if method == "GET" else "put"
        try:
            return super()._send(method, path, **options)
        except StorageError as error:
            self._told.failed(error)
            raise
        finally:
            self._told.took(kind, time.monotonic() - began)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boxes", type=int, default=1200)
    parser.add_argument("--hearings", type=int, default=1, help="of each box")
    parser.add_argument("--minutes", type=float, default=5.0, help="that the day takes here")
    parser.add_argument("--segments", type=int, default=3, help="of each track of a hearing")
    parser.add_argument("--senders", type=int, default=32, help="hearings that are sent at once at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="postgres")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if chosen.database == "postgres" and (reason := why_not()):
        print(reason, file=sys.stderr)
        return 69
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-")))
        url = stack.enter_context(run_postgres()).new_database() if chosen.database == "postgres" else None
        result = run(root, url, chosen)
    print(json.dumps(result, ensure_ascii=False, indent=2))
    wanted = chosen.boxes * chosen.hearings
    return 0 if not result["refused"] and result["receipts"] == result["hearings_in_catalogue"] == wanted else 1


def run(root: Path, database: str | None, chosen: argparse.Namespace) -> dict[str, Any]:
    """The day."""
    port = free_port()
    archive = Settings(
        state_dir=root / "archive", archive=ArchiveSettings(port=port, name="archive.test", database=database)
    )
    boxes = [Box(Ed25519Signer(f"box-{n}.test", n.to_bytes(32, "big"))) for n in range(1, chosen.boxes + 1)]
    with open_of(archive) as opened:
        for number, box in enumerate(boxes):
            enrol_device(opened, box.key.text, f"{number:043d}")
    settings = Settings(
        state_dir=root / "boxes", archive=ArchiveSettings(url=f"http://127.0.0.1:{port}", name="archive.test")
    )
    add_trust(trust_dir(settings), archive_key(archive))
    told, size, files = Told(), 0, 0
    work = [(box, number) for box in boxes for number in range(chosen.hearings)]
    folders: dict[tuple[int, int], Path] = {}
    for place, (box, number) in enumerate(work):
        name = f"h{place}"
        record = make_record(settings.hearings / name, name, box.signer, segments=chosen.segments)
        folders[place, number] = record.folder
        paths = [path for path in record.folder.rglob("*") if path.is_file()]
        size, files = size + sum(path.stat().st_size for path in paths), files + len(paths)
    with serve_archive(root, archive) as process:
        before, began = cpu_s(process.pid), time.monotonic()
        _day(work, folders, settings, told, chosen)
        wall_s, used_s = time.monotonic() - began, cpu_s(process.pid) - before
        status = Path(f"/proc/{process.pid}/status").read_text()
    peak_kib = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    catalogue = Database(database) if database else Database.at(archive.state_dir / "archive" / "catalogue.sqlite")
    with catalogue.begin() as db:
        rows = db.execute(sa.text("SELECT count(*), count(DISTINCT hearing) FROM hearing WHERE good")).one()
    catalogue.close()
    if rows[0] != rows[1]:
        told.refused["a hearing stands in the catalogue twice"] += 1
    requests = sum(len(values) for values in told.ms.values())
    return {
        "machine": machine(), "database": chosen.database, "boxes": chosen.boxes, "hearings": len(work), "seed": chosen.seed,
        "factor": round(DAY_S / (chosen.minutes * 60)), "minutes": round(wall_s / 60, 2), "senders": chosen.senders,
        "bytes_a_hearing": size // len(work), "files_a_hearing": round(files / len(work), 1),
        "requests": requests, "requests_a_second": round(requests / wall_s, 1), "refused": dict(told.refused),
        "receipts": told.receipts, "hearings_in_catalogue": rows[1],
        "request_ms": {kind: spread(values) for kind, values in sorted(told.ms.items())},
        "from_end_to_receipt_s": spread(told.hearing_s),
        "archive_cpu_cores": round(used_s / wall_s, 2), "archive_peak_mib": peak_kib // 1024,
        "senders_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def _day(
    work: list[tuple[Box, int]],
    folders: dict[tuple[int, int], Path],
    settings: Settings,
    told: Told,
    chosen: argparse.Namespace,
) -> None:
    moments = random.Random(chosen.seed)  # noqa: S311 - the same day again
    due = sorted((moments.uniform(0, chosen.minutes * 60), place) for place in range(len(work)))
    waiting: queue.Queue[tuple[float, int] | None] = queue.Queue()
    began = time.monotonic()

    def send() -> None:
        while (item := waiting.get()) is not None:
            at_s, place = item
            box, number = work[place]
            try:
                with TimedClient(str(settings.archive.url), box, told) as client:
                    upload_record(folders[place, number], settings, client)
            except StorageError:
                continue  # counted where it was refused
            with told.lock:
                told.receipts += 1
                told.hearing_s.append(time.monotonic() - began - at_s)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(chosen.senders)]
    for thread in threads:
        thread.start()
    for at_s, place in due:
        if (rest := began + at_s - time.monotonic()) > 0:
            time.sleep(rest)
        waiting.put((at_s, place))
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()


@contextmanager
def serve_archive(root: Path, archive: Settings, nice: int = -5) -> Iterator[subprocess.Popen[bytes]]:
    """``hattama archive serve`` as a process of its own, ended at the end; its log is ``root/log``."""
    config = root / "archive.toml"
    ours = archive.archive
    lines = [f'state_dir = "{archive.state_dir}"', "[archive]", f"port = {ours.port}", f'name = "{ours.name}"']
    config.write_text("\n".join([*lines, *([f'database = "{ours.database}"'] if ours.database else [])]) + "\n")
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hattama", "--config", str(config), "archive", "serve"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        raise_session(process.pid, nice)
        _wait(ours.port, process)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the archive does not listen")


def spread(values: list[float]) -> dict[str, float]:
    """Percentiles of what was measured."""
    ordered = sorted(values)
    names = ("p50", "p95", "p99", "max")
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
        for name, share in zip(names, PERCENTILES, strict=True)
        if ordered
    }


if __name__ == "__main__":
    sys.exit(main())
