"""A bit turned over anywhere in a record is found by both verifiers, and where it was done.

Here a sample, always the same one; ``python -m bench.bitflip`` turns over every bit of every file.
"""

from __future__ import annotations

import random

import pytest

from tests.support.flips import BATCH, every_flip, faults, found_by_python, is_located
from tests.support.golden import golden

pytestmark = pytest.mark.skipif(
    not BATCH.is_file(), reason="the second verifier is not built: npm run --prefix web/ui build"
)

#: Golden records that no crash left torn: bytes after the last whole line or note are not part of a record.
RECORDS = {
    "plain": 600,
    "recovered": 150,
    "encrypted": 150,
    "later-seals": 150,
    "redacted": 150,
    "gaps": 150,
    "paused": 150,
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", RECORDS)
def test_flips_by_chance(name: str) -> None:
    files = golden(name)
    flips = random.Random(2026).sample(every_flip(files), RECORDS[name])  # noqa: S311 - a choice of places, no secret
    assert faults(files, flips) == []


@pytest.mark.timeout(900)
def test_every_bit_of_the_ends() -> None:
    """Where lines, notes and files begin and end, a reader is most easily led astray."""
    files = golden("plain")
    flips = [
        (path, bit)
        for path, data in files.items()
        for bit in range(8 * len(data))
        if bit < 16 or bit >= 8 * len(data) - 16
    ]
    assert faults(files, flips) == []


def test_the_measure_itself() -> None:
    """A flip that is found, but elsewhere, would not count."""
    files = golden("plain")
    flip = ("journal.jsonl", 8 * files["journal.jsonl"].index(b"\n") + 8 * 40)  # in line 1
    found, good = found_by_python(files, flip)
    assert not good
    assert is_located(files, flip, found)
    assert not is_located(files, ("journal.jsonl", 0), found)
    assert not is_located(files, ("receipt.json", 0), [("file-altered", "journal.jsonl#1", "fail")])
