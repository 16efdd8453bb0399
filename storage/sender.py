"""One record on its way to the archive.

Each :meth:`Sender.step` sends what is new, in this order: journal up to the last checkpoint, checkpoints, then every file that the
journal names (closed segments, manifests, transcripts, protocols) in the order in which it names them. Everything is a PUT that
may be repeated; what was sent is asked of the archive, never remembered from before a restart, an error or a refusal, and a file
counts as sent only under the digest that the journal gave it.

Recorded files go straight to the archive's bucket where it gives tickets (:mod:`storage.by_ticket`), and to the archive itself where
it gives none or one does not work; such a file counts as sent when the archive has found it.

Files go several at a time (:mod:`storage.lanes`). Between two pieces of a body, and before each file, the :class:`~storage.way.Way` is asked: it
keeps the rate, sends what is more urgent meanwhile (:meth:`Sender.urgent` of a hearing that runs), and tells a record that can
wait to give way.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path

import structlog

from protocol.closed import MAGIC
from protocol.encoding import b64, check_path, unb64
from protocol.hearing import State
from protocol.record import CHECKPOINTS, JOURNAL
from storage import lanes
from storage.by_ticket import BATCH, ByTicket
from storage.chunks import Chunk, Tail, next_chunk, sent_chunks
from storage.client import ArchiveClient
from storage.errors import Diverged, FileAltered, UploadError
from storage.tickets import Announced
from storage.way import Free, Way

log = structlog.get_logger("storage.uploader")

CHUNK_S = 5.0  # seconds between two journal chunks while the hearing runs


class Progress(StrEnum):
    """How far a record is."""

    RUNNING = "running"  # the hearing is open, or a seal is still to come
    GAVE_WAY = "gave-way"  # something else is more urgent, or it is not the hour: the next step goes on
    SENT = "sent"  # everything is at the archive, and the last seal covers it
    INCOMPLETE = "incomplete"  # everything that can be sent was sent; a file is missing or altered here, or withheld


@dataclass(frozen=True)
class Wanted:
    """A file that the journal names.

    Attributes:
        path, bytes, sha256: as the journal says; of a manifest only the path.
        end_us: of a segment: when its capture ended, UTC µs.
        closed: of a take that is closed to the public.
    """

    path: str
    bytes: int | None
    sha256: str | None
    end_us: int | None = None
    closed: bool = False


@dataclass(frozen=True)
class Left:
    """What is still here.

    Attributes:
        bytes: that have not been sent.
        lag_s: seconds since the capture of the oldest segment that has not been sent ended; 0 where there is none.
    """

    bytes: int
    lag_s: float


class Sender:
    """Sends one record.

    Args:
        folder: of the record.
        client: the archive.
        clock: monotonic seconds.
        way: shared with other records.
    """

    def __init__(
        self,
        folder: Path,
        client: ArchiveClient,
        clock: Callable[[], float] = time.monotonic,
        way: Way | None = None,
    ) -> None:
        self.folder = folder
        self.tail = Tail(folder)
        self._client = client
        self._clock = clock
        self._way: Way = way or Free()
        self._by_ticket = ByTicket(client, clock)
        self._held: Mapping[str, str] | None = None
        self._chunks: dict[str, list[Chunk]] = {JOURNAL: [], CHECKPOINTS: []}
        self._sent_at = float("-inf")
        self._sent: set[str] = set()
        self._bad: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()

    @property
    def hearing(self) -> str:
        """Identifier of the hearing; empty before line 0 was read."""
        return self.tail.view.hearing

    @property
    def runs(self) -> bool:
        """Whether the hearing is not over."""
        return self.tail.view.state.is_open

    def forget(self) -> None:
        """Believe nothing of what the archive said so far: the next step asks again, and tries again what could not be sent."""
        self._held = None
        self._by_ticket.reset()

    def step(self) -> Progress:
        """Send what is new.

        Raises:
            UploadError: this or something later was not sent; the step may be repeated.
            ProtocolError: the journal on this box is malformed.
        """
        if not self._ready():
            return Progress.RUNNING
        try:
            self._send_chunks()
            if not self._send_files() or self.has_files():  # left over: what was put by ticket and not found
                return Progress.GAVE_WAY
        except UploadError:
            self.forget()  # whether the last one arrived is not known
            raise
        if not self.sealed:
            return Progress.RUNNING
        return Progress.INCOMPLETE if self._bad else Progress.SENT

    def urgent(self) -> None:
        """Send journal and checkpoints of a hearing that runs, if it is time; called in the middle of other bodies."""
        if not self._ready() or not self.runs:
            return
        try:
            self._send_chunks()
        except UploadError:
            self.forget()
            raise

    def has_files(self) -> bool:
        """Whether a file waits to be sent."""
        return self._held is not None and any(not self._is_settled(wanted) for wanted in self._wanted())

    def left(self, now_us: int) -> Left:
        """What is still here at a time, UTC µs."""
        total, oldest = 0, now_us
        for wanted in self._wanted():
            if not self._is_settled(wanted):
                total += wanted.bytes if wanted.bytes is not None else _size(self.folder / wanted.path)
                oldest = min(oldest, wanted.end_us or now_us)
        for name in self._chunks:
            total += max(0, _size(self.folder / name) - (self._chunks[name][-1].end if self._chunks[name] else 0))
        return Left(total, (now_us - oldest) / 1_000_000)

    @property
    def asked(self) -> bool:
        """Whether it is known what the archive holds."""
        return self._held is not None

    @property
    def kept(self) -> int:
        """Files that cannot be sent as they are."""
        return len(self._bad)

    @property
    def sealed(self) -> bool:
        """Whether capture has ended, a checkpoint covers every line and a seal every revision."""
        view = self.tail.view
        if self.runs or not view.manifests or self.tail.signed != len(self.tail.line_ends):
            return False
        return all(item.seq < view.manifests[-1].seq for item in view.revisions)

    @property
    def drafted(self) -> bool:
        """Whether the brief protocol was drafted."""
        return self.tail.view.state in (State.DRAFTED, State.CERTIFIED, State.ARCHIVED)

    def _ready(self) -> bool:
        """Take in what the recorder wrote; False as long as there is nothing to send."""
        self.tail.read()
        if not self.hearing or not self.tail.cuts:
            return False
        if self._held is None:
            self._ask()
        return True

    def _ask(self) -> None:
        held = self._client.held(self.hearing)
        for name, cuts in self._cuts().items():
            self._chunks[name] = sent_chunks(self.folder / name, name, cuts, held)
        self._held = held
        self._sent.clear()
        self._bad.clear()

    def _cuts(self) -> dict[str, list[int]]:
        return {JOURNAL: self.tail.cuts, CHECKPOINTS: self.tail.note_ends}

    def _send_chunks(self) -> None:
        if self.runs and self._clock() - self._sent_at < CHUNK_S:
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
        for item in view.segments:
            take = view.takes.get(item.take)
            closed = "closed" in (item.publicity, take.publicity if take else "")
            yield Wanted(item.path, item.bytes, item.sha256, item.end_us, closed)
        for revision in view.revisions:
            yield Wanted(revision.path, revision.bytes, revision.sha256)
        for seal in view.manifests:
            yield Wanted(seal.path, None, None)
        for stamp in view.timestamps:
            yield Wanted(str(stamp["path"]), stamp["bytes"], stamp["sha256"])

    def _send_files(self) -> bool:
        """Send what is missing; False if it gave way to something else."""
        gave_way, asked = False, Future[None]()
        asked.set_result(None)

        def jobs() -> Iterator[Callable[[], None]]:
            nonlocal gave_way, asked
            unsettled = (wanted for wanted in self._wanted() if not self._is_settled(wanted))
            if gave_way := self._way.gives_way(self.runs):
                return
            part = list(islice(unsettled, BATCH))
            asked = asker.submit(self._ask_tickets, part)
            while part:
                following = list(islice(unsettled, BATCH))
                asked.result()
                asked = asker.submit(self._ask_tickets, following)  # while this part is under way
                for wanted in part:
                    if gave_way := self._way.gives_way(self.runs):
                        return
                    if self._by_ticket.is_due:
                        asked.result()
                        asked = asker.submit(self._ask_tickets, ())
                    yield partial(self._send_file, wanted)
                part = following

        with ThreadPoolExecutor(1, thread_name_prefix="tickets") as asker:
            lanes.run(jobs(), self._way.lanes, self._way.idle)
            asked.result()
        self._ask_tickets(())
        return not gave_way

    def _ask_tickets(self, part: Sequence[Wanted]) -> None:
        """For the next files; and what was put by ticket is sent where the archive has found it."""
        files = {
            wanted.path: Announced(wanted.bytes, unb64(wanted.sha256, 32))
            for wanted in part
            if wanted.bytes and wanted.sha256
        }
        for path in self._by_ticket.ask(self.hearing, files):
            self._sent.add(path)
            log.info("file sent", action="file_sent", hearing=self.hearing, path=path, by="ticket")

    def _is_settled(self, wanted: Wanted) -> bool:
        """Whether it is at the archive, or can never be sent as it is."""
        path = wanted.path
        if path in self._sent or path in self._bad:
            return True
        if wanted.sha256 is not None and self._held is not None and self._held.get(path) == wanted.sha256:
            self._sent.add(path)
            return True
        return False

    def _send_file(self, wanted: Wanted) -> None:
        file = self.folder / check_path(wanted.path)
        size = file.stat().st_size if file.is_file() else None
        if size is None or wanted.bytes not in (None, size):
            self._give_up(wanted.path, "is missing" if size is None else f"has {size} bytes, not {wanted.bytes}")
            return
        if wanted.closed and not _is_encrypted(file):
            self._withhold(wanted.path)
            return
        sha256 = unb64(wanted.sha256, 32) if wanted.sha256 else _digest(file, 0, size)
        if self._by_ticket.send(wanted.path, Announced(size, sha256), file, self._way.between):
            return
        try:
            new = self._client.put(self.hearing, wanted.path, file, (0, size), sha256, self._way.between)
        except FileAltered:
            if b64(_digest(file, 0, size)) != b64(sha256):
                self._give_up(wanted.path, "has another SHA-256 than the journal says")
                return
            raise  # the file is right: the bytes were changed on the way
        except Diverged as error:
            self._give_up(wanted.path, f"is another one at the archive: {error}")
            return
        self._sent.add(wanted.path)
        log.info("file sent", action="file_sent", hearing=self.hearing, path=wanted.path, bytes=size, new=new)

    def _give_up(self, path: str, what: str) -> None:
        """The others go on: what is left of a damaged record must leave the room too."""
        self._keep(path, "file_damaged", what, FileAltered.advice)

    def _withhold(self, path: str) -> None:
        """Words said in camera never leave the box in the clear, whatever else is wrong."""
        advice = "Keep the box where it is. What was recorded in camera was not encrypted: tell the administrator."
        self._keep(path, "finding", "closed-unencrypted: of a closed take, and not encrypted; it is not sent", advice)

    def _keep(self, path: str, action: str, what: str, advice: str) -> None:
        self._bad[path] = what
        if (path, what) not in self._told:  # once, and not each time that the archive is asked again
            log.error("file not sent", action=action, hearing=self.hearing, path=path, what=what, advice=advice)
        self._told.add((path, what))


def _is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _digest(path: Path, start: int, end: int) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left and (piece := file.read(min(1 << 20, left))):
            digest.update(piece)
            left -= len(piece)
    return digest.digest()
