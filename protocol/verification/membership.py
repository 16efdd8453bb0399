"""Which sources belonged to a take, and from when to when (record format, section 7.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from protocol.journal import Line


@dataclass
class Span:
    """A stretch in which a source belonged to a take.

    Attributes:
        seq: of the line that says so.
        from_us: None where it belonged to the take from its start.
        to_us: None where it belonged to the take to its end.
    """

    seq: int
    from_us: int | None = None
    to_us: int | None = None

    def holds(self, seq: int, start_us: int, end_us: int, allowed_us: int) -> bool:
        """Whether a segment journalled by line ``seq`` lies in it; one without length is placed nowhere."""
        if self.seq > seq:
            return False
        early = self.from_us is not None and start_us < self.from_us - allowed_us
        late = self.to_us is not None and end_us > self.to_us + allowed_us
        return start_us == end_us or not (early or late)

    def within(self, start_us: int, end_us: int) -> tuple[int, int]:
        """Its part of a take."""
        first = start_us if self.from_us is None else max(start_us, self.from_us)
        return first, end_us if self.to_us is None else min(end_us, self.to_us)


class Membership:
    """By take and source, the spans in order; empty for a source that never belonged to the take."""

    def __init__(self) -> None:
        self.spans: dict[tuple[str, str], list[Span]] = defaultdict(list)

    def start(self, take: str, sources: Iterable[str], seq: int) -> None:
        """A take begins with these sources."""
        for key in [key for key in self.spans if key[0] == take]:  # said before: the last line counts
            del self.spans[key]
        for source in sources:
            self.spans[take, source] = [Span(seq)]

    def change(self, line: Line, running: str | None) -> bool:
        """Take in a ``source_added`` or ``source_removed`` line.

        Args:
            line: of one of the two types.
            running: the take that runs, if one does.

        Returns:
            Whether it can be: it names the take that runs, and the source did not, or did, belong to it.
        """
        take, source, at_us = line.data["take"], line.data["source"], line.data["at_us"]
        if take is None:
            return running is None
        spans = self.spans[take, source]
        belongs = bool(spans) and spans[-1].to_us is None
        if line.type == "source_added":
            if belongs:
                return False
            spans.append(Span(line.seq, at_us))
        else:
            if not belongs:
                return False
            last = spans[-1]
            last.to_us = at_us
            if last.from_us is not None and at_us < last.from_us:
                return False
        return bool(take == running)
