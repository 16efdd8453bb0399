"""What a journal says of its hearing at a glance: a few lines found from its end, without reading the others.

A day's hearing has a journal of many megabytes, a box has thousands of them, and a recorder that was killed must record again within seconds.
`type` is the last key of a canonical line and a line end never stands inside of one, so that the last line of a type is found by its bytes.
Nothing here decides about evidence: the hearing that goes on is read in full before a line is added (recorder.recovery).
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import BadLine
from protocol.hearing import State
from protocol.journal import Line, parse_line


@dataclass(frozen=True)
class Glance:
    """A hearing as the last lines of its journal tell it.

    Attributes:
        hearing: its identifier.
        state: the last one; planned where none was journalled.
        since: when it came into that state, as the journal writes times.
        lines: whole lines.
        sealed: whether a manifest was journalled.
        boot, offset_us: of the last ``clock`` line; None without one.
    """

    hearing: str
    state: State
    since: str
    lines: int
    sealed: bool
    boot: str | None
    offset_us: int | None


def glance(journal: Path) -> Glance:
    """Look at a journal.

    Raises:
        OSError: it cannot be read.
        BadLine, NotCanonical: what was looked at is no journal.
    """
    with journal.open("rb") as file:
        if not file.seek(0, 2):
            raise BadLine(f"{journal}: is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            end = data.rfind(b"\n")
            if end < 0:
                raise BadLine(f"{journal}: has no whole line")
            first = _line(data[: data.find(b"\n")])
            last = _line(data[data.rfind(b"\n", 0, end) + 1 : end])
            state, clock = _last(data, end, "state"), _last(data, end, "clock")
            return Glance(
                hearing=journal.parent.name,
                state=_state(state) if state is not None else State.PLANNED,
                since=(state or first).at,
                lines=last.seq + 1,
                sealed=_last(data, end, "manifest") is not None,
                boot=str(clock.data.get("boot")) if clock is not None else None,
                offset_us=_whole(clock.data.get("offset_us")) if clock is not None else None,
            )


def _last(data: mmap.mmap, end: int, line_type: str) -> Line | None:
    mark = f'"type":"{line_type}"}}\n'.encode()
    found = data.rfind(mark, 0, end + 1)
    return None if found < 0 else _line(data[data.rfind(b"\n", 0, found) + 1 : found + len(mark) - 1])


def _line(raw: bytes) -> Line:
    found = parse_line(raw, 0)
    if not isinstance(found, Line):
        raise BadLine("a withheld line")
    return found


def _state(line: Line) -> State:
    try:
        return State(str(line.data.get("to")))
    except ValueError as error:
        raise BadLine(f"line {line.seq}: {error}") from error


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
