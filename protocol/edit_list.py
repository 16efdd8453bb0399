"""A list of edits as JSON, as a page or a program sends it (docs/transcript-format.md, section 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from protocol.editing import Correct, Delete, Merge, Move, Name, Operation, Split, Where
from protocol.errors import ProtocolError
from protocol.passage import MAX_INT

#: So many edits in one list; a page sends a few, a program that corrects a whole hearing sends several lists.
MOST_EDITS: Final = 10_000
_KEYS: Final[dict[str, frozenset[str]]] = {
    "correct": frozenset({"passage", "text"}),
    "merge": frozenset({"passage", "second"}),
    "split": frozenset({"passage", "before"}),
    "move": frozenset({"passage", "speaker"}),
    "delete": frozenset({"passage"}),
    "name": frozenset({"voice", "speaker"}),
}


class BadEdits(ProtocolError):
    """A list of edits is not of its form; the message names the place, for instance ``edits[3].text``."""

    code = "bad-edits"
    exit_status = 65  # EX_DATAERR
    advice = "docs/transcript-format.md, section 7.1, has the form; nothing was changed."


def read_edits(value: object, by: str, at_us: int) -> list[Operation]:
    """The operations of a list.

    Args:
        value: the JSON list.
        by: who makes them.
        at_us: now (UTC µs).

    Raises:
        BadEdits: not a list of edits.
    """
    if not isinstance(value, list) or not value or len(value) > MOST_EDITS:
        raise BadEdits(f"edits: not a list of 1 to {MOST_EDITS} edits")
    return [_operation(item, f"edits[{index}]", by, at_us) for index, item in enumerate(value)]


def _operation(item: object, where: str, by: str, at_us: int) -> Operation:
    if not isinstance(item, dict):
        raise BadEdits(f"{where}: not an object")
    kind = item.get("kind")
    keys = _KEYS.get(kind) if isinstance(kind, str) else None
    if keys is None:
        raise BadEdits(f"{where}.kind: none of {', '.join(_KEYS)}")
    if wrong := sorted((item.keys() - {"kind"}) ^ keys):
        raise BadEdits(f"{where}.{wrong[0]}: " + ("is missing" if wrong[0] in keys else "is unknown"))
    if kind == "name":
        return Name(_text(item, "voice", where), _text(item, "speaker", where), by, at_us)
    place = _where(item["passage"], f"{where}.passage")
    match kind:
        case "correct":
            return Correct(place, _text(item, "text", where), by, at_us)
        case "merge":
            return Merge(place, _where(item["second"], f"{where}.second"), by, at_us)
        case "split":
            return Split(place, _count(item, "before", where), by, at_us)
        case "move":
            return Move(place, None if item["speaker"] is None else _text(item, "speaker", where), by, at_us)
        case _:
            return Delete(place, by, at_us)


def _where(value: object, where: str) -> Where:
    if not isinstance(value, dict) or value.keys() != {"index", "source", "start_us"}:
        raise BadEdits(f"{where}: not an object of index, source and start_us")
    return Where(_count(value, "index", where), _text(value, "source", where), _count(value, "start_us", where))


def _text(item: Mapping[str, Any], name: str, where: str) -> str:
    value = item[name]
    if not isinstance(value, str):
        raise BadEdits(f"{where}.{name}: not a text")
    return value


def _count(item: Mapping[str, Any], name: str, where: str) -> int:
    value = item[name]
    if type(value) is not int or not 0 <= value <= MAX_INT:
        raise BadEdits(f"{where}.{name}: not a whole number")
    return value
