"""The protocol of a finished hearing in the forms that its draft does not store, made anew from its JSON: HTML, DOCX, CSV, and what it lacks.

``python -m recorder.paper_forms`` reads one JSON object on standard input (:class:`Task`) and writes the bytes, so that neither templates nor
python-docx are the daemon's to load. Nothing is written into the record: these are the same words as the stored PDF's, for people.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from protocol.errors import ProtocolError
from protocol.transcript import Transcript
from recorder.refusals import NotDrafted

if TYPE_CHECKING:
    from protocol.paper.blocks import Document

FORMING: tuple[str, ...] = (sys.executable, "-m", "recorder.paper_forms")
Form = Literal["html", "docx", "csv", "points", "sections"]
MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv; charset=utf-8",
    "points": "application/json",
    "sections": "application/json",
}


@dataclass(frozen=True)
class Task:
    """The protocol's JSON and its transcript in the record, the court's templates, language (ru or kk) and form."""

    record: str
    brief: str
    transcript: str | None
    templates: str | None
    language: str
    form: Form


def make(task: Task) -> bytes:
    """The bytes; of ``points`` the points of the law that the protocol lacks: ``key``, ``what``, ``law``, ``reason``; of ``sections`` titles.

    Raises:
        ProtocolError, OSError: the record, or a template, is not as it must be.
    """
    from protocol.brief_fields import values
    from protocol.brief_reading import read_brief
    from protocol.brief_templates import Templates
    from protocol.documents import annex_of, document, render_csv, render_docx
    from protocol.paper.as_html import render_html

    record = Path(task.record)
    brief = read_brief((record / task.brief).read_bytes())
    transcript = Transcript.from_json((record / task.transcript).read_bytes()) if task.transcript else None
    annex = annex_of(brief, transcript)
    if task.form == "points":
        told = zip(brief.missing, values(brief, task.language, annex).lists["missing"], strict=True)
        return json.dumps([{"key": point.key, **dict(item)} for point, item in told], ensure_ascii=False).encode()
    page = document(
        brief, task.language, templates=Templates(Path(task.templates) if task.templates else None), transcript=annex
    )
    if task.form == "sections":
        return json.dumps(_titles(page), ensure_ascii=False).encode()
    if task.form == "html":
        return render_html(page).encode()
    return render_docx(page) if task.form == "docx" else render_csv(page)


def _titles(page: Document) -> list[str]:
    """What the document is called, for all before the first heading, and its headings, in order."""
    from protocol.paper.blocks import Line, plain

    lines = [block for block in page.blocks if isinstance(block, Line)]
    first = next((plain(line.spans) for line in lines if line.kind == "title"), page.title)
    return [first, *(plain(line.spans) for line in lines if line.kind == "heading")]


async def sections(task: Task) -> list[str]:
    """Titles of the protocol's sections, in order.

    Raises:
        NotDrafted: see :func:`make_apart`.
    """
    found: list[str] = json.loads(await make_apart(task))
    return found


async def make_apart(task: Task, command: Sequence[str] = FORMING, patience_s: float = 120.0) -> bytes:
    """The bytes, made in a process of its own.

    Raises:
        NotDrafted: it failed, or took too long; the message says why.
    """
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(patience_s):
            output, told = await process.communicate(json.dumps(asdict(task)).encode())
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise NotDrafted(f"the protocol was not ready within {patience_s:g} s") from error
    if process.returncode:
        raise NotDrafted(told.decode("utf-8", "replace")[-500:].strip() or f"status {process.returncode}")
    return output


def main() -> int:
    """Make what standard input asks for."""
    os.nice(10)
    try:
        sys.stdout.buffer.write(make(Task(**json.load(sys.stdin))))
    except (ProtocolError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 65  # EX_DATAERR
    return 0


if __name__ == "__main__":
    sys.exit(main())
