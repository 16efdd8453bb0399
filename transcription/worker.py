"""The transcriber: words while a hearing is recorded; after its end the transcript, then it asks for the draft of the protocol.

What is to be done stands in the recorder: a hearing is finished and has no draft. What is done of it stands in a working file
(``working``) until the transcript is accepted: after ``kill -9`` the next start goes on there and, because the pipeline is
deterministic, ends with the same transcript. A hearing that fails waits longer each time and blocks no other; after `TRIES` failures the draft is asked for
without a transcript, because the recording, not the text, is the protocol.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from device_config.settings import Settings
from protocol.journal import read_journal
from protocol.record import JOURNAL, DirectoryRecord, UnreadableRecord, read_chunked
from protocol.transcript import Transcript
from protocol.view import HearingView
from transcription.activity import Detector
from transcription.client import RecorderClient, SocketClient
from transcription.closed_takes import ClosedTake, InMemory, OpenedRecord, of_take, open_takes
from transcription.errors import RecorderUnreachable, TakesLeft
from transcription.live import STEP_S, Live
from transcription.models import Engines
from transcription.pipeline import default_detector, transcribe
from transcription.progress import Estimate, Step, Told
from transcription.working import WorkingFile, remove

log = structlog.get_logger(__name__)

POLL_S: Final = 2.0
TELL_S: Final = 1.0
NICE: Final = 5  # capture comes first, also where no service manager sees to it
FIRST_WAIT_S: Final = 10.0
LONGEST_WAIT_S: Final = 3600.0
TRIES: Final = 3


def read_view(record: DirectoryRecord) -> HearingView:
    """The hearing as its journal tells it.

    Raises:
        ProtocolError: the journal is missing or malformed.
    """
    data = read_chunked(record, JOURNAL)
    if data is None:
        raise UnreadableRecord(f"{record.folder}: no {JOURNAL}")
    return HearingView.of(read_journal(data)[0])


def transcribe_record(folder: Path, settings: Settings, *, progress: Told | None = None) -> Transcript:
    """The transcript of a record on disk, for imports and the command line.

    Args:
        folder: the record.
        settings: speech models.
        progress: told after each step.

    Raises:
        ProtocolError: the record cannot be read.
    """
    record = DirectoryRecord(folder)
    return transcribe(read_view(record), record, settings.speech, progress=progress)


def again_in_s(tries: int) -> float:
    """Seconds until a hearing that failed so often is tried again; bounded before it is too large a number for a float."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries - 1, 10))


@dataclass
class _Trouble:
    tries: int = 0
    not_before: float = 0.0


@dataclass
class Transcriber:
    """One turn after another over the finished hearings.

    Attributes:
        client: the recorder.
        hearings: folder of the records, each in a folder of its identifier.
        engines, detector: loaded once.
        now: monotonic seconds, for the waiting time of hearings that failed.
        live: live words of the next hearing, which get their turn while a transcript is made.
    """

    client: RecorderClient
    hearings: Path
    settings: Settings
    engines: Engines
    detector: Detector
    now: Callable[[], float] = time.monotonic
    live: Live | None = None
    _trouble: dict[str, _Trouble] = field(default_factory=dict)

    def turn(self) -> int:
        """Work on every finished hearing that is due.

        Returns:
            number of hearings that got their draft.

        Raises:
            RecorderUnreachable: the list could not be had; trouble with one hearing is logged instead.
        """
        waiting = self.client.finished()
        self._trouble = {hearing: trouble for hearing, trouble in self._trouble.items() if hearing in waiting}
        return sum(self._try(hearing) for hearing in waiting)

    def _try(self, hearing: str) -> bool:
        trouble = self._trouble.setdefault(hearing, _Trouble())
        if self.now() < trouble.not_before:
            return False
        with structlog.contextvars.bound_contextvars(hearing=hearing):
            try:
                self._work(hearing, give_up=trouble.tries >= TRIES)
            except Exception:
                # One hearing must never keep the others waiting, whatever is wrong with its record.
                trouble.tries += 1
                wait = again_in_s(trouble.tries)
                trouble.not_before = self.now() + wait
                log.exception("hearing failed", action="hearing_failed", tries=trouble.tries, again_in_s=wait)
                return False
        self._trouble.pop(hearing, None)
        return True

    def _work(self, hearing: str, *, give_up: bool) -> None:
        if give_up:
            log.error("draft without transcript", action="transcript_given_up", tries=TRIES)
        else:
            self._transcribe(hearing)
        self.client.post_draft(hearing)
        remove(self.settings.working / hearing)
        log.info("draft made", action="draft_made")

    def _transcribe(self, hearing: str) -> None:
        record = DirectoryRecord(self.hearings / hearing)
        view = read_view(record)
        failed = [
            closed.take
            for closed in (self.client.closed_takes(hearing) if view.keys else ())
            if not self._closed_done(view, record, closed)
        ]
        self._transcribe_open(view, record)
        if failed:
            raise TakesLeft(f"closed takes without a transcript: {', '.join(failed)}")

    def _closed_done(self, view: HearingView, record: DirectoryRecord, closed: ClosedTake) -> bool:
        """Whether nothing is left to be done for it; what one take failed of costs no other its transcript."""
        try:
            self._transcribe_closed(view, record, closed)
        except Exception:
            log.exception("closed take failed", action="closed_take_failed", take=closed.take)
            return False
        return True

    def _transcribe_open(self, view: HearingView, record: DirectoryRecord) -> None:
        """What was recorded in the open, unless its transcript is there."""
        hearing = view.hearing
        if any(revision.kind == "transcript" and revision.key is None for revision in view.revisions):
            log.info("transcript is there", action="transcript_found")  # killed after handing it over, before the draft
            return
        if not open_takes(view):
            return
        started = self.now()
        with WorkingFile(self.settings.working / hearing) as memory:
            log.info("transcript begun", action="transcript_begun", known=memory.results)
            transcript = self._made(view, record, memory)
            self.client.post_transcript(transcript)
            memory.remove()
        log.info(
            "transcript handed over",
            action="transcript_posted",
            words=transcript.word_count,
            passages=len(transcript.passages),
            missing=[item.language for item in transcript.missing],
            took_s=round(self.now() - started, 1),
        )

    def _transcribe_closed(self, view: HearingView, record: DirectoryRecord, closed: ClosedTake) -> None:
        """A closed take, in memory only; the recorder encrypts what it is given."""
        if closed.transcript is not None:
            return
        if not closed.opens:
            log.warning("closed take without its key", action="closed_take_skipped", take=closed.take)
            return
        opened = OpenedRecord(record, view.hearing, self.client.closed_file)
        speech, told = self.settings.speech, Teller(self.client, view.hearing, self.now, self.live)
        self.client.post_transcript(
            transcribe(
                of_take(view, closed.take),
                opened,
                speech,
                engines=self.engines,
                detector=self.detector,
                memory=InMemory(),
                progress=told,
                publicity="closed",
            )
        )
        log.info("closed transcript handed over", action="transcript_posted", take=closed.take)

    def _made(self, view: HearingView, record: DirectoryRecord, memory: WorkingFile) -> Transcript:
        speech, told = self.settings.speech, Teller(self.client, view.hearing, self.now, self.live)
        return transcribe(
            view, record, speech, engines=self.engines, detector=self.detector, memory=memory, progress=told
        )


class Teller:
    """Tells the recorder, and so the people, how far a transcript is; at most once a second."""

    def __init__(
        self, client: RecorderClient, hearing: str, now: Callable[[], float], live: Live | None = None
    ) -> None:
        self._client, self._hearing, self._now, self._live = client, hearing, now, live
        self._estimate = Estimate(now())
        self._told_s = -math.inf

    def __call__(self, step: Step) -> None:
        """After each step: one step of live words first, which somebody waits for."""
        if self._live is not None:
            self._live.step()
        now = self._now()
        progress = self._estimate.at(step, now)
        if now - self._told_s < TELL_S and step.done_us < step.total_us:
            return
        self._told_s = now
        log.info("transcribing", action="progress", done_pm=progress.done_pm, left_s=progress.left_s)
        try:
            self._client.post_progress(self._hearing, progress)
        except RecorderUnreachable as error:  # a number on a page, no more
            log.warning("progress not told", action="progress_not_told", reason=str(error))


def run(settings: Settings, *, stop: threading.Event | None = None) -> None:
    """Run until SIGTERM, SIGINT or `stop`.

    Args:
        settings: where the recorder's socket and the records are, and the models.
        stop: ends it from another thread; without it the signals of this process are handled here.
    """
    done = stop or threading.Event()
    if stop is None:
        _end_on_signals(done)
        os.nice(max(0, NICE - os.nice(0)))
    log.info("transcriber started", action="transcriber_started", socket=str(settings.socket))
    try:
        _turns(settings, done)
    finally:
        log.info("transcriber ended", action="transcriber_ended")


def _turns(settings: Settings, done: threading.Event) -> None:
    engines, detector = Engines(settings.speech), default_detector()
    reachable, due = True, 0.0
    with SocketClient(settings.socket) as client:
        live = Live(client, settings.hearings, engines, default_detector) if settings.speech.live else None
        transcriber = Transcriber(client, settings.hearings, settings, engines, detector, live=live)
        try:
            while not done.is_set():
                busy = live is not None and live.step()
                if time.monotonic() >= due:
                    reachable = _turn(transcriber, reachable)
                    due = time.monotonic() + POLL_S
                if not busy:
                    done.wait(STEP_S if live is not None and live.following else POLL_S)
        finally:
            if live is not None:
                live.close()


def _turn(transcriber: Transcriber, was_reachable: bool) -> bool:
    """One turn; whether the recorder answered."""
    try:
        transcriber.turn()
    except RecorderUnreachable as error:
        if was_reachable:  # said once, not every two seconds
            log.warning("recorder does not answer", action="recorder_unreachable", reason=str(error))
        return False
    return True


def _end_on_signals(done: threading.Event) -> None:
    """End at once, in the middle of a hearing too: nothing is lost, and a long one must not hold up a shutdown.

    The event is set as well: what is raised while an extension module is being loaded ends as that module's ImportError.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        done.set()
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
