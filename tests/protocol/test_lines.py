"""A journal's lines while it is written: all of them can be read, few of them are kept."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from protocol.errors import BadLine, NotCanonical
from protocol.journal import Line, make_line
from protocol.lines import RECENT, JournalLines

TRACKS = [
    {"path": f"media/T01/mic-{number:02d}/0001.mp4", "bytes": 10**6, "end_us": 10**15, "sha256": "A" * 43 + "="}
    for number in range(16)
]


def line(seq: int) -> Line:
    """What an hour's hearing has 3,600 of."""
    return make_line(
        seq, "progress", {"tracks": [dict(item) for item in TRACKS]}, at_us=seq, mono_us=seq, salt=bytes(16)
    )


def journal(folder: Path, count: int) -> tuple[Path, JournalLines]:
    """A journal of so many lines, as its writer holds it."""
    path = folder / "journal.jsonl"
    lines = JournalLines(path)
    with path.open("wb") as file:
        for seq in range(count):
            made = line(seq)
            file.write(made.raw + b"\n")
            lines.append(made)
    return path, lines


def test_every_line_is_there(tmp_path: Path) -> None:
    path, lines = journal(tmp_path, 3 * RECENT)
    assert len(lines) == 3 * RECENT
    assert lines.bytes == path.stat().st_size
    assert [item.seq for item in lines] == list(range(3 * RECENT))
    for index in (0, 1, RECENT, 2 * RECENT - 1, 2 * RECENT, 3 * RECENT - 1, -1):
        assert lines[index] == line(index % (3 * RECENT))
    assert [item.seq for item in lines[5:9]] == [5, 6, 7, 8]
    assert [item.seq for item in lines[3 * RECENT - 2 :]] == [3 * RECENT - 2, 3 * RECENT - 1]
    assert lines[3 * RECENT :] == []
    with pytest.raises(IndexError):
        lines[3 * RECENT]


def test_a_file_that_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    path, lines = journal(tmp_path, 2 * RECENT)
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"x" + data[101:])
    assert list(lines[:1])[0].seq == 0, "still in memory"  # noqa: RUF015 - a list is what is asked for
    path.write_bytes(b"{}\n" + data)
    with pytest.raises((BadLine, NotCanonical)):
        list(lines)


def test_memory_does_not_grow_with_the_journal(tmp_path: Path) -> None:
    """Eight bytes a line, where a line of sixteen sources takes twenty thousand as an object."""
    lines = JournalLines(tmp_path / "none")
    for seq in range(2 * RECENT):
        lines.append(line(seq))
    tracemalloc.start()
    try:
        for seq in range(2 * RECENT, 2 * RECENT + 2000):
            lines.append(line(seq))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    kept = RECENT * 25_000  # those that replaced lines of before the measurement
    assert grown < kept + 2000 * 200, f"{grown / 2000:.0f} bytes a line"
