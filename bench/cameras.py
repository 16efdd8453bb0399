"""``.venv/bin/python -m bench.cameras``: sixteen 1080p25 cameras at once on this machine, while what they closed is read back.

Capture children record as the daemon runs them, on streams of a camera that counts what it hands over (bench.rtsp_source); closed
segments go to the daemon's read-back (recorder.readback), key frames to its picture worker (recorder.pictures), both at the
lowest priority. At the end the camera goes on until every child has said that its take is closed; then each picture in the files
is found again by its bytes. Exit status 1 when a picture between the first and the last of a track is missing or
damaged, when a segment does not read back, or when the read-back fell behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.capture import children, memory_folder
from bench.machine import cpu_s, machine, raise_session
from bench.numbered import FPS, Counted, Numbers, make_clip
from bench.rtsp_source import cameras
from recorder.pictures import Pictures
from recorder.readback import Difference, Measured, ReadBack
from tests.support.capture_child import CaptureChild

#: A segment takes 10 s to be made; one that is read back within another 10 s is no backlog.
MOST_LAG_S = 10.0
#: Before other sessions, as the recorder's slice is; within the session read-back and pictures stay last.
PRIORITY = -10


class Reader:
    """The daemon's helpers in an event loop of their own: read-back of closed segments, and the picture worker.

    Attributes:
        lags: seconds from the report of each closed segment to the end of its read-back.
        differences: what did not read back as it was captured.
    """

    def __init__(self, previews: Path) -> None:
        self.lags: list[float] = []
        self.differences: list[Difference] = []
        self._given: list[float] = []
        self._loop = asyncio.new_event_loop()
        self._readback = ReadBack(self.differences.append)
        self._pictures = Pictures(previews)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._loop.call_soon_threadsafe(self._pictures.start)
        self._watching = asyncio.run_coroutine_threadsafe(self._watch(), self._loop)

    def add(self, folder: Path, item: dict[str, Any]) -> None:
        """A segment was closed."""
        keys = ("path", "source", "start_us", "end_us", "units", "rms_cdb")
        measured = Measured(folder, **{key: item[key] for key in keys})
        self._given.append(time.monotonic())
        self._loop.call_soon_threadsafe(self._readback.add, measured)

    @property
    def waiting(self) -> int:
        """Closed segments that are not read back yet."""
        return len(self._given) - self._readback.done

    def finish(self, patience_s: float) -> bool:
        """Read back what is left; False when that takes too long."""
        done = asyncio.run_coroutine_threadsafe(self._readback.drain(patience_s), self._loop).result()
        time.sleep(0.1)
        self._watching.cancel()
        for close in (self._readback.close, self._pictures.close):
            asyncio.run_coroutine_threadsafe(close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        return done

    async def _watch(self) -> None:
        while True:
            while len(self.lags) < self._readback.done:  # they are read back in the order in which they were given
                self.lags.append(time.monotonic() - self._given[len(self.lags)])
            await asyncio.sleep(0.02)


def record(clip: Path, count: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Record ``count`` cameras for some time.

    Returns:
        Figures.
    """
    numbers = Numbers(clip)
    with ExitStack() as stack:
        previews = Path(stack.enter_context(memory_folder()))
        camera = stack.enter_context(cameras(clip))
        made = stack.enter_context(children(camera, "cam", count, previews))
        reader = Reader(previews)
        for child in made:
            child.send({"do": "begin", "take": "T01", "folder": str(folder)})
        for child in made:
            child.wait_for("first")
        pids = [child.process.pid for child in made]
        before, server, handed, begun = (
            [cpu_s(pid) for pid in pids],
            cpu_s(camera.process.pid),
            camera.facts(),
            time.monotonic(),
        )
        told = [0] * count
        most_waiting = 0
        while time.monotonic() - begun < seconds:
            time.sleep(0.1)
            most_waiting = max(most_waiting, _tell(made, told, reader, folder))
        took = time.monotonic() - begun
        used = [(cpu_s(pid) - was) * 60 / took for pid, was in zip(pids, before, strict=True)]
        after = camera.facts()
        for child in made:
            child.send({"do": "end"})
        for child in made:
            child.wait_for("ended")
        _tell(made, told, reader, folder)
        whole = reader.finish(120.0)
        counts = [numbers.count([folder / item["path"] for item in child.all("closed")]) for child in made]
        units = sum(item["units"] for child in made for item in child.all("closed"))
        for child in made:
            child.finish()
        lost = sum(counts, Counted())
        return {
            "cameras": count,
            "seconds": round(took, 1),
            "pictures_handed_over_meanwhile": sum(after[name]["handed"] - handed[name]["handed"] for name in handed),
            "pictures_due_meanwhile": round(took * FPS) * count,
            "pictures_in_files": lost.pictures,
            "pictures_reported": units,
            "pictures_lost": lost.lost,
            "pictures_damaged": lost.foreign,
            "child_cpu_s_per_minute": round(statistics.median(used), 3),
            "children_percent_of_a_core": round(sum(used) / 60 * 100, 1),
            "camera_percent_of_a_core": round((cpu_s(camera.process.pid) - server) / took * 100, 1),
            "bytes_kept_waiting_by_a_child": max(fact["most_waiting"] for fact in after.values()),
            "segments": len(reader.lags),
            "readback_done": whole and not reader.differences,
            "readback_lag_s": [round(statistics.median(reader.lags), 2), round(max(reader.lags), 2)],
            "readback_most_waiting": most_waiting,
            "good": lost.whole
            and whole
            and not reader.differences
            and max(reader.lags) <= MOST_LAG_S
            and lost.pictures == units,
        }


def _tell(made: list[CaptureChild], told: list[int], reader: Reader, folder: Path) -> int:
    """Give the reader what was closed since; how many segments wait for it."""
    for at, child in enumerate(made):
        closed = child.all("closed")
        for item in closed[told[at] :]:
            reader.add(folder, item)
        told[at] = len(closed)
    return reader.waiting


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.cameras", description="Many cameras at once, with read-back.")
    parser.add_argument("--cameras", type=int, default=16, help="their number")
    parser.add_argument("--seconds", type=float, default=45.0, help="how long they are recorded, s (at most 600)")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    raise_session(os.getpid(), PRIORITY)
    with tempfile.TemporaryDirectory(prefix="hattama-cameras-") as name:
        folder = Path(name)
        clip = make_clip(folder / "clip.mp4", 20)
        figures = {"machine": machine(), **record(clip, chosen.cameras, min(chosen.seconds, 600.0), folder)}
        figures["load"] = machine()["load"]
    print(json.dumps(figures) if chosen.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))
    return 0 if figures["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
