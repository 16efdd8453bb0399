"""Which sources the courtroom has: those of the settings, and what the hearing that has the room has changed of them.

A change belongs to the hearing in which somebody asked for it: the next one begins with the settings' sources again, so that a microphone that was taken out at
noon is not missing silently at two (docs/decisions/0013-sources-come-and-go.md).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ConfigDict

from device_config.sources import SOURCE_NAME, SourceSettings
from recorder import attendance
from recorder.changes import Changes, ChangesStore, names_of
from recorder.refusals import BadRequest, IllegalAction, NoSource, Refusal
from recorder.session import Session
from recorder.tracks import tracks_of

if TYPE_CHECKING:
    from recorder.service import Daemon

_log = structlog.get_logger(__name__)


class SourceInfo(BaseModel):
    """One device, as ``GET /v1/sources`` lists it.

    ``origin``: ``settings``, or ``hearing`` where somebody added it; ``present``: False where somebody took it out of this hearing;
    ``by``: who added it or took it out; ``place``: its address without name and password.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    kind: str
    media: str
    label: str
    place: str
    tracks: tuple[str, ...]
    origin: str
    present: bool
    by: str | None = None


@dataclass
class Sourcing:
    """Lists, adds and removes sources.

    Args:
        daemon: whose room it is.
    """

    daemon: Daemon

    def __post_init__(self) -> None:
        self.store = ChangesStore(self.daemon.settings.state_dir / "sources")
        self._one = asyncio.Lock()

    @property
    def configured(self) -> Sequence[SourceSettings]:
        """Those of the settings."""
        return self.daemon.settings.sources

    def of(self, hearing: str | None) -> list[SourceSettings]:
        """The sources of a hearing; of none, the settings'."""
        return self.store.read(hearing).applied(self.configured)

    async def arrange(self, hearing: str | None) -> None:
        """A hearing gets the room, or gives it back: have its sources, and no others."""
        await self.daemon.room.arrange(self.of(hearing))

    def listed(self) -> list[SourceInfo]:
        """All devices: those that are there, then those that somebody took out."""
        changes = self._changes()
        present = changes.applied(self.configured)
        who = {item.source.name: item.by for item in changes.added}
        gone = [source for source in self.configured if source.name in changes.removed]
        found = [self._info(source, who.get(source.name), present=True) for source in present]
        return found + [self._info(source, changes.removed[source.name], present=False) for source in gone]

    async def add(self, source: SourceSettings, by: str) -> None:
        """Add a device to the hearing that has the room; while it is recorded, the device is too when this returns.

        Raises:
            IllegalAction: no hearing is open, or it is not recording again yet.
            BadRequest: its name, or a track's, is taken.
            SourceSilent: it gave nothing; it is not added.
            DiskRefused: the disk refused; it is not added.
        """
        async with self._one:
            async with self.daemon.room_kept():
                session = self._session()
                self._check_new(session, source)
                hearing, before = session.ledger.view.hearing, self._changes()
                await self._keep(hearing, before.with_added(source, by, self.configured))
            try:
                await attendance.join(session, source, by)
            except Refusal:
                if session.state.is_open:
                    await self._keep(hearing, before)
                raise
            _log.info("source_added", action="record", device=source.name, by=by)

    async def restore(self, name: str, by: str) -> None:
        """Take back a device of the settings that somebody took out; see :meth:`add`.

        Raises:
            NoSource: the settings have no such device.
        """
        for source in self.configured:
            if source.name == name:
                return await self.add(source, by)
        raise NoSource(f"the settings have no source {name[:80]!r}")

    async def remove(self, name: str, by: str) -> None:
        """Take a device out of the hearing that has the room; its last segment is journalled when this returns.

        Raises:
            NoSource: there is no such device.
            IllegalAction: no hearing is open, it is not recording again yet, or nothing else would be recorded.
            DiskRefused: the disk refused.
        """
        async with self._one, self.daemon.room_kept():
            session = self._session()
            device = self.daemon.room.device(name)
            if device is None:
                owner = next((device.name for device in self.daemon.room.devices if name in device.source.tracks), None)
                more = f"; {name} is a channel of {owner}" if owner else ""
                raise NoSource(f"there is no source {name[:80]!r}{more}")
            before = self._changes()
            await self._keep(session.ledger.view.hearing, before.with_removed(name, by, self.configured))
            try:
                await attendance.leave(session, device, by)
            except IllegalAction:
                await self._keep(session.ledger.view.hearing, before)
                raise
            self.daemon.health.device_lost([track.name for track in device.tracks])
            self.daemon.pictures.forget(name)
            _log.info("source_removed", action="go_on", device=name, by=by)

    async def over(self, hearing: str) -> None:
        """A hearing is finished: what it changed is over, too."""
        async with self.daemon.room_kept():
            await asyncio.to_thread(self.store.forget, hearing)
            await self.daemon.room.arrange(self._changes().applied(self.configured))

    def _session(self) -> Session:
        session = self.daemon.session
        if session is None or not session.state.is_open:
            raise IllegalAction("no hearing is open: sources that every hearing has stand in the settings; plan the hearing first")
        return session

    def _changes(self) -> Changes:
        session = self.daemon.session
        return self.store.read(session.ledger.view.hearing if session is not None and session.state.is_open else None)

    async def _keep(self, hearing: str, changes: Changes) -> None:
        await asyncio.to_thread(self.store.write, hearing, changes)

    def _check_new(self, session: Session, source: SourceSettings) -> None:
        if strange := [name for name in source.tracks if not re.match(SOURCE_NAME, name)]:
            raise BadRequest(f"{strange[0][:80]!r} is no name of a track: small letters, digits and hyphens, 40 at most")
        if len(set(source.tracks)) != len(source.tracks):
            raise BadRequest(f"{source.name}: two of its channels have one name")
        taken = {name for device in self.daemon.room.devices for name in names_of(device.source)}
        taken |= {name for other in self.configured if other.name != source.name for name in names_of(other)}
        if twice := [name for name in (source.name, *source.tracks) if name in taken]:
            raise BadRequest(f"{twice[0]}: a source of this name is there already, or stands in the settings")
        for track in tracks_of(source):
            known = session.ledger.view.sources.get(track.name)
            if known is not None and known.media != track.media:
                raise BadRequest(f"{track.name}: this name stands for {known.media} in this hearing")

    def _info(self, source: SourceSettings, by: str | None, *, present: bool) -> SourceInfo:
        tracks = tracks_of(source)
        return SourceInfo(
            name=source.name,
            kind=source.kind,
            media=source.media,
            label=source.label,
            place=tracks[0].place,
            tracks=tuple(track.name for track in tracks),
            origin="settings" if source in self.configured else "hearing",
            present=present,
            by=by,
        )
