"""Voices of a shared microphone that nobody has named: their names, how they are shown, and how one gets a person's."""

from __future__ import annotations

import pytest

from protocol import transcript_exports as exports
from protocol.edit_list import BadEdits, read_edits
from protocol.editing import EditRefused, Name, apply
from protocol.transcript import Model, Passage, TakeSpan, Transcript, Word
from protocol.transcript_annex import annex
from protocol.transcript_imports import read_rttm
from protocol.voice import Voice, voice_name, voice_of

FIRST, SECOND = voice_name("mic-hall", 1), voice_name("mic-hall", 2)


def transcript() -> Transcript:
    def said(text: str, at: int, speaker: str | None) -> Passage:
        words = (Word(text, at, at + 50, 900, 0),)
        return Passage("speech", "T01", "mic-hall", at, at + 100, "ru", speaker, words)

    passages = (said("раз", 0, FIRST), said("два", 100, SECOND), said("три", 200, FIRST), said("вот", 300, None))
    model = Model("fake", "fake", "1", "A" * 43 + "=")
    return Transcript("h1", 1, "open", "ru", (TakeSpan("T01", 0, 400),), (model,), (), passages)


def test_a_name_is_read_back() -> None:
    assert voice_of(SECOND) == Voice("mic-hall", 2)
    for other in (None, "", "judge", "voice/mic", "voice/mic/0", "voice//1", "voice/mic/1x", "voice/mic/1\n"):
        assert voice_of(other) is None


def test_a_voice_gets_its_name_once_and_everywhere() -> None:
    edited = apply(transcript(), read_edits([{"kind": "name", "voice": FIRST, "speaker": "witness"}], "secretary", 7))
    assert [p.speaker for p in edited.passages] == ["witness", SECOND, "witness", None]
    assert [(e.kind, e.start_us, e.by) for e in edited.edits] == [("move", 0, "secretary"), ("move", 200, "secretary")]
    assert Transcript.from_json(edited.to_json()) == edited


@pytest.mark.parametrize("voice", ["voice/mic-hall/3", "judge", ""])
def test_a_voice_that_is_not_there_has_no_name(voice: str) -> None:
    with pytest.raises(EditRefused, match="edit 0: no passage"):
        apply(transcript(), [Name(voice, "witness", "secretary", 7)])


def test_a_list_of_edits_names_a_voice_in_one_form() -> None:
    for wrong in (
        {"voice": FIRST},
        {"voice": 1, "speaker": "x"},
        {"voice": FIRST, "speaker": None},
        {"voice": FIRST, "speaker": "x", "passage": {}},
    ):
        with pytest.raises(BadEdits):
            read_edits([{"kind": "name", **wrong}], "secretary", 7)


def test_it_is_shown_as_a_voice_of_its_microphone_and_as_the_person_once_named() -> None:
    made = transcript()
    assert "voice 2, mic-hall" in exports.text(made)
    assert "<v voice 1, mic-hall>" in exports.webvtt(made)
    turns = read_rttm(exports.rttm(made))
    assert [turn.speaker for turn in turns] == [FIRST, SECOND, FIRST, None]
    for language, told in (("ru", "mic-hall, голос 2"), ("kk", "mic-hall, 2-дауыс")):
        assert told in repr(annex(made, {}, language, 0))
