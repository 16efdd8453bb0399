"""From a draft that a program drew up to the protocol that people sign: each section is confirmed, by name (УПК 83; КоАП 759-1).

::

    draft N ── read on the review page, section by section ──► confirmation {number, sections, by}
                                                                 │ the newest? every section? every missing point with its reason?
                                                                 ▼
    the next brief, confirmed, from the draft's own JSON ──► sealed; line ``sections_confirmed`` says who confirmed what

A draft is never signed: :func:`recorder.certification.need_current_draft` asks for the confirmed form. A transcript that is newer, or another
draft, makes it necessary to confirm again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from device_config.settings import Settings
from protocol import seal
from protocol.hearing import Revision, State
from protocol.view import HearingView
from recorder import paper_forms
from recorder.certification import newest_brief, outdated, protocol_language
from recorder.drafting import DraftFile, Task, draft_apart, task_of, templates_of
from recorder.ledger import Ledger
from recorder.papers import add_files, need_finished, next_brief, transcript_before
from recorder.refusals import BadRequest, IllegalAction, NoFile
from recorder.service import Daemon

Drafter = Callable[[Task], Awaitable[list[DraftFile]]]


class ConfirmationBody(BaseModel):
    """Who confirms, which draft, and the title of each section that was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1, max_length=300)
    number: int = Field(ge=1, le=9999)
    sections: list[str] = Field(min_length=1, max_length=200)


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add it to the daemon's API; ``GET …/protocol/{language}/sections`` (recorder.paper_routes) tells the titles."""

    @app.post("/v1/hearings/{hearing}/confirmation", status_code=201)
    async def confirmation(hearing: str, body: ConfirmationBody) -> dict[str, Any]:
        """The draft becomes the protocol; ``number`` and ``files`` of what there is to sign."""
        async with daemon.ledger(hearing) as (folder, ledger):
            return await asyncio.shield(
                asyncio.ensure_future(add_confirmation(folder, ledger, daemon.settings, daemon.clock.now()[0], body))
            )


async def add_confirmation(
    folder: Path,
    ledger: Ledger,
    settings: Settings,
    now_us: int,
    body: ConfirmationBody,
    drafter: Drafter = draft_apart,
) -> dict[str, Any]:
    """Make the confirmed form of the newest draft, and seal it.

    Args:
        folder: the record.
        ledger: its journal.
        settings: the court's templates.
        now_us: UTC µs; its date, where the court is, is that of the final form.
        body: what was confirmed.
        drafter: makes the files.

    Raises:
        IllegalAction: another draft, or a transcript, came meanwhile; or it is confirmed already; or the hearing is certified.
        BadRequest: sections were left out.
        ProtocolIncomplete: points of the law are missing without a recorded reason.
        NotDrafted: the files could not be made.
        DiskRefused: the disk refused.
    """
    view = ledger.view
    need_finished(view, "confirmation")
    draft = _confirmable(view, body.number)
    language = protocol_language(view)
    number = next_brief(view)
    task = paper_forms.Task(
        str(folder), draft.path, transcript_before(view, draft), templates_of(settings), language, "sections"
    )
    _need_all(await paper_forms.sections(task), body.sections)
    files = await drafter(task_of(folder, settings, number, now_us, task.transcript, confirms=draft.path))
    named = [replace(item, more={"of": draft.path}) if item.kind == "brief" else item for item in files]
    said = {
        "number": draft.number + 1,
        "of": draft.path,
        "language": language,
        "sections": body.sections,
        "by": body.by,
    }
    await add_files(folder, ledger, named, number, body.by, [("sections_confirmed", said)])
    await ledger.work(seal.seal_revision)
    return {"number": number, "files": [item.path for item in files]}


def _confirmable(view: HearingView, number: int) -> Revision:
    draft = newest_brief(view)
    if draft is None:
        raise NoFile("no protocol was drafted yet")
    if view.state is not State.DRAFTED:
        raise IllegalAction("the draft was not completed: have the protocol drafted again, and read that")
    if draft.number != number:
        raise IllegalAction(f"protocol {number} is not the newest, that is {draft.number}: read that one")
    if draft.of:
        raise IllegalAction("the protocol is confirmed already")
    if outdated(view):
        raise IllegalAction(
            "a transcript is newer than the draft of the protocol: have it drafted again, and read that"
        )
    return draft


def _need_all(wanted: Sequence[str], confirmed: Sequence[str]) -> None:
    if left := Counter(wanted) - Counter(confirmed):
        raise BadRequest("sections: not confirmed: " + "; ".join(left))
    if more := Counter(confirmed) - Counter(wanted):
        raise BadRequest("sections: the protocol has none of these: " + "; ".join(more)[:1000])
