"""``hattama retention`` with the real daemon and a real archive: what it deletes, what it keeps, and what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.storage.conftest import TOKEN, open_court
from tests.support.command import Said, eventually, hattama, service
from tests.support.kept import HEARING, Kept, kept_box


@dataclass
class Room:
    """A box in a courtroom: an old record that the archive has, and one that is drafted only."""

    kept: Kept
    config: Path
    drafted: Path

    def run(self, *arguments: str) -> Said:
        return hattama("--config", str(self.config), "retention", *arguments)

    @property
    def log(self) -> Path:
        return self.kept.settings.state_dir / "removals.jsonl"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with open_court(tmp_path) as court, kept_box(court) as kept:
        drafted = court.record("2026-11-23_7512-26-00-2-2_bbbb").folder
        config = tmp_path / "settings.toml"
        lines = [f'state_dir = "{kept.settings.state_dir}"', "[archive]", f'url = "{court.url}"', f'token = "{TOKEN}"']
        config.write_text("\n".join(lines) + "\n")
        yield Room(kept, config, drafted)


def test_the_recorder_deletes_what_the_archive_has(room: Room, tmp_path: Path) -> None:
    log = tmp_path / "recorder.log"
    record = room.kept.record.folder
    with service(log, "--config", str(room.config), "recorder") as process:
        eventually("socket", (room.kept.settings.runtime / "recorder.sock").exists, process, log)
        tried = room.run("--dry-run")
        assert tried.status == 0, tried
        assert f"{HEARING}  would be deleted" in tried.out
        assert f"{room.drafted.name}  kept: not-certified (drafted)" in tried.out
        assert record.is_dir()
        assert not room.log.exists()
        said = room.run("--json", "--by", "retention")
        assert said.status == 0, said
    found = {item["hearing"]: (item["answer"], item["deleted"]) for item in json.loads(said.out)["records"]}
    assert found == {HEARING: ("removable", True), room.drafted.name: ("not-certified", False)}
    assert not record.exists()
    assert room.drafted.is_dir()
    line = json.loads(room.log.read_text())
    assert (line["hearing"], line["by"], line["action"]) == (HEARING, "retention", "removed")


def test_what_is_wrong_is_told_and_keeps_the_record(room: Room) -> None:
    (room.kept.objects / "media/T01/mic-bench/0002.mp4").unlink()
    said = room.run()
    assert said.status == 21, said
    assert "kept: not-in-archive (media/T01/mic-bench/0002.mp4)" in said.out
    assert room.kept.record.folder.is_dir()


def test_an_archive_that_does_not_answer(room: Room) -> None:
    room.config.write_text(room.config.read_text().replace(room.kept.court.url, "http://127.0.0.1:9"))
    said = room.run()
    assert said.status == 75, said
    assert "archive-unreachable" in said.out


def test_without_a_recorder_or_an_archive_nothing_is_deleted(room: Room) -> None:
    said = room.run()
    assert (said.status, "recorder-gone" in said.err) == (69, True), said
    room.config.write_text(room.config.read_text().replace("[archive]", "").partition("url")[0])
    said = room.run()
    assert (said.status, "no-archive" in said.err) == (78, True), said
    assert room.kept.record.folder.is_dir()
