"""Boxes of fragmented MP4 (ISO/IEC 14496-12, section 4.2): cutting a muxer's output into whole fragments, and a file after its last.

A fragment here is ``moof`` and the ``mdat`` after it; the first has ``ftyp`` and ``moov`` before it (record format, section 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_SHORT = 8
_LONG = 16


@dataclass(frozen=True)
class Box:
    """One box at the top level: its type, and where it begins and ends in the file, bytes."""

    kind: bytes
    start: int
    end: int


def _size(head: bytes) -> int | None:
    """Length of the box that begins with ``head``; None when more bytes are needed; 0 when the length is not usable."""
    if len(head) < _SHORT:
        return None
    size = int.from_bytes(head[:4], "big")
    if size == 1:
        if len(head) < _LONG:
            return None
        size = int.from_bytes(head[8:16], "big")
        return size if size >= _LONG else 0
    return size if size >= _SHORT else 0


def _one_fragment(data: bytes) -> bool:
    """Whether ``data`` is a ``moof`` and the ``mdat`` after it, no more and no less: what a muxer with room enough writes at once."""
    head = _size(data[:_LONG])
    if not head or data[4:8] != b"moof" or data[head + 4 : head + 8] != b"mdat":
        return False
    body = _size(data[head : head + _LONG])
    return bool(body) and head + (body or 0) == len(data)


class BoxSplitter:
    """Takes what a muxer writes, in pieces of any size, and gives whole fragments."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._scanned = 0
        self._after_moof = False

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Add bytes.

        Returns:
            the fragments that became whole, in order; usually none or one.

        Raises:
            ValueError: the muxer wrote something that is no sequence of boxes.
        """
        if not self._pending and isinstance(data, bytes) and _one_fragment(data):
            return [data]
        self._pending += data
        whole: list[bytes] = []
        while True:
            size = _size(bytes(self._pending[self._scanned : self._scanned + _LONG]))
            if size == 0:
                raise ValueError("the muxer wrote a box without a length")
            if size is None or self._scanned + size > len(self._pending):
                return whole
            kind = bytes(self._pending[self._scanned + 4 : self._scanned + 8])
            self._scanned += size
            if kind == b"mdat" and self._after_moof:
                whole.append(bytes(memoryview(self._pending)[: self._scanned]))
                del self._pending[: self._scanned]
                self._scanned = 0
            self._after_moof = kind == b"moof"

    @property
    def pending(self) -> int:
        """Bytes that belong to no whole fragment yet."""
        return len(self._pending)


def boxes(file: BinaryIO, length: int) -> Iterator[Box]:
    """The whole boxes at the top level of ``file`` (seekable), up to the first that is torn or malformed.

    Args:
        file: the open file.
        length: its length, bytes.
    """
    at = 0
    while at < length:
        file.seek(at)
        head = file.read(_LONG)
        size = _size(head)
        if not size or at + size > length:
            return
        yield Box(head[4:8], at, at + size)
        at += size


@dataclass(frozen=True)
class Layout:
    """What of a file is whole.

    Attributes:
        spans: where each whole pair of ``moof`` and ``mdat`` begins and ends, bytes.
        length: bytes of the file.
    """

    spans: tuple[tuple[int, int], ...]
    length: int

    @property
    def fragments(self) -> int:
        """Number of whole fragments."""
        return len(self.spans)

    @property
    def whole(self) -> int:
        """Bytes up to the end of the last whole ``mdat``; 0 when there is no fragment."""
        return self.spans[-1][1] if self.spans else 0


def layout(file: BinaryIO) -> Layout:
    """Find the whole fragments of an open file (seekable)."""
    length = file.seek(0, 2)
    spans: list[tuple[int, int]] = []
    moov, moof = False, None
    for box in boxes(file, length):
        if box.kind == b"mdat" and moov and moof is not None:
            spans.append((moof.start, box.end))
        moov = moov or box.kind == b"moov"
        moof = box if box.kind == b"moof" else None
    return Layout(tuple(spans), length)
