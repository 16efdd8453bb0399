"""How the files of an import lie on the hearing's clock: takes, names of tracks, room that is needed. Pure.

A file begins when its metadata say (``creation_time``, UTC); else its last change less its length, since a recorder closes a
file when the recording ends. Files that overlap are one take; those that follow each other are takes in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from recorder.import_probe import FilePlan, StreamPlan

#: Names of the ways in which a start is known.
STATED, CREATED, CHANGED = "stated", "creation_time", "last_change"


class InputFacts(Protocol):
    """What is known of a file without looking into it."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def bytes(self) -> int:
        """Its length."""
        ...

    @property
    def changed_us(self) -> int:
        """When it was last written, UTC µs."""
        ...


@dataclass(frozen=True)
class TrackPlan:
    """A source made of one channel or picture of one file."""

    source: str
    label: str
    stream: StreamPlan
    channel: int


@dataclass(frozen=True)
class FileOnClock:
    """A file placed in time.

    Attributes:
        plan: what it holds.
        number: of the file, from 0, in the order given.
        start_us: when it begins; `start_from`: how that is known.
        take: ``T01`` …
        tracks: its sources, in the order of streams and channels.
    """

    plan: FilePlan
    number: int
    start_us: int
    start_from: str
    take: str
    tracks: tuple[TrackPlan, ...]

    @property
    def zero_us(self) -> int:
        """Hearing's clock of the file's own time 0."""
        return self.start_us - self.plan.begin_us

    def declared_end_us(self, stream: StreamPlan | None) -> int | None:
        """When a stream, or (None) the whole file, should end, if the file says so and does not guess."""
        length_us = (None if self.plan.estimated else self.plan.length_us) if stream is None else stream.length_us
        return None if length_us is None else self.start_us + length_us

    def order(self) -> dict[str, Any]:
        """What the reading process is told."""
        names = [[track.source for track in self.tracks if track.stream is stream] for stream in self.plan.streams]
        return {"take": self.take, "zero_us": self.zero_us, "names": names}


@dataclass(frozen=True)
class Arrangement:
    """All files on the hearing's clock, in the order given."""

    files: tuple[FileOnClock, ...]

    @property
    def start_us(self) -> int:
        """When the earliest begins."""
        return min(file.start_us for file in self.files)

    @property
    def sources(self) -> dict[str, TrackPlan]:
        """Every source by name, in order."""
        return {track.source: track for file in self.files for track in file.tracks}

    @property
    def takes(self) -> dict[str, tuple[FileOnClock, ...]]:
        """Files by take, in order of time."""
        names = sorted({file.take for file in self.files})
        return {name: tuple(file for file in self.files if file.take == name) for name in names}


def arrange(plans: Sequence[FilePlan], files: Sequence[InputFacts], start_us: int | None) -> Arrangement:
    """Place the files.

    Args:
        plans: what they hold.
        files: the files.
        start_us: when the earliest begins; the others keep their distance to it. None: as the files say.
    """
    starts = [_start(plan, file) for plan, file in zip(plans, files, strict=True)]
    shift = 0 if start_us is None else start_us - min(at for at, _ in starts)
    placed = [(at + shift, STATED if start_us is not None else how) for at, how in starts]
    takes = _takes([at for at, _ in placed], plans)
    return Arrangement(
        tuple(
            FileOnClock(plan, number, at, how, takes[number], _tracks(plan, number, len(plans), file.path.name))
            for number, (plan, file, (at, how)) in enumerate(zip(plans, files, placed, strict=True))
        )
    )


def space_needed(arrangement: Arrangement, files: Sequence[InputFacts]) -> int:
    """Bytes the record may take at most: sound as if it did not compress, pictures as long as the file and half as much again."""
    total = 0
    for placed, file in zip(arrangement.files, files, strict=True):
        seconds = (placed.plan.length_us or 0) // 1_000_000 + 1
        for stream in placed.plan.streams:
            if stream.media == "audio":
                total += stream.channels * stream.rate * (3 if stream.wide else 2) * seconds
            else:
                total += file.bytes * 3 // 2
    return total


def _start(plan: FilePlan, file: InputFacts) -> tuple[int, str]:
    if plan.created_us is not None:
        return plan.created_us, CREATED
    return file.changed_us - (plan.length_us or 0), CHANGED


def _takes(starts: Sequence[int], plans: Sequence[FilePlan]) -> list[str]:
    names = [""] * len(starts)
    number, end = 0, None
    for index in sorted(range(len(starts)), key=lambda i: starts[i]):
        if end is None or starts[index] >= end:
            number += 1
        length = plans[index].length_us
        end = max(
            end or 0, starts[index] + (2**52 if length is None else length)
        )  # no length known: nothing follows it
        names[index] = f"T{number:02d}"
    return names


def _tracks(plan: FilePlan, number: int, files: int, file_name: str) -> tuple[TrackPlan, ...]:
    found: list[TrackPlan] = []
    prefix = f"file{number + 1}-" if files > 1 else ""
    kinds = {media: sum(stream.media == media for stream in plan.streams) for media in ("audio", "video")}
    seen = {"audio": 0, "video": 0}
    for stream in plan.streams:
        seen[stream.media] += 1
        name = f"{prefix}{stream.media}" + (f"-{seen[stream.media]}" if kinds[stream.media] > 1 else "")
        label = " ".join(filter(None, (printable(file_name), stream.title, stream.language and f"({stream.language})")))
        for channel in range(stream.channels):
            own = f"{name}-{channel + 1}" if stream.channels > 1 else name
            found.append(TrackPlan(own, label + (f", {channel + 1}" if stream.channels > 1 else ""), stream, channel))
    return tuple(found)


def printable(name: str) -> str:
    """A file's name as it may stand in a journal: no control or direction characters, no lone surrogates."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[-120:]
