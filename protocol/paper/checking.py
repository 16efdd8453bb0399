"""A template is checked when it is loaded: every name known, in its place, and nothing left out that the law wants.

A wrong template is refused before it makes a page, with file, line and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from protocol.paper.errors import BadTemplate
from protocol.paper.inline import Name, Optional
from protocol.paper.language import Node, parse
from protocol.paper.names import Catalogue, Requirement

#: Includes within includes.
DEEPEST: Final = 4

#: Gives the text of a part by its name: file name and content; None where there is no such part.
Parts = Callable[[str], tuple[str, str] | None]


@dataclass(frozen=True)
class Template:
    """A checked template; `file` names it for people."""

    file: str
    nodes: tuple[Node, ...]


def load(file: str, text: str, parts: Parts, catalogue: Catalogue, required: Sequence[Requirement]) -> Template:
    """Read and check a template with its parts.

    Args:
        file: name of the file.
        text: its content.
        parts: where ``%include`` finds its parts.
        catalogue: the names that may be used.
        required: the names that must be.

    Raises:
        BadTemplate: something is wrong; the message says where and what to do.
    """
    nodes = _with_parts(parse(file, text), parts, (file,))
    used = set(_check(nodes, catalogue, None))
    for item in required:
        if used.isdisjoint(item.names):
            wanted = " or ".join("{" + name + "}" for name in item.names)
            raise BadTemplate(
                file,
                0,
                f"nothing shows {wanted}, which the law wants ({item.article})",
                "Add a line with it, or include the part that has it.",
            )
    return Template(file, nodes)


def _with_parts(nodes: tuple[Node, ...], parts: Parts, way: tuple[str, ...]) -> tuple[Node, ...]:
    found: list[Node] = []
    for node in nodes:
        if node.word != "include":
            found.append(
                replace(node, body=_with_parts(node.body, parts, way), other=_with_parts(node.other, parts, way))
            )
            continue
        part = parts(node.name)
        if part is None:
            raise BadTemplate(
                node.file,
                node.line,
                f"there is no part «{node.name}»",
                "Parts are the files part-NAME.LANGUAGE.txt beside the template, or the shipped ones.",
            )
        if part[0] in way or len(way) > DEEPEST:
            raise BadTemplate(node.file, node.line, f"the part «{node.name}» includes itself", "Take the %include out.")
        found += _with_parts(parse(*part), parts, (*way, part[0]))
    return tuple(found)


def _check(nodes: Sequence[Node], catalogue: Catalogue, inside: str | None) -> Iterator[str]:
    for node in nodes:
        for name in _names(node):
            _need_text(node, name, catalogue, inside)
            yield name
        if node.word in ("if", "unless"):
            _need_condition(node, catalogue, inside)
        if node.word == "each":
            if inside is not None:
                raise BadTemplate(node.file, node.line, "%each stands within %each", "End the outer one before.")
            if node.name not in catalogue.lists:
                raise _unknown(node, node.name, list(catalogue.lists), "list")
        yield from _check(node.body, catalogue, node.name if node.word == "each" else inside)
        yield from _check(node.other, catalogue, inside)


def _names(node: Node) -> Iterator[str]:
    for text in node.texts:
        for part in text:
            if isinstance(part, Name):
                yield part.name
            elif isinstance(part, Optional):
                yield from (inner.name for inner in part.parts if isinstance(inner, Name))


def _need_text(node: Node, name: str, catalogue: Catalogue, inside: str | None) -> None:
    first, dot, second = name.partition(".")
    if not dot:
        if name in catalogue.flags:
            raise BadTemplate(node.file, node.line, f"{{{name}}} is no text but a condition", f"Use it as %if {name}")
        if name in catalogue.lists:
            raise BadTemplate(node.file, node.line, f"{{{name}}} is a list", f"Go through it: %each {name} … %end")
        if name not in catalogue.texts:
            raise _unknown(node, name, list(catalogue.texts), "name")
        return
    if first not in catalogue.items:
        raise _unknown(node, first, list(catalogue.items), "list")
    if first != inside:
        raise BadTemplate(
            node.file, node.line, f"{{{name}}} stands outside its list", f"Put it between %each {first} and %end"
        )
    if second not in catalogue.items[first]:
        raise _unknown(node, name, [f"{first}.{item}" for item in catalogue.items[first]], "name")


def _need_condition(node: Node, catalogue: Catalogue, inside: str | None) -> None:
    if node.name not in catalogue.flags and node.name not in catalogue.lists:
        _need_text(node, node.name, catalogue, inside)


def _unknown(node: Node, name: str, known: list[str], what: str) -> BadTemplate:
    near = get_close_matches(name, known, 1, 0.6)
    remedy = f"Is {near[0]} meant?" if near else "The names are listed in docs/brief-protocol.md."
    return BadTemplate(node.file, node.line, f"there is no {what} «{name}»", remedy)
