"""The capture child: one process, one device (docs/architecture.md, "Capture child"; docs/capture.md).

``python -m recorder.capture``: configuration and commands on standard input, reports on standard output, log on standard
error, one JSON object a line each.

::

    source thread ──items──┐
    stdin thread ──commands┼─► inbox ─► Capture (main thread) ─► segment files ◄─ syncer thread
    signals ───────────────┘                 └─► reporter thread ─► standard output

Only the main thread decides anything. Killed at any moment it leaves files that
:func:`recorder.segment_recovery.recover_segment` makes whole. It ends by itself when standard input closes, on SIGTERM, and
when its parent dies.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import av
import structlog

from recorder.capture_core import Capture, run
from recorder.errors import BadCaptureConfig, RecorderError
from recorder.inbox import Inbox, Quit, parse_command, parse_config
from recorder.reporter import Reporter
from recorder.segment_file import Syncer
from recorder.sources import open_source
from recorder.sources.limits import bound_memory

log = structlog.get_logger()

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> int:
    """Run the child.

    Returns:
        Exit status: 0 when told to leave, else the failure's (recorder.errors).
    """
    _set_up_logs()
    report = Reporter(sys.stdout.buffer)
    inbox = Inbox()
    _end_with(os.getppid(), inbox)
    lines = _lines(sys.stdin.fileno())
    first = next(lines, None)
    if first is None:  # kept in reserve, and not needed (recorder.child.Reserve)
        return 0
    try:
        config = parse_config(first)
        bound_memory(config.source)
        source = open_source(config.source)
    except RecorderError as error:
        log.warning("cannot begin", action="capture_failed", code=error.code, cause=str(error))
        report("failed", code=error.code, cause=str(error), advice=error.advice)
        report.close()
        return error.exit_status
    structlog.contextvars.bind_contextvars(source=config.source.name)
    threading.Thread(target=_listen, args=(lines, inbox), name="stdin", daemon=True).start()
    gc.freeze()  # modules stay; the collector need not walk them again and again
    gc.enable()
    syncer = Syncer()
    status = run(source, Capture(config, report, syncer), inbox, report)
    syncer.close()
    report.close()
    return status


def _lines(fd: int) -> Iterator[bytes]:
    """Lines of a pipe; by os.read, because a thread that waits in Python's own reader can block the end of the process."""
    rest = b""
    while data := os.read(fd, 65536):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def _listen(lines: Iterator[bytes], inbox: Inbox) -> None:
    for line in lines:
        if line.strip():
            try:
                inbox.put(parse_command(line))
            except BadCaptureConfig as error:
                inbox.put(error)
    inbox.put(Quit(do="quit"))


def _end_with(parent: int, inbox: Inbox) -> None:
    """Leave on SIGTERM and SIGINT, and when the parent has died."""

    def leave(number: int, _frame: FrameType | None) -> None:
        # SIGHUP also comes when only the parent's thread that started us has ended; then the parent is still there.
        if number != signal.SIGHUP or os.getppid() != parent:
            inbox.put(Quit(do="quit"))

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGHUP)
    if os.getppid() != parent:  # it died before we asked
        inbox.put(Quit(do="quit"))


def _set_up_logs() -> None:
    """One JSON object a line on standard error. FFmpeg's own log is off: it prints addresses with their passwords."""
    av.logging.set_level(None)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
