"""A document as one HTML text that loads nothing and runs nothing; the PDF is made of the same text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from protocol.paper.blocks import Block, Document, Line, Pair, Ruled, Sheet, Signature, Table

_TEMPLATES = Path(__file__).parent / "templates"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render_html(document: Document) -> str:
    """The document as HTML; every value is escaped."""
    created = f"{_EPOCH + timedelta(microseconds=document.created_us):%Y-%m-%dT%H:%M:%SZ}"
    return (
        _environment()
        .get_template("document.html")
        .render(document=document, created=created, sheets=_sheets(document))
    )


def _sheets(document: Document) -> list[tuple[bool, list[tuple[str, list[Block]]]]]:
    """Sheets (landscape or not), each with its runs of blocks of one sort."""
    sheets: list[tuple[bool, list[Block]]] = [(False, [])]
    for block in document.blocks:
        if isinstance(block, Sheet):
            sheets.append((block.landscape, []))
        else:
            sheets[-1][1].append(block)
    return [(landscape, list(_runs(blocks))) for landscape, blocks in sheets if blocks]


def _runs(blocks: list[Block]) -> Iterator[tuple[str, list[Block]]]:
    for sort, run in groupby(blocks, key=_sort):
        yield sort, list(run)


def _sort(block: Block) -> str:
    match block:
        case Line(boxed=True):
            return "box"
        case Line(kind="item"):
            return "list"
        case Line(kind="title"):
            return "titles"
        case Line() | Pair() | Table() | Ruled() | Signature():
            return type(block).__name__.lower() + ("s" if isinstance(block, Signature) else "")
    return ""


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
