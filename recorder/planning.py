"""The journal of a hearing that is planned: what is known before anything is captured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from protocol.errors import ProtocolError
from protocol.hearing import Case, Participant, Seat
from protocol.journal import Line
from protocol.writer import JournalWriter
from recorder import checking
from recorder.closed_takes import OPEN
from recorder.hearings import new_name, new_suffix
from recorder.ledger import Entry, Ledger, new_salt
from recorder.refusals import DiskRefused

if TYPE_CHECKING:
    from recorder.service import Daemon

SOFTWARE = f"hattama {version('hattama')}"


async def create(
    daemon: Daemon,
    thread: Executor,
    on_line: Callable[[Line], None],
    case: Case,
    participants: Sequence[Participant],
    seats: Sequence[Seat],
) -> Ledger:
    """Begin a record with the case, who takes part, the room's sources and its last check.

    Args:
        daemon: whose room it is.
        thread: the journal's writer thread.
        on_line: hears of each line.
        case: of the court's list.
        participants: in order.
        seats: whose microphone is whose.

    Raises:
        NoClosedKeys: it is in camera, and the settings do not name whose keys open it later.
        DiskRefused: the record could not be created.
    """
    if case.publicity != OPEN:
        daemon.vault.check()
    utc, mono = daemon.clock.now()
    hearing = new_name(utc, case.number, new_suffix())
    folder = daemon.settings.hearings / hearing

    def begin() -> JournalWriter:
        return JournalWriter.create(folder, daemon.signer, hearing, software=SOFTWARE, at_us=utc, mono_us=mono, salt=new_salt())

    try:
        writer = await asyncio.get_running_loop().run_in_executor(thread, begin)
    except ProtocolError as error:
        raise DiskRefused(str(error)) from error
    ledger = Ledger(writer, daemon.signer, daemon.clock, thread, on_line, daemon.reserve, daemon.vault)
    try:
        entries = await _case(ledger, daemon, case)
    except DiskRefused:
        await ledger.close()
        raise
    entries += [("participant", asdict(item)) for item in participants]
    entries += [("seat", asdict(item)) for item in seats]
    entries += [("source", track.line_data()) for track in daemon.room.tracks.values()]
    entries += checking.last_entries(daemon.settings.state_dir, utc)
    try:
        await ledger.post(*entries, checkpoint=True)
    except DiskRefused:
        await ledger.close()
        raise
    checking.told(daemon.settings.state_dir)
    return ledger


async def _case(ledger: Ledger, daemon: Daemon, case: Case) -> list[Entry]:
    """The lines of the case. A hearing in camera shows nobody its title; its key comes first, so that all that follows can be sealed."""
    clock: Entry = ("clock", daemon.clock.line_data())
    if case.publicity == OPEN:
        return [clock, ("case", asdict(case))]
    key = await ledger.closed.prepare("T01")
    assert key is not None  # noqa: S101 - it is a new hearing
    await ledger.post(clock, ("case", {**asdict(case), "title": ""}), key)
    return [("case", asdict(case))]  # sealed, as all that follows
