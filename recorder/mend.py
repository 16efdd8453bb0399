"""Recover the segments that a killed capture child left open: ``python -m recorder.mend RECORD``.

A process of its own, because it decodes: a file that makes a decoder crash must not take the daemon with it. Paths come in on
standard input, one a line; for each, one JSON object goes out:
``{"path", "state": "kept"|"empty"|"unreadable", "detail", …}`` with the facts of the file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from protocol.encoding import b64
from protocol.errors import DiskFailed
from recorder.errors import SegmentUnreadable

MEND: tuple[str, ...] = (sys.executable, "-m", "recorder.mend")


@dataclass(frozen=True)
class Mended:
    """What became of a file.

    Attributes:
        path: in the record.
        state: ``kept``; ``empty`` (without a whole fragment); ``unreadable`` (kept as it is).
        facts: keys of a ``segment`` line as far as the file tells them.
        detail: why, in words.
    """

    path: str
    state: str
    facts: dict[str, Any]
    detail: str = ""


def mend(record: Path, path: str) -> Mended:
    """Recover one file.

    Raises:
        DiskFailed: it cannot be read or cut.
    """
    from recorder.segment_recovery import recover_segment  # here: it loads decoders, which the daemon has no use for

    try:
        found = recover_segment(record / path)
    except SegmentUnreadable as error:
        return Mended(path, "unreadable", _raw_facts(record / path), str(error))
    if found.empty:
        return Mended(path, "empty", _raw_facts(record / path), f"{found.cut_bytes} bytes without a whole fragment")
    if found.start_us is None:
        return Mended(path, "unreadable", _raw_facts(record / path), "the file does not say when it begins")
    facts = asdict(found)
    facts["end_us"] = found.end_us
    return Mended(path, "kept", facts, f"{found.cut_bytes} bytes of a torn fragment cut" if found.cut_bytes else "")


def _raw_facts(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        return {"bytes": path.stat().st_size, "sha256": b64(digest)}
    except OSError as error:
        raise DiskFailed(f"{path}: cannot be read: {error.strerror}") from error


async def mend_files(record: Path, paths: Sequence[str], command: Sequence[str] = MEND) -> list[Mended]:
    """Recover files in a process of their own.

    Returns:
        One for each path, in order; a file over which the process died is ``unreadable``.

    Raises:
        DiskFailed: a file can neither be recovered nor read.
    """
    if not paths:
        return []
    process = await asyncio.create_subprocess_exec(*command, str(record), stdin=PIPE, stdout=PIPE)
    output, _ = await process.communicate("".join(f"{path}\n" for path in paths).encode())
    found = {item["path"]: Mended(**item) for item in map(json.loads, output.splitlines())}
    left = [path for path in paths if path not in found]
    if left:  # the first of these is the one over which the process died
        bad = Mended(left[0], "unreadable", await asyncio.to_thread(_raw_facts, record / left[0]), "the decoder crashed")
        found[left[0]] = bad
        found |= {item.path: item for item in await mend_files(record, left[1:], command)}
    return [found[path] for path in paths]


def main() -> int:
    """Recover what standard input names."""
    record = Path(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(asdict(mend(record, line.strip()))) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
