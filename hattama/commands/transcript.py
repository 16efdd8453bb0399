"""``hattama transcript``: a record's transcript in a form that others read, its edits, what they changed, and what to check first."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hattama.context import settings_of
from hattama.errors import BadArgument, NoTranscript
from hattama.files import there, to_write

if TYPE_CHECKING:
    from protocol.record import DirectoryRecord
    from protocol.transcript import Transcript

app = typer.Typer(
    help="The transcript of a hearing: export it, edit it, compare its revisions, see what to check first.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_PATH = re.compile(r"transcript/([0-9]{4})\.json\Z")


class Format(StrEnum):
    """The forms it can be printed in."""

    TEXT = "text"
    WEBVTT = "webvtt"
    RTTM = "rttm"
    CTM = "ctm"
    JSON = "json"
    DOCX = "docx"


class Language(StrEnum):
    """The languages of an annex."""

    RU = "ru"
    KK = "kk"


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(callback=there, metavar="RECORD", help="Folder of the record.")],
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
    revision: Annotated[int | None, typer.Option(help="Number of the revision.", show_default="the newest")] = None,
    speaker: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Only what this participant said; with --format webvtt.", show_default="everybody"
        ),
    ] = None,
    spoken: Annotated[bool, typer.Option("--spoken", help="Numbers in the words that were said.")] = False,
    language: Annotated[
        Language, typer.Option(help="Language of the annex's own words; with --format docx.")
    ] = Language.RU,
    output: Annotated[
        Path | None, typer.Option(callback=to_write, metavar="FILE", help="Where to write.", show_default="standard output")
    ] = None,
) -> None:
    """Print the transcript of a record.

    The record is not verified: `hattama verify` does that. A closed part is encrypted and is not read.
    """
    from protocol.record import DirectoryRecord
    from protocol.spoken_form import as_spoken

    if speaker is not None and form is not Format.WEBVTT:
        raise BadArgument("--speaker goes with --format webvtt")
    if form is Format.DOCX and output is None:
        raise BadArgument("--format docx goes with --output FILE")
    if spoken and form is Format.JSON:
        raise BadArgument("--spoken does not go with --format json, which holds both forms of each word")
    record = DirectoryRecord(folder)
    found = _read(record, revision)
    content = _content(as_spoken(found) if spoken else found, form, _names(record), speaker, language)
    if output is not None:
        output.write_bytes(content)
    else:
        typer.echo(content.decode(), nl=False)


@app.command()
def edit(
    context: typer.Context,
    hearing: Annotated[str, typer.Argument(metavar="HEARING", help="Identifier of a hearing on this box.")],
    edits: Annotated[
        Path, typer.Option(callback=there, metavar="FILE", help="The list of edits, JSON: docs/transcript-format.md, section 7.1.")
    ],
    by: Annotated[str, typer.Option(help="Who makes them.")],
) -> None:
    """Apply a list of edits through the recorder: all of them, as the next revision, or none."""
    settings = settings_of(context)
    from recorder.client import RecorderClient

    wanted = _edits(edits)
    with RecorderClient(settings.socket) as client:
        typer.echo(f"revision {client.edit_transcript(hearing, wanted['based_on'], wanted['edits'], by)}")


@app.command()
def changes(
    folder: Annotated[Path, typer.Argument(callback=there, metavar="RECORD", help="Folder of the record.")],
    before: Annotated[
        int | None, typer.Option("--from", help="The earlier revision.", show_default="the one before the later")
    ] = None,
    after: Annotated[int | None, typer.Option("--to", help="The later revision.", show_default="the newest")] = None,
) -> None:
    """Print what a revision says otherwise than an earlier one: words, and who said them."""
    from protocol.record import DirectoryRecord
    from protocol.transcript_changes import changes as compared
    from protocol.transcript_exports import clean, origin

    record = DirectoryRecord(folder)
    new = _read(record, after)
    old = _read(record, new.number - 1 if before is None else before)
    names, first = _names(record), origin(new)
    for one in compared(old, new):
        was, now = (
            (names.get(one.before, one.before), names.get(one.after, one.after))
            if one.kind == "speaker"
            else (one.before, one.after)
        )
        at = _clock((one.start_us - first) // 1_000_000)
        typer.echo(f"[{at}] {one.source} {one.kind}: {clean(was) or '–'} → {clean(now) or '–'}")


@app.command()
def doubts(
    folder: Annotated[Path, typer.Argument(callback=there, metavar="RECORD", help="Folder of the record.")],
    revision: Annotated[int | None, typer.Option(help="Number of the revision.", show_default="the newest")] = None,
    least: Annotated[int, typer.Option(min=0, max=100, help="Only passages with a doubt of so many per cent.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many passages.", show_default="all")] = None,
) -> None:
    """Print the passages that a person should check first: those whose words are most likely wrong."""
    from protocol.doubts import ranked
    from protocol.record import DirectoryRecord
    from protocol.transcript_exports import clean, origin

    record = DirectoryRecord(folder)
    found = _read(record, revision)
    names, first, doubted = _names(record), origin(found), ranked(found, least * 10)
    for one in doubted[:limit]:
        passage = one.passage
        start, end = ((at - first) // 1_000_000 for at in (passage.start_us, passage.end_us))
        who = clean(names.get(passage.speaker or "", passage.speaker or passage.source))
        typer.echo(f"{one.doubt_pm / 10:5.1f} %  [{_clock(start)}-{_clock(end)}] {who}: {clean(passage.text)}")
    if found.demonstration:
        typer.echo("A demonstration model wrote words of this text. It is not fit for court.")
    if not doubted:
        typer.echo("no passage of this revision has " + (f"a doubt of {least} % or more" if least else "a doubt"))


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _edits(path: Path) -> dict[str, Any]:
    from protocol.edit_list import BadEdits

    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise BadEdits(f"{path}: not JSON: {error}") from error
    if not isinstance(value, dict) or value.keys() != {"based_on", "edits"}:
        raise BadEdits(f"{path}: not an object of based_on and edits")
    if (
        type(value["based_on"]) is not int
        or not isinstance(value["edits"], list)
        or not all(isinstance(one, dict) for one in value["edits"])
    ):
        raise BadEdits(f"{path}: based_on is a number, edits a list of objects")
    return value


def _content(found: Transcript, form: Format, names: dict[str, str], speaker: str | None, language: Language) -> bytes:
    from protocol import transcript_exports as exports

    match form:
        case Format.TEXT:
            return exports.text(found, names).encode()
        case Format.WEBVTT:
            return exports.webvtt(found, names, speaker).encode()
        case Format.RTTM:
            return exports.rttm(found).encode()
        case Format.CTM:
            return exports.ctm(found).encode()
        case Format.JSON:
            return found.to_json()
        case Format.DOCX:
            from protocol.documents import render_docx
            from protocol.transcript_annex import annex

            return render_docx(annex(found, names, language, exports.origin(found)))


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
