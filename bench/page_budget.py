"""``.venv/bin/python -m bench.page_budget``: what the console's main pages transfer from an empty cache, and after what time a person can use them.

Chromium, the real console; the day's list and the running hearing over a recorder without devices, review and signing over the real one. What is counted and how the
time to interactive is found (Lighthouse's definition, five seconds of quiet, a processor slowed down four times) says :mod:`tests.support.page_budget`. Each page is opened so many
times; bytes are the most, times the median.

Aim: under 300 kB a page (issue 6). Exit status 1 where a page transfers more; no time decides.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from bench.machine import machine
from tests.support.browser import chromium
from tests.support.main_pages import costs
from tests.support.page_budget import BUDGET_BYTES, SLOWED, Cost


def measure(folder: Path, runs: int) -> list[Cost]:
    """Each page's cost: the most bytes, the median times."""
    with chromium() as browser:
        all_runs = [costs(browser, folder / str(run)) for run in range(runs)]
    return [together(of_page) for of_page in zip(*all_runs, strict=True)]


def together(costs_of_page: Sequence[Cost]) -> Cost:
    """One page's runs as one."""
    largest = max(costs_of_page, key=lambda cost: cost.transferred)
    times = [cost.interactive_ms for cost in costs_of_page if cost.interactive_ms is not None]
    return replace(
        largest,
        painted_ms=statistics.median([cost.painted_ms or 0.0 for cost in costs_of_page]),
        interactive_ms=statistics.median(times) if len(times) == len(costs_of_page) else None,
        busy_ms=statistics.median([cost.busy_ms for cost in costs_of_page]),
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.page_budget", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--runs", type=int, default=3, help="how often each page is opened (3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hattama-pages-") as folder:
        found = measure(Path(folder), options.runs)
    if options.json:
        print(
            json.dumps(
                {
                    "machine": machine(),
                    "runs": options.runs,
                    "slowed": SLOWED,
                    "pages": [asdict(cost) for cost in found],
                }
            )
        )
    else:
        print(f"{machine()}; {options.runs} runs, processor slowed down {SLOWED} times")
        print("\n".join(cost.told() for cost in found))
    return int(any(cost.transferred >= BUDGET_BYTES for cost in found))


if __name__ == "__main__":
    sys.exit(main())
