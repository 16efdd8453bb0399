"""Watching over the room: what is wrong is found here once a second, from what was captured and from nothing else."""

from __future__ import annotations

import time

from device_config.settings import Settings
from protocol.hearing import State
from recorder import reports
from recorder.clock import Discipline, HearingClock
from recorder.findings import Findings
from recorder.health.encoding import CODES as ENCODING_CODES
from recorder.health.encoding import EncodingWatch
from recorder.health.facts import PictureFacts, SoundFacts
from recorder.health.machine import CODES as MACHINE_CODES
from recorder.health.machine import MachineWatch, read
from recorder.health.picture import CODES as PICTURE_CODES
from recorder.health.picture import PictureWatch
from recorder.health.sound import CODES as SOUND_CODES
from recorder.health.sound import SoundLimits, SoundWatch
from recorder.health.trouble import Key, Trouble, Troubles
from recorder.keeper import Limits
from recorder.room import Room
from recorder.session import Session
from recorder.supervisor import DeviceState

#: Findings that other lines of the journal say already.
TOLD_OTHERWISE = frozenset(
    {"source-lost", "nothing-recorded", "journal-failed", "not-signed", "readback-differs", "readback-failed", "segment-unreadable", "segment-damaged"}
)
_CAPTURE_CODES = ("source-lost", "nothing-recorded", "journal-failed")
_MACHINE_S = 2.0
_MODELS_S = 10.0


class Health:
    """Looks at devices, sound, pictures, disk and clock.

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
        self._sound = SoundWatch(SoundLimits(dead=limits.dead))
        self._pictures = PictureWatch()
        self._encoding = EncodingWatch()
        self._machine = MachineWatch()
        self._machine_at = self._models_at = float("-inf")
        self._machine_troubles: Troubles = {}
        self._since: dict[Key, float] = {}
        self.discipline = Discipline(synchronized=False, ntp_offset_us=None)
        self.missing_models: tuple[str, ...] = ()

    # What was measured

    def report(self, report: reports.Report) -> None:
        """What a capture child measured."""
        now = time.monotonic()
        if isinstance(report, reports.Level):
            for name, (peak, rms) in report.levels.items():
                if name in self._room.tracks:
                    self._room.levels[name] = (peak, rms)
                    self._sound.level(name, peak, rms, now)
        elif isinstance(report, reports.Sound):
            for name, facts in report.sources.items():
                if name in self._room.tracks:
                    self._sound.second(name, SoundFacts(**facts.model_dump()), now)
        elif isinstance(report, reports.Behind) and report.source in self._room.tracks:
            self._encoding.behind(report.source, report.pictures, report.stride, now)

    def picture(self, source: str, facts: PictureFacts) -> None:
        """What the pictures worker measured."""
        if self._room.is_open and source in self._room.tracks:
            self._pictures.picture(source, facts, time.monotonic())

    def device_lost(self, sources: list[str]) -> None:
        """A device is gone: nothing is known of its sound and pictures from now on."""
        for name in sources:
            self._room.levels.pop(name, None)
        self._sound.forget(sources)
        self._pictures.forget(sources)
        self._encoding.forget(sources)

    def devices_closed(self) -> None:
        """Nothing is to be heard or seen of the devices from now on."""
        self._sound.forget()
        self._pictures.forget()
        self._encoding.forget()
        self._findings.forget("source-lost", "nothing-recorded", *SOUND_CODES, *PICTURE_CODES, *ENCODING_CODES)

    # What is wrong

    def look(self, session: Session | None) -> None:
        """Look at everything; what begins or ends during a take, or lasts when it begins, is journalled."""
        now, at_us = time.monotonic(), self._clock.now()[0]
        found = {**self._capture(session, now), **self._sound.look(now), **self._pictures.look(now), **self._look_machine(now)}
        found |= self._encoding.look(now)
        codes = (*_CAPTURE_CODES, *SOUND_CODES, *PICTURE_CODES, *ENCODING_CODES, *MACHINE_CODES)
        over = [(self._findings.told(*key), self._findings.clear(*key, at_us)) for key in self._findings.keys(codes) if key not in found]
        ended = [finding for told, finding in over if told and finding is not None]
        for (code, source), trouble in found.items():
            start_us = at_us - round((now - trouble.since) * 1_000_000)
            self._findings.set(code, trouble.severity, source, start_us, trouble.detail)
        if session is not None and session.take is not None and session.take.start_us is not None:
            for finding in [*ended, *self._findings.untold(TOLD_OTHERWISE)]:
                session.ledger.post(("finding", finding.line_data()), keep=True)

    def _capture(self, session: Session | None, now: float) -> Troubles:
        found: dict[Key, Trouble] = {}
        take = session.take if session is not None else None
        for name in self._room.tracks:
            book = take.books.get(name) if take is not None and take.start_us is not None else None
            lost = self._room.state(name) is DeviceState.LOST or (book is not None and book.lost)
            if lost and self._room.is_open:
                found["source-lost", name] = Trouble("error", now, book.cause if book is not None else "")
        should = session is not None and session.state in (State.RECORDING, State.FAULTY)
        fresh = take is not None and take.start_us is not None and take.any_growing(now, self._limits.fresh)
        if should and not fresh:
            found["nothing-recorded", None] = Trouble("error", now)
        if session is not None and session.ledger.broken is not None:
            found["journal-failed", None] = Trouble("error", now, session.ledger.broken)
        self._since = {key: self._since.get(key, now) for key in found}
        return {key: Trouble(item.severity, self._since[key], item.detail) for key, item in found.items()}

    def _look_machine(self, now: float) -> Troubles:
        if now - self._models_at >= _MODELS_S:
            self._models_at = now
            self.missing_models = missing_models(self._settings)
        if now - self._machine_at >= _MACHINE_S:
            self._machine_at = now
            reading = read(self._settings.hearings, self._clock.clock, self._clock.offset_us)
            self.discipline = reading.discipline
            self._machine_troubles = self._machine.look(reading, now)
        return self._machine_troubles


def missing_models(settings: Settings) -> tuple[str, ...]:
    """Languages of the courts (kk, ru) for which no speech model lies on this box."""
    present = {language for model in settings.speech.models if model.path.exists() for language in model.languages}
    return tuple(language for language in ("kk", "ru") if language not in present)
