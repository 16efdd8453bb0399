"""What of a take is covered, and what is missing (record format, section 7.1). Pure arithmetic on intervals in µs."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def holes(start: int, end: int, covered: Iterable[Span], allowed: int) -> list[Span]:
    """Stretches of ``[start, end)`` longer than ``allowed`` that no span covers, in order."""
    found: list[Span] = []
    reached = start
    for begin, stop in sorted(covered):
        if stop <= reached:
            continue
        if min(begin, end) - reached > allowed:
            found.append((reached, min(begin, end)))
        reached = max(reached, stop)
        if reached >= end:
            return found
    if end - reached > allowed:
        found.append((reached, end))
    return found


def common_end(ends: Iterable[int], laggard_us: int) -> int | None:
    """The time to which every source delivered.

    Args:
        ends: last end of each source that is not lost.
        laggard_us: a source this far behind the last one counts as lost.

    Returns:
        That time; None when there is no source.
    """
    known = sorted(ends)
    return min((end for end in known if end >= known[-1] - laggard_us), default=None)
