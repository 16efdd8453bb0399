"""``.venv/bin/python -m bench.sync``: how well picture and sound stay together.

``clap``: flash and beep through a real RTSP camera and a real PulseAudio device, whose true times are known, at the start and
after a restart of either (bench.clap), and a camera whose pictures leave it late. ``simulate``: eight hours of a microphone and of a camera under clocks that are off, with and
without restarts (bench.sync_clock). ``join``: thousands of segments of sound of such a device through the real writers, read again
sample by sample. Exit status 1 when a limit is broken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.clap import ClapCamera, Recorded, beeps, flashes, late_ms_of, make_flashes, room
from bench.machine import machine
from bench.sync_clock import FRAME_US, Simulated, camera, join, microphone
from tests.support.pulse import DEVICE
from tests.support.pulse import why_not as no_pulse
from tests.support.rtsp_server import why_not as no_rtsp

CLAP_LIMIT_MS = 40.0
CORRECTED_LIMIT_US = 20_000
TAKE_S = 8.0
#: A camera's first sender report comes within 5 s.
REPORT_S = 10.0
LATE_MS = 150
#: What a device has to settle after it was opened, before a take begins, s: the anchor is the best of what came so far.
PHASES = ("start", "camera restarted", "microphone restarted")


def clap(restarts: int, take_s: float = TAKE_S) -> list[dict[str, Any]]:
    """Offset of picture against sound in one take at the start and after each restart, ms."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="hattama-sync-") as name:
        folder = Path(name)
        with room(folder, 120 + restarts * 60) as (camera, microphone):
            picture = Recorded({"name": "cam", "kind": "camera", "media": "video", "url": camera.url}, folder)
            device = {"name": "mic", "kind": "microphone", "media": "audio", "device": DEVICE}
            sound = Recorded(device, folder, microphone.environment)
            try:
                for number in range(1 + 2 * restarts):
                    phase = PHASES[0] if not number else PHASES[2 - number % 2]
                    if phase != PHASES[2]:
                        picture.restart()
                    if phase != PHASES[1]:
                        sound.restart()
                    take = f"T{number + 1:02d}"
                    picture.begin(take)
                    sound.begin(take)
                    time.sleep(take_s)
                    flash = late_ms_of(flashes(folder, picture.end(take)), camera.zero_us)
                    beep = late_ms_of(beeps(folder, sound.end(take)), microphone.zero_us)
                    one: dict[str, Any] = {
                        "phase": phase,
                        "picture_late_ms": flash,
                        "sound_late_ms": beep,
                        "offset_ms": flash - beep,
                    }
                    found.append(
                        {key: round(value, 1) if isinstance(value, float) else value for key, value in one.items()}
                    )
                    print(found[-1], file=sys.stderr, flush=True)
            finally:
                picture.close()
                sound.close()
    return found


def late(late_ms: int, *, believe: bool, delay_ms: int = 0) -> dict[str, Any]:
    """A camera whose pictures leave it late: how late they are placed, by its own reports or by arrival, ms."""
    with tempfile.TemporaryDirectory(prefix="hattama-sync-") as name:
        folder = Path(name)
        camera = ClapCamera(make_flashes(folder / "clap.mp4", 60), late_ms)
        source = {"name": "cam", "kind": "camera", "media": "video", "url": camera.url}
        picture = Recorded({**source, "sender_time": believe, "delay_ms": delay_ms}, folder)
        try:
            picture.restart()
            time.sleep(REPORT_S)
            picture.begin("T01")
            time.sleep(TAKE_S)
            closed = picture.end("T01")
            late_by = late_ms_of(flashes(folder, closed), camera.zero_us)
        finally:
            picture.close()
            camera.close()
    bases = sorted({item["time_base"] for item in closed})
    return {"late_ms": late_ms, "delay_ms": delay_ms, "time_base": bases, "picture_late_ms": round(late_by, 1)}


def simulated(hours: float) -> Iterator[Simulated]:
    """Microphones and cameras whose clocks are off."""
    for ppm in (100.0, -100.0, 0.0):
        yield microphone(ppm, hours)
    yield microphone(100.0, hours, restarts=8)
    for reports in (True, False):
        yield camera(100.0, hours, reports=reports)
        yield camera(-100.0, hours, restarts=8, reports=reports)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.sync", description="How well picture and sound stay together.")
    parser.add_argument("parts", nargs="*", default=["clap", "simulate", "join"], help="clap, simulate, join")
    parser.add_argument("--restarts", type=int, default=2, help="of the camera and of the microphone each")
    parser.add_argument("--hours", type=float, default=8.0, help="simulated")
    parser.add_argument("--segments", type=int, default=7200, help="joined")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine()}
    broken: list[str] = []
    if "clap" in chosen.parts:
        if (reason := no_rtsp() or no_pulse()) is not None:
            print(reason, file=sys.stderr)
            return 2
        figures["clap"] = clap(chosen.restarts)
        offsets = [item["offset_ms"] for item in figures["clap"]]
        figures["clap_offset_ms"] = {"median": statistics.median(offsets), "from_to": [min(offsets), max(offsets)]}
        broken += [f"clap: {item}" for item in figures["clap"] if abs(item["offset_ms"]) > CLAP_LIMIT_MS]
        # As an administrator does it: without reports the delay is measured, and set.
        measured = late(LATE_MS, believe=False)
        kept = [late(LATE_MS, believe=True), late(LATE_MS, believe=False, delay_ms=round(measured["picture_late_ms"]))]
        figures["late"] = [measured, *kept]
        broken += [f"late: {item}" for item in kept if abs(item["picture_late_ms"]) > CLAP_LIMIT_MS]
    if "simulate" in chosen.parts:
        made = list(simulated(chosen.hours))
        figures["simulate"] = [asdict(item) for item in made]
        broken += [f"simulate: {item}" for item in made if item.worst_us > CORRECTED_LIMIT_US or item.false_losses]
    if "join" in chosen.parts:
        # Memory, where there is some: what is measured is arithmetic, and 7,200 files with their syncs take minutes on a disk.
        memory = Path("/dev/shm")  # noqa: S108
        with tempfile.TemporaryDirectory(prefix="hattama-join-", dir=memory if memory.is_dir() else None) as name:
            joined = join(Path(name), chosen.segments)
            shutil.rmtree(Path(name) / "media", ignore_errors=True)
        figures["join"] = asdict(joined)
        if joined.broken_joins or joined.wrong_samples or max(abs(joined.drift_us), joined.worst_start_us) >= FRAME_US:
            broken.append(f"join: {joined}")
    figures["broken"] = broken
    print(json.dumps(figures) if chosen.json else json.dumps(figures, indent=2))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
