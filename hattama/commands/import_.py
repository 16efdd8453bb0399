"""``hattama import``: a record from existing recordings."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hattama.context import By, settings_of
from hattama.errors import BadArgument
from hattama.files import all_there
from hattama.signing import signer_of


def import_(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(callback=all_there, metavar="FILE…", help="Recordings, in any container that FFmpeg reads.")],
    case: Annotated[str, typer.Option(help="Number of the case.")] = "",
    code: Annotated[str, typer.Option(help="Procedural code: gpk, upk, appk or koap.")] = "gpk",
    title: Annotated[str, typer.Option(help="What the case is about.")] = "",
    language: Annotated[str, typer.Option(help="Language of the proceedings: kk or ru.")] = "ru",
    started: Annotated[
        str | None, typer.Option(metavar="TIME", help="When the earliest file begins, as 2026-11-22T10:30:00+05:00.")
    ] = None,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Import a recording whose end is missing, too.")] = False,
    by: By = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Make a signed record of existing recordings: a dictaphone, a visiting session, a video conference.

    What a browser plays is copied as it is; the rest is encoded once. After an error nothing is left behind.
    """
    from protocol.hearing import Case
    from recorder.importer import ImportRequest, import_files

    settings = settings_of(context)
    about = Case(number=case, code=code, court=settings.court, courtroom=settings.courtroom, title=title, language=language)
    request = ImportRequest(tuple(files), about, by, _time_us(started), round(settings.segment_s * 1_000_000), not incomplete)
    made = import_files(request, state_dir=settings.state_dir, signer=signer_of(settings), on_progress=_progress)
    result = {
        "hearing": made.hearing,
        "record": str(made.folder),
        "tracks": list(made.tracks),
        "segments": made.segments,
        "findings": [{"code": finding, "source": source, "detail": detail} for finding, source, detail in made.findings],
        "verified": made.report.to_json(),
    }
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2))
        return
    typer.echo(f"{made.folder}\n{len(made.tracks)} tracks, {made.segments} segments; {made.report.integrity}, {made.report.completeness}")
    for finding, source, detail in made.findings:
        typer.echo(f"  {finding} {source}: {detail}")


def _time_us(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadArgument(f"--started {text!r}: {error}") from error
    if at.tzinfo is None:
        raise BadArgument(f"--started {text!r}: say the time zone too, for instance {text}+05:00")
    return round(at.timestamp() * 1_000_000)


def _progress(share: float) -> None:
    if sys.stderr.isatty():
        print(f"\rimporting {share:4.0%}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
