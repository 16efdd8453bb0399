"""The one reader of lists: bytes in, hearings and problems out. Pure; the store is told by whoever called."""

from __future__ import annotations

from dataclasses import dataclass, field

from recorder.cases.decoding import decode
from recorder.cases.fields import checked
from recorder.cases.listed import Listed
from recorder.cases.problems import Problem
from recorder.cases.rows import rows_of


@dataclass
class Reading:
    """What a file holds.

    Attributes:
        encoding: as :class:`recorder.cases.decoding.Decoded` names it.
        rows: how many rows it has, wrong ones too.
        good: the hearings, in its order, with the line each stands in.
        problems: what is wrong, in its order.
    """

    encoding: str
    rows: int = 0
    good: list[tuple[int, Listed]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(data: bytes, encoding: str | None = None) -> Reading:
    """Read a list; a wrong row is left out and named, the others are kept.

    Args:
        data: CSV or JSON, at most 32 MiB; rows beyond 50 000 are named and not read.
        encoding: as somebody says it is; None: what the bytes say.

    Raises:
        UnreadableFile: it is no list as a whole.
    """
    decoded = decode(data, encoding)
    reading = Reading(decoded.encoding)
    moments: dict[tuple[str, str, str], int] = {}
    ids: dict[str, int] = {}
    for row in rows_of(decoded.text):
        if isinstance(row, Problem):
            reading.rows += row.refused
            reading.problems.append(row)
            continue
        reading.rows += 1
        found, problems = checked(row, decoded.encoding)
        if found is not None and (first := moments.get(found.moment)) is not None:
            problems = [Problem(row.line, "number", "duplicate", {"value": str(first)})]
        elif found is not None and (first := ids.get(found.id)) is not None:
            problems = [Problem(row.line, "id", "duplicate-id", {"value": str(first)})]
        elif found is not None:
            moments[found.moment] = ids[found.id] = row.line
            reading.good.append((row.line, found))
        reading.problems += problems
    return reading
