"""A source joins the hearing that has the room, or is taken out of it: devices, journal and files, without touching any other source.

A source that joins a running take is there when its first bytes are on the disk; one that gives nothing is let go again, and nothing of it stands in the journal but its name.
"""

from __future__ import annotations

import asyncio

import structlog

from device_config.sources import SourceSettings
from protocol.hearing import State
from recorder import joining
from recorder.ledger import Entry
from recorder.refusals import IllegalAction, SourceSilent
from recorder.session import Session
from recorder.supervisor import Device
from recorder.take import LiveTake

_log = structlog.get_logger(__name__)
#: Between two looks at whether a source that joins has delivered, s.
_LOOK_S = 0.05


async def join(session: Session, source: SourceSettings, by: str) -> None:
    """Add a source; while a take runs, it is being recorded when this returns.

    Args:
        session: the hearing that has the room.
        source: the device.
        by: who adds it.

    Raises:
        IllegalAction: the hearing is over, or not recording again yet.
        SourceSilent: it gave nothing in time, and is not added.
        DiskRefused: the journal could not be written.
    """
    async with session.alone():
        take = _take(session)
        device = session.room.add(source)
        try:
            await _begin(session, device, take, by)
        except BaseException:
            await session.room.remove(device)
            raise
    if take is not None:
        await _arrive(session, device, take, by)


async def leave(session: Session, device: Device, by: str) -> None:
    """Take a source out; its last segment is closed and journalled when this returns.

    Raises:
        IllegalAction: the hearing is over or not recording again yet, or it is the last source of the take.
        DiskRefused: the journal could not be written; it is taken out all the same, and the lines follow.
    """
    async with session.alone():
        take = _take(session)
        names = {track.name for track in device.tracks}
        if take is not None and set(take.books) <= names:
            raise IllegalAction(f"{device.name} is the last source of take {take.id}: without it nothing would be recorded")
        await _let_go(session, device, take, by)


def _take(session: Session) -> LiveTake | None:
    """The running take, if one runs."""
    if not session.state.is_open:
        raise IllegalAction(f"hearing {session.ledger.view.hearing} is {session.state}: its sources do not change any more")
    if session.take is None and session.state is State.RECORDING:
        raise IllegalAction("the take is being closed; ask again in a moment")
    if session.take is not None and session.take.start_us is None:
        raise IllegalAction("the hearing is about to be recorded again; ask again in a moment")
    return session.take


async def _begin(session: Session, device: Device, take: LiveTake | None, by: str) -> None:
    """Journal its name, have it record."""
    now_us = session.clock.now()[0]
    entries: list[Entry] = [("source", track.line_data()) for track in device.tracks]
    if take is None:
        entries += [("source_added", joining.change_data(None, track.name, now_us, by)) for track in device.tracks]
    await session.ledger.post(*entries, checkpoint=True)  # before any file of it: who recovers a crash must know whose it is
    if take is not None:
        take.joining.update({track.name: (track, by) for track in device.tracks})
        device.begin(session.order(take))


async def _arrive(session: Session, device: Device, take: LiveTake, by: str) -> None:
    """Wait for its first bytes on the disk; other moves go on meanwhile."""
    names = {track.name for track in device.tracks}
    try:
        async with asyncio.timeout(session.limits.resume):
            while session.take is take and not names <= set(take.books):  # noqa: ASYNC110 - ends of takes have no event
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        _log.warning("source_silent", action="let_go", device=device.name, take=take.id)
    if names <= {*take.books, *take.left}:
        return
    async with session.alone():
        await _let_go(session, device, session.take, by)
    if session.take is not take:
        raise IllegalAction(f"take {take.id} ended before {device.name} gave anything; it was not added")
    raise SourceSilent(f"{device.name} gave nothing within {session.limits.resume:g} s; it was not added")


async def _let_go(session: Session, device: Device, take: LiveTake | None, by: str) -> None:
    await device.end()
    await session.room.remove(device)
    now_us = session.clock.now()[0]
    if take is None:
        entries: list[Entry] = [("source_removed", joining.change_data(None, track.name, now_us, by)) for track in device.tracks]
    else:
        entries = joining.removal(take, device.tracks, by, now_us)
    if entries and session.state.is_open:
        await session.ledger.post(*entries, keep=True, checkpoint=True)
