"""The must-fail corpus (tests/assets/records/must-fail): both verifiers agree on each case, and find what it is named for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protocol.record import MemoryRecord
from protocol.verification import Trust, verify
from tests.support.corpus import ALL, FOLDER, TRUST, broken, load, unpacked
from tests.support.golden import NAMES, golden
from tests.verify_ts.test_agreement import (
    BUILD,
    NODE,
    Broken,
    difference,
    run_node,
    said_by_python,
    said_by_typescript,
    task,
)

NAMED = sorted(path.stem for path in FOLDER.glob("*.json"))


def test_the_corpus_is_whole() -> None:
    """A file for each case and a case for each file; what the generator makes is what lies there."""
    assert sorted(case.name for case in ALL) == NAMED
    assert len(NAMED) >= 250
    for case in ALL:
        value = load(case.name)
        assert (value["base"], value["finding"]["code"], value["without_key"]) == (
            case.base,
            case.code,
            case.without_key,
        )
        if case.name != "file-beyond-limit":
            assert unpacked(value) == broken(case), case.name


@pytest.mark.parametrize("name", NAMED)
def test_python_finds_it(name: str) -> None:
    value = load(name)
    report = verify(MemoryRecord(unpacked(value)), TRUST)
    assert value["finding"] in [
        {"code": item.code, "step": item.step, "subject": item.subject} for item in report.failures
    ]
    assert not report.good


@pytest.mark.skipif(
    NODE is None or not (BUILD / "verify-batch-cli.js").is_file(),
    reason="the second verifier is not built: npm run --prefix web/ui build",
)
@pytest.mark.timeout(900)
def test_both_agree(tmp_path: Path) -> None:
    """On every must-fail case and every golden record, with the keys trusted and without."""
    cases = [Broken(name, unpacked(load(name)), TRUST) for name in NAMED]
    cases += [Broken(f"good {name}", golden(name), trust) for name in NAMES for trust in (TRUST, Trust.of())]
    batch = tmp_path / "batch"
    with batch.open("w", encoding="utf-8") as file:
        for case in cases:
            file.write(task(case) + "\n")
    done = run_node(str(BUILD / "verify-batch-cli.js"), str(batch))
    assert done.returncode == 0, done.stderr
    differing = []
    for case, line in zip(cases, done.stdout.splitlines(), strict=True):
        first, second = said_by_python(case), said_by_typescript(json.loads(line)["report"])
        if first != second:
            differing.append(difference(case.name, first, second))
    assert not differing, f"{len(differing)} of {len(cases)} differ:\n" + "\n".join(differing[:40])
