"""Watching over the room: what is wrong is found here once a second, from what was captured and from nothing else."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from device_config.settings import Settings
from protocol.hearing import State
from recorder.clock import Discipline, HearingClock
from recorder.findings import Findings, HealthFinding
from recorder.keeper import Limits
from recorder.levels import SILENCE_CDB
from recorder.room import Room
from recorder.session import Session
from recorder.supervisor import DeviceState

#: About five hours of four cameras and eight microphones.
DISK_LOW_BYTES = 5 * 2**30
#: Findings that other lines of the journal say already.
_TOLD_OTHERWISE = frozenset({"source-lost", "nothing-recorded", "journal-failed"})
_SLOW_S = 10.0


class Health:
    """Looks at devices, levels, disk and clock.

    Args:
        findings: where what is wrong is kept.
        room: the devices.
        clock: the hearing's clock.
        settings: folders and speech models.
        limits: times.
    """

    def __init__(self, findings: Findings, room: Room, clock: HearingClock, settings: Settings, limits: Limits) -> None:
        self._findings = findings
        self._room = room
        self._clock = clock
        self._settings = settings
        self._limits = limits
        self._silent_since: dict[str, float] = {}
        self._slow_at = float("-inf")
        self.discipline = Discipline(synchronized=False, ntp_offset_us=None)
        self.missing_models: tuple[str, ...] = ()

    def level(self, source: str, peak_cdb: int, now: float) -> None:
        """A level came in; remember since when a channel gives nothing but zeros."""
        if peak_cdb <= SILENCE_CDB:
            self._silent_since.setdefault(source, now)
        else:
            self._silent_since.pop(source, None)

    def look(self, session: Session | None) -> None:
        """Look at everything; findings that begin or end during a take are journalled."""
        now, at_us = time.monotonic(), self._clock.now()[0]
        changes = [*self._sources(session, at_us), *self._silence(now, at_us), *self._capture(session, now, at_us)]
        if now - self._slow_at >= _SLOW_S:
            self._slow_at = now
            changes += self._machine(at_us)
        if session is not None and session.take is not None and session.take.start_us is not None:
            for finding in changes:
                if finding.code not in _TOLD_OTHERWISE:
                    session.ledger.post(("finding", finding.line_data()), keep=True)

    def devices_closed(self) -> None:
        """Nothing is to be heard or seen of the devices from now on."""
        self._silent_since.clear()
        self._findings.forget("source-lost", "digital-silence", "nothing-recorded")

    def _sources(self, session: Session | None, at_us: int) -> Iterable[HealthFinding]:
        take = session.take if session is not None else None
        for name in self._room.tracks:
            book = take.books[name] if take is not None and take.start_us is not None else None
            lost = self._room.state(name) is DeviceState.LOST or (book is not None and book.lost)
            cause = book.cause if book is not None else ""
            yield from self._set(lost and self._room.is_open, "source-lost", "error", name, at_us, cause)

    def _silence(self, now: float, at_us: int) -> Iterable[HealthFinding]:
        for name, track in self._room.tracks.items():
            if track.media == "audio":
                dead = now - self._silent_since.get(name, now) >= self._limits.dead
                yield from self._set(dead, "digital-silence", "warning", name, at_us)

    def _capture(self, session: Session | None, now: float, at_us: int) -> Iterable[HealthFinding]:
        should = session is not None and session.state in (State.RECORDING, State.FAULTY)
        take = session.take if session is not None else None
        fresh = take is not None and take.start_us is not None and take.any_growing(now, self._limits.fresh)
        yield from self._set(should and not fresh, "nothing-recorded", "error", None, at_us)
        broken = session.ledger.broken if session is not None else None
        yield from self._set(broken is not None, "journal-failed", "error", None, at_us, broken or "")

    def _machine(self, at_us: int) -> Iterable[HealthFinding]:
        free = _free(self._settings.hearings)
        low = free is not None and free < DISK_LOW_BYTES
        yield from self._set(low, "disk-low", "warning", None, at_us, f"{(free or 0) >> 20} MiB free")
        self.discipline = self._clock.clock.discipline()
        yield from self._set(not self.discipline.synchronized, "clock-unsynchronized", "warning", None, at_us)
        self.missing_models = missing_models(self._settings)

    def _set(
        self, wrong: bool, code: str, severity: str, source: str | None, at_us: int, detail: str = ""
    ) -> Iterable[HealthFinding]:
        if wrong:
            found = self._findings.set(code, "error" if severity == "error" else "warning", source, at_us, detail)
        else:
            found = self._findings.clear(code, source, at_us)
        return [found] if found is not None else []


def missing_models(settings: Settings) -> tuple[str, ...]:
    """Languages of the courts (kk, ru) for which no speech model lies on this box."""
    present = {language for model in settings.speech.models if model.path.exists() for language in model.languages}
    return tuple(language for language in ("kk", "ru") if language not in present)


def _free(folder: Path) -> int | None:
    """Bytes free on the disk of the records; None when it cannot be asked (then writing will say so)."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
