"""How soon a killed recorder records again: ``python -m bench.restart``.

The courtroom of bench.loss (two microphones on one device, a camera) is recorded by the real daemon with real capture children. Daemon and
children are killed by SIGKILL at one moment, the daemon is started again, and two figures are taken, in seconds from the new start:

* ``recorded_again_s``: to the first sample or picture that the record has again, of the slowest source, by the journal's own ``gap`` line;
* ``said_again_s``: until the status says so for every source.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.loss_box import BY, CASE, Box, wait_for, write_settings
from bench.loss_sources import CAMERA, CHANNELS, courtroom
from bench.machine import machine
from protocol.journal import Line, read_journal
from protocol.view import HearingView

_MOST_RUNS = 50
_LIMIT_S = 3.0
_SEGMENT_S = 10.0


def measure(folder: Path, runs: int, record_s: float) -> tuple[list[float], list[float]]:
    """Kill and start again so many times; ``recorded_again_s`` and ``said_again_s`` of each."""
    recorded: list[float] = []
    said: list[float] = []
    with tempfile.TemporaryDirectory(prefix="restart-") as run_dir, courtroom(folder) as (microphones, camera):
        mics: dict[str, Any] = {
            "name": "mics",
            "kind": "microphone",
            "media": "audio",
            "url": microphones.url,
            "channels": CHANNELS,
        }
        cam = {"name": CAMERA, "kind": "camera", "media": "video", "url": camera.url}
        config = folder / "settings.toml"
        write_settings(config, folder / "state", Path(run_dir), [mics, cam], _SEGMENT_S)
        box = Box(config, folder / "log")
        box.start()
        try:
            hearing = _begin(box)
            for _ in range(runs):
                time.sleep(record_s)
                box.kill(lambda: None)
                began = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                box.start()
                wait_for(lambda: _complete(box))
                said.append(time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e9 - began / 1e6)
                recorded.append(_gap_end_us(box, hearing) / 1e6 - began / 1e6)
            with box.client() as client:
                client.stop(hearing, BY)
        finally:
            box.stop()
    return recorded, said


def _begin(box: Box) -> str:
    with box.client() as client:
        hearing = client.plan(CASE)
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, BY)
    wait_for(lambda: _complete(box))
    return hearing


def _complete(box: Box) -> bool:
    status = box.status()
    return status.recording and all(source.state == "recording" and source.bytes for source in status.sources)


def _gap_end_us(box: Box, hearing: str) -> int:
    """CLOCK_MONOTONIC of the end of the last interruption, as the journal has it; its line may come a moment later."""
    journal = box.settings.hearings / hearing / "journal.jsonl"

    def ended() -> list[int]:
        lines = [line for line in read_journal(journal.read_bytes())[0] if isinstance(line, Line)]
        since = max(line.seq for line in lines if line.type == "take_started")
        view = HearingView.of(lines)
        offset = view.clock.offset_us if view.clock is not None else 0
        gaps = [
            line for line in lines if line.type == "gap" and line.seq > since and line.data["cause"] == "power_or_kill"
        ]
        return [item["to_us"] - offset for line in gaps for item in line.data["intervals"]]

    return max(wait_for(ended))


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many processes that compute and do nothing else, for as long as the block runs."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.restart", description="How soon a killed recorder records again.")
    parser.add_argument("--runs", type=int, default=9, help=f"kills (at most {_MOST_RUNS})")
    parser.add_argument("--seconds", type=float, default=4.0, help="recorded before each kill, s (at most 60)")
    parser.add_argument("--busy", type=int, default=0, help="loops that keep a core busy beside it (at most 8)")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hattama-restart-")))
        stack.enter_context(busy(max(0, min(chosen.busy, 8))))
        recorded, said = measure(folder, max(1, min(chosen.runs, _MOST_RUNS)), min(chosen.seconds, 60.0))
    figures: dict[str, Any] = {
        "machine": machine(),
        "busy_loops": chosen.busy,
        "kills": len(said),
        "recorded_again_s": {"median": round(statistics.median(recorded), 2), "worst": round(max(recorded), 2)},
        "said_again_s": {"median": round(statistics.median(said), 2), "worst": round(max(said), 2)},
        "limit_s": _LIMIT_S,
    }
    print(json.dumps(figures) if chosen.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))
    return 1 if statistics.median(recorded) > _LIMIT_S else 0


if __name__ == "__main__":
    sys.exit(main())
