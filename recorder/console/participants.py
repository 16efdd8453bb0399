"""People who join, leave or move during a hearing, from the page to the daemon (recorder.participants)."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from recorder.console.desk import Desk, operators
from recorder.console.forms import TEXT_MAX, clean
from recorder.console.texts import ROLES
from web.accounts import Account
from web.i18n import N_, catalogues

log = structlog.get_logger("console")

#: What the remark says that marks the second, in the language of the proceedings.
SAID = {
    "present": N_("Joins the hearing: {who}"),
    "remote": N_("Joins the hearing by video link: {who}"),
    "left": N_("Leaves the hearing: {who}"),
    "changed": N_("Participant: {who}"),
}


class Person(BaseModel):
    """Who joins, leaves or is told of anew; as recorder.participants.PersonBody."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,40}$")
    role: str = Field(max_length=100)
    name: str = Field(min_length=1, max_length=TEXT_MAX)
    attendance: Literal["present", "remote", "left"] = "present"
    source: str | None = Field(default=None, max_length=80)
    protected: bool = False


def router(desk: Desk) -> APIRouter:
    """The route of the dialog."""
    routes = APIRouter()

    @routes.post("/api/hearings/{hearing}/participants")
    async def person(hearing: str, told: Person, account: Annotated[Account, Depends(operators)]) -> Response:
        path = f"/v1/hearings/{quote(hearing, safe='')}"
        view = await desk.daemon.get(path)
        body: dict[str, Any] = {**told.model_dump(exclude_none=True), "name": clean(told.name), "by": account.name}
        log.info("a participant joins or leaves", action="participant", hearing=hearing, account=account.name)
        return JSONResponse(await desk.daemon.post(f"{path}/participants", {**body, "said": said(view, told)}))

    return routes


def said(view: dict[str, Any], told: Person) -> str:
    """The remark, in the language of the proceedings."""
    lang = catalogues().translator(view["case"].get("language", "kk"))
    people = view.get("participants", [])
    known = next((item for item in people if item["id"] == told.id), None) if told.id is not None else None
    same = known is not None and known["attendance"] == told.attendance
    text = SAID["changed" if same else told.attendance]
    role = lang(ROLES[told.role]) if told.role in ROLES else told.role
    return lang(text, who=f"{role}: {clean(told.name)}")
