"""``.venv/bin/python -m bench.bitflip``: every single bit of a small record turned over in turn; both verifiers must find it, and where.

The record is tests/assets/records/good/plain (15 kB, all its files; ``--record`` takes another). A flip counts as located when a
failure names the file; of the journal, the very line. Exit status 1 if a flip is not found, not located, or judged differently
by the two. Runs on all cores; ``--sample N`` takes N flips by chance instead of all; ``--from N`` passes over the first N, of a run that was ended.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from bench.machine import machine
from tests.support.flips import BATCH, every_flip, faults
from tests.support.golden import NAMES, golden

PORTION = 2000


def main() -> int:
    """Flip, compare, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--record", choices=NAMES, default="plain", help="which golden record")
    parser.add_argument("--sample", type=int, metavar="N", help="so many flips by chance, not all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--from", type=int, default=0, dest="first", metavar="N", help="number of the first flip, from 0"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print one object")
    given = parser.parse_args()
    if not BATCH.is_file():
        parser.error("the second verifier is not built: npm run --prefix web/ui build")
    files = golden(given.record)
    flips = every_flip(files)
    if given.sample:
        flips = random.Random(given.seed).sample(flips, given.sample)  # noqa: S311 - a choice of places, no secret
    flips = flips[given.first :]
    if not flips:
        parser.error("--from is behind the last flip")
    began, wrong, done = time.monotonic(), list[str](), 0
    with ProcessPoolExecutor(given.jobs) as pool:
        portions = [flips[start : start + PORTION] for start in range(0, len(flips), PORTION)]
        for number, found in enumerate(pool.map(partial(faults, files), portions), 1):
            wrong += found
            done = min(number * PORTION, len(flips))
            print(f"\r{done} of {len(flips)} flips, {len(wrong)} wrong", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    size = sum(map(len, files.values()))
    seconds = round(time.monotonic() - began, 1)
    told = {
        "record": given.record,
        "files": len(files),
        "bytes": size,
        "from": given.first,
        "flips": done,
        "wrong": wrong,
        "seconds": seconds,
        "machine": machine(),
    }
    print(json.dumps(told) if given.json else "\n".join([*wrong, f"{told | {'wrong': len(wrong)}}"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
