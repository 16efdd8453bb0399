"""The daemon's route for the protocol in every form (recorder.paper_forms)."""

from __future__ import annotations

from typing import Literal

from fastapi import FastAPI
from fastapi.responses import Response

from recorder.paper_forms import MEDIA_TYPES, Form, Task, make_apart
from recorder.refusals import NoFile
from recorder.service import Daemon


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add it to the daemon's API."""

    @app.get("/v1/hearings/{hearing}/protocol/{language}/{form}", response_class=Response)
    async def paper(hearing: str, language: Literal["ru", "kk"], form: Form) -> Response:
        """The newest protocol as HTML, DOCX or CSV; ``points``: what the law requires and it lacks."""
        folder, view = daemon.store.path(hearing), daemon.view(hearing)
        briefs = [item.path for item in view.revisions if item.kind == "brief"]
        if not briefs:
            raise NoFile(f"{hearing}: no protocol was drafted yet")
        # The transcript as it was when the protocol was drawn up: the newest one before it.
        drawn = next(item.seq for item in view.revisions if item.path == briefs[-1])
        transcripts = [item.path for item in view.revisions if item.kind == "transcript" and item.seq < drawn]
        templates = str(daemon.settings.templates) if daemon.settings.templates else None
        task = Task(str(folder), briefs[-1], transcripts[-1] if transcripts else None, templates, language, form)
        return Response(await make_apart(task), media_type=MEDIA_TYPES[form], headers={"Cache-Control": "no-store"})
