"""The list of hearings on a box that has held very many."""

from __future__ import annotations

import asyncio
from pathlib import Path

from protocol.view import HearingView
from recorder.hearings import HearingStore, summary
from tests.support.records import RecordMaker, make_record


def test_many_hearings_cost_a_line_each_and_not_their_journals(tmp_path: Path) -> None:
    names = [f"2026-11-{day:02d}_case_{number}" for day in range(1, 11) for number in "ab"]
    for name in names:
        RecordMaker(tmp_path / name, name).writer.close()
    store = HearingStore(tmp_path)
    assert [item.hearing for item in store.summaries()] == names
    assert len(store._read) < len(names)
    (tmp_path / names[3] / "journal.jsonl").write_bytes(b"no journal\n")
    assert [item.hearing for item in store.summaries()] == [*names[:3], *names[4:]]


def test_a_journal_that_is_being_written_is_not_read_again(tmp_path: Path) -> None:
    maker = RecordMaker(tmp_path / "h", "h")
    live = summary(HearingView.of(maker.writer.lines))
    (tmp_path / "h" / "journal.jsonl").write_bytes(b"half a li")
    assert asyncio.run(asyncio.to_thread(HearingStore(tmp_path).summaries, live)) == [live]
    maker.writer.close()


def test_a_view_as_json_shares_nothing_with_the_view(tmp_path: Path) -> None:
    make_record(tmp_path / "r")
    view = HearingStore(tmp_path).view("r")
    value = view.to_json()
    assert [item["path"] for item in value["segments"]] == [item.path for item in view.segments]
    value["segments"][0]["path"] = "other"
    assert view.segments[0].path != "other"
    assert "progress" not in value
