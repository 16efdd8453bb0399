"""The daemon's routes for people who correct a transcript: read a revision, send a list of edits, get the next revision.

Edits name the revision that they were made to. If another person was quicker, they are refused and nothing is changed: the page
loads the newest revision and the person looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from protocol.doubts import Doubt, ranked
from protocol.edit_list import MOST_EDITS, BadEdits, read_edits
from protocol.editing import EditRefused, Move, Name, Operation, apply
from protocol.encoding import sha256_b64
from protocol.hearing import Revision
from protocol.opening import plain_file
from protocol.record import DirectoryRecord, UnreadableRecord
from protocol.transcript import Transcript
from protocol.view import HearingView
from protocol.voice import voice_of
from recorder import papers
from recorder.refusals import BadRequest, IllegalAction, KeysForgotten, NoHearing
from recorder.service import Daemon


class EditsBody(BaseModel):
    """What somebody changed in a revision (docs/transcript-format.md, section 7.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1, max_length=300)
    based_on: int = Field(ge=1, le=9999)
    edits: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_EDITS)


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add them to the daemon's API."""

    @app.get("/v1/hearings/{hearing}/transcripts/{number}", response_class=Response)
    async def revision(hearing: str, number: int) -> Response:
        """A revision of the transcript, as it stands in the record; 0 is the newest."""
        view = daemon.view(hearing)
        found = _revision(view, number)
        data = await asyncio.to_thread(_read, daemon.store.path(hearing), view, found, daemon.vault.keys(hearing))
        return Response(data, media_type="application/json", headers={"Cache-Control": "no-store"})

    @app.get("/v1/hearings/{hearing}/transcripts/{number}/doubts")
    async def doubts(hearing: str, number: int) -> dict[str, Any]:
        """What a person should check first in a revision (0: the newest): passages by doubt, with their places for edits."""
        view = daemon.view(hearing)
        found = _revision(view, number)
        data = await asyncio.to_thread(_read, daemon.store.path(hearing), view, found, daemon.vault.keys(hearing))
        listed = await asyncio.to_thread(lambda: ranked(Transcript.from_json(data)))
        return {"number": found.number, "passages": [_told(one) for one in listed]}

    @app.post("/v1/hearings/{hearing}/transcripts/edits", status_code=201)
    async def edit(hearing: str, body: EditsBody) -> dict[str, Any]:
        """Apply a list of edits to the newest revision; all of them, as a new revision, or none."""
        return await edit_transcript(daemon, hearing, body)


async def edit_transcript(daemon: Daemon, hearing: str, body: EditsBody) -> dict[str, Any]:
    """Make the revision that a person's edits give.

    Returns:
        its ``number`` and ``path``.

    Raises:
        BadRequest: the list is malformed, or an edit does not fit the transcript.
        IllegalAction: another revision is newer, or the hearing takes no transcript now.
        NoHearing: there is no such hearing, or it has no transcript.
        DiskRefused: the disk refused.
    """
    try:
        operations = read_edits(list(body.edits), body.by, daemon.clock.now()[0])
    except BadEdits as error:
        raise BadRequest(str(error)) from error
    async with daemon.ledger(hearing) as (folder, ledger):
        newest = _newest(ledger.view, body.based_on)
        if newest.number != body.based_on:
            raise IllegalAction(f"revision {newest.number} is newer than {body.based_on}, which the edits were made to")
        _check_speakers(ledger.view, operations)
        data = await asyncio.to_thread(_read, folder, ledger.view, newest, daemon.vault.keys(hearing))
        try:
            edited = await asyncio.to_thread(lambda: apply(Transcript.from_json(data), operations).to_json())
        except EditRefused as error:
            raise BadRequest(f"edit refused: {error}") from error
        return await papers.add_transcript(folder, ledger, edited, body.by)


def _told(one: Doubt) -> dict[str, Any]:
    passage = one.passage
    return {
        "index": one.index, "take": passage.take, "source": passage.source, "start_us": passage.start_us, "end_us": passage.end_us,
        "speaker": passage.speaker, "text": passage.text, "doubt_pm": one.doubt_pm,
    }  # fmt: skip


def _revision(view: HearingView, number: int) -> Revision:
    found = [item for item in view.revisions if item.kind == "transcript" and number in (0, item.number)]
    if not found:
        raise NoHearing(f"{view.hearing}: no transcript" + (f" of number {number}" if number else ""))
    return next((item for item in reversed(found) if item.key is None), found[-1])  # words in camera only where there are no others


def _newest(view: HearingView, based_on: int) -> Revision:
    """The newest of the part that was edited: a closed take has revisions of its own."""
    edited = next((item for item in view.revisions if item.kind == "transcript" and item.number == based_on), _revision(view, 0))
    return [item for item in view.revisions if item.kind == "transcript" and item.key == edited.key][-1]


def _read(folder: Path, view: HearingView, revision: Revision, keys: Mapping[str, bytes]) -> bytes:
    """The file that the journal names; what differs from it is nobody's transcript.

    Raises:
        KeysForgotten: it is of a closed take, and its key is not on this box.
    """
    if revision.key is not None:
        if revision.key not in keys:
            raise KeysForgotten(f"{revision.path}: key {revision.key} is not on this box")
        return plain_file(DirectoryRecord(folder), view, revision.path, dict(keys))
    data = DirectoryRecord(folder).read(revision.path)
    if sha256_b64(data) != revision.sha256:
        raise UnreadableRecord(f"{revision.path}: not the bytes that the journal names")
    return data


def _check_speakers(view: HearingView, operations: list[Operation]) -> None:
    for index, operation in enumerate(operations):
        if isinstance(operation, Move | Name) and not _known(view, operation.speaker):
            raise BadRequest(f"edits[{index}].speaker: {operation.speaker!r} does not take part")


def _known(view: HearingView, speaker: str | None) -> bool:
    """A participant, a voice of a microphone that nobody has named yet, or nobody."""
    return speaker is None or speaker in view.participants or voice_of(speaker) is not None
