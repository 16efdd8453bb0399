"""``.venv/bin/python -m bench.live``: how far live words are behind the voice, in the demo courtroom with the demonstration model.

The demo's own processes: recorder, four microphones and two cameras, console, archive, uploader, transcriber. What counts is when the
recorder tells its listeners, by the hearing's clock:

* ``first_ms``: from the first sound of an utterance until any word of it is told;
* ``settled_ms``: from its last sound until it is settled;
* ``behind_ms``: what the transcriber itself says, told with every message: every voice before then was dealt with.

Exit status 1 where no word came, or where capture lost anything.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.machine import machine
from device_config.settings import Settings
from hattama.demo import show
from hattama.demo.processes import Processes
from hattama.demo.setting_up import prepared
from protocol.record import DirectoryRecord
from recorder.client import RecorderClient, Refused
from transcription.worker import read_view


@dataclass
class Told:
    """What the recorder told, each with the hearing's time when it came, µs."""

    behind_ms: list[int] = field(default_factory=list)
    first: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    settled: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    revisions: int = 0

    def add(self, data: dict[str, Any], at_us: int) -> None:
        """Take in one ``live`` event."""
        self.behind_ms.append(data["behind_ms"])
        for passage in data["passages"]:
            self.revisions += 1
            if passage["text"]:
                self.first.setdefault(passage["id"], (at_us, passage))
            if passage["settled"]:
                self.settled[passage["id"]] = (at_us, passage)

    def figures(self) -> dict[str, Any]:
        """Milliseconds: median, 95th of a hundred, worst."""
        spoken = {key: item for key, item in self.settled.items() if item[1]["text"]}
        first = [(at - passage["start_us"]) // 1000 for at, passage in self.first.values()]
        settled = [(at - passage["end_us"]) // 1000 for at, passage in spoken.values()]
        return {
            "passages": len(spoken),
            "words": sum(len(passage["text"].split()) for _, passage in spoken.values()),
            "skipped": sum(passage["kind"] == "skipped" for _, passage in self.settled.values()),
            "revisions": self.revisions,
            "first_ms": spread(first),
            "settled_ms": spread(settled),
            "behind_ms": spread(self.behind_ms),
        }


def spread(values: Sequence[int]) -> dict[str, int] | None:
    """Median, 95th of a hundred, worst; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return {"median": int(statistics.median(ordered)), "p95": ordered[len(ordered) * 95 // 100], "worst": ordered[-1]}


def measure(folder: Path, seconds: float) -> dict[str, Any]:
    """Hold the demo's hearing for so long, listen, and say what was told."""
    told, stop = Told(), threading.Event()
    with prepared(Settings(state_dir=folder)) as room, Processes(room.settings.state_dir / "logs") as processes:
        show.start(room, processes, say)
        with RecorderClient(room.settings.socket) as client:
            offset_us = client.status().clock.now_us - time.monotonic_ns() // 1000
        listener = threading.Thread(target=_listen, args=(room.settings.socket, told, stop, offset_us), daemon=True)
        listener.start()
        hearing = show.record(room, processes, seconds, say)
        time.sleep(5)  # the last words
        stop.set()
        view = read_view(DirectoryRecord(room.settings.hearings / hearing))
        return {**told.figures(), "gaps": len(view.gaps), "seconds": seconds}


def _listen(socket: Path, told: Told, stop: threading.Event, offset_us: int) -> None:
    try:
        with RecorderClient(socket) as client, client.events() as events:
            for event in events:
                if event.name == "live":
                    told.add(event.data, time.monotonic_ns() // 1000 + offset_us)
                if stop.is_set():
                    return
    except Refused:
        return  # the recorder ended with the bench


def say(text: str) -> None:
    """To standard error."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the hearing (120)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hattama-live-") as folder:
        found = measure(Path(folder), options.seconds)
    if options.json:
        print(json.dumps({"machine": machine(), **found}))
    else:
        print(machine())
        for name, value in found.items():
            print(f"{name:<12} {value}")
    return int(not found["words"] or bool(found["gaps"]))


if __name__ == "__main__":
    sys.exit(main())
