"""The pause for the deliberation room: devices are closed, not muted, so nothing may be heard of them.

A paused hearing has no capture child: :meth:`recorder.session.Session.pause` ends the take, closes the devices, waits until no child lives, looks at every
process that the recorder started for a device that is open all the same, and journals what it found (``devices_closed``) with the state. As long as the pause
lasts this is looked at once a second. A child that says something, or a device that a process of ours holds, is an alarm and stands in the journal.
"""

from __future__ import annotations

import os

import structlog

from protocol.hearing import State
from recorder import reports
from recorder.findings import Findings
from recorder.held import held
from recorder.room import Room
from recorder.session import Session

_log = structlog.get_logger(__name__)
CODE = "heard-in-pause"
_MEDIA = (reports.Ready, reports.Level, reports.Sound, reports.First, reports.Progress, reports.Closed, reports.Alive)


def heard(session: Session | None, room: Room, device: str, report: reports.Report, findings: Findings, at_us: int) -> bool:
    """Whether a report came from a device that must be closed; then that is a finding, and the report counts for nothing else."""
    if session is None or not _closed(session, room) or not isinstance(report, _MEDIA):
        return False
    _alarm(session, findings, device, at_us, f"it said {report.report!r}")
    return True


def look(session: Session | None, room: Room, findings: Findings, at_us: int) -> None:
    """Look whether a process of the recorder holds a device although the hearing is paused."""
    if session is None or session.moving or not _closed(session, room):
        return
    names = {device.pid: device.name for device in room.devices if device.pid is not None}
    for pid, what in held(os.getpid()).items():
        _alarm(session, findings, names.get(pid, "recorder"), at_us, f"process {pid} holds {what}")


def _closed(session: Session, room: Room) -> bool:
    """Whether devices must be closed at present."""
    return session.state is State.PAUSED and not room.is_open


def _alarm(session: Session, findings: Findings, device: str, at_us: int, detail: str) -> None:
    if (found := findings.set(CODE, "error", device, at_us, detail)) is not None:
        _log.error("heard_in_pause", action="alarm", device=device, detail=detail)
        session.ledger.post(("finding", found.line_data()), keep=True, checkpoint=True)


def over(session: Session | None, findings: Findings, at_us: int) -> None:
    """The hearing goes on, or is over: what was heard is heard no more."""
    for code, device in findings.keys((CODE,)):
        found = findings.clear(code, device, at_us)
        if found is not None and session is not None and session.state.is_open:
            session.ledger.post(("finding", found.line_data()), keep=True)
