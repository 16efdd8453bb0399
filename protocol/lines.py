"""The lines of a journal that is being written: the newest in memory, the others where they are on the disk.

A day's hearing with many sources has more lines than a small box should keep as objects. What a line needs here is eight bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

from protocol.errors import BadLine
from protocol.journal import Line, parse_line

#: How many of the newest lines are kept as objects.
RECENT = 256


class JournalLines(Sequence[Line]):
    """A journal's lines, read again where they are asked for.

    Args:
        path: of the journal; every line added lies in it already.
        lines: those that it holds.

    Raises (when lines are asked for):
        OSError: the journal cannot be read.
        BadLine, NotCanonical: it is not what was written.
    """

    def __init__(self, path: Path, lines: Iterable[Line] = ()) -> None:
        self._path = path
        self._starts = array("Q")
        self._recent: dict[int, Line] = {}
        self.bytes = 0
        for line in lines:
            self.append(line)

    def append(self, line: Line) -> None:
        """Add the line that was written behind the last one."""
        at = len(self._starts)
        self._starts.append(self.bytes)
        self.bytes += len(line.raw) + 1
        self._recent[at] = line
        if at:  # line 0 says whose journal it is, and is asked for again and again
            self._recent.pop(at - RECENT if at > RECENT else -1, None)

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[Line]:
        return self._from(0, len(self))

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError("lines are read forwards, one after the other")
            return list(self._from(start, stop))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        return next(self._from(at, at + 1))

    def _from(self, start: int, stop: int) -> Iterator[Line]:
        """Lines of a range; the file is opened only for those that are not in memory."""
        at = start
        while at < stop and at in self._recent:
            yield self._recent[at]
            at += 1
        if at >= stop:
            return
        with self._path.open("rb") as file:
            file.seek(self._starts[at])
            while at < stop:
                raw = file.readline()
                line = self._recent.get(at) or parse_line(raw.removesuffix(b"\n"), at)
                if not isinstance(line, Line) or line.seq != at:
                    raise BadLine(f"{self._path}: line {at} is not what was written")
                yield line
                at += 1
