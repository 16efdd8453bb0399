"""``.venv/bin/python -m bench.upload``: a record through Hattama beside ``rclone copy`` and ``aws s3 cp``, to the same Ceph RGW.

The record is that of bench.verify (a camera of 3.4 Mbit/s, four microphones of 300 kbit/s, segments of 10 s). rclone and the
command line of AWS, with their own defaults, put its files straight into a bucket. Ours goes the way that a box's goes: requests signed, bytes
checked by an archive process between box and store, objects created once and looked at again, rows in the catalogue. In turns; wall
clock of the whole process, and the most memory it had. Exit status 1 if the median of the ratios to rclone is below 0.9; 2 where
Ceph or rclone is not installed (Debian: ceph-mon ceph-osd radosgw ceph-common rclone; awscli is left out where it is missing).
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from bench.machine import machine
from bench.verify import HEARING, SIGNER, make
from tests.support import ceph as ceph_support
from tests.support.ceph import Ceph

LIMIT = 0.9
START_S = 60.0
#: What the box runs: everything of one record that can be sent, as `hattama uploader` does it.
SEND = """
import sys
from pathlib import Path
from bench.verify import SIGNER
from storage.client import ArchiveClient
from storage.sender import Progress, Sender
with ArchiveClient(sys.argv[2], SIGNER) as client:
    assert Sender(Path(sys.argv[1]), client).step() is Progress.SENT
"""


@dataclass(frozen=True)
class Run:
    """One upload: wall clock, CPU seconds of the program, most memory (MiB), and of ours the archive's."""

    wall_s: float
    cpu_s: float
    rss_mib: float
    archive_mib: float = 0.0


def timed(command: list[str], environment: dict[str, str] | None = None) -> Run:
    """Run a program that must succeed."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with status {process.returncode}")
    return Run(round(time.monotonic() - began, 2), round(used.ru_utime + used.ru_stime, 2), round(used.ru_maxrss / 1024, 1))


@contextmanager
def archive(folder: Path, ceph: Ceph) -> Iterator[tuple[str, int]]:
    """An archive process of its own, objects in a new bucket; its address and process id."""
    _, bucket = ceph.new_store("archive")
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    config = folder / "archive.toml"
    config.write_text(
        f'state_dir = "{folder / "archive"}"\n[archive]\nport = {port}\n[archive.s3]\nbucket = "{bucket}"\n'
        f'endpoint = "{ceph.endpoint}"\naccess_key = "{ceph.access_key}"\nsecret_key = "{ceph.secret_key}"\n'
    )
    hattama = [sys.executable, "-m", "hattama", "--config", str(config), "archive"]
    subprocess.run([*hattama, "enrol", SIGNER.key.text], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with (folder / "archive.log").open("wb") as log:
        process = subprocess.Popen([*hattama, "serve"], stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/", process)
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


def ours(record: Path, ceph: Ceph) -> Run:
    """Box, archive, Ceph."""
    with tempfile.TemporaryDirectory(prefix="hattama-upload-") as folder, archive(Path(folder), ceph) as (url, pid):
        run = timed([sys.executable, "-c", SEND, str(record), url])
        return Run(run.wall_s, run.cpu_s, run.rss_mib, most_memory_mib(pid))


def _environment(ceph: Ceph) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_", "HATTAMA_"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": ceph.access_key, "AWS_SECRET_ACCESS_KEY": ceph.secret_key, "AWS_DEFAULT_REGION": "default",
        "RCLONE_CONFIG": "/dev/null", "RCLONE_S3_PROVIDER": "Ceph", "RCLONE_S3_ENDPOINT": ceph.endpoint,
        "RCLONE_S3_ACCESS_KEY_ID": ceph.access_key, "RCLONE_S3_SECRET_ACCESS_KEY": ceph.secret_key,
    }  # fmt: skip


def rclone(record: Path, ceph: Ceph) -> Run:
    """`rclone copy`: four files at a time."""
    _, bucket = ceph.new_store("rclone")
    return timed(["rclone", "copy", str(record), f":s3:{bucket}/{HEARING}"], _environment(ceph))


def aws(record: Path, ceph: Ceph) -> Run:
    """`aws s3 cp --recursive`: ten at a time."""
    _, bucket = ceph.new_store("aws")
    command = ["aws", "--endpoint-url", ceph.endpoint, "s3", "cp", "--recursive", "--only-show-errors", str(record), f"s3://{bucket}/{HEARING}"]
    return timed(command, _environment(ceph))


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
    tools = {"hattama": ours, "rclone": rclone} | ({"aws": aws} if shutil.which("aws") else {})
    with tempfile.TemporaryDirectory(prefix="hattama-upload-") as folder, ceph_support.run_ceph(20 << 30, ceph_support.NO_LIFECYCLE) as ceph:
        record = Path(folder) / HEARING
        record.mkdir()
        held = make(record, given.minutes / 60)
        runs = [{name: tool(record, ceph) for name, tool in tools.items()} for _ in range(given.runs)]
    told: dict[str, Any] = {"machine": machine(), "record": held, "runs": [{name: vars(run) for name, run in item.items()} for item in runs]}
    for name in tools:
        walls = [item[name].wall_s for item in runs]
        told[name] = {"MB/s": round(held["bytes"] / statistics.median(walls) / 1e6, 1), "MiB": max(item[name].rss_mib for item in runs)}
    ratio = {name: round(statistics.median(item[name].wall_s / item["hattama"].wall_s for item in runs), 2) for name in tools if name != "hattama"}
    told["ratio"] = ratio
    print(json.dumps(told) if given.json else "\n".join(f"{key}: {value}" for key, value in told.items()))
    return 1 if ratio["rclone"] < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
