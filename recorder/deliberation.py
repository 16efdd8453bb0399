"""The pause for the deliberation room: devices are closed, not muted, so nothing may be heard of them.

A paused hearing has no capture child: :meth:`recorder.session.Session.pause` ends the take, closes the devices, waits until no child lives and
journals the state only then. A child that says something all the same is an alarm, and stands in the journal.
"""

from __future__ import annotations

import structlog

from protocol.hearing import State
from recorder import reports
from recorder.findings import Findings
from recorder.room import Room
from recorder.session import Session

_log = structlog.get_logger(__name__)
CODE = "heard-in-pause"
_MEDIA = (reports.Ready, reports.Level, reports.Sound, reports.First, reports.Progress, reports.Closed, reports.Alive)


def heard(session: Session | None, room: Room, device: str, report: reports.Report, findings: Findings, at_us: int) -> bool:
    """Whether a report came from a device that must be closed; then that is a finding, and the report counts for nothing else."""
    if session is None or session.state is not State.PAUSED or room.is_open or not isinstance(report, _MEDIA):
        return False
    if (found := findings.set(CODE, "error", device, at_us, f"it said {report.report!r}")) is not None:
        _log.error("heard_in_pause", action="alarm", device=device, report=report.report)
        session.ledger.post(("finding", found.line_data()), keep=True, checkpoint=True)
    return True


def over(session: Session | None, findings: Findings, at_us: int) -> None:
    """The hearing goes on, or is over: what was heard is heard no more."""
    for code, device in findings.keys((CODE,)):
        found = findings.clear(code, device, at_us)
        if found is not None and session is not None and session.state.is_open:
            session.ledger.post(("finding", found.line_data()), keep=True)
