"""The language of templates: one instruction a line, names in braces, no calculation, nothing that runs.

docs/brief-protocol.md describes it for the people who write templates. :func:`parse` reads a text into nodes and knows
nothing of names; :mod:`protocol.paper.checking` compares the names with the catalogue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protocol.paper.blocks import LineKind
from protocol.paper.errors import BadTemplate
from protocol.paper.inline import Text, TextWrong, Words, need_name, read_text

FIRST_LINE: Final = "%hattama-template 1"
LONGEST: Final = 2000  # lines of a file
WIDEST: Final = 4000  # characters of a line
DEEPEST: Final = 8  # blocks within blocks

#: Instructions that give one paragraph.
LINES: Final[dict[str, LineKind]] = {
    "title": "title",
    "centre": "centre",
    "heading": "heading",
    "small": "small",
    "right": "right",
    "item": "item",
    "boxed": "text",
    "boxed-heading": "heading",
    "boxed-item": "item",
}
_BLOCKS: Final = ("if", "unless", "each", "table")
_OTHERS: Final = ("else", "end", "row", "pair", "sign", "lines", "page", "include")
_FORMS: Final = {
    "pair": "%pair LEFT | RIGHT",
    "sign": "%sign WHO | NAME",
    "lines": "%lines 5 (a number from 1 to 49)",
    "page": "%page upright, or %page landscape",
    "include": "%include head (small Latin letters, digits and hyphens)",
}
WORDS: Final = (*LINES, *_BLOCKS, *_OTHERS)

_FILE = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
_COLUMN = re.compile(r"(?:(?P<width>[0-9]{1,3})mm\s+)?(?P<head>.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Node:
    """One instruction.

    Attributes:
        word: the instruction; ``text`` for a plain paragraph.
        line: its line in `file`, from 1.
        texts: its texts: one for a paragraph, the cells of a row, two of a pair or a signature.
        name: of ``if``, ``unless``, ``each``, ``include``; ``upright`` or ``landscape`` of ``page``.
        numbers: widths of a table's columns (0: what is left), the count of ``lines``.
        body, other: what stands inside, and after ``else``.
    """

    word: str
    file: str
    line: int
    texts: tuple[Text, ...] = ()
    name: str = ""
    numbers: tuple[int, ...] = ()
    body: tuple[Node, ...] = ()
    other: tuple[Node, ...] = ()


def parse(file: str, text: str) -> tuple[Node, ...]:
    """Nodes of a template.

    Args:
        file: its name, for messages.
        text: its content.

    Raises:
        BadTemplate: a line is not of the language.
    """
    return _Parser(file, text).run()


class _Parser:
    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.rows = text.removeprefix("\ufeff").split("\n")
        self.at = 0  # index of the row that is read next
        if len(self.rows) > LONGEST:
            raise self.wrong("the file has too many lines", f"Keep it below {LONGEST} lines.", LONGEST)

    def wrong(self, problem: str, remedy: str, line: int | None = None) -> BadTemplate:
        return BadTemplate(self.file, self.at if line is None else line, problem, remedy)

    def run(self) -> tuple[Node, ...]:
        self.at = 1
        if self.rows[0].strip() != FIRST_LINE:
            raise self.wrong(
                "the first line is not that of a template", f"Let the file begin with the line {FIRST_LINE}"
            )
        nodes, closed_by = self.block(0, None)
        if closed_by:
            raise self.wrong(
                f"%{closed_by} without a block that it would end",
                "Take the line out, or put %if, %unless, %each or %table before it.",
            )
        return nodes

    def block(self, depth: int, opened: tuple[str, int] | None) -> tuple[tuple[Node, ...], str]:
        """Nodes up to the ``%else`` or ``%end`` that ends the block, and that word; empty at the end of the file."""
        if depth > DEEPEST:
            raise self.wrong("too many blocks stand within each other", f"Keep to {DEEPEST}.")
        nodes: list[Node] = []
        while self.at < len(self.rows):
            row = self.rows[self.at].strip()
            self.at += 1
            if len(row) > WIDEST:
                raise self.wrong("the line is too long", f"Keep it below {WIDEST} characters.")
            if not row or row.startswith("#"):
                continue
            if not row.startswith("%"):
                nodes.append(Node("text", self.file, self.at, (self.text(row),)))
                continue
            word, _, rest = row[1:].partition(" ")
            if word in ("else", "end"):
                if rest.strip():
                    raise self.wrong(f"%{word} stands alone on its line", "Take out what follows it.")
                return tuple(nodes), word
            nodes.append(self.instruction(word, rest.strip(), depth))
        if opened is not None:
            raise self.wrong(f"%{opened[0]} is not ended", "Write %end where it shall end.", opened[1])
        return tuple(nodes), ""

    def instruction(self, word: str, rest: str, depth: int) -> Node:
        if word in LINES:
            if not rest:
                raise self.wrong(f"%{word} has no text", "Write its text on the same line.")
            return Node(word, self.file, self.at, (self.text(rest),))
        if word in ("if", "unless", "each"):
            return self.choice(word, rest, depth)
        if word == "table":
            return self.table(rest, depth)
        return self.small(word, rest)

    def small(self, word: str, rest: str) -> Node:
        """An instruction without a body that is no paragraph."""
        match word:
            case "row":
                return Node(word, self.file, self.at, self.cells(rest))
            case "pair" | "sign" if len(cells := self.cells(rest)) == 2:
                return Node(word, self.file, self.at, cells)
            case "lines" if re.fullmatch(r"[1-9]|[1-4][0-9]", rest):
                return Node(word, self.file, self.at, numbers=(int(rest),))
            case "page" if rest in ("upright", "landscape"):
                return Node(word, self.file, self.at, name=rest)
            case "include" if _FILE.fullmatch(rest):
                return Node(word, self.file, self.at, name=rest)
        if word in _FORMS:
            raise self.wrong(f"%{word} is not written as it must be", f"Write: {_FORMS[word]}")
        known = ", ".join("%" + item for item in WORDS)
        raise self.wrong(
            f"there is no instruction %{word[:40]}", f"Known are {known}; a line of text must not begin with %."
        )

    def choice(self, word: str, rest: str, depth: int) -> Node:
        line, name = self.at, self.name(rest)
        body, ended = self.block(depth + 1, (word, line))
        other: tuple[Node, ...] = ()
        if ended == "else":
            if word == "each":
                raise self.wrong("%each has no %else", "Write %unless NAME … %end after it.")
            other, ended = self.block(depth + 1, (word, line))
            if ended == "else":
                raise self.wrong("there are two %else", "Take one out.")
        return Node(word, self.file, line, name=name, body=body, other=other)

    def table(self, rest: str, depth: int) -> Node:
        line, heads, widths = self.at, [], []
        for cell in _split(rest):
            found = _COLUMN.match(cell.strip())
            heads.append(self.text(found["head"] if found else cell))
            widths.append(int(found["width"]) if found and found["width"] else 0)
        if any(not isinstance(part, Words) for head in heads for part in head):
            raise self.wrong(
                "a table's head has a name in it", "Write plain words into %table; names belong into %row."
            )
        body, ended = self.block(depth + 1, ("table", line))
        if ended == "else":
            raise self.wrong("%table has no %else", "End it with %end.")
        self.only_rows(body, len(heads))
        return Node("table", self.file, line, tuple(heads), numbers=tuple(widths), body=body)

    def only_rows(self, nodes: tuple[Node, ...], columns: int) -> None:
        for node in nodes:
            if node.word == "row" and len(node.texts) != columns:
                raise self.wrong(
                    f"the row has {len(node.texts)} cells, the table {columns} columns", "Part cells with |", node.line
                )
            if node.word not in ("row", "if", "unless", "each"):
                raise self.wrong(f"%{node.word} stands in a table", "Only %row, %if, %unless and %each may.", node.line)
            self.only_rows(node.body + node.other, columns)

    def name(self, text: str) -> str:
        try:
            return need_name(text)
        except TextWrong as error:
            raise self.wrong(error.problem, error.remedy) from error

    def cells(self, rest: str) -> tuple[Text, ...]:
        return tuple(self.text(cell.strip()) for cell in _split(rest))

    def text(self, row: str) -> Text:
        try:
            return read_text(row)
        except TextWrong as error:
            raise self.wrong(error.problem, error.remedy) from error


def _split(rest: str) -> list[str]:
    """Cells of a line; ``||`` is the sign itself."""
    return [cell.replace("\0", "|") for cell in rest.replace("\0", "").replace("||", "\0").split("|")]
