"""How far each record is on its way to the archive: what the uploader tells, passed on to the pages.

Nothing of it is evidence; the receipt is. It is kept in memory, bounded, and believed for :data:`BELIEVED_US` only: an uploader that
says nothing any more may be dead, and what it said last is then nobody's word.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Annotated, Final

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from recorder.service import Daemon
from recorder.status import SendingStatus

#: The uploader tells of each record every 15 s at least (storage.telling), and waits 30 s where it was not heard.
BELIEVED_US: Final = 90_000_000
_MOST_HEARINGS: Final = 200

_Count = Annotated[int, Field(ge=0, le=2**53 - 1)]


class SendingBody(BaseModel):
    """What the uploader tells of one record (storage.telling.Told)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    left_bytes: _Count
    lag_s: _Count = 0
    kept: _Count = 0
    silent_since_us: _Count | None = None
    refused: bool = False


class Sending:
    """What was told last, by hearing."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, SendingStatus] = OrderedDict()

    def tell(self, hearing: str, body: SendingBody, now_us: int) -> SendingStatus:
        """Take it in, at a time on the hearing's clock."""
        told = SendingStatus(**body.model_dump(), told_us=now_us)
        self._told[hearing] = told
        self._told.move_to_end(hearing)
        while len(self._told) > _MOST_HEARINGS:
            self._told.popitem(last=False)
        return told

    def now(self, now_us: int) -> dict[str, SendingStatus]:
        """What is still believed."""
        return {hearing: told for hearing, told in self._told.items() if now_us - told.told_us <= BELIEVED_US}


def add_routes(app: FastAPI, daemon: Daemon, sending: Sending) -> None:
    """The uploader tells; ``GET /v1/status`` and the event ``sending`` say it on."""

    @app.post("/v1/hearings/{hearing}/sending")
    async def tell_sending(hearing: str, body: SendingBody) -> dict[str, int]:
        """How much of the record is still to be sent; kept in memory only."""
        daemon.store.path(hearing)
        told = sending.tell(hearing, body, daemon.clock.now()[0])
        daemon.hub.publish("sending", {"hearing": hearing, **told.model_dump()})
        return {"left_bytes": body.left_bytes}
