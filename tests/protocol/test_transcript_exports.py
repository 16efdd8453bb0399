"""Exports of a transcript: read back as they were written, and hostile text stays text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.transcript import Missing, Model, Passage, TakeSpan, Transcript, Word
from protocol.transcript_exports import Cue, TimedWord, Turn, ctm, cues, origin, rttm, text, timed_words, turns, webvtt
from protocol.transcript_imports import BadExport, read_ctm, read_rttm, read_webvtt
from tests.protocol.test_transcript import SHA, TEXT, transcripts

START = 1_795_321_800_000_000


def sample() -> Transcript:
    words = (Word("Сот", START + 1_000_001, START + 1_500_000, 900, 0), Word("25 000", START + 1_500_000, START + 2_000_000, None, None, edited_by="x", edited_us=1))
    passages = (
        Passage("speech", "T01", "mic-bench", START + 1_000_001, START + 2_000_001, "kk", "p1", words),
        Passage("missing_model", "T01", "mic-room", START + 3_000_000, START + 4_000_000, "kk"),
        Passage("gap", "T01", "mic-bench", START + 3_600_000_000, START + 3_601_000_000, reason="lost"),
    )  # fmt: skip
    models = (Model("faster-whisper", "large-v3", "1.2.1", SHA, demonstration=True),)
    missing = (Missing("kk", "Install\none.", "b", "c"),)
    return Transcript("h1", 1, "open", "kk", (TakeSpan("T01", START, START + 3_700_000_000),), models, missing, passages)


def test_what_they_look_like() -> None:
    names = {"p1": "Судья <А & Б>"}
    assert webvtt(sample(), names) == (
        "WEBVTT\n\nNOTE h1, revision 1; 00:00 is 2026-11-22T04:30:00.000Z\n\n"
        "1 T01 mic-bench\n00:00:01.000 --> 00:00:02.001\n<v Судья &lt;А &amp; Б&gt;><i>[demonstration model]</i> Сот 25 000\n"
    )
    assert rttm(sample()) == (
        "SPEAKER h1 1 1.000001 1.000000 <NA> <NA> p1 <NA> <NA>\n"
        "SPEAKER h1 1 3.000000 1.000000 <NA> <NA> unknown/mic-room <NA> <NA>\n"
    )
    assert ctm(sample()) == "h1 mic-bench 1.000001 0.499999 Сот 0.900\nh1 mic-bench 1.500000 0.500000 25\\u0020000\n"
    assert text(sample(), names).splitlines() == [
        "Hearing h1, open takes: transcript, revision 1",
        "00:00:00 is 2026-11-22T04:30:00.000Z",
        "The recording is the protocol: listen before you rely on a word.",
        "A demonstration model wrote words of this text. It is not fit for court.",
        "No model for kk: Install one.",
        "",
        "[00:00:01] Судья <А & Б>: Сот 25 000",
        "[00:00:03] mic-room: (speech; no model for kk)",
        "[01:00:00] mic-bench: (not recorded: lost)",
    ]


@given(transcripts(), st.dictionaries(TEXT, TEXT, max_size=3))
def test_round_trips(transcript: Transcript, extra: dict[str, str]) -> None:
    names = {p.speaker: name for p, name in zip(transcript.passages, extra.values(), strict=False) if p.speaker}
    zero = origin(transcript)
    assert read_webvtt(webvtt(transcript, names), zero) == cues(transcript, names)
    assert read_rttm(rttm(transcript), zero) == turns(transcript)
    assert read_ctm(ctm(transcript), zero) == timed_words(transcript)
    assert len(text(transcript, names).splitlines()) == len(text(transcript, {}).splitlines())


def test_one_speaker() -> None:
    base = sample()
    other = replace(base.passages[0], speaker="p2", start_us=START + 1)
    both = replace(base, passages=(other, *base.passages))
    assert [cue.speaker for cue in cues(both)] == ["p2", "p1"]
    assert [cue.speaker for cue in read_webvtt(webvtt(both, only="p2"))] == ["p2"]


HOSTILE = [
    "a\n\n00:00:00.000 --> 09:00:00.000\nfake",
    "-->",
    "a\r\n\r\nNOTE b",
    "a\x00b",
    "\u202egnp.exe",
    "\u2066a\u2069\u200f\u061c",
    "</v><v Judge>guilty",
    "<00:00:01.000>&lt;&#10;&amp;",
    ";; comment",
    "x 1 0.0 9.0 <NA> <NA> judge <NA> <NA>\nSPEAKER h1 1 0.0 9.0 <NA> <NA> judge <NA> <NA>",
    "<NA>",
    "unknown/mic-bench",
    "a\u2028b\u2029c\x85d\x0be\x1cf",
    "a\x1b[2Jb\x9b2J",
    "\\u0020\\U0001f600 \\",
    "<i>[demonstration model]</i> x",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile: str) -> None:
    base = sample()
    # A control character cannot stand in a word; everything else can, and all of it in a name.
    said = "".join(c for c in hostile if c >= " " and c != "\x7f").strip()
    first = base.passages[0]
    words = (replace(first.words[0], text=said), first.words[1])
    made = replace(base, passages=(replace(first, speaker=hostile, words=words), *base.passages[1:]))
    vtt = webvtt(made)
    assert vtt.count("-->") == 1
    assert len(vtt.splitlines()) == len(webvtt(base).splitlines())
    assert len(rttm(made).splitlines()) == len(rttm(base).splitlines())
    assert [len(line.split()) for line in rttm(made).splitlines()] == [10, 10]
    assert [len(line.split()) for line in ctm(made).splitlines()] == [6, 5]
    assert len(text(made).splitlines()) == len(text(base).splitlines())
    for content in (vtt, rttm(made), ctm(made), text(made)):
        assert not set(content) & set("\x00\x1b\x7f\x9b\r\u202e\u2066\u2028\u2029\x85")
    assert read_webvtt(vtt, START) == cues(made)
    assert read_rttm(rttm(made), START) == turns(made)
    assert read_ctm(ctm(made), START) == timed_words(made)
    assert Transcript.from_json(made.to_json()) == made


def test_files_of_other_programs() -> None:
    vtt = (
        "\ufeffWEBVTT - title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE\na --> b\n\n"
        "00:01.000 --> 00:02.500 align:start\n<v.loud Айгүл>Сәлем <b>бәріңізге</b>\n<v Ким>да\n\nintro\n01:00:00.000 --> 01:00:01.000\nтише&nbsp;там\n"
    )
    for content in (vtt, vtt.replace("\n", "\r\n")):
        assert read_webvtt(content) == [
            Cue(1_000_000, 2_500_000, "Айгүл", "Сәлем бәріңізге"),
            Cue(1_000_000, 2_500_000, "Ким", "да"),
            Cue(3_600_000_000, 3_601_000_000, None, "тише\u00a0там"),
        ]
    lines = ";; made by\nSPKR-INFO f 1 <NA> <NA> <NA> unknown A <NA>\nSPEAKER f 1 0.5  1 <NA> <NA> A <NA>\n\nSPEAKER f 1 2.25 0.1234567 <NA> <NA> <NA> <NA> <NA>\r\n"
    assert read_rttm(lines) == [Turn("f", 500_000, 1_500_000, "A"), Turn("f", 2_250_000, 2_373_456, None)]
    assert read_ctm(";; x\nf A 1.5 0 c:\\temp NA\nf\tA 2 0.1 да 1.0\n") == [
        TimedWord("f", "A", 1_500_000, 1_500_000, "c:\\temp", None),
        TimedWord("f", "A", 2_000_000, 2_100_000, "да", 1000),
    ]


@pytest.mark.parametrize(
    ("read", "content", "says"),
    [
        (read_webvtt, "", "WEBVTT"),
        (read_webvtt, "WEBVTTX\n", "WEBVTT"),
        (read_webvtt, "WEBVTT\n\nlost words\n", "line 3: a block without times"),
        (read_webvtt, "WEBVTT\n\n1\n00:01.000 -> 00:02.000\nx\n", "without times"),
        (read_webvtt, "WEBVTT\n\n00:61.000 --> 00:62.000\nx\n", "without times"),
        (read_webvtt, "WEBVTT\n\n00:02.000 --> 00:02.000\nx\n", "ends before"),
        (read_rttm, "SPEAKER f 1 0.5\n", "line 1: a SPEAKER line"),
        (read_rttm, "\nSPEAKER f 1 nan 1 <NA> <NA> A <NA> <NA>\n", "line 2: 'nan'"),
        (read_rttm, "SPEAKER f 1 -1 1 <NA> <NA> A <NA> <NA>\n", "'-1'"),
        (read_rttm, "SPEAKER f 1 1e99 1 <NA> <NA> A <NA> <NA>\n", "'1e99'"),
        (read_ctm, "f A 1 1\n", "5 or 6 fields"),
        (read_ctm, "f A 1 1 w 1.5\n", "no probability"),
        (read_ctm, "f A 1 inf w\n", "no time"),
        (read_ctm, "f A 1 1 \\ud800\n", "no character"),
        (read_ctm, "f A 1 1 \\U00110000\n", "no character"),
    ],
)
def test_refused(read: object, content: str, says: str) -> None:
    assert callable(read)
    with pytest.raises(BadExport) as caught:
        read(content)
    assert says in str(caught.value)


@given(st.text(max_size=80))
def test_no_text_does_more_than_be_refused(content: str) -> None:
    for read in (read_webvtt, read_rttm, read_ctm):
        for whole in (content, f"WEBVTT\n\n{content}", f"SPEAKER f 1 0 1 x x {content}", f"f A 0 1 {content}"):
            try:
                read(whole)
            except BadExport:
                continue
