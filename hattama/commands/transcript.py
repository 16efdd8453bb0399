"""``hattama transcript``: the transcript of a record, in a form that other programs read."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.errors import BadArgument, NoTranscript

if TYPE_CHECKING:
    from protocol.record import DirectoryRecord
    from protocol.transcript import Transcript

_PATH = re.compile(r"transcript/([0-9]{4})\.json\Z")


class Format(StrEnum):
    """The forms it can be printed in."""

    TEXT = "text"
    WEBVTT = "webvtt"
    RTTM = "rttm"
    CTM = "ctm"
    JSON = "json"


def transcript(
    folder: Annotated[Path, typer.Argument(metavar="RECORD", help="Folder of the record.")],
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
    revision: Annotated[int | None, typer.Option(help="Number of the revision.", show_default="the newest")] = None,
    speaker: Annotated[
        str | None, typer.Option(metavar="ID", help="Only what this participant said; with --format webvtt.", show_default="everybody")
    ] = None,
) -> None:
    """Print the transcript of a record.

    The record is not verified: `hattama verify` does that. A closed part is encrypted and is not read.
    """
    from protocol import transcript_exports as exports
    from protocol.record import DirectoryRecord

    if speaker is not None and form is not Format.WEBVTT:
        raise BadArgument("--speaker goes with --format webvtt")
    record = DirectoryRecord(folder)
    found = _read(record, revision)
    match form:
        case Format.TEXT:
            content = exports.text(found, _names(record))
        case Format.WEBVTT:
            content = exports.webvtt(found, _names(record), speaker)
        case Format.RTTM:
            content = exports.rttm(found)
        case Format.CTM:
            content = exports.ctm(found)
        case Format.JSON:
            content = found.to_json().decode()
    typer.echo(content, nl=False)


def _read(record: DirectoryRecord, revision: int | None) -> Transcript:
    from protocol.transcript import Transcript

    numbers = {int(match[1]) for path in record.paths() if (match := _PATH.match(path))}
    number = max(numbers, default=0) if revision is None else revision
    if number not in numbers:
        raise NoTranscript(f"{record.folder}: no " + ("transcript" if revision is None else f"revision {revision}"))
    return Transcript.from_json(record.read(f"transcript/{number:04d}.json"))


def _names(record: DirectoryRecord) -> dict[str, str]:
    """Participant's id → name, as the journal tells it; nothing where there is no journal to read."""
    from protocol.journal import read_journal
    from protocol.record import JOURNAL, read_chunked
    from protocol.view import HearingView

    data = read_chunked(record, JOURNAL)
    view = HearingView.of(read_journal(data)[0]) if data else HearingView()
    return {person.id: person.name for person in view.participants.values()}
