"""``.venv/bin/python -m bench.capture``: CPU of the capture child beside ``ffmpeg -c copy`` on the same RTSP streams.

One RTSP server gives a 1080p25 stream of 3.4 Mbit/s to every client. In turns, N capture children (with previews, digests and
syncs, as the daemon runs them), N ``ffmpeg -c copy`` into fragmented MP4 of the same layout, and one ffmpeg with N inputs and outputs
record it; CPU time is read when all of them record and again at the end of the window, so that what a start costs is told apart.
Then each picture of each copy is counted. Exit status 1 when a picture was lost, or the median of the pairs' ratios is above 1.5.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import cpu_s, machine, raise_session
from bench.numbered import Counted, Numbers, make_clip
from bench.rtsp_source import Running, cameras
from recorder.fragments import MUX_OPTIONS
from tests.support.capture_child import CaptureChild, capture_child

#: Before a window begins: streams are open and what they had buffered is written, s.
SETTLE_S = 2.0
PATIENCE_S = 60.0
#: The median of the pairs' ratios.
MOST_RATIO = 1.5
#: Before other sessions, for all that is compared: what others do to the caches is in the figures all the same.
PRIORITY = -10


def memory_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory, as the recorder's run directory is: previews are no evidence."""
    memory = Path("/dev/shm")  # noqa: S108 - a mount point, not a file's name
    return tempfile.TemporaryDirectory(prefix="hattama-preview-", dir=memory if memory.is_dir() else None)


@dataclass(frozen=True)
class Run:
    """One window: CPU seconds per recorded minute of one source, CPU seconds a start costs, and the pictures."""

    cpu_s_per_minute: float
    start_cpu_s: float
    counted: Counted


def _window(pids: list[int], seconds: float, sources: int) -> tuple[float, float]:
    time.sleep(SETTLE_S)
    before, begun = [cpu_s(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)
    used = sum(cpu_s(pid) for pid in pids) - sum(before)
    return used / sources * 60 / (time.monotonic() - begun), sum(before) / sources


@contextmanager
def children(camera: Running, name: str, count: int, previews: Path) -> Iterator[list[CaptureChild]]:
    """Capture children that are ready, each with a camera ``<name>-<number>`` of its own."""
    with ExitStack() as stack:
        made: list[CaptureChild] = []
        for number in range(count):
            source = {"name": f"cam-{number}", "kind": "camera", "media": "video", "url": camera.url(f"{name}-{number}")}
            config = {"source": source, "offset_us": 0, "preview": str(previews / f"cam-{number}.key")}
            made.append(stack.enter_context(capture_child(config)))
        for child in made:
            child.wait_for("ready")
        yield made


def run_ours(camera: Running, sources: int, seconds: float, folder: Path, numbers: Numbers) -> Run:
    """Capture children."""
    with ExitStack() as stack:
        shown = Path(stack.enter_context(memory_folder()))
        made = stack.enter_context(children(camera, "ours", sources, shown))
        for child in made:
            child.send({"do": "begin", "take": "T01", "folder": str(folder)})
        for child in made:
            child.wait_for("first")
        rate, start = _window([child.process.pid for child in made], seconds, sources)
        for child in made:
            child.send({"do": "end"})
        for child in made:
            child.wait_for("ended")
            child.finish()
        copies = [[folder / item["path"] for item in child.all("closed")] for child in made]
    return Run(rate, start, sum(map(numbers.count, copies), Counted()))


def run_ffmpeg(camera: Running, sources: int, seconds: float, folder: Path, numbers: Numbers) -> Run:
    """``ffmpeg -c copy``, a process for each stream, into MP4 with the same fragments."""
    return _run_ffmpeg(camera, [[number] for number in range(sources)], seconds, folder, numbers)


def run_one_ffmpeg(camera: Running, sources: int, seconds: float, folder: Path, numbers: Numbers) -> Run:
    """The same by one process for all streams."""
    return _run_ffmpeg(camera, [list(range(sources))], seconds, folder, numbers)


def _run_ffmpeg(camera: Running, shares: list[list[int]], seconds: float, folder: Path, numbers: Numbers) -> Run:
    files = [folder / f"copy-{number}.mp4" for share in shares for number in share]
    layout = [part for key, value in MUX_OPTIONS.items() for part in (f"-{key}", value)]
    processes = []
    for share in shares:
        command = ["ffmpeg", "-nostdin", "-loglevel", "error"]
        for number in share:
            command += ["-rtsp_transport", "tcp", "-i", camera.url(f"ffmpeg-{number}")]
        for at, number in enumerate(share):
            command += ["-map", f"{at}:v", "-c", "copy", *layout, "-f", "mp4", str(folder / f"copy-{number}.mp4")]
        processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
    try:
        end = time.monotonic() + PATIENCE_S
        while not all(file.exists() and file.stat().st_size for file in files):
            if time.monotonic() > end:
                raise TimeoutError("ffmpeg did not begin to record")
            time.sleep(0.05)
        rate, start = _window([process.pid for process in processes], seconds, len(files))
    finally:
        for process in processes:
            process.terminate()
            process.wait(PATIENCE_S)
    return Run(rate, start, sum((numbers.count([file]) for file in files), Counted()))


Way = Callable[[Running, int, float, Path, Numbers], Run]


def compare(clip: Path, numbers: Numbers, sources: int, runs: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Alternating runs with one number of sources."""
    ways: dict[str, Way] = {"ours": run_ours, "ffmpeg": run_ffmpeg}
    if sources > 1:
        ways["one_ffmpeg"] = run_one_ffmpeg
    found: dict[str, list[Run]] = {name: [] for name in ways}
    with cameras(clip) as camera:
        for number in range(runs):
            for name, way in ways.items():
                place = folder / f"{name}-{sources}-{number}"
                place.mkdir()
                found[name].append(way(camera, sources, seconds, place, numbers))
                shutil.rmtree(place)
                print(f"{sources} sources, run {number + 1}, {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    figures: dict[str, Any] = {"sources": sources, "load": machine()["load"]}
    for name, made in found.items():
        rates = [run.cpu_s_per_minute for run in made]
        counted = sum((run.counted for run in made), Counted())
        figures[name] = {
            "cpu_s_per_minute": round(statistics.median(rates), 3),
            "from_to": [round(min(rates), 3), round(max(rates), 3)],
            "start_cpu_s": round(statistics.median(run.start_cpu_s for run in made), 2),
            "pictures": counted.pictures,
            "lost": counted.lost,
            "foreign": counted.foreign,
            "whole": counted.whole,
        }
    pairs = zip(found["ours"], found["ffmpeg"], strict=True)
    figures["ratio"] = round(
        statistics.median(ours.cpu_s_per_minute / theirs.cpu_s_per_minute for ours, theirs in pairs), 2
    )
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench.capture", description="CPU of the capture child beside ffmpeg -c copy."
    )
    parser.add_argument(
        "--sources", type=int, nargs="+", default=[1, 4, 8], help="numbers of cameras; 16 too on a machine that is quiet"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each, in turns")
    parser.add_argument("--seconds", type=float, default=15.0, help="window that is measured, s (at most 60)")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        print("ffmpeg is not installed", file=sys.stderr)
        return 2
    raise_session(os.getpid(), PRIORITY)
    seconds = min(chosen.seconds, 60.0)
    with tempfile.TemporaryDirectory(prefix="hattama-capture-") as name:
        folder = Path(name)
        clip = make_clip(folder / "clip.mp4", round(seconds) + 60)
        numbers = Numbers(clip)
        compared = [compare(clip, numbers, sources, chosen.runs, seconds, folder) for sources in chosen.sources]
    figures = {"machine": machine(), "runs": chosen.runs, "seconds": seconds, "compared": compared}
    print(json.dumps(figures) if chosen.json else _table(figures))
    return 0 if all(item["ours"]["whole"] and item["ratio"] <= MOST_RATIO for item in compared) else 1


def _table(figures: dict[str, Any]) -> str:
    lines = [f"{figures['machine']}; median of {figures['runs']} runs of {figures['seconds']:g} s"]
    lines.append("CPU s per recorded minute of one source (and of its start); the ratio is the median of the pairs'")
    lines.append("sources  ours         ffmpeg       ratio  one ffmpeg  lost")
    for item in figures["compared"]:
        ours, theirs, one = item["ours"], item["ffmpeg"], item.get("one_ffmpeg")
        lines.append(
            f"{item['sources']:7}  {ours['cpu_s_per_minute']:.2f} ({ours['start_cpu_s']:.2f})  "
            f"{theirs['cpu_s_per_minute']:.2f} ({theirs['start_cpu_s']:.2f})  {item['ratio']:5.2f}  "
            f"{one['cpu_s_per_minute'] if one else theirs['cpu_s_per_minute']:10.2f}  {ours['lost']} of {ours['pictures']}"
            f" (ffmpeg {theirs['lost']} of {theirs['pictures']}), load {item['load']}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
