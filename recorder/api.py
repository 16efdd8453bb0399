"""The daemon's HTTP API (docs/architecture.md, "Recorder daemon API"); described at ``/openapi.json``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

import structlog
from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException

from protocol.errors import DiskFailed, ProtocolError
from protocol.hearing import Case, Participant, Seat, State
from protocol.stages import CODES, stages
from recorder.bodies import read_body
from recorder.certification_guard import guard
from recorder.certification_routes import add_routes as add_certification_routes
from recorder.check_result import SECONDS, CheckResult
from recorder.closed_routes import add_routes as add_closed_routes
from recorder.confirming import add_routes as add_confirmation_routes
from recorder.events import encode
from recorder.hearings import summary
from recorder.live_text import LiveText
from recorder.live_text import add_routes as add_live_routes
from recorder.marking import add_routes as add_marking_routes
from recorder.media_routes import add_routes as add_media_routes
from recorder.paper_routes import add_routes as add_paper_routes
from recorder.papers import Said
from recorder.participants import add_routes as add_participant_routes
from recorder.quality_routes import add_routes as add_quality_routes
from recorder.refusals import BadRequest, DiskRefused, NoSource, Refusal
from recorder.review_routes import add_routes as add_review_routes
from recorder.sending import Sending
from recorder.sending import add_routes as add_sending_routes
from recorder.service import Daemon
from recorder.source_routes import add_routes
from recorder.status import Status
from recorder.transcript_routes import add_routes as add_transcript_routes

_log = structlog.get_logger(__name__)
_TEXT = Field(default="", max_length=2000)
_ID = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CaseBody(_Body):
    """The case as the court's list gives it."""

    number: str = Field(min_length=1, max_length=100)
    code: Literal["gpk", "upk", "appk", "koap"] = "gpk"
    court: str = _TEXT
    courtroom: str = _TEXT
    title: str = _TEXT
    kind: str = _TEXT
    language: Literal["kk", "ru", "en"] = "ru"
    publicity: Literal["open", "closed"] = "open"
    judge: str = _TEXT
    secretary: str = _TEXT


class ParticipantBody(_Body):
    """A person who takes part; `protected`: a witness under a pseudonym, of whom nothing but the language is kept."""

    id: str = _ID
    role: str = Field(max_length=100)
    name: str = Field(max_length=300)
    attendance: Literal["present", "remote", "absent"] = "present"
    note: str = _TEXT
    identity: dict[Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")], Annotated[str, Field(max_length=500)]] = Field(
        default={}, max_length=20
    )
    protected: bool = False

    @model_validator(mode="after")
    def _nothing_told_of_the_protected(self) -> Self:
        if self.protected and self.identity.keys() - {"language"}:
            raise ValueError("of a protected participant nothing but the language may be kept")
        return self


class SeatBody(_Body):
    """Which microphone belongs to which participant."""

    id: str = _ID
    label: str = Field(max_length=300)
    source: str | None = None
    participant: str | None = None


class PlanBody(_Body):
    """A new hearing."""

    case: CaseBody
    participants: list[ParticipantBody] = Field(default=[], max_length=500)
    seats: list[SeatBody] = Field(default=[], max_length=100)


class ByBody(_Body):
    """Who does it."""

    by: str = Field(min_length=1, max_length=300)


class DraftBody(_Body):
    """Who asks for the draft, and what only people can say (:class:`protocol.brief.Declared`).

    ``reasons``: why the record does not give a point of the law, by its key; ``rejected``: why the judge did not accept the recording;
    ``full``: the full protocol though a brief one would do. What is left out stays as it was said of the protocol before.
    """

    by: str = Field(default="recorder", min_length=1, max_length=300)
    reasons: dict[Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")], Annotated[str, Field(max_length=500)]] | None = Field(
        default=None, max_length=40
    )
    rejected: str | None = Field(default=None, max_length=2000)
    full: bool | None = None

    def said(self) -> Said:
        """As the recorder takes it."""
        return Said(self.reasons, self.rejected, self.full)


class CheckBody(_Body):
    """How long to capture, s."""

    seconds: int = Field(default=SECONDS, ge=3, le=60)


def create_app(daemon: Daemon) -> FastAPI:
    """The routes over one daemon."""
    certified_stays = [Depends(guard(daemon))]
    app = FastAPI(title="Hattama recorder", version="1", docs_url=None, redoc_url=None, dependencies=certified_stays)
    _errors(app)
    live = LiveText()
    add_live_routes(app, daemon, live)
    sending = Sending()
    add_sending_routes(app, daemon, sending)
    _reading(app, daemon, live, sending)
    _moving(app, daemon)
    _papers(app, daemon)
    add_marking_routes(app, daemon)
    add_participant_routes(app, daemon)
    add_routes(app, daemon)
    add_transcript_routes(app, daemon)
    add_closed_routes(app, daemon)
    add_certification_routes(app, daemon)
    add_media_routes(app, daemon)
    add_review_routes(app, daemon)
    add_quality_routes(app, daemon)
    add_paper_routes(app, daemon)
    add_confirmation_routes(app, daemon)
    return app


def _errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        _log.warning(
            "refused",
            action="refuse",
            code=error.code,
            method=request.method,
            path=request.url.path,
            message=str(error),
        )
        return JSONResponse(error.to_json(), error.http_status)

    @app.exception_handler(ProtocolError)
    async def damaged(_request: Request, error: ProtocolError) -> Response:
        status = DiskRefused.http_status if isinstance(error, DiskFailed) else 500
        return JSONResponse({"code": error.code, "message": str(error), "advice": error.advice}, status)

    @app.exception_handler(RequestValidationError)
    async def bad(_request: Request, error: RequestValidationError) -> Response:
        told = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        return JSONResponse(BadRequest(told).to_json(), BadRequest.http_status)

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        body = {"code": "no-route", "message": f"{request.method} {request.url.path}: {error.detail}"}
        return JSONResponse({**body, "advice": "See /openapi.json."}, error.status_code)


def _reading(app: FastAPI, daemon: Daemon, live: LiveText, sending: Sending) -> None:
    @app.get("/v1/status")
    async def status() -> Status:
        """What is true at this moment."""
        found = daemon.status()
        return found.model_copy(
            update={"speech": live.status(found.hearing), "sending": sending.now(found.clock.now_us)}
        )

    @app.get("/v1/events", response_class=StreamingResponse)
    async def events() -> Response:
        """Server-sent events: ``status``, ``levels``, ``line``, ``live``, ``progress``, ``sending``."""
        first = [encode("status", daemon.status().model_dump(mode="json"))]
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(daemon.hub.listen(first), media_type="text/event-stream", headers=headers)

    @app.get("/v1/sources/{name}/picture.jpg", response_class=Response)
    async def picture(name: str) -> Response:
        """A camera's last key frame."""
        data = daemon.pictures.read(name) if name in daemon.room.tracks else None
        if data is None:
            raise NoSource(f"there is no picture of {name[:80]!r}")
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @app.get("/v1/stages")
    async def stage_codes(code: str) -> list[dict[str, Any]]:
        """Stages that can be marked in a case of this procedural code."""
        if code not in CODES:
            raise BadRequest(f"code: {code[:40]!r} is none of {', '.join(CODES)}")
        return [asdict(stage) for stage in stages(code)]

    @app.get("/v1/hearings")
    async def hearings(state: Annotated[State | None, Query()] = None) -> list[dict[str, Any]]:
        """Hearings on this box, oldest name first."""
        live = summary(daemon.session.ledger.view) if daemon.session else None
        found = await asyncio.to_thread(daemon.store.summaries, live)
        return [item.to_json() for item in found if state in (None, item.state)]

    @app.get("/v1/hearings/{hearing}")
    async def view(hearing: str) -> dict[str, Any]:
        """What the journal says."""
        return daemon.view(hearing).to_json()


def _moving(app: FastAPI, daemon: Daemon) -> None:
    @app.post("/v1/hearings", status_code=201)
    async def plan(body: PlanBody) -> dict[str, str]:
        """Plan a hearing and open the devices."""
        people = [Participant(**item.model_dump()) for item in body.participants]
        seats = [Seat(**item.model_dump()) for item in body.seats]
        _check_seats(daemon, people, seats)
        return {"hearing": await daemon.plan(Case(**body.case.model_dump()), people, seats)}

    @app.post("/v1/check")
    async def check(body: CheckBody | None = None) -> CheckResult:
        """Capture through every source, store, read back, sign, verify; ready or not, and what to do."""
        seconds = body.seconds if body else SECONDS
        return await asyncio.shield(asyncio.ensure_future(daemon.check(seconds)))

    for action in ("start", "pause", "resume", "stop"):
        app.post(f"/v1/hearings/{{hearing}}/{action}", name=action)(_mover(daemon, action))


def _papers(app: FastAPI, daemon: Daemon) -> None:
    @app.post("/v1/hearings/{hearing}/transcripts", status_code=201)
    async def transcript(hearing: str, request: Request, by: str = "transcriber") -> dict[str, Any]:
        """Store a transcript (canonical JSON of docs/transcript-format.md) as the next revision."""
        return await daemon.transcript(hearing, await read_body(request), by)

    @app.post("/v1/hearings/{hearing}/draft")
    async def draft(hearing: str, body: DraftBody | None = None) -> dict[str, Any]:
        """Draft the brief protocol from the journal and the last transcript."""
        asked = body or DraftBody()
        return await daemon.draft(hearing, asked.by, asked.said())

    @app.post("/v1/hearings/{hearing}/receipt")
    async def receipt(hearing: str, request: Request) -> dict[str, Any]:
        """Keep the archive's receipt."""
        return await daemon.receipt(hearing, await read_body(request))


def _mover(daemon: Daemon, action: str) -> Callable[[str, ByBody], Awaitable[Status]]:
    async def move(hearing: str, body: ByBody) -> Status:
        # Shielded: a client that goes away must not leave a move half done.
        await asyncio.shield(asyncio.ensure_future(daemon.move(hearing, action, body.by)))
        return daemon.status()

    move.__doc__ = f"{action.capitalize()} the hearing; true on disk when it answers."
    return move


def _check_seats(daemon: Daemon, people: list[Participant], seats: list[Seat]) -> None:
    known = {person.id for person in people}
    if len(known) != len(people) or len({seat.id for seat in seats}) != len(seats):
        raise BadRequest("an id stands twice")
    tracks = {track for source in daemon.settings.sources for track in source.tracks}
    for seat in seats:
        if seat.source is not None and seat.source not in tracks:
            raise BadRequest(f"seats.{seat.id}.source: {seat.source!r} is no source of this room")
        if seat.participant is not None and seat.participant not in known:
            raise BadRequest(f"seats.{seat.id}.participant: {seat.participant!r} does not take part")
