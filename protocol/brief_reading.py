"""Reading ``brief-NNNN.json`` back, so that a protocol can be printed from a record in any form, years later."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from protocol import brief as model
from protocol import hearing
from protocol.brief import FORMAT, Brief
from protocol.canonical import loads
from protocol.errors import NotCanonical, ProtocolError


class BadBrief(ProtocolError):
    """A brief protocol's JSON is not of its format."""

    code: ClassVar[str] = "bad-brief"
    advice: ClassVar[str] = "Have the protocol drafted again; the recording itself is not touched by this."


def read_brief(data: bytes) -> Brief:
    """The protocol of its bytes; keys that an older release did not write get what that release meant, unknown ones are passed over.

    Raises:
        BadBrief: not a brief protocol, or a value is of the wrong kind; the message names the place.
    """
    try:
        value = loads(data)
    except NotCanonical as error:
        raise BadBrief(str(error)) from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BadBrief(f"format is not {FORMAT}")
    found: Brief = _read(Brief, value, "brief")
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, {**vars(hearing), **vars(model), "Mapping": Mapping})


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(next(a for a in get_args(kind) if a is not type(None)), value, where)
    if origin is tuple:
        _need(isinstance(value, list), where)
        return tuple(_read(get_args(kind)[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if origin is Literal:
        _need(value in get_args(kind), where)
        return value
    if origin is not None:  # a mapping of texts
        _need(isinstance(value, dict) and all(isinstance(item, str) for item in value.values()), where)
        return value
    if is_dataclass(kind):
        return _object(kind, value, where)
    _need(type(value) is kind, where)
    return value


def _object(kind: Any, value: Any, where: str) -> Any:
    _need(isinstance(value, dict), where)
    hints, found = _hints(kind), {}
    for field in fields(kind):
        if field.name in value:
            found[field.name] = _read(hints[field.name], value[field.name], f"{where}.{field.name}")
        else:
            _need(field.default is not MISSING or field.default_factory is not MISSING, f"{where}.{field.name}")
    return kind(**found)


def _need(ok: bool, where: str) -> None:
    if not ok:
        raise BadBrief(f"{where} is missing or of the wrong kind")
