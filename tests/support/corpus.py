"""The must-fail corpus: tests/assets/records/must-fail/<defect>.json, each a golden record broken in one way, and what must be found.

``python -m tests.support.corpus`` writes the cases that are not there yet; with a folder, it unpacks all of them there, for
``hattama verify FOLDER/<defect>``. A case holds only what differs from its golden record: ``changed`` (path → bytes in base64, or
for texts a list of strings and of [from, to] lines kept), ``removed``, and ``zeros`` (path → number of zero bytes).
"""

from __future__ import annotations

import base64
import difflib
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from protocol.record import MemoryRecord
from protocol.verification import Finding, Trust, verify
from tests.support import mutations_closed, mutations_files, mutations_forged, mutations_lines, mutations_stamps
from tests.support.golden import ARCHIVE, BOX, GOOD, Files, golden
from tests.support.mutations import CASES, Case

FOLDER = GOOD.parent / "must-fail"
TRUST = Trust.of(BOX.key, ARCHIVE.key)
ALL: tuple[Case, ...] = (
    *CASES,
    *mutations_lines.LINES,
    *mutations_lines.CHECKPOINTS,
    *mutations_files.FILES,
    *mutations_files.CHUNKS,
    *mutations_files.MANIFESTS,
    *mutations_files.RECEIPTS,
    *mutations_forged.LINES,
    *mutations_forged.TIMELINE,
    *mutations_forged.SOURCES,
    *mutations_forged.ENTRIES,
    *mutations_closed.SWAPPED,
    *mutations_stamps.STAMPS,
    *mutations_stamps.WITHDRAWN,
)
_LARGE = 1 << 20


@cache
def _golden(name: str) -> Files:
    return golden(name)


def broken(case: Case) -> Files:
    """The golden record, broken as the case says."""
    return case.apply(dict(_golden(case.base)), BOX)


def sought(case: Case, files: Files) -> Finding:
    """The finding that must be there.

    Raises:
        AssertionError: it is not.
    """
    subject = case.subject(_golden(case.base))
    failures = verify(MemoryRecord(files), TRUST).failures
    found = [item for item in failures if item.code == case.code and subject in (None, item.subject)]
    assert found, f"{case.name}: {case.code} {subject} is not in {[(item.code, item.subject) for item in failures]}"
    return found[0]


def packed(case: Case) -> dict[str, Any]:
    """A case as its file holds it."""
    files, base = broken(case), _golden(case.base)
    finding = sought(case, files)
    changed = {path: data for path, data in files.items() if base.get(path) != data}
    return {
        "base": case.base,
        "finding": {"code": finding.code, "step": finding.step, "subject": finding.subject},
        "without_key": case.without_key,
        "removed": sorted(set(base) - set(files)),
        "zeros": {path: len(data) for path, data in changed.items() if len(data) > _LARGE},
        "changed": {path: _delta(base.get(path, b""), data) for path, data in changed.items() if len(data) <= _LARGE},
    }


def _delta(old: bytes, new: bytes) -> str | list[Any]:
    try:
        before, after = old.decode().split("\n"), new.decode().split("\n")
    except UnicodeDecodeError:
        return base64.b64encode(new).decode()
    parts: list[Any] = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        parts += [[start, end]] if kind == "equal" else after[first:last]
    return parts


def unpacked(value: dict[str, Any]) -> Files:
    """The broken record of a case's file."""
    base = _golden(value["base"])
    files = {path: data for path, data in base.items() if path not in value["removed"]}
    files |= {path: bytes(number) for path, number in value["zeros"].items()}
    for path, delta in value["changed"].items():
        if isinstance(delta, str):
            files[path] = base64.b64decode(delta)
            continue
        before = base.get(path, b"").decode().split("\n")
        lines = [line for part in delta for line in ([part] if isinstance(part, str) else before[part[0] : part[1]])]
        files[path] = "\n".join(lines).encode()
    return files


def load(name: str) -> dict[str, Any]:
    """A case's file."""
    value: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return value


def main() -> None:
    """Write what is missing, or unpack all."""
    if len(sys.argv) > 1:
        for path in sorted(FOLDER.glob("*.json")):
            _write(Path(sys.argv[1]) / path.stem, unpacked(load(path.stem)))
        return
    FOLDER.mkdir(exist_ok=True)
    for case in ALL:
        file = FOLDER / f"{case.name}.json"
        if not file.exists():
            file.write_text(json.dumps(packed(case), ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


def _write(folder: Path, files: Files) -> None:
    for path, data in files.items():
        target = folder / path.lstrip("/")
        if folder in target.resolve().parents:  # a path that leads out exists in memory only
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


if __name__ == "__main__":
    main()
