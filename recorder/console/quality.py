"""The judge's look at the recording, and the protocol that is made of it: passed on to the daemon with the person's name.

A rejected recording (УПК 347-1(2-1)) is followed by the draft of the full protocol's form; every later draft says why it was rejected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from recorder.console.desk import Desk, operators
from recorder.console.review import at
from web.accounts import Account, Role
from web.rights import allow

#: Only the presiding judge decides on the recording.
judges = allow(Role.JUDGE)
_KEY = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
_WHY = Annotated[str, Field(min_length=1, max_length=500)]
log = structlog.get_logger("console")


class Decision(BaseModel):
    """Accepted, or rejected with a reason."""

    model_config = ConfigDict(extra="forbid")

    accepted: bool
    reason: str = Field(default="", max_length=2000)


class DraftAsked(BaseModel):
    """What only people can say when the protocol is drafted: why the record does not give a point of the law, by its key; all of them, or as before."""

    model_config = ConfigDict(extra="forbid")

    reasons: dict[_KEY, _WHY] | None = Field(default=None, max_length=40)


class Confirmed(BaseModel):
    """The draft that was read, and the title of each section that is confirmed."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=1, le=9999)
    sections: list[Annotated[str, Field(max_length=1000)]] = Field(min_length=1, max_length=200)


def router(desk: Desk) -> APIRouter:
    """``quality``, ``draft`` and ``confirmation`` of a hearing."""
    routes = APIRouter(prefix="/api/hearings/{hearing}")

    @routes.get("/quality")
    async def quality(hearing: str, _account: Annotated[Account, Depends(operators)]) -> Response:
        """The report, which may take minutes for a long hearing, and the newest decision."""
        return JSONResponse(await desk.daemon.measured(f"{at(hearing)}/quality"), headers={"Cache-Control": "no-store"})

    @routes.post("/quality")
    async def decide(hearing: str, decision: Decision, account: Annotated[Account, Depends(judges)]) -> Response:
        log.info(
            "recording judged",
            action="recording_judged",
            hearing=hearing,
            account=account.name,
            accepted=decision.accepted,
        )
        body = {"by": account.name, "accepted": decision.accepted, "reason": decision.reason}
        judged = await desk.daemon.post(f"{at(hearing)}/quality", body)
        if not decision.accepted:
            await _draft(desk, hearing, account)
        return JSONResponse(judged)

    @routes.post("/draft")
    async def draft(hearing: str, asked: DraftAsked, account: Annotated[Account, Depends(operators)]) -> Response:
        """Make the protocol again, with what people say; from the newest transcript."""
        return JSONResponse(await _draft(desk, hearing, account, asked.reasons))

    @routes.post("/confirmation")
    async def confirmation(hearing: str, read: Confirmed, account: Annotated[Account, Depends(operators)]) -> Response:
        """The draft becomes the protocol that people sign: every section was read (recorder.confirming)."""
        log.info(
            "protocol confirmed",
            action="protocol_confirmed",
            hearing=hearing,
            account=account.name,
            number=read.number,
            sections=len(read.sections),
        )
        body = {"by": account.name, "number": read.number, "sections": read.sections}
        return JSONResponse(await desk.daemon.post(f"{at(hearing)}/confirmation", body), 201)

    @routes.get("/protocol/{language}/{form}")
    async def paper(
        hearing: str,
        language: Literal["ru", "kk"],
        form: Literal["html", "docx", "csv", "points", "sections"],
        _account: Annotated[Account, Depends(operators)],
    ) -> Response:
        """The newest protocol in a form that is not stored; what is for taking along comes as a file."""
        passed = await desk.daemon.open(f"{at(hearing)}/protocol/{language}/{form}", {})
        try:
            data = b"".join([piece async for piece in passed.pieces()])
        finally:
            await passed.close()
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if form in ("html", "docx", "csv"):
            headers["Content-Disposition"] = f'attachment; filename="protocol.{language}.{form}"'
        return Response(data, headers=headers, media_type=passed.headers.get("content-type"))

    return routes


async def _draft(desk: Desk, hearing: str, account: Account, reasons: dict[str, str] | None = None) -> Any:
    """Of a decision about the recording the recorder knows; what is not said now stays as it was said."""
    body = {"by": account.name, "reasons": reasons}
    return await desk.daemon.post(f"{at(hearing)}/draft", body)
