"""Remarks on a part in camera are, to either verifier, encrypted files like any other; and so is the copy without them."""

from __future__ import annotations

import json
from pathlib import Path

from protocol.record import DirectoryRecord
from protocol.redaction import without_closed_parts
from protocol.verification import Trust
from tests.recorder.test_closed_remarks import WORD, room
from tests.support.recorder import SIGNER
from tests.support.records import files_of
from tests.verify_ts.test_agreement import (
    BUILD,
    Broken,
    Files,
    difference,
    pytestmark,
    run_node,
    said_by_python,
    said_by_typescript,
    task,
)

__all__ = ["pytestmark"]


def test_both_verifiers_agree_on_remarks_in_camera(tmp_path: Path) -> None:
    with room(tmp_path / "box") as box:
        path = box.enter(text=WORD)["path"]
        box.enter(kind="reviewed", of=path, decision="certified", text=WORD, person="А. Судья", by="judge")
        files, copy = files_of(box.record), without_closed_parts(DirectoryRecord(box.record))
    swapped = {**files, "remarks/0001-0.json.enc": files["remarks/0002-0.json.enc"]}
    found = _agreed(tmp_path / "batch", {"whole": files, "without closed parts": copy, "swapped": swapped})
    assert found == [("intact", "complete"), ("intact", "redacted"), ("altered", "complete")]


def _agreed(batch: Path, cases: dict[str, Files]) -> list[tuple[str, str]]:
    broken = [Broken(name, files, Trust.of(SIGNER.key)) for name, files in cases.items()]
    batch.write_text("".join(task(item) + "\n" for item in broken), "utf-8")
    done = run_node(str(BUILD / "verify-batch-cli.js"), str(batch))
    assert done.returncode == 0, done.stderr
    found = []
    for item, line in zip(broken, done.stdout.splitlines(), strict=True):
        first, second = said_by_python(item), said_by_typescript(json.loads(line)["report"])
        assert first == second, difference(item.name, first, second)
        found.append((first["integrity"], first["completeness"]))
    return found
