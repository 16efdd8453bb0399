"""Voices of a shared microphone in the transcript."""

from __future__ import annotations

from pathlib import Path

import pytest

from device_config.settings import DiarizationSettings, SpeechSettings
from protocol.transcript import Model, Transcript
from protocol.voice import Voice, voice_of
from tests.transcription.courtroom import Courtroom
from tests.transcription.test_pipeline import engines_of, says, voices
from transcription.activity import LevelDetector
from transcription.diarizer import Diarization, FakeDiarizer, Turn
from transcription.errors import DiarizationFailed
from transcription.pipeline import transcribe
from transcription.recognizer import SAMPLE_RATE, Samples

MODEL = Model("fake", "voices", "1", "A" * 43 + "=")
A, B = (1.0, 0.0), (0.0, 1.0)


def halves(samples: Samples) -> Diarization:
    middle, end = len(samples) // 2, len(samples)
    turns = (Turn(0, middle, 0), Turn(middle, end, 1))
    return Diarization(turns, turns, (A, B))


@pytest.fixture
def room(tmp_path: Path) -> Courtroom:
    made = Courtroom(tmp_path / "h1")
    made.seat("mic-bench", "judge")
    made.seat("mic-table", "plaintiff")
    made.seat("mic-table", "advocate")
    return made


def run(room: Courtroom, diarizer: FakeDiarizer | None, speech: SpeechSettings | None = None) -> Transcript:
    return transcribe(
        room.view, room.record, speech or SpeechSettings(), engines=engines_of(says("сөз")), detector=LevelDetector(), diarizer=diarizer
    )  # fmt: skip


def test_who_shares_a_microphone_is_told_apart_and_who_has_one_alone_is_not_asked_about(room: Courtroom) -> None:
    bench, table = voices(("loud", 2), ("quiet", 4)), voices(("quiet", 3), ("loud", 2), ("quiet", 1))
    room.take({"mic-bench": bench, "mic-table": table})
    fake = FakeDiarizer(MODEL, halves)
    made = run(room, fake)
    assert [(p.source, p.speaker) for p in made.passages] == [
        ("mic-bench", "judge"), ("mic-table", "voice/mic-table/1"), ("mic-table", "voice/mic-table/2"),
    ]  # fmt: skip
    first, second = made.passages[1:]
    assert first.end_us == second.start_us
    assert voice_of(first.speaker) == Voice("mic-table", 1)
    assert [most for _, most in fake.heard] == [3]  # two seats and one more
    assert abs(fake.heard[0][0] - 2 * SAMPLE_RATE) < SAMPLE_RATE  # its own voice, not the judge's and no silence
    assert Transcript.from_json(made.to_json()) == made


def test_a_voice_keeps_its_number_in_the_next_take(room: Courtroom) -> None:
    for number in (1, 2):
        room.take({"mic-table": voices(("loud", 2), ("quiet", 2))}, take=f"T0{number}", at=20.0 * number)
    made = run(room, FakeDiarizer(MODEL, halves))
    assert [(p.take, p.speaker) for p in made.passages] == [("T01", "voice/mic-table/1"), ("T02", "voice/mic-table/2")]


def test_two_at_once_stand_beside_each_other(room: Courtroom) -> None:
    room.take({"mic-table": voices(("loud", 4), ("quiet", 2))})

    def over(samples: Samples) -> Diarization:
        whole = Turn(0, len(samples), 0)
        return Diarization((whole, Turn(SAMPLE_RATE, 2 * SAMPLE_RATE, 1)), (whole,), (A, B))

    made = run(room, FakeDiarizer(MODEL, over))
    spoken, under = made.passages
    assert (spoken.kind, spoken.speaker) == ("speech", "voice/mic-table/1")
    assert (under.kind, under.speaker, under.reason) == ("refused", "voice/mic-table/2", "overlap")
    assert under.end_us - under.start_us == 1_000_000


def test_a_failing_diarizer_costs_names_and_nothing_else(room: Courtroom) -> None:
    room.take({"mic-table": voices(("loud", 2), ("quiet", 2))})

    def fails(_samples: Samples) -> Diarization:
        raise DiarizationFailed("for the test")

    without = run(room, None)
    assert run(room, FakeDiarizer(MODEL, fails)) == without
    assert [(p.kind, p.speaker) for p in without.passages] == [("speech", None)]


def test_no_voice_is_measured_where_a_protected_witness_takes_part(room: Courtroom) -> None:
    room.take({"mic-bench": voices(("quiet", 4)), "mic-table": voices(("loud", 2), ("quiet", 2))})
    fake = FakeDiarizer(MODEL, halves)
    person = {"id": "w1", "role": "witness", "name": "Свидетель № 1", "attendance": "present", "note": ""}
    room.line("participant", person)
    assert {p.speaker for p in run(room, fake).passages} == {"voice/mic-table/1", "voice/mic-table/2"}
    assert len(fake.heard) == 1
    room.line("participant", {**person, "protected": True})
    protected = run(room, fake)
    assert [(p.kind, p.source, p.speaker) for p in protected.passages] == [("speech", "mic-table", None)]
    assert len(fake.heard) == 1, "a diarizer heard a protected witness"


def test_a_model_that_is_not_there_costs_names_and_nothing_else(room: Courtroom, tmp_path: Path) -> None:
    room.take({"mic-table": voices(("loud", 2), ("quiet", 2))})
    missing = SpeechSettings(diarization=DiarizationSettings(path=tmp_path / "none"))
    assert run(room, None, missing) == run(room, None)
