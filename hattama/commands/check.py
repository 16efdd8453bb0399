"""``hattama check``: is the courtroom ready? A real capture through every source, stored, read back, signed and verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import settings_of

if TYPE_CHECKING:
    from recorder.check_result import CheckResult

#: Exit status of a room that is not ready.
NOT_READY = 20


def check(
    context: typer.Context,
    seconds: Annotated[int, typer.Option(min=3, max=60, help="How long to capture.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Check that the courtroom is ready: capture through every source, store, read back, sign and verify.

    Needs the recorder; while a hearing is recorded or paused it is refused. Nothing of the capture is kept. The result stands
    in the journal of the hearings planned within a day. Exit status 0 if everything is ready, 20 if not.
    """
    from recorder.client import RecorderClient

    with RecorderClient(settings_of(context).socket) as client:
        result = client.check(seconds)
    typer.echo(result.model_dump_json(indent=2) if as_json else told(result))
    raise typer.Exit(0 if result.ready else NOT_READY)


def told(result: CheckResult) -> str:
    """The result as a person reads it."""
    lines = ["READY" if result.ready else "NOT READY", f"record     {'verified' if result.verified else 'NOT VERIFIED'}", ""]
    for source in result.sources:
        level = "" if source.rms_cdb is None else f", loudest {source.rms_cdb / 100:.0f} dB"
        state = "ready" if source.ready else "NOT READY"
        lines.append(f"{source.name:<20} {state:<10} {source.captured_us / 1e6:5.1f} s, {source.bytes} bytes{level}")
    for problem in result.problems:
        lines += ["", f"{problem.source or 'recorder'}: {problem.code}" + (f" ({problem.detail})" if problem.detail else "")]
        lines += [f"    {problem.advice}"] if problem.advice else []
    return "\n".join(lines)
