"""The daemon's route for the protocol in every form (recorder.paper_forms)."""

from __future__ import annotations

from typing import Literal

from fastapi import FastAPI
from fastapi.responses import Response

from recorder.drafting import templates_of
from recorder.paper_forms import MEDIA_TYPES, Form, Task, make_apart
from recorder.papers import transcript_before
from recorder.refusals import NoFile
from recorder.service import Daemon


def add_routes(app: FastAPI, daemon: Daemon) -> None:
    """Add it to the daemon's API."""

    @app.get("/v1/hearings/{hearing}/protocol/{language}/{form}", response_class=Response)
    async def paper(hearing: str, language: Literal["ru", "kk"], form: Form) -> Response:
        """The newest protocol as HTML, DOCX or CSV; ``points``: what the law requires and it lacks; ``sections``: their titles."""
        folder, view = daemon.store.path(hearing), daemon.view(hearing)
        brief = next((item for item in reversed(view.revisions) if item.kind == "brief"), None)
        if brief is None:
            raise NoFile(f"{hearing}: no protocol was drafted yet")
        drawn = next((item for item in view.revisions if item.path == brief.of), brief)  # of a confirmed one, its draft
        task = Task(str(folder), brief.path, transcript_before(view, drawn), templates_of(daemon.settings), language, form)
        return Response(await make_apart(task), media_type=MEDIA_TYPES[form], headers={"Cache-Control": "no-store"})
