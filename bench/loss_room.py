"""The sources of one lane in a process of their own, warm for as long as the lane lives.

Microphones and cameras do not wait for the machine that records them: the process has priority over everything that the bench
and the recorder do, and counts how late it was all the same. What it handed over is read from shared memory at the moment of a
disaster, without asking it.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from pathlib import Path

from bench.loss_sources import CAMERA, CHANNELS, Camera, Microphones
from bench.machine import raise_session

#: Before the recorder's own (-10); only root may.
_NICE = -15


@dataclass(frozen=True)
class Remote:
    """A source of the other process.

    Attributes:
        url: its address.
        rate: units a second.
        start: monotonic time of unit 0, s.
    """

    url: str
    rate: int
    start: float
    counts: MutableSequence[int]

    @property
    def handed(self) -> int:
        """The number after the last unit that a listener was given."""
        return self.counts[0]

    @property
    def late_s(self) -> float:
        """By how much at most a unit was handed over later than it was due since :meth:`begin`."""
        return self.counts[1] / 1e6

    def begin(self) -> None:
        """Count anew."""
        self.counts[1] = 0


@dataclass(frozen=True)
class Room:
    """The microphones and the camera of a lane."""

    microphones: Remote
    camera: Remote

    @property
    def by_track(self) -> dict[str, Remote]:
        """Where each track comes from."""
        return {**dict.fromkeys(CHANNELS, self.microphones), CAMERA: self.camera}

    def handed(self) -> dict[str, int]:
        """By track, the number that comes next."""
        return {track: source.handed for track, source in self.by_track.items()}

    def begin(self) -> None:
        """Count lateness anew."""
        self.microphones.begin()
        self.camera.begin()

    @property
    def late_s(self) -> float:
        """The worse of both."""
        return max(self.microphones.late_s, self.camera.late_s)


@contextmanager
def room(clip: Path) -> Iterator[Room]:
    """Both sources in a process of their own, for as long as the block runs.

    Args:
        clip: of bench.loss_sources.make_clip.
    """
    spawn = multiprocessing.get_context("spawn")
    counts = (RawArray("q", 2), RawArray("q", 2))
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(clip, counts, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        places: list[tuple[str, int, float]] = ours.recv()
        remote = (Remote(url, rate, start, count) for (url, rate, start), count in zip(places, counts, strict=True))
        yield Room(*remote)
    finally:
        ours.close()
        process.join(30)
        if process.is_alive():
            process.kill()


def _serve(clip: Path, counts: tuple[MutableSequence[int], MutableSequence[int]], pipe: Connection) -> None:
    """Until the other end of the pipe is closed."""
    os.setsid()
    raise_session(os.getpid(), _NICE)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    sources = (Microphones(counts[0]), Camera(clip, counts[1]))
    pipe.send([(source.url, source.rate, source.start) for source in sources])
    with suppress(EOFError):
        pipe.recv()
    for source in sources:
        source.close()
