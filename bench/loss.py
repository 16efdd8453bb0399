"""``.venv/bin/python -m bench.loss``: what a kill or a power cut costs the recorder, counted in decoded samples and pictures.

Real daemons with real capture children record a live sound device and a camera whose every sample and picture has a number.
``kill -9`` ends all processes of a box at one moment (plain disk); a power cut ends a loop-mounted ext4 or xfs with everything
that was not synced (needs root). Then the daemon is started again, and in the end everything on the disk is judged
(bench.loss_check): unreadable files, media lost against what the sources had handed over, acknowledged journal lines lost,
gaps that are not listed. Exit status 0 only when every promise is kept.

Several lanes run side by side, each with its own sources, folders, disks and daemons; their results are counted together. A
trial is one box and its disasters; ``--trial`` lives through one again, as the line of a failed one says it.
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
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import loss_disk
from bench.loss_disk import FILE_SYSTEMS, PLAIN
from bench.loss_room import Room, room
from bench.loss_sources import make_clip
from bench.loss_trial import MOMENTS, Outcome, Spec, run_trial
from bench.machine import busy, machine

#: Moments that one box lives through.
A_TRIAL = len(MOMENTS)
#: Two lanes leave a machine of two cores time to spare: what is lost is the recorder's doing, not the bench's.
LANES = 2


def plan(kills: int, cuts: int, seed: int) -> list[Spec]:
    """Trials of at most :data:`A_TRIAL` disasters; every moment comes as often as the others."""
    order = random.Random(seed)  # noqa: S311 - moments, not secrets
    specs: list[Spec] = []
    for disks, count in (((PLAIN,), kills), (FILE_SYSTEMS, cuts)):
        for number, done in enumerate(range(0, count, A_TRIAL)):
            moments = list(MOMENTS[: count - done])
            order.shuffle(moments)
            moments.sort(key=lambda moment: moment == "recovery")  # there must be something to recover
            specs.append(Spec(order.randrange(2**31), disks[number % len(disks)], tuple(moments)))
    order.shuffle(specs)
    return specs


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """All figures."""
    found: dict[str, Any] = {}
    for name, disks in (("kills", (PLAIN,)), ("cuts", FILE_SYSTEMS)):
        chosen = [outcome for outcome in outcomes if outcome.spec.disk in disks]
        if chosen:
            found[name] = _figures(chosen)
    found["violations"] = [f"--trial {outcome.spec}: {text}" for outcome in outcomes for text in outcome.broken]
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
        "sources_late_s": _worst([outcome.late_s for outcome in outcomes]),
    }


def _worst(values: list[float]) -> float | None:
    return round(max(values), 3) if values else None


def run(
    specs: list[Spec], lanes: int, folder: Path, minutes: float | None = None
) -> tuple[list[Outcome], dict[str, Any]]:
    """Run trials; progress goes to standard error.

    Args:
        specs: what happens.
        lanes: boxes at the same time.
        folder: where disks are made.
        minutes: after so long no box begins any more.

    Returns:
        What happened, and the figures; ``left_out`` counts the boxes that did not begin.
    """
    outcomes: list[Outcome] = []
    began, before = time.monotonic(), busy()
    clip = make_clip(folder / "clip.ts")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(lanes, mp_context=spawn, initializer=_open_lane, initargs=(clip,)) as pool:
        futures = [pool.submit(_in_lane, spec, folder) for spec in specs]
        for future in as_completed(futures):
            if future.cancelled():
                continue
            if minutes is not None and time.monotonic() - began > minutes * 60:
                for waiting in futures:
                    waiting.cancel()
            outcomes.append(future.result())
            _tell(outcomes[-1], f"[{len(outcomes)}/{len(specs)}, {time.monotonic() - began:.0f} s]")
    clip.unlink()
    seconds = time.monotonic() - began
    found: dict[str, Any] = {"machine": machine(), "lanes": lanes, "seconds": round(seconds)}
    found["busy_cores"] = round((busy() - before) / seconds, 2)  # whoever else was busy included
    found |= {**summary(outcomes), "left_out": len(specs) - len(outcomes)}
    return outcomes, found


def _tell(outcome: Outcome, where: str) -> None:
    for text in outcome.broken:
        print(f"    {text}", file=sys.stderr)
    lost = _worst([seconds for _, _, seconds in outcome.judged.lost_s])
    state = f"BROKEN: python -m bench.loss --trial {outcome.spec}" if outcome.broken else f"worst loss {lost} s"
    text = f"{where} seed {outcome.spec.seed} {outcome.spec.disk}: {len(outcome.disasters)} disasters in {outcome.wall_s:.0f} s"
    print(f"{text}, sources late {outcome.late_s:.3f} s; {state}", file=sys.stderr, flush=True)


#: Of this process, when it is a lane: its sources, warm from trial to trial, and what ends them.
_lane: list[Room] = []
_lane_end = ExitStack()


def _open_lane(clip: Path) -> None:
    _lane.append(_lane_end.enter_context(room(clip)))


def _in_lane(spec: Spec, folder: Path) -> Outcome:
    return run_trial(spec, _lane[0], folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.loss", description="What a kill or a power cut costs the recorder.")
    parser.add_argument("--kills", type=int, default=10, help="kill -9 of all processes of a box, on a plain disk")
    parser.add_argument("--cuts", type=int, default=6, help="power cuts, on loop-mounted ext4 and xfs (root)")
    parser.add_argument("--seed", type=int, default=None, help="of all moments; printed")
    parser.add_argument(
        "--trial",
        type=Spec.of,
        action="append",
        default=[],
        help="only this one, as DISK:SEED:MOMENT,MOMENT…; may be repeated",
    )
    parser.add_argument("--lanes", type=int, default=LANES, help=f"boxes at the same time (default {LANES})")
    parser.add_argument(
        "--minutes", type=float, default=None, help="begin no box after so long; what is left out is told"
    )
    parser.add_argument("--folder", type=Path, default=None, help="where the disks lie; default the temporary folder")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(2**31)
    specs = chosen.trial or plan(chosen.kills, chosen.cuts, seed)
    if any(spec.disk != PLAIN for spec in specs) and (reason := loss_disk.why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    print(f"seed {seed}", file=sys.stderr, flush=True)
    folder = Path(tempfile.mkdtemp(prefix="hattama-loss-", dir=chosen.folder))
    _, found = run(specs, chosen.lanes, folder, chosen.minutes)
    if not chosen.trial:
        found = {"seed": seed, **found}
    if found["violations"]:
        print(f"the boxes that broke a promise are kept in {folder}", file=sys.stderr)
    else:
        folder.rmdir()
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    return 1 if found["violations"] or found["left_out"] else 0


if __name__ == "__main__":
    sys.exit(main())
