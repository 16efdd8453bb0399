"""Checkpoints: the signed size and root of a log (https://c2sp.org/tlog-checkpoint), and the file that holds many."""

from __future__ import annotations

import re
from dataclasses import dataclass

from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding, BadNote

_SIZE = re.compile(r"(0|[1-9][0-9]{0,15})\Z")


@dataclass(frozen=True)
class Checkpoint:
    """A log's origin, number of leaves and Merkle root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def from_text(cls, text: str) -> Checkpoint:
        """Parse the signed text.

        Raises:
            BadNote: not exactly three lines, a bad size or root.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise BadNote("a checkpoint is origin, size and root, a line each")
        if not _SIZE.match(lines[1]):
            raise BadNote(f"{lines[1]!r} is not a size")
        try:
            return cls(lines[0], int(lines[1]), unb64(lines[2], 32))
        except BadEncoding as error:
            raise BadNote(f"root: {error}") from error


def split_notes(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut a ``checkpoints`` file into its notes.

    A note is text lines, an empty line, signature lines and an empty line that ends it (record format, section 5).

    Returns:
        The notes (without their ending empty line) and the torn tail, empty if there is none.
    """
    notes: list[bytes] = []
    start = 0
    while True:
        text_end = data.find(b"\n\n", start)
        if text_end < 0:
            return notes, data[start:]
        if data[text_end + 2 : text_end + 3] == b"\n":  # no signature line at all
            notes.append(data[start : text_end + 2])
            start = text_end + 3
            continue
        end = data.find(b"\n\n", text_end + 2)
        if end < 0:
            return notes, data[start:]
        notes.append(data[start : end + 1])
        start = end + 2
