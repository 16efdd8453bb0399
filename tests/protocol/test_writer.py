"""The journal's writer: order, syncing, restarts, torn tails, disks that fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import durable
from protocol.errors import BadLine, BadManifest, DiskFailed, IllegalMove, NotCanonical, RecordExists
from protocol.hearing import MOVES, State, check_move
from protocol.record import DirectoryRecord
from protocol.seal import seal_capture, seal_revision
from protocol.verification import Trust, verify
from protocol.view import HearingView
from protocol.writer import JournalWriter
from tests.support.records import OTHER_SIGNER, SIGNER, RecordMaker, make_record


def test_states_and_illegal_moves() -> None:
    for old in State:
        for new in State:
            if (old, new) in MOVES:
                check_move(old, new)
            else:
                with pytest.raises(IllegalMove):
                    check_move(old, new)
    assert {state for state in State if state.is_open} == {State.PLANNED, State.RECORDING, State.PAUSED, State.FAULTY}


def test_view_tells_the_hearing(tmp_path: Path) -> None:
    writer, _ = JournalWriter.reopen(make_record(tmp_path / "r"), SIGNER)
    view = HearingView.of(writer.lines)
    assert view.state is State.DRAFTED
    assert view.case.number == "7512-26-00-2/1234"
    assert [take.reason for take in view.takes.values()] == ["pause", "finish"]
    assert len(view.segments) == 10
    assert len(view.track("T01", "mic-judge")) == 2
    assert view.participant_of("mic-plaintiff") is view.participants["p1"]
    assert [seal.number for seal in view.manifests] == [1, 2, 3]
    assert view.at(view.takes["T01"].start_us + 1)[0].media == "audio"
    assert view.to_json()["takes"][0]["id"] == "T01"
    writer.close()


def test_second_record_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    make_record(tmp_path / "r")
    with pytest.raises(RecordExists):
        RecordMaker(tmp_path / "r")


def test_another_device_cannot_go_on(tmp_path: Path) -> None:
    make_record(tmp_path / "r")
    with pytest.raises(BadLine, match="another device"):
        JournalWriter.reopen(tmp_path / "r", OTHER_SIGNER)


def test_bad_data_leaves_nothing_behind(tmp_path: Path) -> None:
    maker = RecordMaker(tmp_path / "r")
    before = (tmp_path / "r" / "journal.jsonl").read_bytes()
    with pytest.raises(NotCanonical):
        maker.line("remark", text=1.5)
    with pytest.raises(BadLine):
        maker.line("Remark", text="x")
    assert (tmp_path / "r" / "journal.jsonl").read_bytes() == before
    maker.line("remark", text="x", at_us=1, by="y")
    maker.writer.close()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3000), st.integers(0, 400))
def test_any_torn_tail_is_cut_and_the_record_goes_on(
    tmp_path_factory: pytest.TempPathFactory, lines: int, notes: int
) -> None:
    folder = make_record(tmp_path_factory.mktemp("torn") / "r")
    journal, checkpoints = folder / "journal.jsonl", folder / "checkpoints"
    signed = journal.stat().st_size
    with journal.open("ab") as file:
        file.write(b'{"at":"' + b"x" * lines)
    durable.cut(checkpoints, checkpoints.stat().st_size - min(notes, 150))
    writer, torn = JournalWriter.reopen(folder, SIGNER)
    assert torn.journal_bytes == lines + 7
    assert torn.journal_sha256 is not None
    assert journal.stat().st_size == signed
    writer.append("remark", {"at_us": 1, "by": "x", "text": "x"}, at_us=2 * 10**15, mono_us=10**10, salt=bytes(16))
    writer.checkpoint()
    writer.close()
    assert verify(DirectoryRecord(folder), Trust.of(SIGNER.key)).good


def test_checkpoint_that_does_not_fit_stops_the_writer(tmp_path: Path) -> None:
    folder = make_record(tmp_path / "r")
    data = (folder / "journal.jsonl").read_bytes()
    durable.cut(folder / "journal.jsonl", len(data) - len(data.split(b"\n")[-2]) - 1)
    with pytest.raises(BadLine, match="does not fit"):
        JournalWriter.reopen(folder, SIGNER)


def test_seals_in_their_order_only(tmp_path: Path) -> None:
    maker = RecordMaker(tmp_path / "r")
    with pytest.raises(BadManifest, match="planned"):
        seal_capture(maker.writer, maker.moment())
    with pytest.raises(BadManifest, match="not sealed"):
        seal_revision(maker.writer, maker.moment())
    maker.state("planned", "recording")
    maker.state("recording", "finished")
    maker.seal()
    with pytest.raises(BadManifest, match="already"):
        maker.seal()
    assert seal_revision(maker.writer, maker.moment()) is None
    maker.writer.close()


def test_manifest_that_a_crash_left_unnamed_makes_way(tmp_path: Path) -> None:
    maker = RecordMaker(tmp_path / "r")
    maker.state("planned", "recording")
    maker.state("recording", "finished")
    (tmp_path / "r" / "manifest-0001.json").write_bytes(b"{}")
    (tmp_path / "r" / ".manifest-0001.json.7.tmp").write_bytes(b"{")
    maker.writer.close()
    writer, _ = JournalWriter.reopen(tmp_path / "r", SIGNER)
    seal_capture(writer, maker.moment())
    writer.close()
    assert verify(DirectoryRecord(tmp_path / "r"), Trust.of(SIGNER.key)).good


def test_write_once(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    durable.write_once(path, b"x")
    durable.write_once(path, [b"x"])
    with pytest.raises(RecordExists):
        durable.write_once(path, b"y")
    assert path.read_bytes() == b"x"
    assert [item.name for item in path.parent.iterdir()] == ["b"]
    with pytest.raises(RecordExists):
        durable.DurableFile(path)


def test_failed_file_stays_failed(tmp_path: Path) -> None:
    file = durable.DurableFile(tmp_path / "x")
    read_only = os.open(tmp_path / "x", os.O_RDONLY)
    os.dup2(read_only, file._fd)
    os.close(read_only)
    with pytest.raises(DiskFailed, match="write failed"):
        file.write(b"x")
    with pytest.raises(DiskFailed, match="earlier"):
        file.write(b"x")
    with pytest.raises(DiskFailed, match="earlier"):
        file.sync()
    file.close()


def test_closed_file_refuses(tmp_path: Path) -> None:
    file = durable.AppendFile(tmp_path / "x")
    file.close()
    file.close()
    with pytest.raises(DiskFailed, match="closed"):
        file.write(b"x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_full_disk_is_named(tmp_path: Path) -> None:
    link = tmp_path / "journal"
    link.symlink_to("/dev/full")
    with pytest.raises(DiskFailed, match="No space"):
        durable.AppendFile(link).write(b"x")
