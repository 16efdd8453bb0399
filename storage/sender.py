"""One record on its way to the archive.

Each :meth:`Sender.step` sends what is new, in this order: journal up to the last checkpoint, checkpoints, then every file that the
journal names (closed segments, manifests, transcripts, protocols) in the order in which it names them. Everything is a PUT that
may be repeated; what was sent is asked of the archive, never remembered from before a restart.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from protocol.encoding import b64, check_path, unb64
from protocol.hearing import State
from protocol.record import CHECKPOINTS, JOURNAL
from storage.chunks import Chunk, Tail, next_chunk, sent_chunks
from storage.client import ArchiveClient
from storage.errors import FileAltered, UploadError

log = structlog.get_logger("storage.uploader")

CHUNK_S = 5.0  # seconds between two journal chunks while the hearing runs


class Progress(StrEnum):
    """How far a record is."""

    RUNNING = "running"  # the hearing is open, or a seal is still to come
    SENT = "sent"  # everything is at the archive, and the last seal covers it
    INCOMPLETE = "incomplete"  # everything that can be sent was sent; a file is missing or altered here


@dataclass(frozen=True)
class Wanted:
    """A file that the journal names."""

    path: str
    bytes: int | None
    sha256: str | None


class Sender:
    """Sends one record.

    Args:
        folder: of the record.
        client: the archive.
        clock: monotonic seconds.
    """

    def __init__(self, folder: Path, client: ArchiveClient, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self.tail = Tail(folder)
        self._client = client
        self._clock = clock
        self._held: set[str] | None = None
        self._chunks: dict[str, list[Chunk]] = {JOURNAL: [], CHECKPOINTS: []}
        self._sent_at = float("-inf")
        self._bad: set[str] = set()

    @property
    def hearing(self) -> str:
        """Identifier of the hearing; empty before line 0 was read."""
        return self.tail.view.hearing

    def step(self) -> Progress:
        """Send what is new.

        Raises:
            UploadError: this or something later was not sent; the step may be repeated.
            ProtocolError: the journal on this box is malformed.
        """
        self.tail.read()
        if not self.hearing or not self.tail.cuts:
            return Progress.RUNNING
        try:
            if self._held is None:
                self._ask()
            self._send_chunks()
            for wanted in self._wanted():
                self._send_file(wanted)
        except UploadError:
            self._held = None  # whether the last one arrived is not known: ask again
            raise
        if not self.sealed:
            return Progress.RUNNING
        return Progress.INCOMPLETE if self._bad else Progress.SENT

    @property
    def sealed(self) -> bool:
        """Whether capture has ended, a checkpoint covers every line and a seal every revision."""
        view = self.tail.view
        if view.state.is_open or not view.manifests or self.tail.signed != len(self.tail.line_ends):
            return False
        return all(item.seq < view.manifests[-1].seq for item in view.revisions)

    @property
    def drafted(self) -> bool:
        """Whether the brief protocol was drafted."""
        return self.tail.view.state in (State.DRAFTED, State.CERTIFIED, State.ARCHIVED)

    def _ask(self) -> None:
        held = self._client.held(self.hearing)
        for name, cuts in self._cuts().items():
            self._chunks[name] = sent_chunks(self.folder / name, name, cuts, held)
        self._held = set(held)

    def _cuts(self) -> dict[str, list[int]]:
        return {JOURNAL: self.tail.cuts, CHECKPOINTS: self.tail.note_ends}

    def _send_chunks(self) -> None:
        if self.tail.view.state.is_open and self._clock() - self._sent_at < CHUNK_S:
            return
        for name, cuts in self._cuts().items():
            while chunk := next_chunk(name, cuts, self._chunks[name]):
                file, span = self.folder / name, (chunk.start, chunk.end)
                self._client.put(self.hearing, chunk.path, file, span, _digest(file, *span))
                self._chunks[name].append(chunk)
                log.info(
                    "chunk sent", action="chunk_sent", hearing=self.hearing, path=chunk.path, bytes=span[1] - span[0]
                )
        self._sent_at = self._clock()

    def _wanted(self) -> Iterator[Wanted]:
        view = self.tail.view
        for segment in view.segments:
            yield Wanted(segment.path, segment.bytes, segment.sha256)
        for item in view.revisions:
            yield Wanted(item.path, item.bytes, item.sha256)
        for seal in view.manifests:
            yield Wanted(seal.path, None, None)

    def _send_file(self, wanted: Wanted) -> None:
        held = self._held
        if held is None or wanted.path in held or wanted.path in self._bad:
            return
        file = self.folder / check_path(wanted.path)
        size = file.stat().st_size if file.is_file() else None
        if size is None or wanted.bytes not in (None, size):
            self._give_up(wanted.path, "is missing" if size is None else f"has {size} bytes, not {wanted.bytes}")
            return
        sha256 = unb64(wanted.sha256, 32) if wanted.sha256 else _digest(file, 0, size)
        try:
            new = self._client.put(self.hearing, wanted.path, file, (0, size), sha256)
        except FileAltered:
            if b64(_digest(file, 0, size)) != b64(sha256):
                self._give_up(wanted.path, "has another SHA-256 than the journal says")
                return
            raise  # the file is right: the bytes were changed on the way
        held.add(wanted.path)
        log.info("file sent", action="file_sent", hearing=self.hearing, path=wanted.path, bytes=size, new=new)

    def _give_up(self, path: str, what: str) -> None:
        """The others go on: what is left of a damaged record must leave the room too."""
        self._bad.add(path)
        advice = FileAltered.advice
        log.error("file damaged", action="file_damaged", hearing=self.hearing, path=path, what=what, advice=advice)


def _digest(path: Path, start: int, end: int) -> bytes:
    value = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left and (piece := file.read(min(1 << 20, left))):
            left -= len(piece)
            value.update(piece)
    return value.digest()
