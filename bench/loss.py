"""``.venv/bin/python -m bench.loss``: what a kill or a power cut costs the recorder, counted in decoded samples and pictures.

Real daemons with real capture children record a live sound device and a camera whose every sample and picture has a number.
``kill -9`` ends all processes of a box at one moment (plain disk); a power cut ends a loop-mounted ext4 or xfs with everything
that was not synced (needs root). Then the daemon is started again, and in the end everything on the disk is judged
(bench.loss_check): unreadable files, media lost against what the sources had handed over, acknowledged journal lines lost,
gaps that are not listed. Exit status 0 only when every promise is kept.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from bench import loss_disk
from bench.loss_disk import FILE_SYSTEMS, PLAIN
from bench.loss_trial import MOMENTS, Outcome, Spec, run_trial

#: Moments that one box lives through.
A_TRIAL = len(MOMENTS)


def plan(kills: int, cuts: int, seed: int, folder: Path) -> list[Spec]:
    """Trials of at most :data:`A_TRIAL` disasters; every moment comes as often as the others."""
    order = random.Random(seed)  # noqa: S311 - moments, not secrets
    specs: list[Spec] = []
    for disks, count in (((PLAIN,), kills), (FILE_SYSTEMS, cuts)):
        for number, done in enumerate(range(0, count, A_TRIAL)):
            moments = list(MOMENTS[: count - done])
            order.shuffle(moments)
            moments.sort(key=lambda moment: moment == "recovery")  # there must be something to recover
            specs.append(Spec(order.randrange(2**31), disks[number % len(disks)], tuple(moments), folder))
    order.shuffle(specs)
    return specs


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """All figures."""
    found: dict[str, Any] = {}
    for name, disks in (("kills", (PLAIN,)), ("cuts", FILE_SYSTEMS)):
        chosen = [outcome for outcome in outcomes if outcome.disk in disks]
        if chosen:
            found[name] = _figures(chosen)
    found["violations"] = [
        f"seed {outcome.seed} on {outcome.disk}: {text}"
        for outcome in outcomes
        for text in [*outcome.judged.violations, *([outcome.error] if outcome.error else [])]
    ]
    return found


def _figures(outcomes: list[Outcome]) -> dict[str, Any]:
    judged = [outcome.judged for outcome in outcomes]
    lost: defaultdict[str, list[float]] = defaultdict(list)
    for item in judged:
        for moment, track, seconds in item.lost_s:
            lost[track].append(seconds)
            lost[f"at {moment}"].append(seconds)
    every = [seconds for item in judged for _, _, seconds in item.lost_s]
    again = [seconds for outcome in outcomes for seconds in outcome.again_s]
    return {
        "count": dict(Counter(disaster.how for outcome in outcomes for disaster in outcome.disasters)),
        "measured": len(every),
        "files": sum(item.files for item in judged),
        "unreadable_files": sum(item.unreadable for item in judged),
        "acknowledged_lines": sum(item.acknowledged for item in judged),
        "acknowledged_lines_lost": sum(item.lines_lost for item in judged),
        "gaps": sum(item.gaps for item in judged),
        "gaps_unlisted": sum(item.gaps_unlisted for item in judged),
        "worst_gap_error_s": _worst([error for item in judged for error in item.gap_error_s]),
        "worst_loss_s": _worst(every),
        "median_loss_s": round(statistics.median(every), 3) if every else None,
        "worst_loss_s_by": {name: _worst(values) for name, values in sorted(lost.items())},
        "recording_again_s": {"median": round(statistics.median(again), 2), "worst": _worst(again)} if again else None,
    }


def _worst(values: list[float]) -> float | None:
    return round(max(values), 3) if values else None


def run(
    kills: int, cuts: int, seed: int, jobs: int, folder: Path, minutes: float | None = None
) -> tuple[list[Outcome], dict[str, Any]]:
    """Run everything; progress goes to standard error.

    Args:
        kills: of all processes.
        cuts: of the power.
        seed: of all moments.
        jobs: boxes at the same time.
        folder: where disks are made.
        minutes: after so long no box begins any more.

    Returns:
        What happened, and the figures; ``left_out`` counts the boxes that did not begin.
    """
    specs = plan(kills, cuts, seed, folder)
    outcomes: list[Outcome] = []
    began = time.monotonic()
    spawn = multiprocessing.get_context("spawn")  # a fresh process each: what one trial leaves is not the next one's
    with ProcessPoolExecutor(jobs, mp_context=spawn, max_tasks_per_child=1) as pool:
        futures = [pool.submit(run_trial, spec) for spec in specs]
        for future in as_completed(futures):
            if future.cancelled():
                continue
            if minutes is not None and time.monotonic() - began > minutes * 60:
                for waiting in futures:
                    waiting.cancel()
            outcome = future.result()
            outcomes.append(outcome)
            worst = _worst([seconds for _, _, seconds in outcome.judged.lost_s])
            bad = outcome.judged.violations or outcome.error
            state = f"BROKEN {outcome.error}" if bad else f"worst loss {worst} s"
            for text in outcome.judged.violations:
                print(f"    {text}", file=sys.stderr)
            line = f"[{len(outcomes)}/{len(specs)}, {time.monotonic() - began:.0f} s] seed {outcome.seed} {outcome.disk}"
            print(f"{line} {len(outcome.disasters)} disasters: {state}", file=sys.stderr, flush=True)
    found = {"seed": seed, "seconds": round(time.monotonic() - began), **summary(outcomes)}
    found["left_out"] = len(specs) - len(outcomes)
    return outcomes, found


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.loss", description="What a kill or a power cut costs the recorder.")
    parser.add_argument("--kills", type=int, default=10, help="kill -9 of all processes of a box, on a plain disk")
    parser.add_argument("--cuts", type=int, default=6, help="power cuts, on loop-mounted ext4 and xfs (root)")
    parser.add_argument("--seed", type=int, default=None, help="of all moments; printed")
    parser.add_argument("--jobs", type=int, default=3, help="boxes at the same time")
    parser.add_argument("--minutes", type=float, default=None, help="begin no box after so long; what is left out is told")
    parser.add_argument("--folder", type=Path, default=None, help="where the disks lie; default the temporary folder")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(2**31)
    if chosen.cuts and (reason := loss_disk.why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    print(f"seed {seed}", file=sys.stderr, flush=True)
    folder = Path(tempfile.mkdtemp(prefix="hattama-loss-", dir=chosen.folder))
    _, found = run(chosen.kills, chosen.cuts, seed, chosen.jobs, folder, chosen.minutes)
    if found["violations"]:
        print(f"the boxes that broke a promise are kept in {folder}", file=sys.stderr)
    else:
        folder.rmdir()
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    return 1 if found["violations"] or found["left_out"] else 0


if __name__ == "__main__":
    sys.exit(main())
