"""Measuring: texts as they are compared, errors by language, forms of references, silence, a recording as a record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("meeteval", reason="needs the extra evaluate")

from protocol.transcript import Model, Passage, TakeSpan, Transcript, Word
from tests.transcription.courtroom import noise, write_wav
from transcription.audio import decode
from transcription.errors import EvaluationInput
from transcription.evaluation.measuring import found_in, measured
from transcription.evaluation.references import Said, read
from transcription.evaluation.sound import SoundRecord
from transcription.evaluation.speakers import Turn, attributed, speaker_time
from transcription.evaluation.text import comparable
from transcription.evaluation.words import Errors, aligned, units
from transcription.recognizer import SAMPLE_RATE

SHA = "A" * 43 + "="


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ещё раз: «Қазақстан» — по-русски!", "еще раз қазақстан по русски"),
        ("е\u0308лка", "елка"),
        ("don’t, 'quoted'", "don't quoted"),
        ("Әділ І ұү һө ңғ", "әділ і ұү һө ңғ"),
        (" … ", ""),
    ],
)
def test_what_is_compared(text: str, words: str) -> None:
    assert comparable(text) == words.split()


def test_errors_by_language_and_at_the_switch() -> None:
    said = units([("Сот отырысы ашық", "kk"), ("прошу встать всех", "ru")])
    match = aligned(said, ["сот", "отырыс", "ашық", "прошу", "садиться", "всех", "тут"])
    assert match.right == (True, False, True, True, False, True, False)
    assert match.counts.words[""] == Errors(6, 2, 0, 1)
    assert match.counts.words["kk"] == Errors(3, 1, 0, 0)
    assert match.counts.words["ru"] == Errors(3, 1, 0, 1)
    assert match.counts.words["switch"] == Errors(4, 2, 0, 0)
    assert match.counts.characters["kk"] == Errors(len("сот отырысы ашық"), 0, 1, 0)


def test_nothing_said_and_nothing_heard() -> None:
    assert aligned([], ["слово"]).counts.words[""] == Errors(0, 0, 0, 1)
    assert aligned(units([("два слова", None)]), []).counts.words["und"] == Errors(2, 0, 2, 0)
    assert Errors().rate is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["а", "б", "в", "г"]), max_size=60),
    st.lists(st.sampled_from(["а", "б", "в", "г"]), max_size=60),
)
def test_counts_are_those_of_the_whole(said: list[str], heard: list[str]) -> None:
    """Long texts are cut for the count of characters; that may only ever find errors in other places, not lose words."""
    counts = aligned(units([(" ".join(said), "ru")]), heard).counts
    assert counts.words.get("", Errors()).said == len(said)
    whole, by_language = counts.characters.get("", Errors()), counts.characters.get("ru", Errors())
    if said:
        assert whole == by_language
    assert counts.words.get("", Errors()).count == _distance(said, heard)


def _distance(one: list[str], other: list[str]) -> int:
    row = list(range(len(other) + 1))
    for first, word in enumerate(one, 1):
        before, row[0] = row[:], first
        for second, heard in enumerate(other, 1):
            row[second] = min(before[second] + 1, row[second - 1] + 1, before[second - 1] + (word != heard))
    return row[-1]


def test_who_said_it() -> None:
    said = [Turn("judge", 0, 2, "сот отырысы ашық"), Turn("party", 3, 5, "иә келдік")]
    heard = [
        Turn("b", 3.1, 3.5, "Иә,"),
        Turn("a", 0.1, 1, "сот отырысы"),
        Turn("a", 60, 61, "ашық"),
        Turn("b", 4, 5, "келдік."),
    ]
    assert attributed(said, heard, timed=False) == Errors(5, 0, 0, 0)
    late = attributed(said, heard, timed=True)
    assert late is not None
    assert late.count == 2  # one left out where it was said, one added where it was not
    assert attributed(said, [], timed=True) == Errors(5, 0, 5, 0)
    assert attributed([], heard[:1], timed=True) == Errors(0, 0, 0, 1)
    time = speaker_time(said, [Turn("x", 0, 2), Turn("y", 4, 6)], 10.0)
    assert (time.spoken_s, time.missed_s, time.invented_s, time.confused_s) == pytest.approx((4, 1, 1, 0))


def reference_of(folder: Path, name: str, text: str) -> tuple[Said, ...]:
    (folder / name).write_text(text, encoding="utf-8")
    found = read(folder / "a.wav", ("kk", "ru"))
    assert found is not None
    return found.said or found.turns


def test_forms_of_references(tmp_path: Path) -> None:
    assert reference_of(tmp_path, "a.rttm", "SPEAKER a 1 0.5 1.5 <NA> <NA> judge <NA> <NA>\n") == (
        Said(None, 0.5, 2.0, "judge"),
    )
    assert reference_of(tmp_path, "a.kk.txt", "сот\n") == (Said("сот", language="kk"),)
    assert reference_of(tmp_path, "a.ctm", "a 1 0.5 0.25 сот 0.9\n") == (Said("сот", 0.5, 0.75),)
    stm = ";; comment\na B judge 2 3 <ru> встать\na A party 0 1 <o,f0,kk> иә\n"
    assert reference_of(tmp_path, "a.stm", stm) == (
        Said("иә", 0, 1, "party", 0, "kk"),
        Said("встать", 2, 3, "judge", 1, "ru"),
    )
    assert reference_of(tmp_path, "a.json", '{"language": "ru", "segments": [{"text": "да"}]}') == (
        Said("да", language="ru"),
    )
    words = (Word("15", 6_000_000, 7_000_000, 900, 0, spoken="он бес"),)
    passage = Passage("speech", "T01", "mic", 6_000_000, 8_000_000, "kk", "judge", words)
    transcript = Transcript(
        "h", 2, "open", "kk", (TakeSpan("T01", 5_000_000, 9_000_000),), (Model("e", "n", "1", SHA),), (), (passage,)
    )
    assert reference_of(tmp_path, "a.json", transcript.to_json().decode()) == (
        Said("он бес", 1.0, 3.0, "judge", None, "kk"),
    )


def test_words_in_silence(tmp_path: Path) -> None:
    def word(start_s: float) -> Word:
        return Word("иә", int(start_s * 1e6), int(start_s * 1e6) + 200_000, 900, 0)

    passages = tuple(
        Passage("speech", "T01", "channel-0", int(s * 1e6), int(s * 1e6) + 300_000, "kk", None, (word(s),))
        for s in (1.0, 2.3, 5.0)
    )
    transcript = Transcript(
        "a", 1, "open", "kk", (TakeSpan("T01", 0, 10_000_000),), (Model("e", "n", "1", SHA),), (), passages
    )
    write_wav(tmp_path / "a.wav", noise(10, -50, SAMPLE_RATE))
    (tmp_path / "a.json").write_text('{"segments": [{"text": "иә", "start": 1, "end": 2}]}')
    [(path, reference)], _ = found_in(tmp_path, ())
    found = measured(path, reference, transcript, 10.0, 1, 1.0)
    assert found.silence is not None
    assert found.silence.words == 1
    assert found.silence.seconds == pytest.approx(8.0)
    assert found.counts.words[""] == Errors(1, 0, 0, 2)
    assert found.by_speaker is None
    assert found.speakers is None


def test_a_recording_is_heard_as_it_is(tmp_path: Path) -> None:
    sound = noise(21.5, -20, SAMPLE_RATE)
    write_wav(tmp_path / "a.wav", sound)
    with SoundRecord(tmp_path / "a.wav", "kk", {0: "judge"}) as record:
        assert (record.channels, record.seconds) == (1, 21.5)
        assert [s.path for s in record.view.track("T01", "channel-0")] == record.paths()
        heard = np.concatenate([decode(record.read(path), path) for path in record.paths()])
        assert record.size(record.paths()[-1]) == 44 + 2 * 24_000
    assert len(heard) == len(sound)
    assert np.abs(heard - np.clip(sound, -1, 1)).max() < 1e-4
    with pytest.raises(EvaluationInput, match="no sound"):
        SoundRecord(tmp_path / "none.wav", "kk")
