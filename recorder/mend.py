"""Recover the segments that a killed capture child left open: ``python -m recorder.mend RECORD``.

A process of its own, because it decodes: a file that makes a decoder crash must not take the daemon with it. On standard input comes
one JSON object a line, ``{"path", "key"}`` (of an encrypted one its key, base64, else null); for each, one goes out:
``{"path", "state": "kept"|"empty"|"unreadable", "detail", …}`` with the facts of the file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from protocol.encoding import b64, unb64
from protocol.errors import DiskFailed
from recorder.closed_segments import SUFFIX
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


def mend(record: Path, path: str, key: bytes | None = None) -> Mended:
    """Recover one file; ``key`` of an encrypted one.

    Raises:
        DiskFailed: it cannot be read or cut.
    """
    from recorder.segment_recovery import recover_segment  # here: it loads decoders, which the daemon has no use for

    if path.endswith(SUFFIX) and key is None:
        return Mended(path, "unreadable", _raw_facts(record / path), "its key is not on this box")
    try:
        found = recover_segment(record / path, None if key is None else (key, path))
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


async def mend_files(
    record: Path, paths: Sequence[str], command: Sequence[str] = MEND, keys: Callable[[str], bytes | None] = lambda _path: None
) -> list[Mended]:
    """Recover files in a process of their own; ``keys`` gives the key of an encrypted one.

    Returns:
        One for each path, in order; a file over which the process died is ``unreadable``.

    Raises:
        DiskFailed: a file can neither be recovered nor read.
    """
    if not paths:
        return []
    process = await asyncio.create_subprocess_exec(*command, str(record), stdin=PIPE, stdout=PIPE)
    asked = ({"path": path, "key": b64(key) if (key := keys(path)) is not None else None} for path in paths)
    output, _ = await process.communicate("".join(f"{json.dumps(item)}\n" for item in asked).encode())
    found = {item["path"]: Mended(**item) for item in map(json.loads, output.splitlines())}
    left = [path for path in paths if path not in found]
    if left:  # the first of these is the one over which the process died
        bad = Mended(left[0], "unreadable", await asyncio.to_thread(_raw_facts, record / left[0]), "the decoder crashed")
        found[left[0]] = bad
        found |= {item.path: item for item in await mend_files(record, left[1:], command, keys)}
    return [found[path] for path in paths]


def main() -> int:
    """Recover what standard input names."""
    record = Path(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        key = unb64(asked["key"], 32) if asked["key"] is not None else None
        sys.stdout.write(json.dumps(asdict(mend(record, asked["path"], key))) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
