"""The review page: player and text side by side, corrections, revisions, doubts. What is true is the daemon's to say.

::

    page ── edits (based on revision n) ── this app, the author from the session ── daemon ── revision n + 1, or: n is not the newest

A correction is never written over another person's: the daemon refuses what was made to an older revision (``illegal-move``).
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from protocol.edit_list import MOST_EDITS
from protocol.stages import CODES, stages
from recorder.console.desk import Desk, operators
from recorder.console.texts import CASE_LANGUAGES, LAWS, PUBLICITY, ROLES, STATES
from web.accounts import Account, Role
from web.i18n import Translator

#: States in which the daemon takes a transcript or a protocol.
CORRECTED = ("finished", "drafted")
Number = Annotated[int, Path(ge=0, le=9999)]
Operator = Annotated[Account, Depends(operators)]
log = structlog.get_logger("console")


class Edits(BaseModel):
    """Corrections of one revision (docs/transcript-format.md, section 7.1)."""

    model_config = ConfigDict(extra="forbid")

    based_on: int = Field(ge=1, le=9999)
    edits: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_EDITS)


def router(desk: Desk) -> APIRouter:
    """The page and its routes."""
    routes = APIRouter()

    @routes.get("/hearings/{hearing}/review")
    async def review(request: Request, hearing: str, account: Operator) -> Response:
        lang = desk.pages.translator(request)
        view = await desk.daemon.get(at(hearing))
        code = view["case"].get("code", "gpk")
        return desk.pages.render(
            request,
            "review.html",
            script="review",
            data=page_data(hearing, view, account, lang),
            view=view,
            law=LAWS.get(code, code),
            publicity=PUBLICITY.get(view["case"].get("publicity", "open"), ""),
            state=STATES.get(view["state"], ""),
        )

    @routes.get("/api/hearings/{hearing}/revisions")
    async def revisions(hearing: str, _account: Operator) -> Response:
        """What was added after the capture: transcripts and protocols, by number, with who and when."""
        return _json((await desk.daemon.get(at(hearing)))["revisions"])

    @routes.get("/api/hearings/{hearing}/transcripts/{number}")
    async def transcript(hearing: str, number: Number, _account: Operator) -> Response:
        return _json(await desk.daemon.get(f"{at(hearing)}/transcripts/{number}"))

    @routes.get("/api/hearings/{hearing}/transcripts/{number}/doubts")
    async def doubts(hearing: str, number: Number, _account: Operator) -> Response:
        return _json(await desk.daemon.get(f"{at(hearing)}/transcripts/{number}/doubts"))

    @routes.get("/api/hearings/{hearing}/transcripts/{old}/changes/{new}")
    async def changes(hearing: str, old: Number, new: Number, _account: Operator) -> Response:
        return _json(await desk.daemon.get(f"{at(hearing)}/transcripts/{old}/changes/{new}"))

    @routes.post("/api/hearings/{hearing}/transcripts/edits")
    async def edit(hearing: str, edits: Edits, account: Operator) -> Response:
        kinds = sorted({str(item.get("kind", "")) for item in edits.edits})
        log.info("transcript corrected", action="transcript_edit", hearing=hearing, account=account.name, kinds=kinds)
        body = {"by": account.name, "based_on": edits.based_on, "edits": edits.edits}
        return _json(await desk.daemon.post(f"{at(hearing)}/transcripts/edits", body))

    return routes


def page_data(hearing: str, view: dict[str, Any], account: Account, lang: Translator) -> dict[str, Any]:
    """What the page's script is given."""
    code = view["case"].get("code", "gpk")
    known = stages(code) if code in CODES else ()
    return {
        "hearing": hearing,
        "base": f"/api/hearings/{quote(hearing, safe='')}",
        "desk": f"/hearings/{quote(hearing, safe='')}",
        "stages": {stage.code: stage.title(lang.language) for stage in known},
        "roles": {role: lang(text) for role, text in ROLES.items()},
        "tongue": _tongue(view["case"].get("language")),
        "mayDecide": account.role is Role.JUDGE,
        "mayEdit": view["state"] in CORRECTED,
    }


def _tongue(language: str | None) -> str:
    """The language in which the protocol is read and signed: that of the proceedings; the state language where a case has another."""
    return language if language in CASE_LANGUAGES else "kk"


def at(hearing: str) -> str:
    """The daemon's address of a hearing."""
    return f"/v1/hearings/{quote(hearing, safe='')}"


def _json(value: Any) -> Response:
    return JSONResponse(value, headers={"Cache-Control": "no-store"})
