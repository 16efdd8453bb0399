"""``.venv/bin/python -m bench.upload_faults``: the way to the archive through everything that networks, servers and power do to it.

Sessions cut after n bytes for 50 values of n in each direction, resets, wrong statuses, changed bodies, stalls, halves taken for
wholes, lies; 72 h without a network by the clock; uploader and archive killed with SIGKILL 100 times. After each: every object
exactly once, its digest read back, no row twice, nothing that the box would have deleted too early (tests.support.upload_faults).
First with objects in a folder; then, where Ceph is installed, a part of it with a bucket, and with files put there by ticket: the way
between box and bucket cut, and broken in every way of its own. Exit status 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from bench.machine import machine
from storage.objects import ObjectStore
from storage.s3_store import Bucket
from tests.storage.conftest import open_court
from tests.storage.servers import serve
from tests.support import ceph as ceph_support
from tests.support.upload_faults import all_faults, boxed, cut_everywhere, faults, part, store_faults, ticketed
from tests.support.upload_kills import Place, free_port, killed


def tell(text: str) -> None:
    """Where it is, in one line."""
    print(f"\r{text:70}", end="", file=sys.stderr, flush=True)


class Bench:
    """The trials, and what came of them.

    Args:
        given: the command line.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.told: dict[str, Any] = {"machine": machine(), "seed": given.seed}
        self.broken: list[str] = []

    def chance(self) -> random.Random:
        """The same for each part, so that one can be lived through alone."""
        return random.Random(self.given.seed)  # noqa: S311 - a choice of moments, no secret

    def run(self, name: str, work: Callable[[Path], object]) -> None:
        """One part, in a folder of its own."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="hattama-faults-") as folder:
            try:
                self.told[name] = work(Path(folder))
            except AssertionError as error:
                self.broken.append(f"{name}: {error}")
        self.told[f"{name}, s"] = round(time.monotonic() - began, 1)

    def cuts(self, root: Path, count: int, store: ObjectStore | None = None) -> int:
        """Sessions cut."""
        with boxed(root, store) as box:
            return cut_everywhere(box, count, self.chance(), tell)

    def lies(self, root: Path) -> int:
        """Everything else that answers can do."""
        with boxed(root) as box:
            return all_faults(box, faults(), tell)

    def by_ticket(self, root: Path, ceph: ceph_support.Ceph) -> int:
        """The way between box and bucket cut, and everything else."""
        with ticketed(root, ceph) as box:
            return cut_everywhere(box, self.given.bucket_cuts, self.chance(), tell) + all_faults(box, store_faults(), tell)

    def parted(self, root: Path) -> dict[str, float]:
        """72 h without a network."""
        with open_court(root) as court, serve(court.app) as url:
            court.url = url
            tried, seconds = part(court)
            return {"connections tried": tried, "s until all had arrived": seconds}

    def kills(self, root: Path, count: int, bucket: Bucket | None = None) -> int:
        """Records through kills."""
        return killed(Place(root, free_port(), bucket), count, self.chance())

    def all(self) -> None:
        """In a folder, then in a bucket."""
        given = self.given
        self.run("sessions cut", lambda root: self.cuts(root, given.cuts))
        self.run("faults", self.lies)
        self.run("72 h away", self.parted)
        self.run(f"records through {given.kills} kills", lambda root: self.kills(root, given.kills))
        if reason := ceph_support.why_not():
            self.told["bucket"] = reason
            return
        if not given.bucket_cuts:
            return
        with ceph_support.run_ceph() as ceph:
            self.run("sessions cut, bucket", lambda root: self.cuts(root, given.bucket_cuts, ceph.new_store()[0]))
            self.run("between box and bucket", lambda root: self.by_ticket(root, ceph))
            bucket = ceph.bucket(ceph.new_store()[1])
            name = f"records through {given.bucket_kills} kills, bucket"
            self.run(name, lambda root: self.kills(root, given.bucket_kills, bucket))


def main() -> int:
    """Break, look, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cuts", type=int, default=50, help="places in each direction")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--bucket-cuts", type=int, default=10, help="the same with a bucket; 0: no bucket")
    parser.add_argument("--bucket-kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    parser.add_argument("--json", action="store_true", help="print one object")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    bench = Bench(given)
    bench.all()
    told = bench.told | {"broken": bench.broken}
    print(file=sys.stderr)
    print(json.dumps(told) if given.json else "\n".join(f"{key}: {value}" for key, value in told.items()))
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
