"""A document as a row of blocks, in one language: what HTML, PDF, DOCX and JSON are made of, so that all say the same.

A block's text is spans; nothing in a span is mark-up. Every text has passed :func:`visible`, so a value that came from
outside cannot turn the direction of the line, break it or hide in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from protocol.canonical import dumps

FORMAT: Final = "hattama-document/1"

Style = Literal["", "bold", "file", "blank"]
LineKind = Literal["title", "centre", "heading", "text", "small", "right", "item"]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text: ``bold``, ``file`` (a path or a digest, one width for all letters), ``blank`` (the value is not known) or plain."""

    text: str
    style: Style = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph. `boxed` ones that follow each other stand in one box; an ``item`` has its place in its list, from 1."""

    kind: LineKind
    spans: Spans
    boxed: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts at the two ends of one line."""

    left: Spans
    right: Spans


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; its width in millimetres, or None for what is left."""

    head: str
    width_mm: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose head is repeated on each page."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Spans, ...], ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A line to sign on: who, the word under the line, the name."""

    role: Spans
    under: str
    name: Spans


@dataclass(frozen=True, slots=True)
class Ruled:
    """Empty lines to write on."""

    count: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A new page, upright or on its side."""

    landscape: bool


Block = Line | Pair | Table | Signature | Ruled | Sheet


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document.

    Attributes:
        language: ``ru`` or ``kk``.
        title, subject: for the file's own description.
        created_us: UTC µs; stands in the file's description, never the time of rendering.
        footer: stands at the foot of each page, before its number.
        blocks: the text.
    """

    language: str
    title: str
    subject: str
    created_us: int
    footer: str
    blocks: tuple[Block, ...]

    def to_json(self) -> bytes:
        """Canonical bytes: the attributes, and each block with its ``block`` name in small letters."""
        value: dict[str, Any] = asdict(self)
        for block, item in zip(self.blocks, value["blocks"], strict=True):
            item["block"] = type(block).__name__.lower()
        value["format"] = FORMAT
        return dumps(value)

    def texts(self) -> Iterator[str]:
        """Every text in the order of reading, one a paragraph or cell; empty ones are left out."""
        for block in self.blocks:
            yield from (text for text in _texts(block) if text.strip())


def plain(spans: Spans) -> str:
    """The text of a paragraph or a cell."""
    return "".join(span.text for span in spans)


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Line():
            yield (f"{block.number}. " if block.number else "") + plain(block.spans)
        case Pair():
            yield plain(block.left)
            yield plain(block.right)
        case Table():
            yield from (column.head for column in block.columns)
            for row in block.rows:
                yield from (plain(cell) for cell in row)
        case Signature():
            yield plain(block.role)
            yield block.under
            yield plain(block.name)
        case Ruled() | Sheet():
            return


def visible(value: str) -> str:
    """The text with every character that cannot be seen written as its code point; tabs and line ends become spaces."""
    return "".join(" " if c in "\t\n\r" else f"[U+{ord(c):04X}]" if _unseen(c) else c for c in value)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
