"""``hattama brief``: the protocol of a record in any form and language, by the court's templates; or a check of those."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.errors import BadArgument, NoBrief
from hattama.files import there, to_write

if TYPE_CHECKING:
    from protocol.brief import Brief
    from protocol.brief_templates import Templates
    from protocol.record import DirectoryRecord
    from protocol.transcript import Transcript

_PATH = re.compile(r"protocol/brief-([0-9]{4})\.json\Z")


class Form(StrEnum):
    """The forms it can be written in."""

    PDF = "pdf"
    DOCX = "docx"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


class Language(StrEnum):
    """The languages of a protocol."""

    RU = "ru"
    KK = "kk"


def brief(
    folder: Annotated[Path | None, typer.Argument(callback=there, metavar="RECORD", help="Folder of the record.")] = None,
    form: Annotated[Form, typer.Option("--format", help="What to write.")] = Form.PDF,
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.RU,
    revision: Annotated[int | None, typer.Option(help="Number of the revision.", show_default="the newest")] = None,
    full: Annotated[bool, typer.Option("--full", help="The full protocol's form, to be filled in.")] = False,
    templates: Annotated[Path | None, typer.Option(callback=there, metavar="FOLDER", help="The court's templates.")] = None,
    output: Annotated[
        Path | None, typer.Option(callback=to_write, metavar="FILE", help="Where to write.", show_default="standard output")
    ] = None,
    check_templates: Annotated[
        Path | None, typer.Option(callback=there, metavar="FOLDER", help="Check the court's templates, and do nothing else.")
    ] = None,
) -> None:
    """Write the protocol of a record, from what was drafted, in another form, language or wording.

    The record is not verified: `hattama verify` does that. Nothing is written into it: the sealed PDF stays what people sign.
    """
    from protocol.brief_templates import Templates

    if check_templates is not None:
        _check(Templates(check_templates))
        return
    if folder is None:
        raise BadArgument("RECORD is missing")
    content = _content(folder, form, language, revision, full, Templates(templates))
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        output.write_bytes(content)


def _content(
    folder: Path, form: Form, language: Language, revision: int | None, full: bool, templates: Templates
) -> bytes:
    from protocol import documents
    from protocol.record import DirectoryRecord

    record = DirectoryRecord(folder)
    found = _read(record, revision, full)
    annex = documents.annex_of(found, _transcript(record, found))
    paper = documents.document(found, language, templates=templates, transcript=annex)
    match form:
        case Form.PDF:
            return documents.render_pdf(documents.render_page(paper))
        case Form.DOCX:
            return documents.render_docx(paper)
        case Form.HTML:
            return documents.render_page(paper).encode()
        case Form.CSV:
            return documents.render_csv(paper)
        case Form.JSON:
            return paper.to_json()


def _read(record: DirectoryRecord, revision: int | None, full: bool) -> Brief:
    from protocol.brief_reading import read_brief
    from protocol.brief_rules import in_full

    numbers = {int(match[1]) for path in record.paths() if (match := _PATH.match(path))}
    number = max(numbers, default=0) if revision is None else revision
    if number not in numbers:
        raise NoBrief(f"{record.folder}: no " + ("brief protocol" if revision is None else f"revision {revision}"))
    found = read_brief(record.read(f"protocol/brief-{number:04d}.json"))
    return in_full(found) if full else found


def _transcript(record: DirectoryRecord, found: Brief) -> Transcript | None:
    from protocol.transcript import Transcript

    note = found.transcript
    return None if note is None or not note.path else Transcript.from_json(record.read(note.path))


def _check(templates: Templates) -> None:
    wrong = list(templates.check())
    for error in wrong:
        typer.echo(str(error), err=True)
    if wrong:
        raise typer.Exit(wrong[0].exit_status)
    typer.echo("All templates are good.")
