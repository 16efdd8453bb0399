"""Closed takes: what one of them, or one of its files, fails of costs no other its transcript."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device_config.settings import Settings, SpeechSettings
from protocol.transcript import Transcript
from tests.transcription.courtroom import START_US, Courtroom, noise
from transcription.activity import LevelDetector
from transcription.client import FakeRecorder
from transcription.closed_takes import ClosedTake, OpenedRecord, of_take
from transcription.errors import RecorderRefused, RecorderUnreachable
from transcription.models import Engines
from transcription.pipeline import transcribe
from transcription.worker import FIRST_WAIT_S, Transcriber

SECOND = 1_000_000


class Choosy(FakeRecorder):
    """Takes every transcript but those of some closed takes."""

    def post_transcript(self, transcript: Transcript) -> None:
        """Refuse it, or keep it."""
        if transcript.publicity == "closed" and "T02" in {span.take for span in transcript.takes}:
            raise RecorderRefused("T02: refused")
        super().post_transcript(transcript)


def hearing(folder: Path) -> Courtroom:
    room = Courtroom(folder, hearing=folder.name)
    for number, publicity in enumerate(("open", "closed", "closed"), 1):
        take = f"T{number:02d}"
        if publicity == "closed":
            room.line("key", {"key": f"K{number:02d}", "take": take, "wrapped": []})
        room.take({"mic-bench": noise(6, -20)}, take=take, at=number * 10, publicity=publicity)
    return room


def test_a_closed_take_that_fails_costs_no_other_its_transcript(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, run_dir=tmp_path / "run")
    room = hearing(settings.hearings / "h1")
    waiting = [ClosedTake("T02", True, None), ClosedTake("T03", True, None)]
    fake = Choosy(waiting=["h1"], closed={"h1": waiting})
    clock = [0.0]
    worker = Transcriber(
        fake, settings.hearings, settings, Engines(SpeechSettings()), LevelDetector(), now=lambda: clock[0]
    )
    assert worker.turn() == 0  # it is tried again
    assert [[span.take for span in made.takes] for made in fake.transcripts] == [["T03"], ["T01"]]
    assert fake.drafts == []
    fake.closed["h1"] = [ClosedTake("T02", True, "closed/T02.enc"), ClosedTake("T03", True, "closed/T03.enc")]
    sha = "A" * 43 + "="
    made = {"kind": "transcript", "number": 1, "path": "transcript/0001.json", "bytes": 1, "sha256": sha, "by": "x"}
    room.line("revision", made)
    clock[0] += FIRST_WAIT_S
    assert worker.turn() == 1
    assert (len(fake.transcripts), fake.drafts) == (2, ["h1"])


def opened(room: Courtroom, open_file: Callable[[str, str], bytes]) -> Transcript:
    view = room.view
    view = replace(view, segments=[replace(one, path=f"{one.path}.enc") for one in view.segments])
    record = OpenedRecord(room.record, room.hearing, open_file)
    return transcribe(
        of_take(view, "T02"), record, SpeechSettings(), engines=Engines(SpeechSettings()), detector=LevelDetector(),
        publicity="closed",
    )  # fmt: skip


def test_a_file_that_does_not_open_is_a_gap(tmp_path: Path) -> None:
    room = hearing(tmp_path / "h1")

    def open_file(_hearing: str, path: str) -> bytes:
        if path.endswith("0002.mp4.enc"):
            raise RecorderRefused(f"{path}: does not open")
        return room.record.read(path.removesuffix(".enc"))

    found = [(p.kind, p.reason, p.start_us - START_US) for p in opened(room, open_file).passages]
    assert ("gap", "unreadable", 22 * SECOND) in found
    assert [kind for kind, _, _ in found].count("missing_model") == 2


def test_a_recorder_that_does_not_answer_makes_no_gap(tmp_path: Path) -> None:
    def open_file(_hearing: str, path: str) -> bytes:
        raise RecorderUnreachable(f"{path}: no answer")

    with pytest.raises(RecorderUnreachable):
        opened(hearing(tmp_path / "h1"), open_file)
