"""``.venv/bin/python -m bench.upload``: a record through Hattama beside ``rclone copy`` and ``aws s3 cp``, to the same Ceph RGW.

The record is that of bench.verify (a camera of 3.4 Mbit/s, four microphones of 300 kbit/s, segments of 10 s). Ours goes the two ways that a box's
goes: by tickets (`archive.s3.boxes_endpoint`), and everything through the archive; requests signed, an archive process with its catalogue beside
it, files created once and looked at again. rclone, with as many files at a time as ours (eight) and with its own default (four), MD5 sent and
looked at, and the command line of AWS put its files straight into a bucket. In turns; a bucket each, the store at rest before each. Told are
wall clock of the whole process (the start of Python included), CPU of program, archive and store, the most memory each had, and the machine's load.

Exit status 1 if the median of the ratios of the quicker rclone to ours by tickets is below 0.9; 2 where Ceph or rclone is not installed
(Debian: ceph-mon ceph-osd radosgw ceph-common rclone; awscli is left out where it is missing).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from bench.machine import busy, cpu_s, machine
from bench.verify import HEARING, SIGNER, make
from storage.client import ArchiveClient
from tests.support import ceph as ceph_support
from tests.support.ceph import Ceph

LIMIT = 0.9
START_S = 60.0
REST_S = 20.0
FILES = 8  # at a time
#: What the box runs: everything of one record that can be sent, as `hattama uploader` does it.
SEND = """
import sys
from pathlib import Path
from bench.verify import SIGNER
from storage.client import ArchiveClient
from storage.sender import Progress, Sender
with ArchiveClient(sys.argv[2], SIGNER) as client:
    sender = Sender(Path(sys.argv[1]), client)
    while (progress := sender.step()) is Progress.GAVE_WAY:
        pass
    assert progress is Progress.SENT
"""


@dataclass(frozen=True)
class Run:
    """One upload: wall clock, CPU seconds of the program, most memory (MiB), and of ours the archive's; cores that others' work took meanwhile."""

    wall_s: float
    cpu_s: float
    rss_mib: float
    store_cpu_s: float
    others: float
    archive_cpu_s: float = 0.0
    archive_mib: float = 0.0


def timed(command: list[str], ceph: Ceph, environment: dict[str, str] | None = None, beside: int | None = None) -> Run:
    """Run a program that must succeed, when the store has come to rest.

    Args:
        command: the program.
        ceph: the store.
        environment: of the program.
        beside: process id of the archive that works for it.
    """
    _rest(ceph)
    before = _store_s(ceph), cpu_s(beside) if beside else 0.0, busy()
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with status {process.returncode}")
    wall, program = time.monotonic() - began, used.ru_utime + used.ru_stime
    store, archive_s, all_s = _store_s(ceph) - before[0], (cpu_s(beside) if beside else 0.0) - before[1], busy() - before[2]
    return Run(
        round(wall, 2), round(program, 2), round(used.ru_maxrss / 1024, 1), round(store, 2),
        round(max(0.0, all_s - program - store - archive_s) / wall, 1), round(archive_s, 2), most_memory_mib(beside) if beside else 0.0,
    )  # fmt: skip


def _store_s(ceph: Ceph) -> float:
    return sum(cpu_s(process.pid) for process in ceph.processes.values())


def _rest(ceph: Ceph) -> None:
    """Until what the store did afterwards (the run before, the new bucket) is over."""
    end, before = time.monotonic() + REST_S, _store_s(ceph)
    while time.monotonic() < end:
        time.sleep(0.5)
        now = _store_s(ceph)
        if now - before < 0.05:
            return
        before = now


@contextmanager
def archive(folder: Path, ceph: Ceph, tickets: bool) -> Iterator[tuple[str, int]]:
    """An archive process of its own, objects in a new bucket; its address and process id."""
    _, bucket = ceph.new_store("archive")
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    config = folder / "archive.toml"
    config.write_text(
        f'state_dir = "{folder / "archive"}"\n[archive]\nport = {port}\n[archive.s3]\nbucket = "{bucket}"\n'
        f'endpoint = "{ceph.endpoint}"\naccess_key = "{ceph.access_key}"\nsecret_key = "{ceph.secret_key}"\n'
        + (f'boxes_endpoint = "{ceph.endpoint}"\n' if tickets else "")
    )
    hattama = [sys.executable, "-m", "hattama", "--config", str(config), "archive"]
    subprocess.run([*hattama, "enrol", SIGNER.key.text], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with (folder / "archive.log").open("wb") as log:
        process = subprocess.Popen([*hattama, "serve"], stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/", process)
        with ArchiveClient(f"http://127.0.0.1:{port}", SIGNER) as client:
            client.held("another")  # as the store, it has been asked before
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            httpx2.get(url, trust_env=False, timeout=5)
        except httpx2.HTTPError:
            if time.monotonic() > end or process.poll() is not None:
                raise
            time.sleep(0.2)
        else:
            return


def most_memory_mib(pid: int) -> float:
    """The most that a process had in memory so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return round(int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024, 1)


def ours(record: Path, ceph: Ceph, *, tickets: bool = True) -> Run:
    """Box, archive, Ceph."""
    with tempfile.TemporaryDirectory(prefix="hattama-upload-") as folder, archive(Path(folder), ceph, tickets) as (url, pid):
        return timed([sys.executable, "-c", SEND, str(record), url], ceph, beside=pid)


def _environment(ceph: Ceph) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_", "HATTAMA_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": ceph.access_key, "AWS_SECRET_ACCESS_KEY": ceph.secret_key, "AWS_DEFAULT_REGION": "default",
        "RCLONE_CONFIG": "/dev/null", "RCLONE_S3_PROVIDER": "Ceph", "RCLONE_S3_ENDPOINT": ceph.endpoint,
        "RCLONE_S3_ACCESS_KEY_ID": ceph.access_key, "RCLONE_S3_SECRET_ACCESS_KEY": ceph.secret_key,
    }  # fmt: skip


def rclone(record: Path, ceph: Ceph, files: int = FILES) -> Run:
    """`rclone copy`."""
    _, bucket = ceph.new_store("rclone")
    return timed(["rclone", "copy", "--transfers", str(files), str(record), f":s3:{bucket}/{HEARING}"], ceph, _environment(ceph))


def aws(record: Path, ceph: Ceph) -> Run:
    """`aws s3 cp --recursive`: ten at a time."""
    _, bucket = ceph.new_store("aws")
    command = ["aws", "--endpoint-url", ceph.endpoint, "s3", "cp", "--recursive", "--only-show-errors", str(record), f"s3://{bucket}/{HEARING}"]
    return timed(command, ceph, _environment(ceph))


def main() -> int:
    """Make, send, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0, help="length of the record (15: some 550 MB)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one object")
    given = parser.parse_args()
    if reason := ceph_support.why_not() or ("" if shutil.which("rclone") else "rclone is not installed"):
        print(reason, file=sys.stderr)
        return 2
    tools: dict[str, Callable[[Path, Ceph], Run]] = {
        "hattama": ours, "rclone": rclone, "rclone, 4 files": partial(rclone, files=4), "hattama, no tickets": partial(ours, tickets=False),
    }  # fmt: skip
    if shutil.which("aws"):
        tools["aws"] = aws
    with tempfile.TemporaryDirectory(prefix="hattama-upload-") as folder, ceph_support.run_ceph(20 << 30, ceph_support.NO_LIFECYCLE) as ceph:
        record = Path(folder) / HEARING
        record.mkdir()
        held = make(record, given.minutes / 60)
        runs = [{name: tool(record, ceph) for name, tool in tools.items()} for _ in range(given.runs)]
    told: dict[str, Any] = {"machine": machine(), "record": held, "runs": [{name: vars(run) for name, run in item.items()} for item in runs]}
    for name in tools:
        walls = [item[name].wall_s for item in runs]
        told[name] = {
            "MB/s": round(held["bytes"] / statistics.median(walls) / 1e6, 1), "s": statistics.median(walls), "MiB": max(item[name].rss_mib for item in runs),
            "archive MiB": max(item[name].archive_mib for item in runs), "cpu_s": statistics.median(item[name].cpu_s for item in runs),
        }  # fmt: skip
    ratio = {name: round(statistics.median(item[name].wall_s / item["hattama"].wall_s for item in runs), 2) for name in tools if name != "hattama"}
    told["ratio"] = ratio
    told["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(told) if given.json else "\n".join(f"{key}: {value}" for key, value in told.items()))
    return 1 if min(ratio[name] for name in ratio if name.startswith("rclone")) < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
