"""``hattama transcriber``: speech to text for finished hearings."""

from __future__ import annotations

import typer

from hattama.context import settings_of


def transcriber(context: typer.Context) -> None:
    """Run the transcriber: finds finished hearings without a transcript and hands one to the daemon.

    Without a model for a language the transcript says which model is missing; nothing fails. Ends on SIGTERM or Ctrl-C.
    """
    settings = settings_of(context)
    from transcription.worker import run

    run(settings)
