"""Canonical JSON: one text for one object (record format, section 2).

Parse, check, serialise again, compare bytes: so a duplicate key, a float or a second spelling of a string cannot pass,
in this language or any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from protocol.errors import NotCanonical

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = dict[str, Any]

MAX_INTEGER = 2**53 - 1  # what a JavaScript number holds exactly
MAX_DEPTH = 32
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


def dumps(value: Mapping[str, Any]) -> bytes:
    """Canonical UTF-8 bytes of an object.

    Raises:
        NotCanonical: the object holds a float, a big integer, a bad key, a lone surrogate, or is nested too deep.
    """
    _check(value, 0)
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("a string holds a lone surrogate") from error


def loads(data: bytes) -> JsonObject:
    """Read an object from its canonical bytes.

    Raises:
        NotCanonical: the bytes are not an object, or not in the one form allowed.
    """
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotCanonical(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise NotCanonical("not an object")
    if dumps(value) != data:
        raise NotCanonical("not in canonical form (key order, white space, escapes or duplicate keys)")
    return value


def _refuse(text: str) -> NoReturn:
    raise NotCanonical(f"{text} is not an integer")


# Made once: json.dumps and json.loads would make one for each line.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)


def _check(value: object, depth: int) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical(f"integer {value} is beyond 2^53 - 1")
    elif depth >= MAX_DEPTH:
        raise NotCanonical(f"nested deeper than {MAX_DEPTH}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not KEY.match(key):
                raise NotCanonical(f"key {key!r} is not lower case letters, digits and _")
            _check(item, depth + 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check(item, depth + 1)
    else:
        raise NotCanonical(f"{type(value).__name__} has no place in a record")
