"""What stands within one line of a template: words, names in braces, optional text in brackets, bold and one-width text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protocol.paper.blocks import Style

_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?\Z")
_PIECE = re.compile(r"\{\{|\}\}|\[\[|\]\]|\*\*|`|\{[^{}\[\]]*\}|[\[\]{}]|[^{}\[\]*`]+|\*")
_TWICE: Final = ("{{", "}}", "[[", "]]")
_STYLES: Final[dict[str, Style]] = {"**": "bold", "`": "file"}


@dataclass(frozen=True, slots=True)
class Words:
    """Text of the template itself."""

    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Name:
    """A value by its name."""

    name: str
    style: Style


@dataclass(frozen=True, slots=True)
class Optional:
    """Text that is left out where a value in it is empty."""

    parts: tuple[Words | Name, ...]


Text = tuple[Words | Name | Optional, ...]


class TextWrong(Exception):
    """A line's text is not of the language; :mod:`protocol.paper.language` adds file and line."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def need_name(text: str) -> str:
    """The text, if it is a name.

    Raises:
        TextWrong: it is none.
    """
    if not _NAME.fullmatch(text):
        remedy = "Names are small Latin letters, digits and _, with one dot at most: case_number, course.time"
        raise TextWrong(f"«{text[:40]}» is not a name", remedy)
    return text


def read_text(row: str) -> Text:
    """Parts of one line of text.

    Raises:
        TextWrong: a sign is not ended, or a name is none.
    """
    parts: list[Words | Name | Optional] = []
    held: list[Words | Name] | None = None  # what stands in the [ ] that is open
    style: Style = ""
    for piece in _PIECE.findall(row):
        if piece in _STYLES:
            style = "" if style == _STYLES[piece] else _STYLES[piece]
        elif piece == "[" and held is None:
            held = []
        elif piece == "]" and held is not None and any(isinstance(part, Name) for part in held):
            parts.append(Optional(tuple(held)))
            held = None
        else:
            (parts if held is None else held).append(_part(piece, style))
    if held is not None:
        raise TextWrong("[ is not ended", "Write ] where the optional text ends; [[ gives the sign itself.")
    if style:
        raise TextWrong("** or ` is not ended", "Write it a second time where the bold or the one-width text ends.")
    return tuple(parts)


def _part(piece: str, style: Style) -> Words | Name:
    if piece == "[":
        raise TextWrong(
            "[ stands within [ ]", "Optional text cannot stand within optional text; [[ gives the sign itself."
        )
    if piece == "]":
        raise TextWrong("] ends no optional text with a name in it", "Write [text {name}]; ]] gives the sign itself.")
    if piece in ("{", "}"):
        raise TextWrong(f"{piece} stands alone", "Write {name}; {{ and }} give the signs themselves.")
    if piece.startswith("{") and piece not in _TWICE:
        return Name(need_name(piece[1:-1].strip()), style)
    return Words(piece[0] if piece in _TWICE else piece, style)
