"""A capture child without a device: speaks the child protocol, writes bytes that only look like segments.

What it does wrong is told in ``source.device``, comma separated: ``never_ready``, ``never_first``, ``first_after=S``,
``die_after=S`` (killed by itself), ``freeze_after=S`` (says nothing more), ``dry_after=S`` (reports, but no bytes),
``never_ends``, ``garbage``, ``fail=CODE``, ``silent`` (digital zeros), ``once`` (wrong only in its first life: a mark is kept
beside the preview or in $FAKE_CAPTURE_MARKS). Segments have no samples (``units`` 0), so they are not read back.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from protocol.encoding import b64

TICK_S = 0.05


def say(report: str, **fields: Any) -> None:
    sys.stdout.write(json.dumps({"report": report, **fields}) + "\n")
    sys.stdout.flush()


class FakeTrack:
    """One open segment of a track."""

    def __init__(self, record: Path, take: str, name: str, media: str, now_us: int) -> None:
        folder = record / "media" / take / name
        folder.mkdir(parents=True, exist_ok=True)
        self.number = len(list(folder.glob("*.mp4"))) + 1
        self.take, self.name, self.media = take, name, media
        self.path = folder / f"{self.number:04d}.mp4"
        self.record = record
        self.start_us = self.end_us = now_us
        self.file = self.path.open("xb", buffering=0)
        self.hash = hashlib.sha256()
        self.bytes = 0

    def grow(self, now_us: int) -> None:
        data = f"{self.name} {now_us}\n".encode()
        self.file.write(data)
        self.hash.update(data)
        self.bytes += len(data)
        self.end_us = now_us

    def progress(self) -> dict[str, Any]:
        path = self.path.relative_to(self.record).as_posix()
        return {"path": path, "bytes": self.bytes, "sha256": b64(self.hash.digest()), "end_us": self.end_us}

    def close(self, why: str) -> None:
        self.file.close()
        media: dict[str, Any] = {"media": self.media, "codec": "fake", "rate": 48000, "units": 0, "fragments": 1}
        level = -2000 if self.media == "audio" else None
        place = {"take": self.take, "source": self.name, "number": self.number, "start_us": self.start_us}
        say("closed", **self.progress(), **place, **media, closed=why, peak_cdb=level, rms_cdb=level)


class FakeChild:
    """The child's state."""

    def __init__(self, config: dict[str, Any]) -> None:
        source = config["source"]
        faults = dict(item.partition("=")[::2] for item in (source.get("device") or "").split(",") if item)
        marks = os.environ.get("FAKE_CAPTURE_MARKS")
        if "once" in faults and marks:
            mark = Path(marks) / source["name"]
            faults = {} if mark.exists() else faults
            mark.touch()
        self.faults = faults
        self.names = list(source["channels"]) if source["media"] == "audio" and source["channels"] else [source["name"]]
        self.media = source["media"]
        self.offset_us = config["offset_us"]
        self.segment_us = int(config["segment_s"] * 1e6)
        self.order: dict[str, Any] | None = None
        self.begun = self.born = time.monotonic()
        self.told = -1.0
        self.bytes = 0
        self.open: dict[str, FakeTrack] = {}

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000 + int(self.offset_us)

    def after(self, fault: str, since: float) -> bool:
        return fault in self.faults and time.monotonic() - since > float(self.faults[fault])

    def command(self, line: str) -> bool:
        """Whether to go on."""
        value = json.loads(line)
        if value["do"] == "begin":
            self.order, self.begun = value, time.monotonic()
        elif value["do"] == "end" and "never_ends" not in self.faults:
            self.close_all("stop")
            say("ended")
        return bool(value["do"] != "quit")

    def close_all(self, why: str) -> None:
        self.order = None
        for track in self.open.values():
            track.close(why)
        self.open.clear()

    def tick(self) -> None:
        now = self.now_us()
        recording = self.order is not None and "never_first" not in self.faults
        if recording and (not float(self.faults.get("first_after") or 0) or self.after("first_after", self.begun)):
            self.write(now)
        if not self.after("dry_after", self.begun):
            self.bytes += 100
        if self.media == "audio":
            pair = [-15000, -15000] if "silent" in self.faults else [-1200, -2400]
            say("level", levels=dict.fromkeys(self.names, pair))
        if time.monotonic() - self.told >= 0.5:
            self.told = time.monotonic()
            say("alive", bytes=self.bytes, last_us=now)
            if self.open:
                say("progress", tracks=[track.progress() for track in self.open.values()])

    def write(self, now: int) -> None:
        assert self.order is not None
        for name in self.names:
            track = self.open.get(name)
            if track is not None and now - track.start_us >= self.segment_us:
                track.grow(now)
                track.close("roll")
                del self.open[name]
                track = None
                fresh = False
            else:
                fresh = track is None
            if track is None:
                track = FakeTrack(Path(self.order["folder"]), self.order["take"], name, self.media, now)
                self.open[name] = track
                if fresh:
                    track.grow(now)
                    say("first", source=name, take=self.order["take"], start_us=now)
            track.grow(now)

    def misbehave(self) -> None:
        if self.after("die_after", self.begun) and self.order is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.after("freeze_after", self.begun) and self.order is not None:
            time.sleep(3600)


class Commands:
    """Lines of standard input, read as they come: Python's own reader would keep a second one that came with the first."""

    def __init__(self) -> None:
        self.rest = b""
        self.over = False

    def read(self, patience_s: float) -> list[bytes]:
        """Whole lines that are there, or come in time."""
        if not select.select([0], [], [], patience_s)[0]:
            return []
        data = os.read(0, 65536)
        self.over = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        return lines


def main() -> int:
    commands = Commands()
    waiting: list[bytes] = []
    while not waiting:
        waiting = commands.read(3600)
        if commands.over:
            return 0
    child = FakeChild(json.loads(waiting.pop(0)))
    if "fail" in child.faults:
        say("failed", code=child.faults["fail"], cause="told to fail", advice="none")
        return 69
    if "garbage" in child.faults:
        sys.stdout.write("not a report\n")
        sys.stdout.flush()
    if "never_ready" in child.faults:
        time.sleep(3600)
    say("ready", tracks=[{"source": n, "media": child.media, "codec": "fake", "rate": 48000} for n in child.names])
    while True:
        for line in [*waiting, *commands.read(0 if waiting else TICK_S)]:
            if not child.command(line.decode()):
                child.close_all("stop")
                return 0
        waiting = []
        if commands.over:
            child.close_all("stop")
            return 0
        child.tick()
        child.misbehave()


if __name__ == "__main__":
    sys.exit(main())
