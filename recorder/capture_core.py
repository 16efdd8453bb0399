"""What a capture child does with what comes in: the loop of its main thread, without the process around it (recorder.capture)."""

from __future__ import annotations

import threading
import time
from typing import Any

import structlog

from protocol.errors import ProtocolError
from recorder.closed_segments import encryption_with
from recorder.device_tracks import Report, SoundTracks, Take, VideoTrack
from recorder.errors import BadCaptureConfig, CaptureError, RecorderError, SourceUnavailable
from recorder.inbox import Begin, CaptureConfig, Command, End, Inbox, Quit
from recorder.preview import Preview
from recorder.segment_file import Syncer
from recorder.segments import Place
from recorder.sources.base import (
    Absent,
    Behind,
    CaptureSource,
    Failure,
    Item,
    Opened,
    PictureGroup,
    PictureItem,
    SoundBlock,
)
from recorder.sources.pace import monotonic_us
from recorder.timing import StreamClock

log = structlog.get_logger()

TICK_US = 1_000_000
# What a device has buffered comes at once when it is opened; only after that do arrivals tell the time.
SETTLE_US = 500_000
#: A device that is not there is tried again after so long: in this process, for a new one costs half a second of a core each time.
RETRY_S = 0.5


class Capture:
    """What the child does with what comes in.

    Args:
        config: see docs/architecture.md.
        report: where reports go.
        syncer: makes fragments durable.
    """

    def __init__(self, config: CaptureConfig, report: Report, syncer: Syncer) -> None:
        self._config, self._tell, self._syncer = config, report, syncer
        self._opened: Opened | None = None
        self._tracks: SoundTracks | VideoTrack | None = None
        self._first_us: int | None = None
        self._ready = False
        self._waiting: Begin | None = None
        self.recording = False
        #: First bytes of a track are on the disk: how far it is is said at once, and not at the end of the second.
        self.due = False

    @property
    def waits(self) -> bool:
        """Whether a device that is not there is waited for; else it is a failure."""
        return self._config.wait

    def _report(self, report: str, **fields: Any) -> None:
        self._tell(report, **fields)
        if report == "first":
            self.due = True

    def handle(self, item: Item | Command | CaptureError) -> bool:
        """Do what the item says; False when it says to leave.

        Raises:
            CaptureError: the source failed, or a command makes no sense now.
            DiskFailed: the disk refused.
        """
        # First, and no union: it would be made anew for each item.
        if isinstance(item, (PictureGroup, PictureItem, SoundBlock)):
            self._media(item)
        elif isinstance(item, Opened):
            self._open(item)
        elif isinstance(item, Begin):
            self._begin(item)
        elif isinstance(item, End):
            self._end()
        elif isinstance(item, Behind):
            self._report("behind", source=self._config.source.name, pictures=item.pictures, stride=item.stride)
        elif isinstance(item, Absent):
            self._report("absent", code=item.error.code, cause=str(item.error))
        elif isinstance(item, Failure):
            raise item.error
        elif isinstance(item, CaptureError):
            raise item
        return not isinstance(item, Quit)

    def tick(self) -> None:
        """Report what is reported each second.

        Raises:
            DiskFailed: a sync failed meanwhile.
        """
        self.due = False
        self._syncer.check()
        tracks = self._tracks
        if tracks is None:
            self._report("alive", bytes=0, last_us=None)
            return
        self._report("alive", bytes=tracks.bytes, last_us=tracks.last_us, drift_us=tracks.drift_us)
        if self.recording:
            found = [vars(progress) for progress in tracks.progress()]
            self._report("progress", tracks=found)

    def close(self, closed: str) -> None:
        """Close all segments; after a failure of the disk, let go of them.

        Raises:
            DiskFailed: the disk refused.
        """
        if self._tracks is not None:
            self._tracks.end(closed)
        self.recording = False

    def abandon(self) -> None:
        """Let go of all files."""
        if self._tracks is not None:
            self._tracks.abandon()

    def _open(self, opened: Opened) -> None:
        self._opened = opened
        config = self._config
        delay_us, believe = config.source.delay_ms * 1000, config.source.sender_time
        if opened.template is None:
            clock = StreamClock(config.offset_us, delay_us, believe=believe, rank=0)  # samples are counted
            self._tracks = SoundTracks(opened.tracks, opened.bits, config.offset_us, self._syncer, self._report, clock)
            return
        clock = StreamClock(config.offset_us, delay_us, believe=believe)
        key = config.preview_key.get_secret_value() if config.preview_key else None
        preview = Preview(config.preview, opened.template, key) if config.preview else None
        track = opened.tracks[0]
        self._tracks = VideoTrack(track, opened.template, config.offset_us, self._syncer, self._report, preview, clock)

    def _media(self, item: SoundBlock | PictureItem | PictureGroup) -> None:
        if isinstance(item, PictureGroup) and isinstance(self._tracks, VideoTrack):
            for picture in item.pictures:
                self._tracks.take_picture(picture)
                self._settle(picture.arrival_us)
        elif isinstance(item, SoundBlock) and isinstance(self._tracks, SoundTracks):
            self._tracks.take_block(item)
            self._settle(item.arrival_us)
        elif isinstance(item, PictureItem) and isinstance(self._tracks, VideoTrack):
            self._tracks.take_picture(item.picture)
            self._settle(item.picture.arrival_us)

    def _settle(self, arrival_us: int) -> None:
        if self._ready or self._opened is None:
            return
        self._first_us = arrival_us if self._first_us is None else self._first_us
        if arrival_us - self._first_us < SETTLE_US:
            return
        self._ready = True
        self._report("ready", tracks=[vars(track) for track in self._opened.tracks])
        if self._waiting is not None:
            self._begin(self._waiting)

    def _begin(self, command: Begin) -> None:
        if self.recording:
            raise BadCaptureConfig(f"{self._config.source.name}: take {command.take} begun before the last one ended")
        if not self._ready or self._tracks is None:
            self._waiting = command
            return
        self._waiting = None
        folder = command.folder or self._config.record
        if folder is None:
            raise BadCaptureConfig(f"{self._config.source.name}: no folder to record into")
        segment_us = round(self._config.segment_s * 1_000_000)
        log.info("recording", action="take_begun", take=command.take, source=self._config.source.name)
        transform = encryption_with(command.key.get_secret_value()) if command.key is not None else None
        self._tracks.begin(Take(command.take, lambda source: Place(folder, command.take, source, segment_us, transform)))
        self.recording = True

    def _end(self) -> None:
        self._waiting = None
        self.close("stop")
        log.info("not recording", action="take_ended", source=self._config.source.name)
        self._report("ended")


def run(source: CaptureSource, capture: Capture, inbox: Inbox, report: Report) -> int:
    """Read the source and do what comes in, until told to leave or unable to go on.

    Returns:
        Exit status: 0, or the failure's.
    """
    threading.Thread(target=_read, args=(source, inbox, capture.waits), name="source", daemon=True).start()
    failure: Exception | None = None
    try:
        _loop(capture, inbox)
        source.stop()
        capture.close("stop")
    except Exception as error:  # noqa: BLE001 - reported below, with the status it ends the process with
        failure = error
    if failure is None:
        return 0
    source.stop()
    return _fail(failure, capture, report)


def _read(source: CaptureSource, inbox: Inbox, waits: bool) -> None:
    """The source's thread: what it is given goes into the inbox, its end and its failures too."""
    while True:
        try:
            return source.run(inbox.put)
        except SourceUnavailable as error:
            if not waits:
                return inbox.put(Failure(error))
            inbox.put(Absent(error))
            time.sleep(RETRY_S)
        except Exception as error:  # noqa: BLE001 - whatever it is ends this thread; the main thread raises and reports it
            return inbox.put(Failure(error))


def _loop(capture: Capture, inbox: Inbox) -> None:
    next_us = monotonic_us() + TICK_US
    going = True
    while going:
        item = inbox.get((next_us - monotonic_us()) / 1e6)
        if item is not None:
            going = capture.handle(item)
        if capture.due or monotonic_us() >= next_us:
            next_us = monotonic_us() + TICK_US
            capture.tick()


def _fail(failure: Exception, capture: Capture, report: Report) -> int:
    """Save what can be saved, and say what happened."""
    if not isinstance(failure, ProtocolError):
        try:
            capture.close("lost")
        except ProtocolError as error:
            failure = error
    capture.abandon()
    if not isinstance(failure, RecorderError | ProtocolError):
        log.error("failed", action="capture_failed", exc_info=failure)
        wrapped = CaptureError(f"{type(failure).__name__}: {failure}")
        report("failed", code=wrapped.code, cause=str(wrapped), advice=wrapped.advice)
        return wrapped.exit_status
    log.error("failed", action="capture_failed", code=failure.code, cause=str(failure))
    report("failed", code=failure.code, cause=str(failure), advice=failure.advice)
    return failure.exit_status
