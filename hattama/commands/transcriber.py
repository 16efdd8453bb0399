"""``hattama transcriber``: words while a hearing is recorded, its transcript after the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hattama.context import settings_of

if TYPE_CHECKING:
    from device_config.settings import Settings


def transcriber(
    context: typer.Context,
    status: Annotated[
        bool,
        typer.Option("--status", help="Print what the running transcriber does and how long it will take, and end."),
    ] = False,
) -> None:
    """Run the transcriber: words while a hearing is recorded; its transcript, and then the draft of the protocol, after the end.

    Without a model for a language the transcript says which model is missing; nothing fails. Ends on SIGTERM or Ctrl-C.
    Ended at any moment, also by a power cut, it goes on where it was and makes the same transcript.
    """
    settings = settings_of(context)
    if status:
        for line in _status(settings):
            typer.echo(line)
        return
    from transcription.worker import run

    run(settings)


def _status(settings: Settings) -> list[str]:
    """A line for the hearing that is recorded, and one for each that waits for its transcript."""
    from recorder.client import RecorderClient

    with RecorderClient(settings.socket) as client:
        now = client.status()
        lines = []
        if now.hearing is not None and now.recording:
            behind = f"live words {now.speech.behind_ms / 1000:.1f} s behind" if now.speech else "no live words"
            lines.append(f"{now.hearing}: {behind}")
        lines += [
            told(row["hearing"], client.speech(row["hearing"])["progress"]) for row in client.hearings("finished")
        ]
    return lines or ["nothing to do"]


def told(hearing: str, progress: dict[str, Any] | None) -> str:
    """One transcript's progress as a person reads it."""
    if progress is None:
        return f"{hearing}: waits"
    done, left = f"{progress['done_pm'] // 10} %", progress["left_s"]
    if left is None:
        return f"{hearing}: {done}"
    return (
        f"{hearing}: {done}, about {round(left / 60)} min left"
        if left >= 60
        else f"{hearing}: {done}, less than a minute left"
    )
