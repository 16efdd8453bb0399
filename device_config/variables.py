"""Settings that come as environment variables: which variable gives a setting, and what is wrong with one that cannot be read."""

from __future__ import annotations

import json
import os
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from device_config.errors import SettingsError

PREFIX = "HATTAMA_"


def refuse_unknown(model: type[BaseModel]) -> None:
    """A misspelt variable would otherwise be passed over in silence, and the default would rule.

    Raises:
        SettingsError: a variable is of no setting.
    """
    known = {name.upper() for name in model.model_fields} | {"CONFIG"}
    for variable, names in _given():
        if names[0] not in known:
            raise SettingsError(f"environment variable {variable}: there is no such setting")


def variable_of(names: list[str]) -> str | None:
    """The set variable that gives this setting, the most exact one first; it wins over the file."""
    present = {name.upper(): name for name in os.environ}
    for length in range(len(names), 0, -1):
        if found := present.get(PREFIX + "__".join(names[:length]).upper()):
            return found
    return None


def unreadable(model: type[BaseModel]) -> str:
    """What to say of the first variable that should hold a list or a table and is no JSON: its name, and how it is written."""
    for variable, names in _given():
        form = _form(model, names)
        if form is None:
            continue
        try:
            json.loads(os.environ[variable])
        except ValueError as error:
            return f"environment variable {variable}: not JSON: {error}; a {form[0]} is given as {form[1]}"
    return "environment: a list or a table is not JSON"


def _given() -> Iterator[tuple[str, list[str]]]:
    for variable in sorted(os.environ):
        name = variable.upper()
        if name.startswith(PREFIX):
            yield variable, name.removeprefix(PREFIX).split("__")


def _form(model: type[BaseModel], names: list[str]) -> tuple[str, str] | None:
    """Whether a setting is a list or a table, and an example of one; None where it is plain text, or there is none."""
    field = next((item for name, item in model.model_fields.items() if name.upper() == names[0]), None)
    annotation = _plain(field.annotation) if field is not None else None
    if annotation is None:
        return None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _form(annotation, names[1:]) if names[1:] else ("table", '{"setting": "value"}')
    if get_origin(annotation) is dict:
        return None if names[1:] else ("table", '{"name": "value"}')
    if get_origin(annotation) is tuple:
        item = _plain(get_args(annotation)[0])
        nested = isinstance(item, type) and issubclass(item, BaseModel)
        return ("list", '[{"setting": "value"}]' if nested else '["one", "two"]')
    return None


def _plain(annotation: Any) -> Any:
    """The type itself, without ``| None`` and what checks it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (types.UnionType, typing.Union):
        return next((_plain(item) for item in get_args(annotation) if item is not type(None)), None)
    return annotation
