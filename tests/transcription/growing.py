"""A record that grows as it does while a hearing is recorded: the files of a whole one, given out fragment by fragment."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.transcription.courtroom import SECOND, START_US, Courtroom

FRAGMENT_S = 0.25


def fragments(data: bytes) -> list[int]:
    """Where each whole fragment of a fragmented MP4 ends; the first has the head before it."""
    ends, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        at += size
        if kind == b"mdat":
            ends.append(at)
    return ends


@dataclass
class Growing:
    """What stands on the disk at a moment of the hearing.

    Attributes:
        whole: the record at its end.
        folder: where it grows.
    """

    whole: Courtroom
    folder: Path
    _journal: list[tuple[float, bytes]] = field(default_factory=list)
    _files: list[tuple[float, Path, bytes]] = field(default_factory=list)
    _at: float = -1.0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        due = 0.0
        for raw in (self.whole.folder / "journal.jsonl").read_bytes().splitlines(keepends=True):
            line = json.loads(raw)
            due = max(due, self._due(line))
            self._journal.append((due, raw))
            if line["type"] == "segment":
                self._grow(line["data"])
        self._files.sort(key=lambda item: item[0])

    @staticmethod
    def _due(line: dict[str, Any]) -> float:
        """When a line is journalled, seconds from the start."""
        data = line["data"]
        return {
            "take_started": lambda: seconds(data["start_us"]),
            "segment": lambda: seconds(data["end_us"]),
            "take_ended": lambda: seconds(data["end_us"]),
        }.get(line["type"], lambda: 0.0)()

    def _grow(self, data: dict[str, Any]) -> None:
        whole = (self.whole.folder / data["path"]).read_bytes()
        first = 0
        for number, end in enumerate(fragments(whole), 1):
            due = min(seconds(data["end_us"]), seconds(data["start_us"]) + number * FRAGMENT_S)
            self._files.append((due, self.folder / data["path"], whole[first:end]))
            first = end
        self._files.append((seconds(data["end_us"]), self.folder / data["path"], whole[first:]))

    def until(self, at: float) -> None:
        """Let it grow to this moment, seconds from the start."""
        for due, path, data in self._files:
            if self._at < due <= at:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as file:
                    file.write(data)
        with (self.folder / "journal.jsonl").open("ab") as journal:
            for due, raw in self._journal:
                if self._at < due <= at:
                    journal.write(raw)
        self._at = at


def seconds(at_us: int) -> float:
    """Seconds from the start of the hearing."""
    return (at_us - START_US) / SECOND
