"""``.venv/bin/python -m bench.transcriber``: the transcriber killed at random moments, and its memory on long hearings.

``--kills N``: the demo's 49 seconds on four microphones, the demonstration model. ``hattama transcriber`` is killed by SIGKILL at a
moment that is drawn (``--seed``) from the time a whole run takes, and started again, N times over; whenever it gets to its end, a new
hearing begins. Every transcript that it sent must have the same bytes as the one made without a kill.

``--memory``: hearings of 20 minutes and of 4 hours on four microphones, room tone with 49 seconds of talk every ten minutes, through
the same process; the peak of its memory in use (``VmHWM``), model included, must not be more than 1.5 times higher.

The recorder is a stand-in behind a real Unix socket; records, journals and files are real. Exit status 1 where a limit is broken.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.machine import machine
from device_config.settings import Settings
from hattama.demo.room import SEATS, SPEECH, demonstration_speech, write_toml
from tests.transcription.courtroom import RATE, SECOND, START_US, Courtroom, noise, write_flac
from tests.transcription.recorder_server import Desk, recorder_server
from transcription.recognizer import Samples

LIMIT: Final = 1.5
_PATIENCE_S: Final = 3600.0
_SEGMENT_S: Final = 10
_TALK_EVERY_S: Final = 600


def microphones() -> dict[str, Samples]:
    """The demo's sound, a track for each microphone."""
    import av

    with av.open(str(SPEECH)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    sound = sound if len(sound) > 1 else sound.reshape(-1, 4).T
    names = json.loads(SPEECH.with_suffix(".json").read_text("utf-8"))["channels"]
    return {name: np.asarray(track, np.float32) for name, track in zip(names, sound, strict=True)}


def seated(folder: Path, hearing: str) -> Courtroom:
    """A record with the demo's seats."""
    room = Courtroom(folder / "hearings" / hearing, language="ru", hearing=hearing)
    for seat in SEATS:
        room.seat(str(seat.source), str(seat.participant))
    return room


@dataclass
class Box:
    """A state folder, a stand-in for the recorder, and the transcriber's process."""

    folder: Path
    desk: Desk
    config: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the transcriber."""
        command = [sys.executable, "-m", "hattama", "--config", str(self.config), "transcriber"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HATTAMA_")}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)

    def end(self) -> None:
        """SIGKILL; nothing that it holds in memory is written."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def drafted(self, timeout_s: float) -> bool:
        """Whether the draft was asked for before the time is over."""
        return self.desk.drafted.wait(timeout_s)

    def again(self, hearing: str) -> None:
        """The same hearing once more, as if nothing had been done."""
        self.desk.drafted.clear()
        self.desk.waiting.append(hearing)

    def peak_mib(self) -> float:
        """Most memory that the process ever had in use, MiB."""
        if self.process is None:
            raise RuntimeError("the transcriber does not run")
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


@contextlib.contextmanager
def box(folder: Path) -> Iterator[Box]:
    """A box whose transcriber has the demonstration model."""
    with tempfile.TemporaryDirectory(prefix="hattama-bench-") as run:
        settings = Settings(state_dir=folder, run_dir=Path(run), speech=demonstration_speech())
        config = Path(run) / "settings.toml"
        write_toml(settings, config)
        with recorder_server(settings.socket) as desk:
            made = Box(folder, desk, config)
            try:
                yield made
            finally:
                made.end()


def killed(folder: Path, kills: int, seed: int, tracks: dict[str, Samples]) -> dict[str, Any]:
    """Kill so often; how many transcripts were made, and how many differ from the one without a kill."""
    room = seated(folder, "h1")
    room.take(tracks, segment_s=_SEGMENT_S)
    rng = np.random.default_rng(seed)
    with box(folder) as one:
        one.desk.waiting.append("h1")
        began = time.monotonic()
        one.start()
        if not one.drafted(_PATIENCE_S):
            raise RuntimeError(f"no transcript; see {folder / 'log'}")
        whole_s, whole = time.monotonic() - began, one.desk.posted.pop()
        one.end()
        one.again("h1")
        one.desk.posted.clear()
        done = resumed = 0
        while done < kills:
            one.start()
            finished = one.drafted(float(rng.uniform(0, whole_s)))
            one.end()
            done += 1
            kept = folder / "working" / "h1"
            resumed += kept.exists()
            if finished:
                one.again("h1")
        one.start()  # to its end, without another kill
        one.drafted(_PATIENCE_S)
        one.end()
    different = sum(sent != whole for sent in one.desk.posted)
    return {
        "kills": done,
        "seed": seed,
        "whole_run_s": round(whole_s, 1),
        "left_half_done": resumed,
        "transcripts": len(one.desk.posted),
        "different": different,
        "words": sum(len(p["words"]) for p in json.loads(whole)["passages"]),
        "left_behind": sorted(path.name for path in (folder / "working").rglob("*")),
    }


def long_hearing(folder: Path, seconds: int, tracks: dict[str, Samples]) -> None:
    """A hearing of this length: the same few files under many names, each journalled."""
    room = seated(folder, "h1")
    pool = folder / "pool"
    talk = max(map(len, tracks.values())) // (RATE * _SEGMENT_S)
    for name, track in tracks.items():
        for number in range(talk):
            piece = track[number * RATE * _SEGMENT_S : (number + 1) * RATE * _SEGMENT_S]
            write_flac(pool / name / f"{number}.mp4", piece)
        write_flac(pool / name / "tone.mp4", noise(_SEGMENT_S, -62, seed=len(name)))
    facts = {path: _facts(path) for path in pool.rglob("*.mp4")}
    room.line("take_started", {"take": "T01", "publicity": "open", "start_us": START_US, "sources": sorted(tracks)})
    for number in range(seconds // _SEGMENT_S):
        place = number % (_TALK_EVERY_S // _SEGMENT_S)
        for name in tracks:
            source = pool / name / (f"{place}.mp4" if place < talk else "tone.mp4")
            _journal(room, name, number, source, facts[source])
    end = START_US + seconds * SECOND
    room.line("take_ended", {"take": "T01", "end_us": end, "reason": "finish"})


def _facts(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode()}


def _journal(room: Courtroom, name: str, number: int, source: Path, facts: dict[str, Any]) -> None:
    path = f"media/T01/{name}/{number + 1:04d}.mp4"
    target = room.folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.hardlink_to(source)
    start = START_US + number * _SEGMENT_S * SECOND
    room.line(
        "segment",
        {
            "path": path, "take": "T01", "source": name, "number": number + 1, **facts, "start_us": start,
            "end_us": start + _SEGMENT_S * SECOND, "media": "audio", "codec": "flac", "rate": RATE,
            "units": RATE * _SEGMENT_S, "fragments": 40, "closed": "roll", "publicity": "open", "peak_cdb": -600,
            "rms_cdb": -2000,
        },
    )  # fmt: skip


def peak_of(folder: Path, seconds: int, tracks: dict[str, Samples]) -> dict[str, Any]:
    """The transcriber's peak on a hearing of this length."""
    long_hearing(folder, seconds, tracks)
    with box(folder) as one:
        one.desk.waiting.append("h1")
        began = time.monotonic()
        one.start()
        if not one.drafted(_PATIENCE_S):
            raise RuntimeError(f"no transcript; see {folder / 'log'}")
        found = {"seconds": seconds, "peak_mib": round(one.peak_mib()), "took_s": round(time.monotonic() - began)}
        words = sum(len(p["words"]) for p in json.loads(one.desk.posted[-1])["passages"])
    return {**found, "words": words, "progress_told": len(one.desk.progress)}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.transcriber", description=(__doc__ or "").split("\n\n", 1)[0]
    )
    parser.add_argument("--kills", type=int, default=0, help="kill it so often")
    parser.add_argument("--memory", action="store_true", help="memory on 20 minutes and on 4 hours")
    parser.add_argument("--hours", type=float, default=4.0, help="length of the long hearing")
    parser.add_argument("--seconds", type=float, default=49.0, help="of the sound, for --kills (49)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args()
    if not chosen.kills and not chosen.memory:
        parser.error("one of --kills and --memory")
    found: dict[str, Any] = {"machine": machine()}
    good = True
    tracks = microphones()
    if chosen.kills:
        with tempfile.TemporaryDirectory() as folder:
            some = {name: track[: int(chosen.seconds * RATE)] for name, track in tracks.items()}
            found["kills"] = killed(Path(folder), chosen.kills, chosen.seed, some)
        good = not found["kills"]["different"] and not found["kills"]["left_behind"]
    if chosen.memory:
        rows = []
        for seconds in (1200, int(chosen.hours * 3600)):
            folder = tempfile.mkdtemp()
            try:
                rows.append(peak_of(Path(folder), seconds, tracks))
            finally:
                shutil.rmtree(folder)
        ratio = rows[1]["peak_mib"] / rows[0]["peak_mib"]
        found["memory"] = {"hearings": rows, "ratio": round(ratio, 2), "limit": LIMIT}
        good = good and ratio <= LIMIT
    print(json.dumps(found) if chosen.json else json.dumps(found, indent=2))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
