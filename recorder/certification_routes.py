"""The daemon's routes for signatures, certification, amendments, remarks and terms (docs/signing.md).

::

    GET  /v1/hearings/{hearing}/signing                       what is signed, by whom, what is missing
    GET  /v1/hearings/{hearing}/papers/{path}                 a file that came after the capture, as it stands in the record
    POST /v1/hearings/{hearing}/signatures?language=&by=      body: the signed PDF
    POST /v1/hearings/{hearing}/certification/preparation     seals what is open; which manifest is to be signed
    POST /v1/hearings/{hearing}/certification?manifest=&by=   body: detached CMS; certified when it answers
    GET, POST /v1/hearings/{hearing}/protocol-remarks         remarks, reviews, who has read
    GET, POST /v1/hearings/{hearing}/amendments               those that wait for signatures; a new one
    GET  /v1/hearings/{hearing}/amendments/{number}.pdf       the newest PDF of one that waits
    POST /v1/hearings/{hearing}/amendments/{number}/signatures?by=   body: the signed PDF
    POST /v1/hearings/{hearing}/amendments/{number}/withdrawal       forgets one that waits
    GET  /v1/terms                                            by when what is due
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from protocol.encoding import sha256_b64
from protocol.errors import ProtocolError
from protocol.hearing import State
from protocol.record import DirectoryRecord
from protocol.remarks import Decision, Kind
from protocol.working_days import read_calendar
from recorder import certification, certification_amendments
from recorder.amending import render_apart
from recorder.bodies import read_body
from recorder.certification_remarks import Entered, add_remarks
from recorder.certification_terms import Facts, facts_of, rows
from recorder.closed_remarks import covers, opened
from recorder.refusals import NoHearing, Refusal
from recorder.service import Daemon

_log = structlog.get_logger(__name__)
_BY = Query(min_length=1, max_length=300)
_NO_STORE = {"Cache-Control": "no-store"}
T = TypeVar("T")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1, max_length=300)


class ByBody(_Body):
    """Who does it."""


class AttachmentBody(BaseModel):
    """A file that comes with remarks, base64."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200)
    data: Base64Bytes


class RemarksBody(_Body):
    """See :class:`protocol.remarks.Remarks`."""

    kind: Kind
    at_us: int = Field(ge=0, le=2**53 - 1)
    person: str = Field(min_length=1, max_length=300)
    role: str = Field(default="", max_length=100)
    of: str = Field(default="", max_length=200)
    text: str = Field(default="", max_length=100_000)
    decision: Decision | None = None
    moments: list[Annotated[int, Field(ge=0, le=2**53 - 1)]] = Field(default=[], max_length=200)
    attachments: list[AttachmentBody] = Field(default=[], max_length=10)
    in_camera: bool | None = None


class AmendmentBody(_Body):
    """What is to be read instead, and why."""

    amends: str = Field(default="", max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    reason: str = Field(min_length=1, max_length=2000)


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add them to the daemon's API."""
    _signing(app, daemon)
    _certifying(app, daemon)
    _remarks(app, daemon)
    _amendments(app, daemon)
    _terms(app, daemon)


def _signing(app: FastAPI, daemon: Daemon) -> None:
    @app.get("/v1/hearings/{hearing}/signing")
    async def signing(hearing: str) -> dict[str, Any]:
        """What is signed, by whom, and what is missing."""
        folder, view, list_of = daemon.store.path(hearing), daemon.view(hearing), daemon.settings.signing.trust

        def look() -> dict[str, Any]:
            trust = certification.trust_of(list_of) if list_of is not None else None
            return certification.state_of_signing(folder, view, trust)

        return await asyncio.to_thread(look)

    @app.get("/v1/hearings/{hearing}/papers/{path:path}", response_class=Response)
    async def paper(hearing: str, path: str) -> Response:
        """A file that came after the capture, or a manifest, as it stands in the record."""
        folder, view = daemon.store.path(hearing), daemon.view(hearing)
        found = next((item for item in view.revisions if item.path == path), None)
        if found is not None:
            data = await asyncio.to_thread(certification.read_paper, folder, found)
        elif any(item.path == path for item in view.manifests):
            data = await asyncio.to_thread(DirectoryRecord(folder).read, path)
        else:
            raise NoHearing(f"{hearing}: no file {path[:200]!r}")
        return Response(
            data,
            media_type="application/pdf" if path.endswith(".pdf") else "application/octet-stream",
            headers=_NO_STORE,
        )

    @app.post("/v1/hearings/{hearing}/signatures", status_code=201)
    async def signature(hearing: str, request: Request, language: str, by: Annotated[str, _BY]) -> dict[str, Any]:
        """Take a signed PDF of the last draft into the record, and seal it."""
        body, trust = await read_body(request), await _trust(daemon)
        async with daemon.ledger(hearing) as (folder, ledger):
            now, sha256 = daemon.clock.now()[0], sha256_b64(body)
            done = await _whole(certification.add_signature(folder, ledger, trust, language, body, now, by))
        _log.info("signed", action="sign", hearing=hearing, by=by, path=done["path"], sha256=sha256)
        return done


def _certifying(app: FastAPI, daemon: Daemon) -> None:
    @app.post("/v1/hearings/{hearing}/certification/preparation")
    async def prepare(hearing: str, body: ByBody) -> dict[str, Any]:
        """Seal what is not sealed yet; the manifest that the secretary signs."""
        async with daemon.ledger(hearing) as (folder, ledger):
            return await _whole(certification.prepare_certification(folder, ledger, body.by))

    @app.post("/v1/hearings/{hearing}/certification", status_code=201)
    async def certify(
        hearing: str, request: Request, manifest: Annotated[int, Query(ge=1)], by: Annotated[str, _BY]
    ) -> dict[str, Any]:
        """Take the secretary's signature over the newest manifest; from then on nothing of the hearing changes."""
        body, trust = await read_body(request), await _trust(daemon)
        async with daemon.ledger(hearing) as (folder, ledger):
            done = await _whole(certification.certify(folder, ledger, trust, manifest, body, daemon.clock.now()[0], by))
        _log.info("certified", action="certify", hearing=hearing, by=by, path=done["path"])
        await _forget(daemon, hearing)
        return done


def _remarks(app: FastAPI, daemon: Daemon) -> None:
    @app.get("/v1/hearings/{hearing}/protocol-remarks")
    async def listed(hearing: str) -> list[dict[str, Any]]:
        """Remarks, reviews, and who has read the protocol, in the order in which they were entered; ``readable``: in full, not only the cover."""
        folder, view, keys = daemon.store.path(hearing), daemon.view(hearing), dict(daemon.vault.keys(hearing))

        def look() -> list[dict[str, Any]]:
            told = []
            for cover in covers(folder, view):
                item = opened(folder, view, cover, keys)
                told.append({**asdict(item), "path": item.path, "readable": not cover.closed or item is not cover})
            return told

        return await asyncio.to_thread(look)

    @app.post("/v1/hearings/{hearing}/protocol-remarks", status_code=201)
    async def enter(hearing: str, body: RemarksBody) -> dict[str, Any]:
        """Enter remarks, a review, or that somebody has read the protocol; a later seal covers it when this answers."""
        files = [(item.name, item.data) for item in body.attachments]
        said = Entered(
            body.kind,
            body.at_us,
            body.person,
            body.role,
            body.by,
            body.of,
            body.text,
            body.decision,
            tuple(body.moments),
            files,
            body.in_camera,
        )
        async with daemon.ledger(hearing) as (folder, ledger):
            done = await _whole(add_remarks(folder, ledger, daemon.vault, said, daemon.clock.now()[0]))
        _log.info(
            "remarks_entered",
            action="enter_remarks",
            hearing=hearing,
            by=body.by,
            kind=body.kind.value,
            path=done["path"],
            in_camera=done["in_camera"],
        )
        if done["in_camera"] and daemon.view(hearing).state is not State.DRAFTED:
            await _forget(daemon, hearing)  # of what waits for no review
        return done


def _amendments(app: FastAPI, daemon: Daemon) -> None:
    def waits(hearing: str) -> Path:
        daemon.store.path(hearing)  # a name, not a way out of the folder
        return daemon.settings.state_dir / "amendments" / hearing

    @app.get("/v1/hearings/{hearing}/amendments")
    async def waiting(hearing: str) -> list[dict[str, Any]]:
        """Amendments that wait for signatures; those that both have signed stand in the record."""
        found = await asyncio.to_thread(certification_amendments.waiting, waits(hearing))
        return [{**asdict(item.amendment), "roles": list(item.roles)} for item in found]

    @app.get("/v1/hearings/{hearing}/amendments/{number}.pdf", response_class=Response)
    async def pdf(hearing: str, number: int) -> Response:
        """The newest PDF of an amendment that waits."""
        found = await asyncio.to_thread(certification_amendments.waiting, waits(hearing))
        item = next((one for one in found if one.amendment.number == number), None)
        if item is None:
            raise NoHearing(f"no amendment {number} waits for signatures")
        return Response(await asyncio.to_thread(item.pdf.read_bytes), media_type="application/pdf", headers=_NO_STORE)

    @app.post("/v1/hearings/{hearing}/amendments", status_code=201)
    async def draw_up(hearing: str, body: AmendmentBody) -> dict[str, Any]:
        """Write an amendment of the certified protocol down for both to sign."""
        async with daemon.ledger(hearing) as (_, ledger):
            now = daemon.clock.now()[0]
            work = certification_amendments.draw_up(
                ledger, waits(hearing), body.amends, body.text, body.reason, now, body.by, render_apart
            )
            return await _whole(work)

    @app.post("/v1/hearings/{hearing}/amendments/{number}/signatures", status_code=201)
    async def sign(hearing: str, number: int, request: Request, by: Annotated[str, _BY]) -> dict[str, Any]:
        """Take an amendment's PDF with one signature more; with both it enters the record by a later seal."""
        body, trust = await read_body(request), await _trust(daemon)
        async with daemon.ledger(hearing) as (folder, ledger):
            now = daemon.clock.now()[0]
            done = await _whole(
                certification_amendments.sign(folder, ledger, waits(hearing), number, body, trust, now, by)
            )
        _log.info("amendment_signed", action="sign", hearing=hearing, by=by, number=number, missing=done["missing"])
        return done

    @app.post("/v1/hearings/{hearing}/amendments/{number}/withdrawal")
    async def withdraw(hearing: str, number: int, body: ByBody) -> dict[str, Any]:
        """Forget an amendment that waits for signatures; ``roles``: who had signed it."""
        async with daemon.ledger(hearing) as (_, ledger):
            roles = await _whole(certification_amendments.withdraw(ledger, waits(hearing), number))
        _log.warning("amendment_withdrawn", action="withdraw", hearing=hearing, by=body.by, number=number, roles=roles)
        return {"number": number, "roles": list(roles)}


def _terms(app: FastAPI, daemon: Daemon) -> None:
    known: dict[str, tuple[int, Facts | None]] = {}

    def facts(hearing: str) -> Facts | None:
        view = daemon.view(hearing)
        held = known.get(hearing)
        if held is None or held[0] != view.size:
            known[hearing] = held = (view.size, facts_of(daemon.store.path(hearing), view))
        return held[1]

    @app.get("/v1/terms")
    async def terms() -> dict[str, Any]:
        """By when what is due for each hearing that is over, the soonest first; those without a date last."""
        path, now = daemon.settings.signing.holidays, daemon.clock.now()[0]

        def look() -> list[dict[str, Any]]:
            calendar = read_calendar(path) if path is not None else read_calendar()
            found = []
            for item in daemon.store.summaries():
                try:
                    fact = facts(item.hearing) if item.sealed else None
                except (ProtocolError, OSError, ValueError) as error:
                    _log.error("terms_unknown", action="skip", hearing=item.hearing, error=str(error))
                    continue
                found += rows(fact, calendar, now) if fact is not None else []
            return [asdict(row) for row in sorted(found, key=lambda row: (row.last_us is None, row.last_us or 0))]

        return {"now_us": now, "rows": await asyncio.to_thread(look)}


async def _forget(daemon: Daemon, hearing: str) -> None:
    """Keys that the box needs no more (recorder.forgetting)."""
    try:
        await daemon.forgetting.forget(hearing)
    except (Refusal, ProtocolError, OSError) as error:  # what was done stands; it is tried again by itself
        _log.error("closed_keys_not_forgotten", action="retry", hearing=hearing, error=str(error))


async def _trust(daemon: Daemon) -> Any:
    return await asyncio.to_thread(certification.trust_of, daemon.settings.signing.trust)


async def _whole(work: Awaitable[T]) -> T:
    """Shielded: a client that goes away must not leave an act half done."""
    return await asyncio.shield(asyncio.ensure_future(work))
