"""The demonstration model on the demo's own sound: the right words, language and person, found by the whole of the pipeline."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from device_config.settings import Settings
from hattama.demo.room import MODEL, SEATS, SPEECH, demonstration_speech
from protocol.spoken_form import as_spoken
from protocol.transcript import Passage, Transcript
from tests.transcription.courtroom import START_US, Courtroom
from transcription.recognizer import Samples
from transcription.worker import transcribe_record

pytest.importorskip("faster_whisper", reason="needs the extra asr")

LONGEST_MODEL_BYTES = 15_000_000
WORST_WER = 0.20


@dataclass(frozen=True)
class Turn:
    """Who says what from when to when, seconds from the start of the demo's sound."""

    source: str
    language: str
    start_s: float
    end_s: float
    text: str


def turns() -> list[Turn]:
    said = json.loads(SPEECH.with_suffix(".json").read_text("utf-8"))["turns"]
    return [Turn(t["channel"], t["language"], t["start_ms"] / 1000, t["end_ms"] / 1000, t["text"]) for t in said]


def microphones() -> dict[str, Samples]:
    with av.open(str(SPEECH)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    sound = sound if len(sound) > 1 else sound.reshape(-1, 4).T
    channels = json.loads(SPEECH.with_suffix(".json").read_text("utf-8"))["channels"]
    return {name: np.asarray(track, np.float32) for name, track in zip(channels, sound, strict=True)}


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    folder = tmp_path_factory.mktemp("words")
    room = Courtroom(folder / "h1", language="ru")
    for seat in SEATS:
        assert seat.source is not None
        assert seat.participant is not None
        room.seat(seat.source, seat.participant)
    room.take(microphones(), segment_s=10.0)
    made = transcribe_record(room.folder, Settings(state_dir=folder, speech=demonstration_speech()))
    assert "10" in [word.text for passage in made.passages for word in passage.words if word.spoken == "десять"]
    return as_spoken(made)


def plain(text: str) -> list[str]:
    return re.findall(r"[\w-]+", text.lower())


def errors(wanted: Sequence[str], got: Sequence[str]) -> int:
    """Words put in, left out and exchanged: Levenshtein's distance."""
    row = list(range(len(got) + 1))
    for i, one in enumerate(wanted, 1):
        above, row = row, [i]
        for j, other in enumerate(got, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (one != other)))
    return row[-1]


def of_turn(transcript: Transcript, turn: Turn) -> list[Passage]:
    """Passages of the turn's microphone whose middle lies inside the turn."""
    middle = [(p, ((p.start_us + p.end_us) / 2 - START_US) / 1e6) for p in transcript.passages]
    return [p for p, at in middle if p.source == turn.source and turn.start_s <= at <= turn.end_s]


def test_words_of_every_turn_stand_at_its_person_and_language(heard: Transcript) -> None:
    people = {seat.source: seat.participant for seat in SEATS}
    wrong = total = 0
    for turn in turns():
        passages = of_turn(heard, turn)
        assert {p.speaker for p in passages} == {people[turn.source]}, turn.text
        assert {p.language for p in passages} == {turn.language}, turn.text
        wanted = plain(turn.text)
        wrong += errors(wanted, plain(" ".join(p.text for p in passages)))
        total += len(wanted)
    assert wrong / total <= WORST_WER, f"{wrong} of {total} words wrong"


def test_nothing_stands_where_nobody_spoke_and_every_word_lies_in_its_turn(heard: Transcript) -> None:
    said = sum(len(of_turn(heard, turn)) for turn in turns())
    assert said == len([p for p in heard.passages if p.kind in ("speech", "refused", "missing_model")])
    for turn in turns():
        for word in (w for p in of_turn(heard, turn) for w in p.words):
            assert turn.start_s - 0.4 <= (word.start_us - START_US) / 1e6 <= turn.end_s + 0.4, (turn.text, word)


def test_every_word_is_a_demonstrations(heard: Transcript) -> None:
    assert heard.demonstration
    assert [(m.name, m.engine, m.demonstration) for m in heard.models] == [("hattama-demonstration", "faster-whisper", True)]
    assert heard.missing == ()


def test_the_model_is_small_and_says_what_it_is() -> None:
    assert sum(path.stat().st_size for path in Path(MODEL).iterdir()) <= LONGEST_MODEL_BYTES
    note = json.loads((MODEL / "hattama-model.json").read_text("utf-8"))
    assert note["demonstration"] is True
    assert note["made_by"] == "scripts/make_demo_model.py"
