"""The journal's single writer: lines and checkpoints on disk, in order, synced before they are acknowledged.

The way of a line: :meth:`JournalWriter.append` → canonical bytes → ``journal.jsonl`` → ``fdatasync`` → leaf hash into the
tree → returned. :meth:`JournalWriter.checkpoint` signs the tree's root; nothing that it covers can be torn, since every line
was synced first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol import durable
from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import HEARING, b64
from protocol.errors import BadLine, BadNote, DiskFailed, NotSigned, RecordExists
from protocol.journal import FORMAT, Line, Withheld, make_line, read_journal, split_lines
from protocol.lines import JournalLines
from protocol.merkle import Tree
from protocol.note import Signer, VerifierKey, parse_note, sign_checkpoint

JOURNAL = "journal.jsonl"
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Torn:
    """What a crash left at the end of the two files and :meth:`JournalWriter.reopen` cut: bytes that nothing acknowledged."""

    journal_bytes: int
    journal_sha256: str | None
    checkpoint_bytes: int


class JournalWriter:
    """Writes the journal and the checkpoints of one hearing. Not thread-safe: one owner, one thread at a time."""

    def __init__(self, folder: Path, signer: Signer, origin: str, lines: list[Line]) -> None:
        """Use :meth:`create` or :meth:`reopen`."""
        self.folder = folder
        self.origin = origin
        self.lines = JournalLines(folder / JOURNAL, lines)
        self._signer = signer
        self._tree = Tree(line.leaf for line in lines)
        self._journal = durable.AppendFile(folder / JOURNAL)
        try:
            self._checkpoints = durable.AppendFile(folder / CHECKPOINTS)
        except DiskFailed:
            self._journal.close()
            raise
        self._signed = 0

    @classmethod
    def create(
        cls, folder: Path, signer: Signer, hearing: str, *, software: str, at_us: int, mono_us: int, salt: bytes
    ) -> JournalWriter:
        """Begin a record: the folder, line 0 (``opened``) and the first checkpoint.

        A signer that does not answer stops no recording: then the next checkpoint is the first.

        Args:
            folder: the record's folder; must not hold a journal yet.
            signer: the device's key.
            hearing: identifier of the hearing.
            software: name and version of the program.
            at_us: UTC, µs.
            mono_us: CLOCK_MONOTONIC, µs.
            salt: 16 random bytes.

        Raises:
            RecordExists: there is a journal already.
            BadLine: the identifier is malformed.
            DiskFailed: the disk refused.
        """
        if not HEARING.match(hearing):
            raise BadLine(f"{hearing!r} is not an identifier of a hearing")
        if (folder / JOURNAL).exists():
            raise RecordExists(f"{folder / JOURNAL}: there is a journal already")
        origin = f"{signer.key.name}/{hearing}"
        writer = cls(folder, signer, origin, [])
        data = {
            "device": signer.key.text,
            "format": FORMAT,
            "hearing": hearing,
            "origin": origin,
            "software": software,
        }
        writer.append("opened", data, at_us=at_us, mono_us=mono_us, salt=salt)
        with suppress(NotSigned):
            writer.checkpoint()
        return writer

    @classmethod
    def reopen(cls, folder: Path, signer: Signer) -> tuple[JournalWriter, Torn]:
        """Go on with a record after a restart; torn tails are cut.

        Raises:
            BadLine, NotCanonical: the journal is not one this device can go on with (another device's, redacted, damaged).
            DiskFailed: the disk refused.
        """
        for leftover in folder.rglob(".*.tmp"):  # of a write_once that a crash cut short: nothing acknowledged it
            leftover.unlink()
        data = (folder / JOURNAL).read_bytes()
        raw_lines, torn = split_lines(data)
        if torn:
            durable.cut(folder / JOURNAL, len(data) - len(torn))
        entries, _ = read_journal(data[: len(data) - len(torn)])
        if not entries or isinstance(entries[0], Withheld) or entries[0].type != "opened":
            raise BadLine(f"{folder / JOURNAL}: line 0 is not `opened`")
        lines = [entry for entry in entries if isinstance(entry, Line)]
        if len(lines) != len(raw_lines):
            raise BadLine(f"{folder / JOURNAL}: a redacted copy cannot be gone on with")
        if lines[0].data.get("device") != signer.key.text:
            raise BadLine(f"{folder / JOURNAL}: was begun by another device key")
        checkpoints = (folder / CHECKPOINTS).read_bytes() if (folder / CHECKPOINTS).exists() else b""
        notes, torn_note = split_notes(checkpoints)
        if torn_note:
            durable.cut(folder / CHECKPOINTS, len(checkpoints) - len(torn_note))
        writer = cls(folder, signer, str(lines[0].data["origin"]), lines)
        writer._signed = _last_signed(notes, signer.key, writer)
        digest = b64(hashlib.sha256(torn).digest()) if torn else None
        return writer, Torn(len(torn), digest, len(torn_note))

    @property
    def hearing(self) -> str:
        """The hearing's identifier."""
        return str(self.lines[0].data["hearing"])

    @property
    def size(self) -> int:
        """Number of lines."""
        return len(self.lines)

    @property
    def root(self) -> bytes:
        """Merkle root over all lines (32 bytes)."""
        return self._tree.root()

    @property
    def signed(self) -> int:
        """Number of lines that the last checkpoint covers."""
        return self._signed

    def append(self, line_type: str, data: Mapping[str, Any], *, at_us: int, mono_us: int, salt: bytes) -> Line:
        """Write one line; it is on disk when this returns.

        Raises:
            NotCanonical, BadLine: the data cannot stand in a record; nothing was written.
            DiskFailed: the disk refused; this writer is of no further use.
        """
        line = make_line(len(self.lines), line_type, data, at_us=at_us, mono_us=mono_us, salt=salt)
        self._journal.write(line.raw + b"\n")
        self._journal.sync()
        self.lines.append(line)
        self._tree.append(line.leaf)
        return line

    def checkpoint(self) -> Checkpoint:
        """Sign the journal as it stands; does nothing when the last checkpoint covers it already.

        Raises:
            NotSigned: the signer refused or does not answer; the lines stand, and may be signed later.
            DiskFailed: the disk refused.
        """
        point = Checkpoint(self.origin, self.size, self.root)
        if self._signed < self.size:
            note = sign_checkpoint(point.text, self._signer, self._tree.consistency_proof)
            self._checkpoints.write(note.encode() + b"\n")
            self._checkpoints.sync()
            self._signed = self.size
        return point

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """Size and root of every checkpoint on disk, in order."""
        notes, _ = split_notes((self.folder / CHECKPOINTS).read_bytes())
        points = [Checkpoint.from_text(parse_note(note.decode()).text) for note in notes]
        return [(point.size, point.root) for point in points]

    def close(self) -> None:
        """Close both files."""
        self._journal.close()
        self._checkpoints.close()


def _last_signed(notes: list[bytes], key: VerifierKey, writer: JournalWriter) -> int:
    """Size of the last good checkpoint; raises if it does not fit the journal."""
    if not notes:
        return 0
    try:
        note = parse_note(notes[-1].decode())
        point = Checkpoint.from_text(note.text)
    except (BadNote, UnicodeDecodeError) as error:
        raise BadLine(f"{writer.folder / CHECKPOINTS}: last checkpoint: {error}") from error
    if not note.signed_by(key) or point.size > writer.size or point.root != writer._tree.root(point.size):  # noqa: SLF001
        raise BadLine(f"{writer.folder / CHECKPOINTS}: the last checkpoint does not fit the journal")
    return point.size
