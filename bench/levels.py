"""``.venv/bin/python -m bench.levels``: eight microphones in one capture child; CPU, and every sample counted.

A PulseAudio device of eight channels, into which sound with known samples is played, is recorded by one capture child as the
daemon runs it: levels ten times a second, the measurements of recorder.health, FLAC, digests, syncs. CPU time is read over
windows in the middle; afterwards every channel is decoded and compared with what was played. Exit status 1 when a sample is
missing or differs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.machine import cpu_s, machine
from tests.support.capture_child import CaptureChild, capture_child
from tests.support.clips import samples_in
from tests.support.pulse import RATE, pulse_room, why_not

#: One saw tooth a channel: every sample differs from its neighbours, so a shift is seen at once.
STEPS = (1, 7, 13, 29, 3, 17, 37, 5)
NAMES = tuple(f"mic-{number}" for number in range(1, len(STEPS) + 1))
SPARE_S = 4.0


@dataclass
class Compared:
    """Samples played into all channels, samples that are not in the record, and samples that differ."""

    played: int = 0
    lost: int = 0
    differ: int = 0


def voices(seconds: float) -> NDArray[np.int16]:
    """Known sound: shape (samples, channels), a saw tooth under a slowly moving noise, never 0."""
    count = round(seconds * RATE)
    at = np.arange(count, dtype=np.int64)[:, None]
    saw = (at * np.array(STEPS) + 11) % 8009 + 1
    noise = np.random.default_rng(3).integers(0, 2000, (count, len(STEPS)))
    sound: NDArray[np.int16] = (saw + noise).astype(np.int16)
    return sound


def record(seconds: float, windows: int, folder: Path) -> tuple[list[float], list[Compared], int]:
    """Record known sound.

    Returns:
        per cent of a core in each window, the comparison of each channel, and ``level`` reports.
    """
    wanted = voices(seconds * windows + SPARE_S)
    source = {"name": "mics", "kind": "microphone", "media": "audio", "channels": NAMES}
    with pulse_room(len(NAMES)) as room:
        config = {"source": {**source, "device": room.device}, "offset_us": 0}
        with capture_child(config, room.environment) as child:
            child.wait_for("ready")
            child.send({"do": "begin", "take": "T01", "folder": str(folder)})
            child.wait_for("first")
            player = room.play(wanted)
            time.sleep(SPARE_S / 2)
            used = [_window(child.process.pid, seconds) for _ in range(windows)]
            player.wait(60)
            time.sleep(2)  # what is on its way in the device's buffers
            child.send({"do": "end"})
            child.wait_for("ended")
            child.finish()
            compared = [_compare(child, name, folder, wanted[:, at]) for at, name in enumerate(NAMES)]
            return used, compared, len(child.all("level"))


def _window(pid: int, seconds: float) -> float:
    before, begun = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - before) / (time.monotonic() - begun) * 100


def _compare(child: CaptureChild, name: str, folder: Path, wanted: NDArray[np.int16]) -> Compared:
    got = np.concatenate([samples_in(folder / item["path"]) for item in child.all("closed", source=name)])
    heard = np.flatnonzero(got)
    if not heard.size:
        return Compared(len(wanted), len(wanted), 0)
    got = got[int(heard[0]) : int(heard[-1]) + 1]
    both = min(len(got), len(wanted))
    return Compared(len(wanted), abs(len(wanted) - len(got)), int(np.count_nonzero(got[:both] != wanted[:both])))


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.levels", description="Eight microphones in one capture child.")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a window, s (at most 60)")
    parser.add_argument("--windows", type=int, default=5, help="windows, one after the other (at most 10)")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    if (reason := why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="hattama-levels-") as name:
        used, compared, levels = record(min(chosen.seconds, 60.0), min(chosen.windows, 10), Path(name))
    figures: dict[str, Any] = {
        "machine": machine(),
        "microphones": len(NAMES),
        "cpu_percent": round(statistics.median(used), 1),
        "cpu_percent_from_to": [round(min(used), 1), round(max(used), 1)],
        "level_reports": levels,
        "samples_played": sum(item.played for item in compared),
        "samples_lost": sum(item.lost for item in compared),
        "samples_differ": sum(item.differ for item in compared),
    }
    print(json.dumps(figures) if chosen.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))
    return 1 if figures["samples_lost"] or figures["samples_differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
