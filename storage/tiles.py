"""Tiles of a transparency log (https://c2sp.org/tlog-tiles): names, bundles of entries, bounds. Pure.

A tile is a run of at most 256 hashes of one level of the Merkle tree, or of at most 256 entries; a full one never changes.
Level L's hashes are those of complete subtrees of ``256**L`` leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WIDTH = 256
HEIGHT = 8  # levels of the tree that one tile spans
LONGEST = 0xFFFF  # bytes of an entry in a bundle
_NAME = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?\Z"
)


class BadTile(ValueError):
    """Not the name of a tile, or not the bytes of one."""


@dataclass(frozen=True)
class Tile:
    """Which tile: ``level`` None means entries; ``width`` from 1 to 256 (full)."""

    level: int | None
    number: int
    width: int = WIDTH

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read ``<L>/<N>[.p/<W>]`` or ``entries/<N>[.p/<W>]``.

        Raises:
            BadTile: another form, or a second spelling of a name.
        """
        match = _NAME.match(path)
        if match is None:
            raise BadTile(f"{path[:80]!r} is not a tile")
        number = int("".join(part[-3:] for part in match["number"].split("/")))
        width = int(match["width"] or WIDTH)
        tile = cls(None if match["level"] == "entries" else int(match["level"]), number, width)
        if tile.path != path or (tile.level or 0) > 63:
            raise BadTile(f"{path[:80]!r} is not a tile")
        return tile

    @property
    def path(self) -> str:
        """Its name, as in the address after ``tile/``."""
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"{level}/{name}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @property
    def start(self) -> int:
        """Index, within the level, of its first hash or entry."""
        return self.number * WIDTH

    @property
    def size(self) -> int:
        """Leaves that a log must have for this tile to be there."""
        return (self.start + self.width) << (HEIGHT * (self.level or 0))


def tiles_of(level: int | None, start: int, end: int) -> Iterator[Tile]:
    """The tiles that hold hashes or entries ``[start, end)`` of a level in a log where the level has ``end`` of them.

    One by one: ``end`` is what somebody signed, and may be a number that fills a reader's memory.
    """
    return (Tile(level, number, min(WIDTH, end - number * WIDTH)) for number in range(start // WIDTH, -(-end // WIDTH)))


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries, each with its length before it (u16, big-endian)."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes, count: int) -> list[bytes]:
    """The entries of a bundle that must hold ``count``.

    Raises:
        BadTile: cut off, too long, or another number of them.
    """
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + length > len(data):
            raise BadTile("a bundle of entries is cut off")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if len(entries) != count:
        raise BadTile(f"{len(entries)} entries where {count} are due")
    return entries
