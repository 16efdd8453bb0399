"""``.venv/bin/python -m bench.endurance``: two cameras and four microphones for half an hour; what grows, what leaks, what verifies.

Real parts: two RTSP cameras (GStreamer, 1080p25, 4 Mbit/s), four microphones of one PulseAudio device, the daemon with its
capture children, read-back and picture checks, a listener on its events as the console is one. Every 7 s the resident memory,
descriptors and threads of each process are looked at. A warm-up (a fifth of the time, at most 5 minutes) is left out: caches
of the interpreter, of FFmpeg and of the allocator fill. Then the last quarter is held against the first (bench.endurance_watch).
Afterwards the record is verified by ``hattama verify``, and every process must be gone.

Exit status 0 only if memory stayed flat within 5 %, nothing leaked, nothing is missing in the record and it verifies. Needs
2 MB of disk for each second.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bench.endurance_watch import Watch, judged, role_of
from bench.loss_box import BY, CASE, Box, descendants, wait_for, write_settings
from bench.machine import machine
from bench.numbered import make_clip
from protocol.journal import read_journal
from protocol.view import HearingView
from tests.support import pulse, rtsp_server

CAMERAS = ("cam-judge", "cam-room")
MICROPHONES = ("mic-bench", "mic-plaintiff", "mic-defendant", "mic-witness")
ROLES = ("recorder.capture", "recorder.readback", "recorder.pictures", "recorder")
SEGMENT_S = 10.0
#: Not in step with the segments: a look at the same point of each would see only what is so there.
LOOK_EVERY_S = 7.0
#: What is left of the cameras' clip when recording ends: start and stop take some time.
SPARE_S = 120
DISK_BYTES_S = 2_000_000
MOST_MINUTES = 240.0


def why_not() -> str | None:
    """Why this cannot run here; None when it can."""
    return rtsp_server.why_not() or pulse.why_not()


@contextmanager
def voices(room: pulse.PulseRoom) -> Iterator[None]:
    """Noise that swells and falls as speech does, another one in each microphone, for as long as the block runs."""
    names = ",".join(pulse.NAMES[: room.channels])
    command = [
        "paplay",
        "--raw",
        f"--rate={pulse.RATE}",
        f"--channels={room.channels}",
        "--format=s16le",
        "--device=room",
    ]
    command += ["--latency-msec=200", f"--channel-map={names}"]
    player = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **room.environment})
    noise = np.random.default_rng(3).normal(0, 1500, (10 * pulse.RATE, room.channels))
    swell = 1 + np.sin(np.arange(len(noise))[:, None] / pulse.RATE * np.array([3.1, 4.7, 5.9, 7.3][: room.channels]))
    block = (noise * swell).clip(-30000, 30000).astype("<i2").tobytes()

    def feed() -> None:
        try:
            while player.stdin is not None:
                player.stdin.write(block)
        except OSError:
            return  # the player is gone: the end

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    try:
        yield
    finally:
        player.kill()
        player.wait(10)
        thread.join(10)


def measure(folder: Path, minutes: float) -> tuple[dict[str, Any], list[str]]:
    """Record for so long; figures, and what broke a promise."""
    seconds = minutes * 60
    warm_s = min(300.0, seconds / 5)
    with ExitStack() as stack:
        clip = make_clip(folder / "clip.mp4", round(seconds) + SPARE_S)
        room = stack.enter_context(pulse.pulse_room(len(MICROPHONES)))
        stack.enter_context(voices(room))
        urls = [stack.enter_context(rtsp_server.rtsp_server(clip)).url for _ in CAMERAS]
        sources: list[dict[str, Any]] = [
            {"name": name, "kind": "camera", "media": "video", "url": url}
            for name, url in zip(CAMERAS, urls, strict=True)
        ]
        microphones = {"name": "mics", "kind": "microphone", "media": "audio", "device": room.device}
        sources.append({**microphones, "channels": MICROPHONES})
        run_dir = stack.enter_context(tempfile.TemporaryDirectory(prefix="endurance-"))
        config = folder / "settings.toml"
        write_settings(config, folder / "state", Path(run_dir), sources, SEGMENT_S)
        box = Box(config, folder / "log", room.environment)
        box.start()
        hearing, watch, findings = _hearing(box, seconds)
        status = box.stop()
    figures, broken = judged(watch, warm_s)
    left = [pid for pid in watch.pids if Path(f"/proc/{pid}").exists()]
    if status or left:
        broken.append(f"the recorder ended with status {status}; processes left: {left}")
    record, faults = _record(config, box.settings.hearings / hearing, seconds)
    return {"minutes": minutes, "warm_up_s": warm_s, "held": figures, "findings": findings, "record": record}, [
        *broken,
        *faults,
    ]


def _hearing(box: Box, seconds: float) -> tuple[str, Watch, dict[str, int]]:
    """One hearing: planned, recorded, finished."""
    with box.client() as client:
        hearing = client.plan(CASE)
        wait_for(lambda: all(source.state == "ready" for source in client.status().sources))
        client.start(hearing, BY)
    watch = Watch(lambda: {pid: role_of(pid, ROLES) for pid in (box.pid, *descendants(box.pid))})
    looking = threading.Thread(target=watch.run, args=(LOOK_EVERY_S,), daemon=True)
    looking.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(60.0, max(0.0, end - time.monotonic())))
        status = box.status()
        left = round((end - time.monotonic()) / 60)
        print(f"{left} min left; recording {status.recording}, {status.state}", file=sys.stderr, flush=True)
    watch.stop()
    looking.join()
    with box.client() as client:
        client.stop(hearing, BY)
    findings = Counter(line["data"]["code"] for line in box.lines if line["type"] == "finding")
    return hearing, watch, dict(findings)


def _record(config: Path, record: Path, seconds: float) -> tuple[dict[str, Any], list[str]]:
    """What is in the record, and whether it verifies."""
    view = HearingView.of(read_journal((record / "journal.jsonl").read_bytes())[0])
    recorded = {
        source: round(sum(item.end_us - item.start_us for item in view.segments if item.source == source) / 1e6, 2)
        for source in (*CAMERAS, *MICROPHONES)
    }
    command = [sys.executable, "-m", "hattama", "--config", str(config), "verify", "--json", str(record)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    faults = [f"{name}: only {value} s of {seconds:g}" for name, value in recorded.items() if value < seconds - 1]
    if view.gaps:
        faults.append(f"{len(view.gaps)} gaps: {sorted({gap.cause for gap in view.gaps})}")
    if done.returncode:
        faults.append(f"does not verify (exit status {done.returncode}): {done.stdout[-600:]}{done.stderr[-300:]}")
    figures = {
        "segments": len(view.segments),
        "recorded_s": recorded,
        "lines": view.size,
        "verify_exit_status": done.returncode,
    }
    return figures, faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.endurance", description="What grows and leaks in a long hearing.")
    parser.add_argument("--minutes", type=float, default=30.0, help=f"recorded, at most {MOST_MINUTES:g}")
    parser.add_argument("--folder", type=Path, default=None, help="where to record; default the temporary folder")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    chosen = parser.parse_args()
    minutes = min(chosen.minutes, MOST_MINUTES)
    if (reason := why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="hattama-endurance-", dir=chosen.folder))
    need = DISK_BYTES_S * (minutes * 60 + SPARE_S)
    if shutil.disk_usage(folder).free < need:
        print(f"{folder} has no room for {need / 1e9:.1f} GB (--folder)", file=sys.stderr)
        return 2
    found, broken = measure(folder, minutes)
    found = {"machine": machine(), **found, "violations": broken}
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    if broken:
        print(f"the record is kept in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
