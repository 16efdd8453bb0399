"""The journal and the checkpoints as immutable chunks (record format, section 1.1), cut the same way after every restart.

Nothing about the cuts is kept on the box: the archive's list of digests tells where it cut before. A chunk begins where the one
before it ended; the first place where a cut is allowed and the digest fits is its end. So a crash between sending and
remembering cannot make two different chunks of one number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import b64
from protocol.errors import BadNote
from protocol.journal import parse_line, split_lines
from protocol.note import VerifierKey, parse_note
from protocol.record import CHECKPOINTS, JOURNAL, chunk_folder
from protocol.view import HearingView
from storage.errors import Diverged

LARGEST = 64 * 1024 * 1024  # bytes of one chunk, unless two allowed cuts are further apart


@dataclass(frozen=True)
class Chunk:
    """Bytes ``[start, end)`` of ``journal.jsonl`` or ``checkpoints``."""

    name: str
    number: int
    start: int
    end: int

    @property
    def path(self) -> str:
        """Its path in the record as the archive holds it."""
        return f"{chunk_folder(self.name)}/{self.number:06d}"


@dataclass
class Tail:
    """A record's journal and checkpoints, read as they grow; a torn tail is left until it is whole.

    Attributes:
        folder: of the record.
        view: the hearing as its lines tell it.
        leaves: leaf hash of each line.
        line_ends: byte after each line's LF.
        note_ends: byte after each checkpoint.
        cuts: places in the journal where it may be cut: after the last line of each checkpoint.
        signed: number of lines that the last checkpoint covers.
    """

    folder: Path
    view: HearingView = field(default_factory=HearingView)
    leaves: list[bytes] = field(default_factory=list)
    line_ends: list[int] = field(default_factory=list)
    note_ends: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    signed: int = 0

    def read(self) -> bool:
        """Take in what was written since the last time; True if there was something.

        Raises:
            ProtocolError: a line or a checkpoint is malformed.
        """
        # Notes first: every line that a note covers was on disk before the note was.
        notes = _read(self.folder / CHECKPOINTS, self.note_ends[-1] if self.note_ends else 0)
        lines = _read(self.folder / JOURNAL, self.line_ends[-1] if self.line_ends else 0)
        for raw in split_lines(lines)[0]:
            entry = parse_line(raw, len(self.line_ends))
            self.view.add(entry)
            self.leaves.append(entry.leaf)
            self.line_ends.append((self.line_ends[-1] if self.line_ends else 0) + len(raw) + 1)
        whole = split_notes(notes)[0]
        for raw in whole:
            self._note(raw)
        return bool(lines or whole)

    @property
    def origin(self) -> str:
        """Origin of the record's checkpoints (record format, section 5)."""
        return f"{VerifierKey.from_text(self.view.device).name}/{self.view.hearing}"

    def _note(self, raw: bytes) -> None:
        try:
            size = Checkpoint.from_text(parse_note(raw.decode()).text).size
        except UnicodeDecodeError as error:
            raise BadNote(f"{self.folder / CHECKPOINTS}: not UTF-8") from error
        if not self.signed < size <= len(self.line_ends):
            raise BadNote(f"{self.folder / CHECKPOINTS}: a checkpoint of size {size} after {self.signed}")
        self.signed = size
        self.cuts.append(self.line_ends[size - 1])
        self.note_ends.append((self.note_ends[-1] if self.note_ends else 0) + len(raw) + 1)


def _read(path: Path, start: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(start)
        return file.read()


def sent_chunks(path: Path, name: str, cuts: Sequence[int], held: Mapping[str, str]) -> list[Chunk]:
    """The chunks that the archive has, found by their digests.

    Args:
        path: the file.
        name: ``journal.jsonl`` or ``checkpoints``.
        cuts: where it may be cut, rising.
        held: what the archive holds: path → base64 SHA-256.

    Raises:
        Diverged: the archive has a chunk that is no piece of this file, or a hole.
    """
    chunks: list[Chunk] = []
    names = [item.rpartition("/")[2] for item in held if item.startswith(f"{chunk_folder(name)}/")]
    if not all(re.fullmatch(r"[0-9]{6}", item) for item in names):
        raise Diverged(f"{path}: the archive names chunks as no archive does: {names[:10]}")
    numbers = sorted(map(int, names))
    if numbers != list(range(1, len(numbers) + 1)):
        raise Diverged(f"{path}: the archive's chunks have a hole: {numbers[:10]}")
    if not numbers:
        return chunks
    with path.open("rb") as file:
        position, open_cuts = 0, iter(cuts)
        for number in numbers:
            start, digest = position, hashlib.sha256()
            wanted = held[f"{chunk_folder(name)}/{number:06d}"]
            for cut in open_cuts:
                digest.update(file.read(cut - position))
                position = cut
                if b64(digest.digest()) == wanted:
                    break
            else:
                raise Diverged(f"{path}: the archive's chunk {number:06d} is no piece of this file")
            chunks.append(Chunk(name, number, start, position))
    return chunks


def next_chunk(name: str, cuts: Sequence[int], sent: Sequence[Chunk]) -> Chunk | None:
    """The chunk to send next: up to the last allowed cut, at most 64 MiB; None if nothing is due."""
    start = sent[-1].end if sent else 0
    ahead = [cut for cut in cuts if cut > start]
    if not ahead:
        return None
    fitting = [cut for cut in ahead if cut - start <= LARGEST]
    return Chunk(name, len(sent) + 1, start, fitting[-1] if fitting else ahead[0])
