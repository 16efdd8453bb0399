"""Parts in camera of two hearings exchanged: beside being found by both verifiers (the must-fail corpus), nothing opens as what it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from protocol.closed import open_file, open_line_data, unwrap_key
from protocol.errors import Closed
from protocol.record import MemoryRecord
from protocol.verification import Trust, verify
from tests.support.golden import BOX, golden
from tests.support.mutations_closed import FILE, KEY, REMARK, SWAPPED

ARCHIVE = b"\1" * 32  # the secret half of the golden records' archive


def line(name: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(golden(name)["journal.jsonl"].splitlines()[number])["data"]
    return found


def key_of(name: str) -> bytes:
    return unwrap_key(line(name, KEY)["wrapped"], ARCHIVE)


def test_neither_file_nor_line_opens_with_the_others_key() -> None:
    own, other = key_of("encrypted"), key_of("encrypted-twin")
    assert own != other
    for name, key in (("encrypted", own), ("encrypted-twin", other)):
        assert open_file(golden(name)[FILE], key, FILE).final
        assert open_line_data(line(name, REMARK), key, line_type="remark", seq=REMARK)["text"]
    for name, key in (("encrypted", other), ("encrypted-twin", own)):
        with pytest.raises(Closed):
            open_file(golden(name)[FILE], key, FILE)
        with pytest.raises(Closed):
            open_line_data(line(name, REMARK), key, line_type="remark", seq=REMARK)


@pytest.mark.parametrize("case", SWAPPED, ids=lambda case: case.name)
def test_a_swap_is_found_without_any_key(case: Any) -> None:
    """Also the swap of a file with its wrapped key, which would open: to the other hearing's words."""
    report = verify(MemoryRecord(case.apply(dict(golden("encrypted")), BOX)), Trust.of(BOX.key))
    assert not report.good
    assert report.integrity == "altered"
