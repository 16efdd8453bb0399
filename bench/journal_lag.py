"""``.venv/bin/python -m bench.journal_lag``: how soon the archive has what the journal of a running hearing says, while media fill every lane.

A box has a finished record of ``--minutes`` (bench.verify's kind, 35 MB a minute) still to send and a hearing that runs: each two seconds a line, a
segment, and a signed checkpoint. The product's uploader sends both, eight files at a time, to an archive process: through it into a folder, or with
``--bucket`` by tickets into Ceph. Five times a second the archive is asked what it holds of the hearing; a checkpoint has come when it says so.
Only checkpoints that were written while media of the old record were still to come count.

Exit status 1 if one took longer than 10 s, or fewer than ten count; 2 with ``--bucket`` where Ceph is not installed.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import structlog

from bench.fleet import free_port, serve_archive, spread
from bench.machine import machine
from bench.upload import archive as bucket_archive
from bench.verify import HEARING, SIGNER, make
from device_config.settings import ArchiveSettings, Settings
from protocol.record import CHECKPOINTS
from storage.archive.enrolment import enrol_device
from storage.archive.enrolment import open_archive as open_of
from storage.chunks import Tail, sent_chunks
from storage.client import ArchiveClient
from tests.storage.records import START_US, Builder
from tests.support import ceph as ceph_support

LIMIT_S = 10.0
EVERY_S = 2.0  # between two checkpoints
LOOK_S = 0.2
RUNS = "running"
#: What the box runs: `hattama uploader` with the bench's key.
UPLOAD = """
import sys, threading
from pathlib import Path
from bench.verify import SIGNER
from device_config.settings import ArchiveSettings, Settings
from storage.client import ArchiveClient
from storage.uploader import Uploader
settings = Settings(state_dir=Path(sys.argv[1]), archive=ArchiveSettings(url=sys.argv[2], rate_kib=int(sys.argv[3]) or None), device_name="bench.test")
Uploader(settings, ArchiveClient(sys.argv[2], SIGNER)).run(threading.Event())
"""


@contextmanager
def folder_archive(root: Path) -> Iterator[str]:
    """An archive process that keeps objects in a folder; its address."""
    settings = Settings(state_dir=root / "archive", archive=ArchiveSettings(port=free_port(), name="archive.test"))
    with open_of(settings) as opened:
        enrol_device(opened, SIGNER.key.text)
    with serve_archive(root, settings):
        yield f"http://127.0.0.1:{settings.archive.port}"


@contextmanager
def uploader(box: Path, url: str, rate_kib: int, log: Path) -> Iterator[None]:
    """The box's uploader, a process of its own."""
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", UPLOAD, str(box), url, str(rate_kib)], stdout=out, stderr=out)
    try:
        yield
    finally:
        process.kill()
        process.wait(60)


class Hearing:
    """A hearing that runs, and when each of its checkpoints was written and had come.

    Args:
        folder: of its record.
    """

    def __init__(self, folder: Path) -> None:
        self.record = Builder(folder, RUNS, SIGNER)
        self.tail = Tail(folder)
        self.written: list[float] = []
        self.came: list[float] = []
        self.number = 0
        self.record.open()
        self.record.start()
        self._note()
        self.first = len(self.written)  # of those that count

    def go_on(self) -> None:
        """A segment, its line, a checkpoint."""
        self.number += 1
        self.record.segment("mic-bench", self.number, START_US + self.number * 2_000_000)
        self.record.writer.checkpoint()
        self._note()

    def _note(self) -> None:
        self.tail.read()
        self.written += [time.monotonic()] * (len(self.tail.note_ends) - len(self.written))

    def look(self, client: ArchiveClient) -> None:
        """Ask the archive how many checkpoints it has."""
        held, now = client.held(RUNS), time.monotonic()
        chunks = sent_chunks(self.tail.folder / CHECKPOINTS, CHECKPOINTS, self.tail.note_ends, held)
        count = bisect_right(self.tail.note_ends, chunks[-1].end) if chunks else 0
        self.came += [now] * (count - len(self.came))


def measure(root: Path, url: str, minutes: float, rate_kib: int) -> dict[str, Any]:
    """Both records on their way; how long checkpoints took, and how much of the media had come meanwhile."""
    hearings = Settings(state_dir=root / "box").hearings
    (hearings / HEARING).mkdir(parents=True)
    made = make(hearings / HEARING, minutes / 60)
    hearing, client = Hearing(hearings / RUNS), ArchiveClient(url, SIGNER)
    with client, uploader(root / "box", url, rate_kib, root / "uploader.log"):
        began = due = time.monotonic()
        files, ended = 0, began
        while files < made["files"] and time.monotonic() - began < 30 * 60:
            if time.monotonic() >= due:
                due += EVERY_S
                hearing.go_on()
                files, ended = len(client.held(HEARING)), time.monotonic()
            hearing.look(client)
            time.sleep(LOOK_S)
        waits = min(time.monotonic() + 2 * LIMIT_S, time.monotonic() + 60.0)
        while len(hearing.came) < len(hearing.written) and time.monotonic() < waits:
            hearing.look(client)
            time.sleep(LOOK_S)
    count = sum(1 for at in hearing.written[hearing.first :] if at < ended)
    came = [*hearing.came, *[time.monotonic()] * (len(hearing.written) - len(hearing.came))]
    took = [came[number] - at for number, at in enumerate(hearing.written)][hearing.first : hearing.first + count]
    return {
        "media_mb": round(made["bytes"] / 1e6), "media_s": round(ended - began, 1), "media_mb_s": round(made["bytes"] / 1e6 / (ended - began), 1),
        "rate_kib": rate_kib or None, "checkpoints": len(took), "not_come": len(hearing.written) - len(hearing.came), "took_s": spread(took),
    }  # fmt: skip


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.journal_lag", description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=30.0, help="length of the record that fills the lanes (30: 1.04 GB)")
    parser.add_argument("--rate-kib", type=int, default=8192, help="archive.rate_kib of the box; 0: no cap")
    parser.add_argument("--bucket", action="store_true", help="by tickets into Ceph")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if given.bucket and (reason := ceph_support.why_not()):
        print(reason, file=sys.stderr)
        return 2
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hattama-journal-lag-")))
        if given.bucket:
            ceph = stack.enter_context(ceph_support.run_ceph(20 << 30, ceph_support.NO_LIFECYCLE))
            url, _ = stack.enter_context(bucket_archive(root, ceph, tickets=True))
        else:
            url = stack.enter_context(folder_archive(root))
        found = measure(root, url, given.minutes, given.rate_kib)
    print(json.dumps({"machine": machine(), "bucket": given.bucket, **found}, indent=2))
    return 0 if found["checkpoints"] >= 10 and not found["not_come"] and found["took_s"]["max"] <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
