"""The rows of a list, CSV or JSON, each with its place: what :mod:`recorder.cases.fields` checks.

CSV: the first row names the columns; the separator is the one of ``,``, ``;`` and tab that stands in it most often. A row is a line: a value has no line break, so
that a quotation mark too many spoils its own row and not the thousands below it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recorder.cases.errors import UnreadableFile
from recorder.cases.problems import Problem, shown

COLUMNS = (
    "id", "number", "code", "title", "kind", "publicity", "language", "judge", "panel", "secretary",
    "room", "date", "time", "status", "parties", "deadlines",
)  # fmt: skip
NEEDED = ("number", "code", "date", "time")
MOST_ROWS = 50_000
MOST_LINE = 20_000


@dataclass(frozen=True)
class Row:
    """One hearing as the file has it: ``line`` from 1 (CSV: of the file; JSON: of the list)."""

    line: int
    values: Mapping[str, Any]


def rows_of(text: str) -> Iterator[Row | Problem]:
    """The rows of a file, and what is wrong with its form.

    Raises:
        UnreadableFile: it has no header that names the needed columns, or is JSON that is none.
    """
    return _json_rows(text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text)


def _csv_rows(text: str) -> Iterator[Row | Problem]:
    # Only these end a line: str.splitlines would also cut at characters that a name may hold.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head = next((number for number, line in enumerate(lines) if line.strip()), 0)
    separator = max(",;\t", key=lines[head].count)
    names = [" ".join(name.split()).casefold() for name in _cells(lines[head][:MOST_LINE], separator) or []]
    if lacking := [name for name in NEEDED if name not in names]:
        raise UnreadableFile("no-columns", f"the header lacks {', '.join(lacking)}", value=", ".join(lacking))
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            yield Problem(head + 1, shown(name, 40), "unknown-column", {"value": shown(name, 40)}, refused=False)
    kept = 0
    for number, line in enumerate(lines[head + 1 :], head + 2):
        if not line.strip():
            continue
        kept += 1
        if kept > MOST_ROWS:
            yield Problem(number, "", "too-many-rows", {"most": str(MOST_ROWS)})
            return
        yield _csv_row(line, number, names, separator)


def _csv_row(line: str, number: int, names: list[str], separator: str) -> Row | Problem:
    if len(line) > MOST_LINE:
        return Problem(number, "", "row-too-long", {"most": str(MOST_LINE)})
    cells = _cells(line, separator)
    if cells is None:
        return Problem(number, "", "bad-quotes")
    while len(cells) > len(names) and not cells[-1].strip():
        cells.pop()  # spreadsheets add separators at the end
    if len(cells) > len(names):
        return Problem(number, "", "columns", {"length": str(len(cells)), "most": str(len(names))})
    return Row(number, dict(zip(names, cells, strict=False)))


def _cells(line: str, separator: str) -> list[str] | None:
    """The values of a line; None where its quotation marks do not match."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _json_rows(text: str) -> Iterator[Row | Problem]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = (
            f"{error.msg}, line {error.lineno}"
            if isinstance(error, json.JSONDecodeError)
            else "nested too deep or a number too long"
        )
        raise UnreadableFile("no-json", f"the file is no JSON: {place}", value=place) from error
    found = value.get("hearings") if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise UnreadableFile("no-hearings", 'the file has no list "hearings"')
    for number, item in enumerate(found, 1):
        if number > MOST_ROWS:
            yield Problem(number, "", "too-many-rows", {"most": str(MOST_ROWS)})
            return
        if not isinstance(item, dict):
            yield Problem(number, "", "not-an-object", {"value": shown(json.dumps(item))})
            continue
        for name in item:
            if name not in COLUMNS:
                yield Problem(number, shown(name, 40), "unknown-column", {"value": shown(name, 40)}, refused=False)
        yield Row(number, item)
