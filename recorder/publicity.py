"""A hearing becomes closed, or open again: another take, with the stage that says so.

::

    CLOSED_START   key of the next take on the disk → `key` and `stage` lines → the take ends → the closed take begins
    CLOSED_END     the closed take ends → an open take begins → `stage` line

The stage lines themselves are public: the ruling is announced before the room is cleared, and after it is open again. While the hearing is paused no take runs, and the next one is
what the lines say. If nothing can be recorded after the change, nothing goes back: the next take that comes is as closed as was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protocol.hearing import State
from protocol.journal import Line
from protocol.view import CLOSED_END, CLOSED_START
from recorder.closed_takes import CLOSED, OPEN
from recorder.refusals import IllegalAction

if TYPE_CHECKING:
    from recorder.session import Session

SWITCHES = {CLOSED_START: CLOSED, CLOSED_END: OPEN}


async def switch(session: Session, stage: Mapping[str, Any]) -> Line:
    """Do it; see :meth:`recorder.session.Session.switch`.

    Args:
        session: the hearing; no other move is under way.
        stage: data of the ``stage`` line, without its time.
    """
    wanted, state = SWITCHES[str(stage["code"])], session.state
    if not state.is_open or state is State.PLANNED:
        raise IllegalAction(f"a hearing that is {state} takes no stage")
    if session.closed.publicity == wanted:
        raise IllegalAction("the hearing is in camera already" if wanted == CLOSED else "the hearing is open already")
    if session.take is not None and session.take.start_us is None:
        raise IllegalAction("the hearing is about to be recorded again; ask again in a moment")
    running = session.take is not None
    said = ("stage", {**stage, "at_us": session.clock.now()[0]})
    if wanted == CLOSED:
        take = f"T{len(session.ledger.view.takes) + 1:02d}"
        key = await session.closed.prepare(take)
        async with session.telling:
            lines = await session.ledger.post(*([key] if key is not None else []), said, checkpoint=True)
        if running:
            await session.change_take(wanted)
        return lines[-1]
    if running:
        await session.change_take(wanted)
    return (await session.ledger.post(said, checkpoint=True))[-1]
