"""The daemon's routes for the judge's look at the recording: measure it, accept or reject it with a reason (УПК 347-1(2-1)).

The decision is a journal line ``recording_judged`` with its author and the whole report it rests on, signed at once by a checkpoint.
The newest one counts. A rejection makes the full protocol's form (``POST …/draft`` with ``rejected``) the right one.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from protocol.hearing import State
from recorder.quality_reading import Task, measure_apart
from recorder.refusals import BadRequest, IllegalAction
from recorder.service import Daemon

PROFILE = "requirements-profile.toml"
#: Reports kept in memory; each is made again when its hearing's journal has more segments.
_KEPT = 16


class JudgedBody(BaseModel):
    """What the presiding judge decided about the recording."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1, max_length=300)
    accepted: bool
    reason: str = Field(default="", max_length=2000)


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add them to the daemon's API."""
    reports: dict[str, tuple[int, asyncio.Task[dict[str, Any]]]] = {}

    async def measured(hearing: str) -> dict[str, Any]:
        """The report; made once for everybody who asks at the same time."""
        folder, view = daemon.store.path(hearing), daemon.view(hearing)
        if view.state.is_open:
            raise IllegalAction(f"a hearing that is {view.state} is measured after its end")
        known = reports.get(hearing)
        if known is None or known[0] != len(view.segments) or (known[1].done() and known[1].exception() is not None):
            own = daemon.settings.state_dir / PROFILE
            task = Task(str(folder), str(own) if own.is_file() else None)
            known = reports[hearing] = (len(view.segments), asyncio.create_task(measure_apart(task)))
            for old in list(reports)[:-_KEPT]:
                reports.pop(old)[1].cancel()
        return await asyncio.shield(known[1])

    @app.get("/v1/hearings/{hearing}/quality")
    async def quality(hearing: str) -> dict[str, Any]:
        """What was measured (recorder.quality), and the newest decision, or null; takes as long as the sound takes to decode."""
        return {"report": await measured(hearing), "judged": daemon.view(hearing).judged}

    @app.post("/v1/hearings/{hearing}/quality", status_code=201)
    async def judge(hearing: str, body: JudgedBody) -> dict[str, Any]:
        """Accept or reject the recording."""
        if not body.accepted and not body.reason.strip():
            raise BadRequest("reason: a recording is rejected with a reason")
        _need_judgeable(daemon.view(hearing).state)
        told = await measured(hearing)
        data = {
            "at_us": daemon.clock.now()[0], "by": body.by, "accepted": body.accepted, "reason": body.reason.strip(), "report": _whole(told),
        }  # fmt: skip
        async with daemon.ledger(hearing) as (_, ledger):
            _need_judgeable(ledger.view.state)  # measuring took minutes, and it may have been certified meanwhile
            await ledger.post(("recording_judged", data), checkpoint=True)
        return {"judged": data}


def _need_judgeable(state: State) -> None:
    if state not in (State.FINISHED, State.DRAFTED):
        raise IllegalAction(f"the recording of a hearing that is {state} is not judged")


def _whole(value: Any) -> Any:
    """Journal lines know whole numbers only (record format, section 2): seconds, ms and pictures a second as texts."""
    if isinstance(value, float):
        return format(value, "g")
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value
