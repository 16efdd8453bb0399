"""Filling a checked template with values: blocks in the order of the template's lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from protocol.paper.blocks import Block, Column, Line, Pair, Ruled, Sheet, Signature, Span, Spans, Table, visible
from protocol.paper.checking import Template
from protocol.paper.inline import Name, Optional, Text, Words
from protocol.paper.language import LINES, Node
from protocol.paper.names import Item, Values

_Scope = tuple[str, Item] | None


def fill(template: Template, values: Values, *, blank: str, under: str) -> tuple[Block, ...]:
    """The blocks of a document.

    Args:
        template: a checked one.
        values: of every name of its catalogue.
        blank: what is written for a value that is not known.
        under: the word under a line to sign on.
    """
    return tuple(_numbered(_Filler(values, blank, under).blocks(template.nodes, None)))


def _numbered(blocks: Iterator[Block]) -> Iterator[Block]:
    number = 0
    for block in blocks:
        if isinstance(block, Line) and block.kind == "item":
            number += 1
            yield Line(block.kind, block.spans, block.boxed, number)
            continue
        number = 0
        yield block


class _Filler:
    def __init__(self, values: Values, blank: str, under: str) -> None:
        self.values = values
        self.blank = blank
        self.under = under

    def blocks(self, nodes: Sequence[Node], scope: _Scope) -> Iterator[Block]:
        for node, inner in self.chosen(nodes, scope):
            match node.word:
                case "table":
                    if (table := self.table(node, inner)).rows:
                        yield table
                case "pair":
                    yield Pair(self.spans(node.texts[0], inner), self.spans(node.texts[1], inner))
                case "sign":
                    yield Signature(self.spans(node.texts[0], inner), self.under, self.spans(node.texts[1], inner))
                case "lines":
                    yield Ruled(node.numbers[0])
                case "page":
                    yield Sheet(node.name == "landscape")
                case word:
                    yield Line(LINES.get(word, "text"), self.spans(node.texts[0], inner), word.startswith("boxed"))

    def chosen(self, nodes: Sequence[Node], scope: _Scope) -> Iterator[tuple[Node, _Scope]]:
        """The nodes that apply, conditions and repetitions worked out."""
        for node in nodes:
            match node.word:
                case "if" | "unless":
                    holds = self.values.holds(node.name, scope) == (node.word == "if")
                    yield from self.chosen(node.body if holds else node.other, scope)
                case "each":
                    for item in self.values.lists[node.name]:
                        yield from self.chosen(node.body, (node.name, item))
                case _:
                    yield node, scope

    def table(self, node: Node, scope: _Scope) -> Table:
        heads = ("".join(part.text for part in head if isinstance(part, Words)) for head in node.texts)
        columns = tuple(Column(visible(head), width or None) for head, width in zip(heads, node.numbers, strict=True))
        rows = tuple(
            tuple(self.spans(cell, inner, empty="") for cell in row.texts)
            for row, inner in self.chosen(node.body, scope)
        )
        return Table(columns, rows)

    def spans(self, text: Text, scope: _Scope, empty: str | None = None) -> Spans:
        """Spans of one text; `empty` stands for a value that is not known, else the words for that."""
        found: list[Span] = []
        for part in text:
            if isinstance(part, Optional):
                if all(self.values.text(inner.name, scope).strip() for inner in part.parts if isinstance(inner, Name)):
                    found += self.spans(part.parts, scope)
            elif isinstance(part, Words):
                found.append(Span(visible(part.text), part.style))
            elif value := self.values.text(part.name, scope).strip():
                found.append(Span(visible(value), part.style))
            elif empty is None:
                found.append(Span(self.blank, "blank"))
        return tuple(found)
