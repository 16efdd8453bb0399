"""What people said of one draft holds in the next: the transcriber, which asks for one too, says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocol.brief import Brief, CourtFacts, Declared
from protocol.brief_rules import declared_in
from protocol.view import HearingView
from recorder.drafting import Task, declared_of
from tests.protocol.scene import at, civil

BEFORE = "protocol/brief-0001.json"
SAID = Declared({"final": "ждём подписи"}, "не слышно", form=None)


def brief(declared: Declared, view: HearingView | None = None) -> Brief:
    return Brief.of(view or civil(), court=CourtFacts(city="Алматы"), drafted_at_us=at(40), number=1, declared=declared)


def asked(record: Path, before: str = BEFORE, **more: Any) -> Task:
    return Task(
        record=str(record), number=2, drafted_at_us=at(41), transcript=None, court="", courtroom="", city="", before=before, **more
    )  # fmt: skip


def record(folder: Path, data: bytes) -> Path:
    (folder / BEFORE).parent.mkdir(parents=True)
    (folder / BEFORE).write_bytes(data)
    return folder


def test_a_protocol_tells_what_was_declared_of_it() -> None:
    assert declared_in(brief(Declared())) == Declared({})
    assert declared_in(brief(SAID)) == SAID, "the full form follows from the rejection, and goes with it"
    assert declared_in(brief(Declared(form="full"))).form == "full"


def test_what_is_not_said_anew_stays_and_what_is_said_replaces_it(tmp_path: Path) -> None:
    folder = record(tmp_path, brief(SAID).to_json())
    assert declared_of(folder, asked(folder)) == SAID
    assert declared_of(folder, asked(folder, reasons={}, rejected="", full=False)) == Declared({})
    assert declared_of(folder, asked(folder, reasons={"decision": "отложено"})) == Declared(
        {"decision": "отложено"}, "не слышно"
    )
    assert declared_of(folder, asked(folder, full=True)).form == "full"
    assert declared_of(folder, asked(folder, before="")) == Declared({}), "the first protocol"


@pytest.mark.parametrize("data", [b"", b"{}", b"not JSON"])
def test_a_protocol_that_cannot_be_read_withholds_no_draft(
    tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record(tmp_path, data)
    assert declared_of(folder, asked(folder)) == Declared({})
    told = capsys.readouterr()
    assert ("reasons_unreadable" in told.err, told.out) == (True, "")
