"""What people mark while a hearing runs: stages, remarks, and taking one back (docs/record-format.md, section 4.5).

A page whose console is killed says the same mark again until it is answered. It names it by a ``token`` of its own, so that it is written once, and says how long
ago it was made, so that it stands at its second. A mark may be taken back without a reason for ten seconds; after that with one, or it is replaced by another; nothing
is erased. What is said of a moment in camera is sealed, also when the hearing is open again by then.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from protocol.hearing import Remark, Stage
from protocol.journal import Line
from protocol.stages import stages
from protocol.view import CLOSED_END, CLOSED_START, HearingView
from recorder.refusals import BadRequest, IllegalAction
from recorder.service import Daemon

#: For so long a mark is taken back without a reason, µs.
UNDO_US: Final = 10_000_000
#: A mark older than this, as its page says, was not kept by a page that waited for its console, ms.
MOST_AGO_MS: Final = 600_000
#: Marks whose token is known; a page repeats one within seconds.
_KNOWN: Final = 1000


class _MarkBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1, max_length=300)
    token: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{8,64}$")
    ago_ms: int = Field(default=0, ge=0, le=MOST_AGO_MS)
    replaces: int | None = Field(default=None, ge=1)


class StageBody(_MarkBody):
    """A stage of the hearing; its code is one of ``GET /v1/stages``."""

    code: str = Field(max_length=40)
    participant: str | None = Field(default=None, max_length=40)
    note: str = Field(default="", max_length=2000)


class RemarkBody(_MarkBody):
    """A remark at this moment."""

    text: str = Field(min_length=1, max_length=10_000)


class WithdrawalBody(BaseModel):
    """A stage or remark to take back, by the number of its line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: int = Field(ge=1)
    by: str = Field(min_length=1, max_length=300)
    reason: str = Field(default="", max_length=2000)


class Marks:
    """Writes marks, each token once.

    Args:
        daemon: the recorder.
        undo_us: for so long a mark is taken back without a reason.
    """

    def __init__(self, daemon: Daemon, undo_us: int = UNDO_US) -> None:
        self._daemon = daemon
        self._undo_us = undo_us
        self._known: OrderedDict[tuple[str, str], asyncio.Future[dict[str, Any]]] = OrderedDict()

    async def once(
        self, hearing: str, token: str | None, write: Callable[[], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """What ``write`` gives, or what it gave for this token before; one that failed may be tried again."""
        if token is None:
            return await write()
        key = (hearing, token)
        if key not in self._known:
            # Apart from the request: a console that is killed now must not leave a mark of which nobody knows whether it was written.
            self._known[key] = asyncio.ensure_future(write())
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        try:
            return await asyncio.shield(self._known[key])
        except Exception:
            self._known.pop(key, None)
            raise

    async def write(self, hearing: str, line_type: str, body: StageBody | RemarkBody) -> dict[str, Any]:
        """Journal a stage or remark at the second it was made, or at the one of that which it replaces."""
        data = body.model_dump(exclude={"token", "ago_ms", "replaces"})
        at_us = None
        if body.replaces is not None:
            view = self._daemon.view(hearing)
            at_us = _standing(view, body.replaces, line_type).at_us
            data["replaces"] = body.replaces
        line = await self._daemon.mark(hearing, line_type, data, ago_us=body.ago_ms * 1000, at_us=at_us)
        return _answer(line)

    async def withdraw(self, hearing: str, body: WithdrawalBody) -> dict[str, Any]:
        """Journal that a stage or remark is taken back."""
        view = self._daemon.view(hearing)
        mark = _standing(view, body.line, None)
        old = self._daemon.clock.now()[0] - mark.at_us > self._undo_us
        if not body.reason.strip() and (old or mark.by != body.by):
            raise BadRequest("reason: after ten seconds, and for another's mark, it must be said why")
        line = await self._daemon.mark(hearing, "withdrawn", body.model_dump(), about_us=mark.at_us)
        return _answer(line)


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """``…/stages``, ``…/remarks``, ``…/withdrawals``."""
    marks = Marks(daemon)

    @app.post("/v1/hearings/{hearing}/stages", status_code=201)
    async def stage(hearing: str, body: StageBody) -> dict[str, Any]:
        """Mark a stage at this moment."""
        view = daemon.view(hearing)
        known = [item.code for item in stages(view.case.code)]
        if body.code not in known:
            raise BadRequest(f"code: {body.code!r} is no stage of {view.case.code}; its stages are {', '.join(known)}")
        if body.replaces is not None and body.code in (CLOSED_START, CLOSED_END):
            raise BadRequest(f"code: {body.code} changes what is recorded and replaces nothing")
        if body.participant is not None and body.participant not in view.participants:
            raise BadRequest(f"participant: {body.participant!r} does not take part")
        return await marks.once(hearing, body.token, lambda: marks.write(hearing, "stage", body))

    @app.post("/v1/hearings/{hearing}/remarks", status_code=201)
    async def remark(hearing: str, body: RemarkBody) -> dict[str, Any]:
        """Note a remark at this moment."""
        return await marks.once(hearing, body.token, lambda: marks.write(hearing, "remark", body))

    @app.post("/v1/hearings/{hearing}/withdrawals", status_code=201)
    async def withdraw(hearing: str, body: WithdrawalBody) -> dict[str, Any]:
        """Take a stage or remark back; its line stays."""
        return await marks.withdraw(hearing, body)


def _standing(view: HearingView, seq: int, line_type: str | None) -> Stage | Remark:
    """The stage or remark of a line, if it still stands."""
    found: list[Stage | Remark] = [
        *(view.stages if line_type != "remark" else ()),
        *(view.remarks if line_type != "stage" else ()),
    ]
    mark = next((item for item in found if item.seq == seq), None)
    if mark is None:
        raise BadRequest(f"line {seq} is no {line_type or 'stage or remark'} that still stands")
    if isinstance(mark, Stage) and mark.code in (CLOSED_START, CLOSED_END):
        raise IllegalAction("the change between open and closed was recorded, and cannot be taken back")
    return mark


def _answer(line: Line) -> dict[str, Any]:
    return {"seq": line.seq, "at_us": line.data["at_us"]}
