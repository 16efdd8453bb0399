"""The status, put together from what is true at this moment."""

from __future__ import annotations

from recorder.clock import HearingClock
from recorder.closed_takes import CLOSED
from recorder.findings import Findings
from recorder.health.watch import Health
from recorder.room import Room
from recorder.session import Session
from recorder.status import ClockStatus, FindingStatus, SourceStatus, Status
from recorder.take import LiveTake


def status_of(session: Session | None, room: Room, health: Health, findings: Findings, clock: HearingClock) -> Status:
    """Body of ``GET /v1/status``."""
    take = session.take if session is not None else None
    found = health.discipline
    return Status(
        state=session.state if session else None,
        hearing=session.ledger.view.hearing if session else None,
        take=take.id if take and take.start_us is not None else None,
        recording=session.recording if session else False,
        sources=tuple(source_status(name, room, take) for name in room.tracks),
        findings=tuple(FindingStatus.model_validate(item) for item in findings.to_json()),
        clock=ClockStatus(
            boot=clock.boot,
            offset_us=clock.offset_us,
            synchronized=found.synchronized,
            ntp_offset_us=found.ntp_offset_us,
            now_us=clock.now()[0],
        ),
        since_us=take.start_us if take else None,
        missing_models=health.missing_models,
        publicity="closed" if session is not None and session.closed.publicity == CLOSED else "open",
    )


def source_status(name: str, room: Room, take: LiveTake | None) -> SourceStatus:
    """One source: what its device does, and what of it is on the disk."""
    track = room.tracks[name]
    book = take.books.get(name) if take is not None else None
    peak, rms = room.levels.get(name, (None, None))
    return SourceStatus(
        name=name,
        kind=track.kind,
        media=track.media,
        label=track.label,
        state=room.state(name).value,
        peak_cdb=peak,
        rms_cdb=rms,
        bytes=book.bytes if book else 0,
        last_us=book.end_us if book else None,
    )
