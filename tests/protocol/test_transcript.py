"""The transcript: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.transcript import BadTranscript, Missing, Model, Passage, TakeSpan, Transcript, Word

SHA = "A" * 43 + "="
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).map(str.strip).filter(bool)
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)
LANGUAGES = st.sampled_from(["kk", "ru", "en"])
TAKE_US = 10_000_000


@st.composite
def words(draw: st.DrawFn, start: int, end: int, models: int) -> tuple[Word, ...]:
    times = sorted(draw(st.lists(st.integers(start, end), min_size=2, max_size=12)))
    made = []
    for first, last in zip(times[::2], times[1::2], strict=False):
        editor = draw(st.none() | TEXT)
        model = draw(st.integers(0, models - 1) if editor is None else st.none() | st.integers(0, models - 1))
        edited_us = None if editor is None else draw(st.integers(0, 2**53 - 1))
        made.append(
            Word(
                draw(TEXT), first, last, draw(st.none() | st.integers(0, 1000)), model,
                draw(st.sampled_from(["measured", "spread"])), draw(st.none() | TEXT), editor, edited_us,
            )
        )  # fmt: skip
    return tuple(made)


@st.composite
def passages(draw: st.DrawFn, take: TakeSpan, models: int) -> Passage:
    start = draw(st.integers(take.start_us, take.end_us - 2))
    end = draw(st.integers(start + 1, take.end_us))
    kind = draw(st.sampled_from(["speech", "gap", "missing_model", "refused"]))
    return Passage(
        kind,  # type: ignore[arg-type]
        take.take,
        draw(IDS),
        start,
        end,
        draw(LANGUAGES if kind == "missing_model" else st.none() | LANGUAGES),
        draw(st.none() | TEXT),
        draw(words(start, end, models)) if kind == "speech" else (),
        draw(st.sampled_from(["lost", "no_text"])) if kind in ("gap", "refused") else None,
        draw(st.none() | st.integers(0, 1000)) if kind == "speech" else None,
        draw(st.none() | st.integers(0, models - 1)) if kind in ("speech", "refused") else None,
    )


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    start = 1_760_000_000_000_000
    takes = [
        TakeSpan(f"T{n:02d}", start + n * TAKE_US, start + (n + 1) * TAKE_US)
        for n in range(1, draw(st.integers(1, 3)) + 1)
    ]
    models = tuple(Model("fake", f"m{n}", "1", SHA, draw(st.booleans())) for n in range(draw(st.integers(1, 3))))
    made = [draw(passages(take, len(models))) for take in takes for _ in range(draw(st.integers(0, 3)))]
    made.sort(key=lambda p: (p.start_us, p.end_us, p.source))
    missing = tuple(Missing(code, "a", "b", "c") for code in sorted(draw(st.sets(LANGUAGES))))
    return Transcript(
        draw(IDS), draw(st.integers(1, 9999)), draw(st.sampled_from(["open", "closed"])), draw(st.none() | LANGUAGES),
        tuple(takes), models, missing, tuple(made),
    )  # fmt: skip


@given(transcripts())
def test_round_trip(transcript: Transcript) -> None:
    data = transcript.to_json()
    again = Transcript.from_json(data)
    assert again == transcript
    assert again.to_json() == data


def sample() -> Transcript:
    word = Word("сөз", 10, 20, 900, 0)
    return Transcript(
        "h1",
        1,
        "open",
        "kk",
        (TakeSpan("T01", 0, 100),),
        (Model("faster-whisper", "large-v3", "1.2.1", SHA),),
        (),
        (Passage("speech", "T01", "mic-bench", 5, 30, "kk", "judge", (word,)),),
    )


def test_example_of_the_document() -> None:
    page = (Path(__file__).parents[2] / "docs/transcript-format.md").read_text(encoding="utf-8")
    example = page.split("```")[-2].strip().replace("\n", "")
    assert sample().to_json().decode() == example


def change(path: list[str | int], value: Any) -> bytes:
    document = json.loads(sample().to_json())
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


PASSAGE: list[str | int] = ["passages", 0]
WORD: list[str | int] = [*PASSAGE, "words", 0]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["format"], "hattama-transcript/2", "format"),
        (["hearing"], "Has Spaces", "hearing"),
        (["number"], 0, "number"),
        (["number"], True, "whole number"),
        (["publicity"], "secret", "publicity"),
        (["takes"], KeyError, "takes is missing"),
        (["extra"], 1, "extra is unknown"),
        (["models", 0, "sha256"], "abc", "sha256"),
        (["models", 0, "demonstration"], 1, "demonstration"),
        ([*PASSAGE, "kind"], "guess", "kind"),
        ([*PASSAGE, "take"], "T02", "not among the takes"),
        ([*PASSAGE, "end_us"], 101, "outside take"),
        ([*PASSAGE, "start_us"], 30, "no length"),
        ([*PASSAGE, "start_us"], 11, "starts before its passage"),
        ([*PASSAGE, "end_us"], 19, "ends after its passage"),
        ([*PASSAGE, "words"], [], "with 0 words"),
        ([*PASSAGE, "reason"], "lost", "reason"),
        ([*PASSAGE, "language"], "kazakh", "language"),
        ([*PASSAGE, "speaker"], " ", "speaker"),
        ([*WORD, "text"], " x", "white space"),
        ([*WORD, "text"], "a\u0007b", "control"),
        ([*WORD, "end_us"], 9, "ends before it starts"),
        ([*WORD, "probability_pm"], 1001, "probability_pm"),
        ([*WORD, "probability_pm"], "900", "whole number"),
        ([*WORD, "model"], 1, "not listed"),
        ([*WORD, "model"], None, "neither a model nor a person"),
        ([*WORD, "timing"], "guessed", "timing"),
        ([*WORD, "edited_by"], "secretary", "edited_us"),
        ([*WORD], KeyError, "with 0 words"),
        (["missing"], [{"language": "kk", "advice_en": "", "advice_kk": "b", "advice_ru": "c"}], "advice_en"),
        (["missing"], [1], "missing[0]"),
        (["passages", 0, "doubt_pm"], None, "null where the key is left out"),
        (["passages", 0, "doubt_pm"], 1001, "doubt_pm: not 0 to 1000"),
        (["passages", 0, "doubt_pm"], "5", "not a whole number"),
        (["passages", 0, "witness"], 1, "witness 1 is not a listed model"),
        (["passages", 0, "witness"], -1, "witness: negative"),
    ],
)
def test_refused(path: list[str | int], value: Any, says: str) -> None:
    with pytest.raises(BadTranscript) as caught:
        Transcript.from_json(change(path, value))
    assert says in str(caught.value)
    assert caught.value.code == "bad-transcript"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"number": 1}', b"\xff", b'{"number":1.5}'])
def test_not_a_transcript(data: bytes) -> None:
    with pytest.raises(BadTranscript):
        Transcript.from_json(data)


def test_doubt_and_witness_are_left_out_where_there_are_none() -> None:
    one = sample()
    assert b"doubt" not in one.to_json()
    assert b"witness" not in one.to_json()
    told = replace(one, passages=(replace(one.passages[0], doubt_pm=250, witness=0),))
    assert Transcript.from_json(told.to_json()) == told


def test_order_of_passages() -> None:
    first = Passage("gap", "T01", "a", 0, 10, reason="lost")
    second = Passage("gap", "T01", "a", 10, 20, reason="lost")
    with pytest.raises(BadTranscript, match="not ordered"):
        Transcript("h", 1, "open", None, (TakeSpan("T01", 0, 100),), (), (), (second, first))


def test_demonstration_counts_only_where_its_words_stand() -> None:
    transcript = sample()
    assert not transcript.demonstration
    word = Word("x", 10, 20, None, 1)
    models = (*transcript.models, Model("fake", "demo", "1", SHA, demonstration=True))
    passage = Passage("speech", "T01", "a", 5, 30, words=(word,))
    assert Transcript("h", 1, "open", None, transcript.takes, models, (), (passage,)).demonstration
    assert not Transcript("h", 1, "open", None, transcript.takes, models, (), transcript.passages).demonstration
