"""``hattama evaluate``: how well the installed models hear, on a court's own recordings."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import settings_of
from hattama.errors import BadArgument
from hattama.files import there, to_write

if TYPE_CHECKING:
    from device_config.settings import SpeechSettings
    from transcription.evaluation.measuring import Evaluation


class PageLanguage(StrEnum):
    """The languages of the page."""

    KK = "kk"
    RU = "ru"
    EN = "en"


def evaluate(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(callback=there, metavar="FOLDER", help="Recordings, each with its reference beside it.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", callback=to_write, metavar="FILE", help="Write every figure there as JSON; - prints it.")
    ] = None,
    page_file: Annotated[
        Path | None, typer.Option("--page", callback=to_write, metavar="FILE", help="Write a page with pictures there.")
    ] = None,
    page_language: Annotated[PageLanguage, typer.Option(help="Language of the page.")] = PageLanguage.KK,
    language: Annotated[str, typer.Option(help="Language of the hearing where a reference names none.")] = "ru",
    calibrate: Annotated[
        Path | None,
        typer.Option(
            callback=to_write, metavar="FILE", help="Learn from the references how often words of a doubt are wrong, and write that there."
        ),
    ] = None,
    demonstration: Annotated[
        bool, typer.Option("--demonstration", help="Measure the demonstration model, whatever the settings say.")
    ] = False,
) -> None:
    """Measure the models of the settings on recordings whose words are known.

    Errors of words and characters by language, by speaker and at switch points; who spoke when; words out of nothing; speed.
    """
    from transcription.errors import EvaluationUnable

    try:
        from transcription.evaluation.measuring import evaluate as measure
    except ImportError as error:
        raise EvaluationUnable(f"the packages that measure are not installed: {error}") from error
    speech = settings_of(context).speech
    if demonstration:
        from hattama.demo.room import demonstration_speech

        speech = demonstration_speech()
    if not (len(language) in (2, 3) and language.isascii() and language.islower() and language.isalpha()):
        raise BadArgument(f"--language {language!r}: kk, ru or en is wanted")
    speech = _calibrated(speech, anew=calibrate is not None)
    found = measure(folder, speech, language, progress=_progress)
    _write(found, json_file, page_file, page_language.value)
    if json_file != Path("-"):
        typer.echo(_told(found))
    if calibrate is not None:
        _learn(found, calibrate, quiet=json_file == Path("-"))


def _calibrated(speech: SpeechSettings, *, anew: bool) -> SpeechSettings:
    """The settings; without their calibration where one is made, and refused where it cannot be used."""
    from transcription.calibration import read

    if anew:
        return speech.model_copy(update={"calibration": None})
    if speech.calibration is not None:
        read(speech.calibration)
    return speech


def _learn(found: Evaluation, path: Path, *, quiet: bool) -> None:
    from transcription.calibration import to_json
    from transcription.evaluation.calibrating import learnt

    curves = learnt(found.total.heard)
    path.write_text(to_json(curves), encoding="utf-8")
    for one in [] if quiet else curves:
        typer.echo(f"calibrated: {one.model.engine} {one.model.name}, {one.words} words, {one.wrong} of them wrong")


def _write(found: Evaluation, json_file: Path | None, page_file: Path | None, language: str) -> None:
    from transcription.evaluation.page import page
    from transcription.evaluation.report import to_json

    if json_file is not None:
        text = json.dumps(to_json(found), ensure_ascii=False, indent=2) + "\n"
        if json_file == Path("-"):
            typer.echo(text, nl=False)
        else:
            json_file.write_text(text, encoding="utf-8")
    if page_file is not None:
        page_file.write_text(page(found, language), encoding="utf-8")


def _told(found: Evaluation) -> str:
    """A table for the terminal: a line a recording, then all."""
    from transcription.evaluation.page import percent, words_of

    rows: list[tuple[str, ...]] = [("recording", "seconds", "WER", "cpWER", "tcpWER", "DER", "invented/min", "speed")]
    for one in (*found.recordings, found.total):
        words, silence = words_of(one), one.silence
        by = [
            None if each is None else each.rate
            for each in (words, one.by_speaker, one.by_speaker_and_time, one.speakers)
        ]
        invented = "–" if silence is None or silence.rate is None else f"{silence.rate:.2f}"
        rows.append((one.name or "all", f"{one.seconds:.1f}", *map(percent, by), invented, f"{one.speed:.3f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
    if found.unused:
        lines.append(f"without a reference: {', '.join(found.unused)}")
    if any(model.demonstration for model in found.models):
        lines.append("demonstration model: these figures say nothing about a recogniser for court")
    return "\n".join(lines)


def _progress(done: int, of: int, name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of} {name:40.40}", end="\n" if done == of else "", file=sys.stderr, flush=True)
