"""The daemon's route for people who compare two revisions of a transcript (protocol.transcript_changes)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from protocol.encoding import sha256_b64
from protocol.hearing import Revision
from protocol.record import DirectoryRecord, UnreadableRecord
from protocol.transcript import Transcript
from protocol.transcript_changes import changes
from protocol.view import HearingView
from recorder.refusals import NoHearing
from recorder.service import Daemon


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add it to the daemon's API."""

    @app.get("/v1/hearings/{hearing}/transcripts/{old}/changes/{new}")
    async def compared(hearing: str, old: int, new: int) -> list[dict[str, Any]]:
        """What revision ``new`` says otherwise than ``old``: words, and who said them, by time."""
        folder, view = daemon.store.path(hearing), daemon.view(hearing)
        before, after = _named(view, old), _named(view, new)
        return await asyncio.to_thread(
            lambda: [asdict(one) for one in changes(_read(folder, before), _read(folder, after))]
        )


def _named(view: HearingView, number: int) -> Revision:
    found = [item for item in view.revisions if item.kind == "transcript" and item.number == number]
    if not found:
        raise NoHearing(f"{view.hearing}: no transcript of number {number}")
    return found[-1]


def _read(folder: Path, revision: Revision) -> Transcript:
    data = DirectoryRecord(folder).read(revision.path)
    if sha256_b64(data) != revision.sha256:
        raise UnreadableRecord(f"{revision.path}: not the bytes that the journal names")
    return Transcript.from_json(data)
