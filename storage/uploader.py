"""The uploader: watches the records of this box and sends them to the archive while the hearing goes on.

It reads the record on disk and writes nothing but ``receipt.json``, and that only when no recorder daemon runs. It can be killed
at any moment: after a restart it asks the archive what it holds (:mod:`storage.sender`).

By need: journal and checkpoints of a hearing that runs, every 5 s, also in the middle of another file, at any hour; its closed
segments; then the others, which give way after each file. Files are sent in lanes of their own (:mod:`storage.lanes`); all else
is done by one thread, which looks for what is urgent while they are under way.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

import structlog

from device_config.settings import Settings
from protocol.encoding import utc_us
from protocol.errors import ProtocolError
from protocol.hearing import State
from storage import lanes
from storage.client import ArchiveClient
from storage.done import Done
from storage.errors import BadReceipt, NoArchive, NotVerified, RecorderBusy, Refused, StorageError, Unreachable
from storage.handover import RECEIPT, hand_over
from storage.pacing import Cap, Hours
from storage.receipt import Receipt
from storage.sender import Progress, Sender
from storage.signed_requests import RequestSigner
from storage.stamping import stamp_now, stamping
from storage.telling import Teller, Told
from web.i18n import COURT_ZONE

log = structlog.get_logger("storage.uploader")

POLL_S = 1.0
LANES = 8
DRAFT_WAIT_S = 3600.0  # a finished hearing without a draft gets its receipt after this
BACKOFF_S = (1.0, 60.0)  # first and longest pause when the archive does not answer
REFUSED_S = 300.0  # pause of a record that the archive refused
_TROUBLE = (StorageError, ProtocolError, OSError, sqlite3.Error)  # the last: a full disk refuses the list


@dataclass
class Job:
    """A record that is being sent."""

    sender: Sender
    received: int = 0  # number of the last seal that has a receipt
    not_before: float = 0.0  # monotonic seconds
    pauses: int = 0
    trouble: str = field(default="")
    gave_way: bool = False  # there was more to send
    silent_since_us: int | None = None  # when the archive stopped answering
    refused: bool = False


class Uploader:
    """Sends every record of this box; it is the :class:`storage.way.Way` that they share.

    Args:
        settings: of the box; ``archive.url`` must be set.
        client: the archive; made from the settings by default.
        now: also give receipts to finished hearings without a draft at once.
        clock: monotonic seconds.
        wall: seconds since 1970, UTC.
        sleep: waits for seconds.
        lanes: files of one record that are sent at once.

    Raises:
        NoArchive: no address of an archive is set, or nothing to name the box by.
    """

    def __init__(
        self,
        settings: Settings,
        client: ArchiveClient | None = None,
        *,
        now: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        lanes: int = LANES,
    ) -> None:
        self._settings = settings
        self._now = now
        self._clock = clock
        self._wall = wall
        self._sleep = sleep
        self.lanes = lanes
        rate = settings.archive.rate_kib
        self._cap = Cap(rate * 1024 if rate else None)
        self._hours = Hours.of(settings.archive.hours)
        self._client = client or client_of(settings)
        self._done = Done(settings.state_dir / "uploader.sqlite")
        self._jobs: dict[Path, Job] = {}
        self._looked_at = self._went_on_at = float("-inf")
        self._receiving: Path | None = None  # whose receipt is asked for; one at a time, whatever goes on meanwhile
        self._teller = Teller(settings.socket, clock)

    def close(self) -> None:
        """Close connections and files."""
        self._client.close()
        self._done.close()

    def run(self, stop: threading.Event) -> None:
        """Send until told to stop."""
        log.info("uploader started", action="started", archive=self._settings.archive.url)
        while not stop.is_set():
            self.tick()
            stop.wait(POLL_S)
        log.info("uploader stopped", action="stopped")

    def tick(self) -> None:
        """Look at every record, running hearings first, until nothing is left that may be sent now."""
        while self._pass():
            pass

    def _pass(self) -> bool:
        """Look at every record once; True if one gave way to another."""
        self._find()
        for folder, job in self._ranked():
            if self._clock() < job.not_before:
                continue
            if not self._serve(folder, job):
                return False  # the archive does not answer: the others need not try
            if job.gave_way and self._allowed():
                return True
        return False

    def _find(self) -> None:
        self._looked_at = self._clock()
        for folder in self._settings.hearings.glob("*"):
            if folder not in self._jobs and (folder / "journal.jsonl").is_file() and not self._is_done(folder):
                self._jobs[folder] = Job(Sender(folder, self._client, self._clock, self))

    def _ranked(self) -> list[tuple[Path, Job]]:
        return sorted(self._jobs.items(), key=lambda item: _rank(item[1]))

    # What the records ask of the way

    def between(self, count: int) -> None:
        """Wait for the cap; where there is but one lane, send meanwhile what cannot wait."""
        if self.lanes == 1:
            self._urgent()
        wait = self._cap.reserve(count, self._clock())
        while wait > 0:
            self._sleep(min(wait, POLL_S))
            wait -= POLL_S
            if self.lanes == 1:
                self._urgent()

    def idle(self) -> None:
        """Send what cannot wait."""
        self._urgent()

    def gives_way(self, running: bool) -> bool:
        """Whether it is not the hour, or a hearing that runs has files of its own to send."""
        self._urgent()
        if not self._allowed():
            return True
        return not running and any(job.sender.runs and job.sender.has_files() for job in self._able())

    def _allowed(self) -> bool:
        """Whether the settings let files be sent now; the hours are the court's."""
        return self._hours.allow(datetime.fromtimestamp(self._wall(), UTC).astimezone(COURT_ZONE).time())

    def _able(self) -> list[Job]:
        return [job for job in self._jobs.values() if self._clock() >= job.not_before]

    def _urgent(self) -> None:
        """Once a second: new records, journal and checkpoints of hearings that run. Trouble stays with its own record."""
        if self._clock() - self._looked_at < POLL_S:
            return
        self._find()
        for job in self._able():
            try:
                if job.sender.runs or not job.sender.hearing:
                    job.sender.urgent()
            except _TROUBLE as error:
                self._trouble(job, error)
            self._tell(job)

    def _is_done(self, folder: Path) -> bool:
        """Whether the list says so; a list that cannot be read costs the archive a question, never a record its way."""
        try:
            return self._done.is_done(folder)
        except (OSError, sqlite3.Error) as error:
            log.warning("list of what is done unreadable", action="done_unreadable", record=folder.name, error=str(error))
            return False

    def _serve(self, folder: Path, job: Job) -> bool:
        """One step of one record; False if the archive does not answer."""
        try:
            self._advance(folder, job)
        except _TROUBLE as error:
            self._trouble(job, error)
            self._tell(job)
            return not isinstance(error, Unreachable)
        job.pauses, job.trouble, job.silent_since_us, job.refused = 0, "", None, False
        self._tell(job, last=folder not in self._jobs)
        return True

    def _tell(self, job: Job, *, last: bool = False) -> None:
        """Tell the recorder how far the record is, for the pages; whether it hears makes no difference to the upload."""
        sender = job.sender
        if not last and not self._teller.is_due(sender.hearing, running=sender.runs):
            return
        troubled = job.silent_since_us is not None or job.refused
        if not troubled and not sender.asked:
            return
        left = sender.left(int(self._wall() * 1_000_000))
        told = Told(left.bytes, max(0, int(left.lag_s)), sender.kept, job.silent_since_us, job.refused)
        self._teller.tell(sender.hearing, told)
        if last:
            self._teller.forget(sender.hearing)

    def _trouble(self, job: Job, error: Exception) -> None:
        """What is wrong keeps this record waiting; then the archive is asked anew what it holds."""
        seconds = REFUSED_S
        if isinstance(error, Unreachable):
            # The exponent is bounded too: an archive that is away for a day makes a number no float can hold.
            seconds = min(BACKOFF_S[1], BACKOFF_S[0] * 2 ** min(job.pauses, 10)) * random.uniform(0.8, 1.2)  # noqa: S311
        job.sender.forget()
        job.gave_way = False
        if isinstance(error, Unreachable) and not isinstance(error, RecorderBusy):
            job.silent_since_us = job.silent_since_us or int(self._wall() * 1_000_000)
        job.refused = isinstance(error, Refused | NotVerified)
        job.pauses, job.not_before = job.pauses + 1, self._clock() + seconds
        if str(error) != job.trouble:  # once for each cause, not once a minute for three days
            code, advice = getattr(error, "code", "os"), getattr(error, "advice", "")
            log.error(str(error), action="upload_failed", hearing=job.sender.hearing, code=code, advice=advice)
        job.trouble = str(error)

    def _advance(self, folder: Path, job: Job) -> None:
        sender = job.sender
        progress = sender.step()
        job.gave_way = progress is Progress.GAVE_WAY
        if progress in (Progress.RUNNING, Progress.GAVE_WAY) or self._receiving is not None or not self._is_due(sender):
            return
        seal = sender.tail.view.manifests[-1].number
        if job.received < seal:
            work = partial(receive, self._settings, sender, self._client)
            self._receiving = folder
            try:
                lanes.run(iter([work]), min(self.lanes, 2), self._meanwhile)
            finally:
                self._receiving = None
            job.received = seal
        if self._done.mark(folder, sender.tail.line_ends[-1]):
            del self._jobs[folder]

    def _meanwhile(self) -> None:
        """While the archive verifies a record for its receipt, which may take minutes, hearings that run go on."""
        self._urgent()
        if self._clock() - self._went_on_at >= POLL_S:
            self._went_on_at = self._clock()
            for folder, job in self._ranked():
                if folder != self._receiving and job.sender.runs and self._clock() >= job.not_before:
                    self._serve(folder, job)

    def _is_due(self, sender: Sender) -> bool:
        """Whether it is time to ask for the receipt: drafted, or nobody drafts."""
        view = sender.tail.view
        if sender.drafted or self._now:
            return True
        waited = self._wall() - utc_us(view.state_at) / 1_000_000
        return view.state is State.FINISHED and waited >= DRAFT_WAIT_S


def _rank(job: Job) -> tuple[bool, str]:
    return not job.sender.runs, job.sender.hearing


def client_of(settings: Settings, signer: Callable[[], RequestSigner] | None = None) -> ArchiveClient:
    """The archive of the settings.

    Args:
        settings: of the box.
        signer: makes what signs requests; not asked where a token is set.

    Raises:
        NoArchive: no address is set, or neither token nor signer are there.
    """
    if not settings.archive.url:
        raise NoArchive("no archive is set: archive.url is needed")
    if settings.archive.token:
        return ArchiveClient(settings.archive.url, settings.archive.token)
    if signer is None:
        raise NoArchive("no archive is set: nobody signs requests here, and there is no archive.token")
    return ArchiveClient(settings.archive.url, signer())


def receive(settings: Settings, sender: Sender, client: ArchiveClient) -> Receipt:
    """Ask for the receipt of a record that was sent, check it and keep it with the record."""
    text = client.receipt(sender.hearing)
    trust = settings.state_dir / "trust"
    return hand_over(sender.tail, text, trust, settings.socket)


def upload_record(folder: Path, settings: Settings, client: ArchiveClient | None = None) -> Receipt:
    """Send one sealed record and get its receipt; its seals are time stamped on the way, where an authority is set and answers.

    Args:
        folder: of the record.
        settings: of the box.
        client: the archive; made from the settings by default.

    Raises:
        UploadError: it did not get there; calling again goes on where it stopped.
        NotVerified: the archive found it not good, or it is not sealed.
        BadReceipt: the archive's receipt proves nothing.
        ProtocolError: the record on this box is malformed.
    """
    ours = client or client_of(settings)
    try:
        sender = Sender(folder, ours)
        if sender.step() is Progress.RUNNING:
            raise NotVerified(f"{folder}: the hearing is not finished and sealed", {})
        if stamp_now(settings, folder):
            sender.step()  # the tokens and their lines
        return receive(settings, sender, ours)
    finally:
        if client is None:
            ours.close()


def run(
    settings: Settings,
    signer: Callable[[], RequestSigner] | None = None,
    *,
    now: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Send this box's records until SIGTERM or SIGINT, or until ``stop`` is set; ``signer`` as in :func:`client_of`.

    Raises:
        NoArchive: no address of an archive is set.
    """
    client = client_of(settings, signer)
    event = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():

        def end(_number: int, _frame: FrameType | None) -> None:
            event.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
    uploader = Uploader(settings, client, now=now)
    try:
        with stamping(settings):
            uploader.run(event)
    finally:
        uploader.close()


__all__ = ["RECEIPT", "BadReceipt", "Uploader", "client_of", "receive", "run", "upload_record"]
