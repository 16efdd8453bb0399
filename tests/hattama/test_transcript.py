from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import docx
import pytest

from protocol.editing import Correct, Where, apply
from protocol.transcript import Model, Passage, TakeSpan, Transcript, Word
from protocol.transcript_imports import read_ctm, read_rttm, read_webvtt
from tests.support.command import hattama
from tests.support.records import HEARING, START_US, make_record

FIRST = START_US + 1_000_000


def transcript() -> Transcript:
    words = (
        Word("дабро", FIRST + 1_000_000, FIRST + 1_400_000, 700, 0),
        Word("день", FIRST + 1_500_000, FIRST + 1_900_000, 900, 0),
    )
    passage = Passage("speech", "T01", "mic-plaintiff", FIRST + 900_000, FIRST + 2_000_000, "ru", "p1", words)
    model = Model("faster-whisper", "large-v3", "1.2.1", "A" * 43 + "=")
    return Transcript(HEARING, 2, "open", "ru", (TakeSpan("T01", FIRST, FIRST + 20_000_000),), (model,), (), (passage,))


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A record with a transcript (revision 2) and one that a person corrected (3)."""
    folder = make_record(tmp_path / "record")
    base = transcript()
    for one in (base, apply(base, [Correct(Where.of(base, 0), "добрый день", "secretary", START_US)])):
        (folder / f"transcript/{one.number:04d}.json").write_bytes(one.to_json())
    return folder


def test_the_newest_revision_with_names(record: Path) -> None:
    said = hattama("transcript", "export", str(record))
    assert said.status == 0, said
    assert "revision 3, edited by hand from revision 2" in said.out
    assert said.out.endswith("\n[00:00:00] Истец: добрый день\n")
    assert "дабро день" in hattama("transcript", "export", str(record), "--revision", "2").out


def test_other_forms(record: Path) -> None:
    def printed(form: str) -> str:
        said = hattama("transcript", "export", str(record), "--format", form)
        assert said.status == 0, said
        return said.out

    assert [(cue.speaker, cue.text) for cue in read_webvtt(printed("webvtt"))] == [("Истец", "добрый день")]
    assert [turn.speaker for turn in read_rttm(printed("rttm"))] == ["p1"]
    assert [(word.text, word.start_us) for word in read_ctm(printed("ctm"))] == [
        ("добрый", 1_000_000),
        ("день", 1_500_000),
    ]
    assert Transcript.from_json(printed("json").encode()).number == 3
    assert "добрый" not in hattama("transcript", "export", str(record), "--format", "webvtt", "--speaker", "p2").out


def test_the_annex_and_the_words_as_they_were_said(record: Path, tmp_path: Path) -> None:
    base = transcript()
    number = Word("25\u00a0000", FIRST + 2_000_000, FIRST + 2_600_000, 800, 0, spoken="двадцать пять тысяч")
    first = base.passages[0]
    gap = Passage("gap", "T01", "mic-plaintiff", FIRST + 5_000_000, FIRST + 6_000_000, reason="lost")
    made = replace(
        base, number=4, passages=(replace(first, end_us=FIRST + 3_000_000, words=(*first.words, number)), gap)
    )
    (record / "transcript/0004.json").write_bytes(made.to_json())
    assert "дабро день двадцать пять тысяч" in hattama("transcript", "export", str(record), "--spoken").out
    words = read_ctm(hattama("transcript", "export", str(record), "--spoken", "--format", "ctm").out)
    assert [word.text for word in words] == ["дабро", "день", "двадцать", "пять", "тысяч"]
    assert hattama("transcript", "export", str(record), "--spoken", "--format", "json").status == 64
    for language, absent in (("ru", "(запись отсутствует: lost)"), ("kk", "(жазба жоқ: lost)")):
        file = tmp_path / f"{language}.docx"
        done = hattama(
            "transcript", "export", str(record), "--format", "docx", "--language", language, "--output", str(file)
        )
        assert done.status == 0, done.err
        first_bytes = file.read_bytes()
        hattama("transcript", "export", str(record), "--format", "docx", "--language", language, "--output", str(file))
        assert file.read_bytes() == first_bytes
        said, numbers = docx.Document(str(file)).tables
        assert [cell.text for cell in said.rows[1].cells] == ["00:00:00", "Истец", "дабро день 25\u00a0000"]
        assert said.rows[2].cells[2].text == absent
        assert [cell.text for cell in numbers.rows[1].cells] == ["00:00:02", "25\u00a0000", "двадцать пять тысяч"]


def test_what_cannot_be_printed(record: Path, tmp_path: Path) -> None:
    assert hattama("transcript", "export", str(tmp_path / "none")).status == 66
    said = hattama("transcript", "export", str(record), "--revision", "9")
    assert (said.status, said.err.splitlines()[0]) == (66, f"error[no-transcript]: {record}: no revision 9")
    assert hattama("transcript", "export", str(record), "--speaker", "p1").status == 64
    (record / "transcript/0004.json").write_bytes(b"{}")
    said = hattama("transcript", "export", str(record))
    assert (said.status, said.err[:21]) == (65, "error[bad-transcript]")
    (tmp_path / "empty").mkdir()
    assert hattama("transcript", "export", str(tmp_path / "empty")).status == 66


def test_what_a_revision_changed(record: Path) -> None:
    said = hattama("transcript", "changes", str(record))
    assert (said.status, said.out) == (0, "[00:00:01] mic-plaintiff words: дабро → добрый\n")
    assert hattama("transcript", "changes", str(record), "--from", "3").out == ""
    assert hattama("transcript", "changes", str(record), "--from", "9").status == 66


def test_what_to_check_first(record: Path) -> None:
    said = hattama("transcript", "doubts", str(record))
    assert (said.status, said.out) == (0, "no passage of this revision has a doubt\n")
    base = transcript()
    whole = base.passages[0]
    cut = FIRST + 1_450_000
    parts = (
        replace(whole, end_us=cut, words=whole.words[:1], doubt_pm=120),
        replace(whole, start_us=cut, words=whole.words[1:], doubt_pm=455),
    )
    (record / "transcript/0004.json").write_bytes(replace(base, number=4, passages=parts).to_json())
    said = hattama("transcript", "doubts", str(record))
    assert said.out.splitlines() == [
        " 45.5 %  [00:00:01-00:00:02] Истец: день",
        " 12.0 %  [00:00:00-00:00:01] Истец: дабро",
    ]
    assert hattama("transcript", "doubts", str(record), "--limit", "1").out.count("%") == 1
    assert "дабро" not in hattama("transcript", "doubts", str(record), "--least", "20").out
    assert hattama("transcript", "doubts", str(record), "--revision", "9").status == 66
