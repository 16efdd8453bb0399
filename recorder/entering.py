"""Files that come after the capture enter the record: written, journalled and sealed by one job of the writer thread.

No other line gets between a file and its seal. Asked again after the disk refused, or the power went, it goes on after what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from protocol import durable, seal
from protocol.encoding import sha256_b64
from protocol.hearing import State
from protocol.seal import Moment
from protocol.writer import JournalWriter
from recorder.ledger import Entry, Ledger
from recorder.tidying import tidy


@dataclass(frozen=True)
class Paper:
    """A file that comes after the capture, and what its ``revision`` line says of it; ``more``: of an encrypted file (record format, section 9)."""

    kind: str
    path: str
    data: bytes
    number: int
    of: str = ""
    roles: tuple[str, ...] = ()
    more: Mapping[str, str | int] = field(default_factory=dict)

    def line(self, by: str) -> dict[str, Any]:
        """Data of the line."""
        said: dict[str, Any] = {
            "kind": self.kind,
            "number": self.number,
            "path": self.path,
            "bytes": len(self.data),
            "sha256": sha256_b64(self.data),
            "by": by,
            **self.more,
        }
        if self.of:
            said["of"] = self.of
        if self.roles:
            said["roles"] = list(self.roles)
        return said


async def enter(
    folder: Path,
    ledger: Ledger,
    papers: Sequence[Paper],
    by: str,
    kind: str,
    state: State | None = None,
    keys: Sequence[Entry] = (),
) -> int:
    """Write files, journal them, change the state, seal: one after the other, and nothing between them.

    Args:
        folder: the record.
        ledger: its journal.
        papers: the files.
        by: who enters them.
        kind: of the manifest.
        state: that the hearing gets.
        keys: ``key`` lines that stand before the files that use them.

    Returns:
        The number of the manifest.

    Raises:
        DiskRefused, Unsigned: see :meth:`recorder.ledger.Ledger.work`.
    """
    before, view = ledger.view.size, ledger.view
    closed = any(take.publicity == "closed" for take in view.takes.values())
    there = {item.path: item.sha256 for item in view.revisions}

    def job(writer: JournalWriter, moment: Moment) -> int:
        named = {line.data.get("path") for line in writer.lines[before:] if line.type == "revision"}
        if not named:
            tidy(folder, view)
        for line_type, data in keys:
            if not any(line.type == line_type and line.data == data for line in writer.lines[before:]):
                writer.append(line_type, data, at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())
        for item in papers:
            if item.path in named or there.get(item.path) == sha256_b64(item.data):
                continue  # the disk refused, or the power went, after this one
            durable.write_once(folder / item.path, item.data)
            writer.append("revision", item.line(by), at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())
        if state is not None and view.state is not state:
            moved = {"from": view.state.value, "to": state.value, "by": by, "reason": ""}
            writer.append("state", moved, at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())
        made = seal.seal_revision(writer, moment, kind, "closed" if closed else "open")
        return made[0].number if made else len(view.manifests)

    return await ledger.work(job)
