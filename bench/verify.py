"""``.venv/bin/python -m bench.verify``: ``hattama verify`` beside ``sha256sum`` (and ``openssl dgst``) on the record of a long hearing.

The record is synthetic and of real size: one camera of 3.4 Mbit/s and four microphones of 300 kbit/s (FLAC of speech), segments of
10 s, progress signed every 2 s: of 4 hours, 8.3 GB in 7,200 files, and a journal of some 14,400 lines under as many signatures.
Both read the same files, in turns, once to warm the cache. Exit status 1 if the median of the ratios is above 1.3.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.machine import machine
from protocol import manifest
from protocol.checkpoint import Checkpoint
from protocol.encoding import b64
from protocol.journal import make_line
from protocol.manifest import Entry
from protocol.merkle import Tree
from protocol.note import Ed25519Signer, sign_note

LIMIT = 1.3
SEGMENT_S = 10
START_US = 1_795_300_000_000_000
#: name, media, codec, clock rate, bits a second
SOURCES = (
    ("cam-judge", "video", "h264", 90_000, 3_400_000),
    *((f"mic-{number}", "audio", "flac", 48_000, 300_000) for number in range(1, 5)),
)
SIGNER = Ed25519Signer("bench.test", bytes(32))
HEARING = "bench"


class Maker:
    """Writes the record: nothing synced, its lines and signatures those of the format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = Tree()
        self.journal: list[bytes] = []
        self.notes: list[str] = []
        self.entries: list[Entry] = []
        self.random = os.urandom(1 << 20)
        self.now_us = START_US

    def line(self, line_type: str, data: dict[str, Any]) -> None:
        """A line."""
        salt, self.now_us = os.urandom(16), self.now_us + 1000
        mono_us = self.now_us - START_US
        made = make_line(self.tree.size, line_type, data, at_us=self.now_us, mono_us=mono_us, salt=salt)
        self.tree.append(made.leaf)
        self.journal.append(made.raw + b"\n")

    def sign(self) -> None:
        """A checkpoint."""
        point = Checkpoint(f"{SIGNER.key.name}/{HEARING}", self.tree.size, self.tree.root())
        self.notes.append(sign_note(point.text, SIGNER) + "\n")

    def segment(self, source: tuple[str, str, str, int, int], number: int) -> None:
        """A closed segment, its file of random bytes of the source's size."""
        name, media, codec, rate, bits = source
        path, size = f"media/T01/{name}/{number:04d}.mp4", bits * SEGMENT_S // 8
        start = START_US + (number - 1) * SEGMENT_S * 1_000_000
        head = f"{path}\n".encode()
        data = (head + self.random * (size // len(self.random) + 1))[:size]
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(data)
        sha256 = b64(hashlib.sha256(data).digest())
        facts = {"codec": codec, "rate": rate, "units": 1, "start_us": start, "end_us": start + SEGMENT_S * 1_000_000}
        same: dict[str, Any] = {
            "path": path,
            "take": "T01",
            "source": name,
            "bytes": size,
            "sha256": sha256,
            "publicity": "open",
        }
        levels = {"peak_cdb": None, "rms_cdb": None}
        closing = {"number": number, "media": media, "fragments": 40, "closed": "roll"}
        self.line("segment", {**same, **facts, **levels, **closing})
        self.entries.append(Entry(role="segment", salt=os.urandom(16), media=facts, **same))

    def progress(self, number: int) -> None:
        """What is signed of open segments every two seconds."""
        paths = [f"media/T01/{name}/{number:04d}.mp4" for name, *_ in SOURCES]
        self.line("progress", {"tracks": [{"path": path, "bytes": 1, "sha256": b64(bytes(32))} for path in paths]})
        self.sign()


def make(folder: Path, hours: float) -> dict[str, int]:
    """The record; how much it holds."""
    maker, pieces = Maker(folder), int(hours * 3600) // SEGMENT_S
    identity = {"format": "hattama-record/1", "hearing": HEARING, "device": SIGNER.key.text, "software": "bench"}
    maker.line("opened", {**identity, "origin": f"{SIGNER.key.name}/{HEARING}"})
    maker.line("clock", {"boot": "b", "offset_us": START_US, "synchronized": True, "ntp_offset_us": 0})
    move = {"by": "bench", "reason": ""}
    maker.line("state", {"from": "planned", "to": "recording", **move})
    sources = sorted(name for name, *_ in SOURCES)
    maker.line("take_started", {"take": "T01", "publicity": "open", "start_us": START_US, "sources": sources})
    for number in range(1, pieces + 1):
        for _ in range(SEGMENT_S // 2):
            maker.progress(number)
        for source in SOURCES:
            maker.segment(source, number)
            maker.sign()
    end_us = START_US + pieces * SEGMENT_S * 1_000_000
    maker.line("take_ended", {"take": "T01", "end_us": end_us, "reason": "finish"})
    maker.line("state", {"from": "recording", "to": "finished", **move})
    made = manifest.build(HEARING, 1, "capture", (maker.tree.size, maker.tree.root()), None, maker.entries)
    (folder / made.path).write_bytes(made.to_bytes())
    facts = {
        "path": made.path,
        "number": 1,
        "head_sha256": made.head_sha256,
        "root": b64(made.root),
        "size": len(made.entries),
    }
    maker.line("manifest", facts)
    maker.sign()
    (folder / "journal.jsonl").write_bytes(b"".join(maker.journal))
    (folder / "checkpoints").write_text("".join(maker.notes), "utf-8")
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    return {"bytes": size, "files": len(files), "lines": maker.tree.size, "checkpoints": len(maker.notes)}


def timed(command: list[str], names: bytes | None = None) -> dict[str, float]:
    """Wall clock and CPU seconds of a command that must succeed; ``names`` go to its standard input."""
    before, began = os.times(), time.monotonic()
    subprocess.run(command, input=names, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.monotonic() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": round(wall, 2), "cpu_s": round(cpu, 2)}


def main() -> int:
    """Make, measure, tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one object")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hattama-verify-") as name:
        folder = Path(name) / HEARING
        folder.mkdir()
        record = make(folder, given.hours)
        names = b"".join(bytes(path) + b"\0" for path in folder.rglob("*") if path.is_file())
        commands: dict[str, tuple[list[str], bytes | None]] = {
            "sha256sum": (["xargs", "-0", "sha256sum"], names),
            "hattama": (
                [str(Path(sys.executable).parent / "hattama"), "verify", str(folder), "--trust", SIGNER.key.text],
                None,
            ),
        }
        if shutil.which("openssl"):
            commands["openssl"] = (["xargs", "-0", "openssl", "dgst", "-sha256"], names)
        timed(*commands["sha256sum"])
        runs = [{tool: timed(*command) for tool, command in commands.items()} for _ in range(given.runs)]
    ratios = {
        tool: round(statistics.median(run["hattama"]["wall_s"] / run[tool]["wall_s"] for run in runs), 2)
        for tool in commands
        if tool != "hattama"
    }
    told = {"machine": machine(), "hours": given.hours, "record": record, "runs": runs, "ratio": ratios}
    print(json.dumps(told) if given.json else "\n".join(f"{key}: {value}" for key, value in told.items()))
    return 1 if ratios["sha256sum"] > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
