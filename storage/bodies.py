"""Bodies of requests: a file, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

CHUNK = 1 << 18  # bytes of a piece

#: Called before each piece with the number of its bytes; may wait, and may send other things meanwhile.
Between = Callable[[int], None]


def pieces(path: Path, start: int, end: int, between: Between | None) -> Iterator[bytes]:
    """Bytes ``[start, end)`` of a file; fewer where it is shorter."""
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left and (piece := file.read(min(CHUNK, left))):
            if between is not None:
                between(len(piece))
            left -= len(piece)
            yield piece
