"""Errors of documents.

::

    ProtocolError
    └── DocumentError
        ├── BadTemplate      a court's template is wrong: its file, its line, what to do
        ├── FontMissing      the fonts with the Kazakh letters are not installed
        └── OutsideResource  a page asked for something from outside; nothing is ever fetched
"""

from __future__ import annotations

from typing import ClassVar

from protocol.errors import ProtocolError


class DocumentError(ProtocolError):
    """A document cannot be made."""

    code: ClassVar[str] = "document"
    exit_status: ClassVar[int] = 70  # EX_SOFTWARE
    advice: ClassVar[str] = "The record itself is not touched; have the document made again once the cause is mended."


class FontMissing(DocumentError):
    """The fonts with the Kazakh letters are not installed."""

    code = "font-missing"
    exit_status = 69  # EX_UNAVAILABLE
    advice = "Install the fonts: apt-get install fonts-croscore"


class OutsideResource(DocumentError):
    """A page asked for a resource from outside."""

    code = "outside-resource"
    advice = "Report this: a protocol must not load anything."


class BadTemplate(DocumentError):
    """A template of the court cannot be used; the message names its file and line.

    Attributes:
        file, line: where; the line is 0 where the whole file is meant.
        remedy: what to do about it.
    """

    code = "bad-template"
    exit_status = 78  # EX_CONFIG
    advice = "Mend the line that is named (docs/brief-protocol.md, the language of templates), or take the file out of the court's folder: the shipped one is used then."

    def __init__(self, file: str, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{file}:{line}: {problem}. {remedy}" if line else f"{file}: {problem}. {remedy}")
        self.file = file
        self.line = line
        self.remedy = remedy
