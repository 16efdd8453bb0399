"""The appellate judge's pages: the list of hearings, and the replay page with what it needs beside ``replay.json``.

No record is read here for its content: the list comes from the catalogue, the replay page asks media_api for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from protocol.brief_texts import ROLES
from protocol.hearing import Case, State
from protocol.stages import CODES, LAW_NAMES, stages
from storage.archive.access import check_sees
from storage.archive.catalogue import Summary
from storage.archive.closed_api import shown
from storage.archive.records import StoredRecord
from storage.archive.service import Archive
from storage.errors import BadKey, ForeignHearing
from web.accounts import Account
from web.i18n import N_, Translator, from_us
from web.pages import Pages
from web.rights import signed_in

ROWS = 50

#: As the console names them.
STATES: dict[State, str] = {
    State.PLANNED: N_("Not started"),
    State.RECORDING: N_("Recording"),
    State.PAUSED: N_("Paused"),
    State.FAULTY: N_("Recording fault"),
    State.FINISHED: N_("Finished"),
    State.DRAFTED: N_("Finished, draft ready"),
    State.CERTIFIED: N_("Certified"),
    State.ARCHIVED: N_("Archived"),
}

#: What one chip of the list says of a hearing's three findings: class, text.
_VERDICTS: Mapping[str, tuple[str, str]] = {
    "good": ("good", N_("verified")),
    "open": ("warn", N_("not finished")),
    "bad": ("bad", N_("problem found")),
    "none": ("", N_("not verified yet")),
}

#: Why closed parts were not opened (code of the error), to a person.
_NOT_OPENED: Mapping[str, str] = {
    "no-purpose": N_("Nothing was opened: say in a sentence of at least 10 characters for what you need it."),
    "closed-key-missing": N_("Nothing was opened: this archive has no key for it. Tell the administrator."),
}


def router(pages: Pages, archive: Archive) -> APIRouter:
    """The routes ``/``, ``/hearings/{id}`` and ``/hearings/{id}/files.json``."""
    routes = APIRouter(dependencies=[Depends(signed_in)])

    @routes.get("/")
    def hearings(
        request: Request,
        q: Annotated[str, Query(max_length=200)] = "",
        page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    ) -> Response:
        account: Account = request.state.account
        found = archive.search(q, limit=ROWS + 1, offset=(page - 1) * ROWS, courts=account.courts)
        lang = pages.translator(request)
        return pages.render(
            request,
            "hearings.html",
            q=q.strip(),
            rows=[_row(summary, lang) for summary in found[:ROWS]],
            page=page,
            earlier=f"/?{urlencode({'q': q, 'page': page - 1})}" if page > 1 else None,
            later=f"/?{urlencode({'q': q, 'page': page + 1})}" if len(found) > ROWS else None,
        )

    @routes.get("/hearings/{hearing}")
    def replay(request: Request, hearing: str, refused: str = "") -> Response:
        summary = _known(archive, request, hearing)
        lang = pages.translator(request)
        data = {
            "hearing": hearing,
            "base": f"/hearings/{quote(hearing, safe='')}",
            "stages": {stage.code: stage.title(lang.language) for stage in _stages(summary.code)},
            "roles": roles(lang.language),
            "closed": shown(request, hearing),
        }
        return pages.render(
            request,
            "replay.html",
            script="replay",
            data=data,
            row=_row(summary, lang),
            closed_part=data["closed"],
            problem=_NOT_OPENED.get(refused),
        )

    @routes.get("/hearings/{hearing}/files.json")
    def files(request: Request, hearing: str) -> Response:
        _known(archive, request, hearing)
        account: Account = request.state.account
        archive.viewed(hearing, account.name, str(request.state.session_token))
        return JSONResponse(file_list(archive, hearing))

    return routes


def _known(archive: Archive, request: Request, hearing: str) -> Summary:
    """The hearing's row, or the page that says why not: 403 another court's, 410 destroyed, 404 there is none."""
    try:
        check_sees(request, hearing)
        summary = archive.summary(hearing)
    except BadKey as error:
        raise HTTPException(404) from error
    except ForeignHearing as error:
        raise HTTPException(403) from error
    if summary is None:
        raise HTTPException(410 if archive.destroyed(hearing) else 404)
    return summary


def file_list(archive: Archive, hearing: str) -> dict[str, Any]:
    """What the browser's own verifier starts from: every file that the store holds now, and the keys the archive trusts."""
    record = StoredRecord(archive.store, hearing)
    return {
        "files": [{"path": path, "bytes": record.size(path)} for path in record.paths()],
        "trust": sorted(key.text for key in archive.trust().keys),
    }


def roles(language: str) -> dict[str, str]:
    """Names of participants' roles; the brief protocol has no English, where the code itself is English."""
    if language == "en":
        return {code: code.replace("_", " ") for code in ROLES}
    return {code: names[0 if language == "ru" else 1] for code, names in ROLES.items()}


def _stages(code: str) -> Any:
    return stages(code if code in CODES else Case().code)


def _row(summary: Summary, lang: Translator) -> dict[str, Any]:
    """A hearing as the list and the head of its page show it."""
    at = from_us(summary.start_us) if summary.start_us is not None else datetime.fromisoformat(summary.opened_at)
    chip, verdict = _VERDICTS[_verdict(summary)]
    return {
        "hearing": summary.hearing,
        "address": f"/hearings/{quote(summary.hearing, safe='')}",
        "number": summary.number or summary.hearing,
        "title": summary.title,
        "law": LAW_NAMES.get(summary.code, {}).get(lang.language, ""),
        "court": ", ".join(part for part in (summary.court, summary.courtroom) if part),
        "judge": summary.judge,
        "date": lang.date(at),
        "time": lang.time(at),
        "duration": _duration(summary.duration_us),
        "state": lang(STATES[State(summary.state)]) if summary.state in STATES else summary.state,
        "closed": summary.publicity == "closed",
        "chip": chip,
        "verdict": lang(verdict),
    }


def _verdict(summary: Summary) -> str:
    if summary.good is None:
        return "none"
    if summary.good:
        return "good"
    only_open = (summary.integrity, summary.completeness, summary.provenance) == ("intact", "open", "trusted")
    return "open" if only_open else "bad"


def _duration(us: int) -> str:
    minutes, seconds = divmod(us // 1_000_000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
