"""Every setting with its default and description, as the tables of docs/settings.md.

``python -m device_config.reference`` prints them; `make docs` puts them into the page, and a test compares.
"""

from __future__ import annotations

import json
import re
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from device_config.settings import Settings

MARKERS = ("<!-- settings: begin -->", "<!-- settings: end -->")

# Defaults that depend on the machine, as the page says them.
_SAID = {"state_dir": "`$XDG_STATE_HOME/hattama`"}


def tables() -> str:
    """Markdown: one heading and table for the top level, then one for each nested table of the TOML file."""
    parts = []
    for heading, model, names in _sections(Settings, ()):
        rows = [_row(names, name, field) for name, field in model.model_fields.items() if _nested(field.annotation) is None]
        if rows:
            parts.append("\n".join([f"## {heading}", "", "| setting | type | default | what it is |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _sections(model: type[BaseModel], names: tuple[str, ...]) -> Iterator[tuple[str, type[BaseModel], tuple[str, ...]]]:
    heading = "Top level" if not names else f"`[{'.'.join(names)}]`"
    yield heading, model, names
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        if nested is None:
            continue
        if get_origin(field.annotation) is tuple:
            yield f"`[[{'.'.join((*names, name))}]]`, one table each", nested, (*names, name)
        else:
            yield from _sections(nested, (*names, name))


def _nested(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is tuple:
        annotation = get_args(annotation)[0]
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _row(names: tuple[str, ...], name: str, field: FieldInfo) -> str:
    said = (field.description or "").replace("|", "\\|")
    return f"| `{name}` | {_type(field.annotation)} | {_default('.'.join((*names, name)), field)} | {said} |"


def _default(path: str, field: FieldInfo) -> str:
    if path in _SAID:
        return _SAID[path]
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, Path):
        value = str(value)
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _type(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{arg}`" for arg in args)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_type(arg) for arg in args if arg is not type(None))
    if origin is typing.Annotated:
        return _type(args[0])
    if origin is tuple:
        return f"list of {_type(args[0])}"
    if origin is dict:
        return "table"
    return {str: "text", int: "whole number", float: "number", bool: "yes or no", Path: "path"}[annotation]


def put_between(page: str, begin: str, end: str, block: str) -> str:
    """``page`` with what stands between the two marker lines replaced by ``block``.

    Raises:
        ValueError: the markers are not both there.
    """
    pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"no {begin} … {end} in the page")
    return pattern.sub(lambda match: f"{match[1]}{block}{match[2]}", page)


if __name__ == "__main__":
    sys.stdout.write(tables())
