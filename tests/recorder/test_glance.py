"""A journal at a glance says what the whole journal says, whatever stands in its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.errors import BadLine, NotCanonical
from protocol.hearing import State
from protocol.writer import JournalWriter
from recorder.glance import Glance, glance
from tests.support.recorder import SIGNER

AT = 1_795_000_000_000_000


def journal(folder: Path, *entries: tuple[str, dict[str, object]]) -> Path:
    """A journal with these lines after its first."""
    at = {"at_us": AT, "mono_us": 1, "salt": bytes(16)}
    writer = JournalWriter.create(folder, SIGNER, "2026-11-22_a_k3f9", software="test", **at)  # type: ignore[arg-type]
    for line_type, data in entries:
        writer.append(line_type, data, **at)  # type: ignore[arg-type]
    writer.close()
    return folder / "journal.jsonl"


def state(old: str, new: str) -> tuple[str, dict[str, object]]:
    return "state", {"by": "s", "from": old, "reason": "", "to": new}


def test_a_new_journal(tmp_path: Path) -> None:
    found = glance(journal(tmp_path / "h"))
    assert found == Glance("h", State.PLANNED, found.since, 1, sealed=False, boot=None, offset_us=None)


def test_the_last_line_of_a_type_counts(tmp_path: Path) -> None:
    clock: dict[str, object] = {"boot": "b", "ntp_offset_us": None, "offset_us": 5, "synchronized": False}
    path = journal(
        tmp_path / "h",
        ("clock", {**clock, "boot": "a"}),
        state("planned", "recording"),
        ("clock", clock),
        ("remark", {"at_us": 1, "by": "s", "text": '"type":"state"}\n {"to":"finished"},"type":"manifest"}'}),
        state("recording", "paused"),
        ("stage", {"code": "x"}),
    )
    found = glance(path)
    assert (found.state, found.lines, found.sealed, found.boot, found.offset_us) == (State.PAUSED, 7, False, "b", 5)


def test_bytes_after_the_last_line_do_not_count(tmp_path: Path) -> None:
    path = journal(tmp_path / "h", state("planned", "recording"))
    with path.open("ab") as file:
        file.write(b'{"at":"torn","type":"state"}')
    assert (glance(path).state, glance(path).lines) == (State.RECORDING, 2)


@pytest.mark.parametrize("data", [b"", b"torn", b"no json\n", b'{"withheld":"' + b"A" * 43 + b'="}\n'])
def test_what_is_no_journal_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(data)
    with pytest.raises((BadLine, NotCanonical)):
        glance(path)
