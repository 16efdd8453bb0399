"""Edits of a transcript: time is neither lost nor doubled nor put in another order, and the earlier revision stays."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.editing import DELETED, Correct, Delete, EditRefused, Merge, Move, Operation, Split, Where, apply
from protocol.transcript import BadTranscript, Edit, Model, Passage, TakeSpan, Transcript, Word
from tests.protocol.test_transcript import SHA, TEXT, transcripts, words

BY, AT = "secretary", 1_770_000_000_000_000


def word(text: str, start: int, end: int) -> Word:
    return Word(text, start, end, 900, 0)


def speech(*words: Word, start: int = 0, end: int = 1000, speaker: str | None = "p1", source: str = "mic") -> Passage:
    return Passage("speech", "T01", source, start, end, "ru", speaker, words)


def transcript(*passages: Passage) -> Transcript:
    models = (Model("faster-whisper", "large-v3", "1.2.1", SHA),)
    return Transcript("h1", 1, "open", "ru", (TakeSpan("T01", 0, 10_000),), models, (), passages)


def at(base: Transcript, index: int = 0) -> Where:
    return Where.of(base, index)


def corrected(base: Transcript, text: str) -> list[tuple[str, int, int, str | None, int | None]]:
    after = apply(base, [Correct(at(base), text, BY, AT)])
    return [(w.text, w.start_us, w.end_us, w.edited_by, w.model) for w in after.passages[0].words]


ABC = transcript(speech(word("суд", 100, 200), word("идет", 300, 400), word("встать", 500, 900)))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        # A letter, a capital, a comma: the word's own time; what the machine gave stays where its letters do.
        ("Суд идёт, встать", [("Суд", 100, 200, BY, 0), ("идёт,", 300, 400, BY, None), ("встать", 500, 900, None, 0)]),
        # Two words for one share its time by their length.
        ("суд и дёт встать", [("суд", 100, 200, None, 0), ("и", 300, 325, BY, None), ("дёт", 325, 400, BY, None), ("встать", 500, 900, None, 0)]),
        # One for two has the time of both.
        ("судидет встать", [("судидет", 100, 400, BY, None), ("встать", 500, 900, None, 0)]),
        # An inserted word takes the pause; at the ends, that to the passage's bounds.
        ("суд уже идет встать", [("суд", 100, 200, None, 0), ("уже", 200, 300, BY, None), ("идет", 300, 400, None, 0), ("встать", 500, 900, None, 0)]),
        ("вот суд идет встать всем", [("вот", 0, 100, BY, None), ("суд", 100, 200, None, 0), ("идет", 300, 400, None, 0), ("встать", 500, 900, None, 0), ("всем", 900, 1000, BY, None)]),
        ("встать", [("встать", 500, 900, None, 0)]),
        # White space of any kind separates; none of it gets into a word.
        ("суд\nидет\u2028 встать\r\n!", [("суд", 100, 200, None, 0), ("идет", 300, 400, None, 0), ("встать", 500, 900, None, 0), ("!", 900, 1000, BY, None)]),
    ],
)  # fmt: skip
def test_corrected_words_keep_times(text: str, made: list[tuple[str, int, int, str | None, int | None]]) -> None:
    assert corrected(ABC, text) == made


def test_a_number_with_a_space_in_it_stays_one_word() -> None:
    sum_ = replace(word("25\u00a0000", 300, 400), spoken="двадцать пять тысяч")
    base = transcript(speech(word("взыскать", 100, 200), sum_, word("тенге", 500, 900)))
    after = apply(base, [Correct(at(base), "взыскал 25\u00a0000 тенге", BY, AT)])
    assert after.passages[0].words[1:] == base.passages[0].words[1:]
    typed = apply(base, [Correct(at(base), "взыскать 26 000 тенге", BY, AT)])
    assert [(w.text, w.spoken, w.edited_by) for w in typed.passages[0].words[1:3]] == [("26", None, BY), ("000", None, BY)]


def test_a_revision_says_who_did_what_and_leaves_the_earlier_one() -> None:
    before = ABC.to_json()
    after = apply(ABC, [Correct(at(ABC), "суд идёт встать", BY, AT), Delete(at(ABC), "judge", AT + 1)])
    assert (after.number, after.based_on) == (2, 1)
    assert after.edits == (
        Edit("correct", BY, AT, "T01", "mic", 0, 1000),
        Edit("delete", "judge", AT + 1, "T01", "mic", 0, 1000),
    )
    assert after.passages == (Passage("refused", "T01", "mic", 0, 1000, "ru", "p1", (), DELETED),)
    assert ABC.to_json() == before
    assert b"based_on" not in before
    assert Transcript.from_json(after.to_json()) == after
    assert after.numbered(7).based_on == 1
    typed = apply(after, [Correct(at(after), "тишина", BY, AT)])
    assert [(w.text, w.start_us, w.end_us, w.timing) for w in typed.passages[0].words] == [("тишина", 0, 1000, "spread")]


def test_split_in_the_pause_and_merge_again() -> None:
    split = apply(ABC, [Split(at(ABC), 1, BY, AT), Move(Where(1, "mic", 250), "p2", BY, AT)])
    assert [(p.start_us, p.end_us, p.speaker, p.text) for p in split.passages] == [
        (0, 250, "p1", "суд"), (250, 1000, "p2", "идет встать"),
    ]  # fmt: skip
    back = apply(split, [Move(at(split, 1), "p1", BY, AT), Merge(at(split, 0), at(split, 1), BY, AT)])
    assert back.passages == ABC.passages


def test_doubt_stays_until_a_person_corrects_or_deletes() -> None:
    base = replace(ABC, passages=(replace(ABC.passages[0], doubt_pm=400, witness=0),))

    def told(*operations: Operation) -> list[tuple[int | None, int | None]]:
        return [(p.doubt_pm, p.witness) for p in apply(base, operations).passages]

    split = Split(at(base), 1, BY, AT)
    halves = apply(base, [split])
    assert told(Move(at(base), "p2", BY, AT)) == [(400, 0)]
    assert told(split) == [(400, 0), (400, 0)]
    assert told(split, Merge(at(halves), at(halves, 1), BY, AT)) == [(400, 0)]
    assert told(Correct(at(base), "Суд идет, встать", BY, AT)) == [(None, None)]
    assert told(Delete(at(base), BY, AT)) == [(None, None)]
    # What a person put right adds no doubt to what is left, and takes none away.
    assert told(split, Correct(at(base), "сут", BY, AT), Merge(at(halves), at(halves, 1), BY, AT)) == [(400, None)]


def test_doubts_of_two_are_weighed_by_their_words() -> None:
    one = replace(speech(word("а", 0, 10), end=20), doubt_pm=100)
    two = replace(speech(word("б", 20, 30), word("в", 30, 40), word("г", 40, 50), start=20), doubt_pm=500)
    base = transcript(one, two)
    assert apply(base, [Merge(at(base), at(base, 1), BY, AT)]).passages[0].doubt_pm == 400


def test_split_where_words_run_into_each_other_puts_no_moment_in_both_parts() -> None:
    base = transcript(speech(word("a", 0, 500), word("b", 400, 600)))
    split = apply(base, [Split(at(base), 1, BY, AT)])
    assert [(p.start_us, p.end_us) for p in split.passages] == [(0, 400), (400, 1000)]
    assert split.passages[0].words[0].end_us == 400


GAP = Passage("gap", "T01", "mic", 1000, 2000, reason="lost")
LATER = speech(word("да", 2100, 2200), start=2000, end=3000)
REFUSED: list[tuple[Transcript, Operation, str]] = [
    (ABC, Correct(Where(1, "mic", 0), "x", BY, AT), "no passage"),
    (ABC, Correct(Where(-1, "mic", 0), "x", BY, AT), "no passage"),
    (ABC, Correct(Where(0, "mic", 5), "x", BY, AT), "no passage"),
    (ABC, Correct(Where(0, "mic", 0), " \n", BY, AT), "no words"),
    (ABC, Correct(Where(0, "mic", 0), "суд идет  встать", BY, AT), "the same"),
    (ABC, Correct(Where(0, "mic", 0), "су\x00д", BY, AT), "control"),
    (ABC, Correct(Where(0, "mic", 0), "\ud800", BY, AT), "surrogate"),
    (ABC, Delete(Where(0, "mic", 0), " ", AT), "by"),
    (ABC, Delete(Where(0, "mic", 0), BY, -1), "at_us"),
    (ABC, Split(Where(0, "mic", 0), 0, BY, AT), "both sides"),
    (ABC, Split(Where(0, "mic", 0), 3, BY, AT), "both sides"),
    (transcript(speech(word("a", 0, 0), word("b", 0, 5))), Split(Where(0, "mic", 0), 1, BY, AT), "no time"),
    (ABC, Move(Where(0, "mic", 0), "p1", BY, AT), "already"),
    (ABC, Move(Where(0, "mic", 0), "", BY, AT), "speaker"),
    (transcript(GAP), Move(Where(0, "mic", 1000), "p1", BY, AT), "gap"),
    (transcript(GAP), Delete(Where(0, "mic", 1000), BY, AT), "no words"),
    (transcript(GAP), Correct(Where(0, "mic", 1000), "x", BY, AT), "gap"),
    (ABC, Merge(Where(0, "mic", 0), Where(0, "mic", 0), BY, AT), "not the next"),
    (transcript(*ABC.passages, GAP, LATER), Merge(Where(0, "mic", 0), Where(2, "mic", 2000), BY, AT), "not the next"),
    (transcript(*ABC.passages, GAP), Merge(Where(0, "mic", 0), Where(1, "mic", 1000), BY, AT), "only speech"),
    (transcript(*ABC.passages, replace(LATER, speaker="p2")), Merge(Where(0, "mic", 0), Where(1, "mic", 2000), BY, AT), "two speakers"),
    (transcript(*ABC.passages, replace(LATER, source="mic-2")), Merge(Where(0, "mic", 0), Where(1, "mic-2", 2000), BY, AT), "not the next"),
    (transcript(replace(ABC.passages[0], end_us=5000), LATER), Merge(Where(1, "mic", 0), Where(0, "mic", 2000), BY, AT), "no passage"),
    (transcript(*ABC.passages, speech(word("да", 400, 450), start=300, end=1100)), Merge(Where(0, "mic", 0), Where(1, "mic", 300), BY, AT), "overlap"),
    (ABC.numbered(9999), Delete(Where(0, "mic", 0), BY, AT), "number"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "operation", "says"), REFUSED)
def test_refused(base: Transcript, operation: Operation, says: str) -> None:
    with pytest.raises(EditRefused) as caught:
        apply(base, [operation])
    assert says in str(caught.value)


def test_a_gap_that_reaches_over_the_pause_is_not_merged_away() -> None:
    hole = Passage("gap", "T01", "mic", 0, 2500, reason="lost")
    first = speech(word("a", 100, 200), start=50, end=1000)
    base = transcript(hole, first, LATER)
    with pytest.raises(EditRefused, match="something else"):
        apply(base, [Merge(at(base, 1), at(base, 2), BY, AT)])


def test_nothing_to_do() -> None:
    with pytest.raises(EditRefused):
        apply(ABC, [])


EDIT = Edit("move", BY, AT, "T01", "mic", 0, 10)


@pytest.mark.parametrize(
    ("based_on", "edits"),
    [(None, (EDIT,)), (1, ()), (2, (EDIT,)), (0, (EDIT,)), (1, (replace(EDIT, take="T02"),)), (1, (replace(EDIT, end_us=10_001),))],
)
def test_a_history_that_cannot_be(based_on: int | None, edits: tuple[Edit, ...]) -> None:
    with pytest.raises(BadTranscript):
        replace(ABC, number=2, based_on=based_on, edits=edits)


def test_an_empty_history_has_one_form() -> None:
    data = ABC.to_json().replace(b'{"format"', b'{"based_on":null,"edits":[],"format"')
    with pytest.raises(BadTranscript, match="edits"):
        Transcript.from_json(data)


def span(base: Transcript) -> Counter[tuple[str, str]]:
    """Time that the passages of each track hold."""
    found: Counter[tuple[str, str]] = Counter()
    for p in base.passages:
        found[p.take, p.source] += p.end_us - p.start_us
    return found


def written(base: Transcript) -> Counter[tuple[str, str, str, int, int | None]]:
    return Counter((p.take, p.source, w.text, w.start_us, w.model) for p in base.passages for w in p.words)


@st.composite
def one_microphone(draw: st.DrawFn) -> Transcript:
    """Passages one after another, with and without pauses, a hole among them now and then: what edits are made on."""
    edges = sorted(draw(st.sets(st.integers(0, 300), min_size=4, max_size=10)))
    made = []
    for start, end in itertools.pairwise(edges):
        kind = draw(st.sampled_from(["speech", "speech", "speech", "speech", "pause", "gap"]))
        if kind == "gap":
            made.append(Passage("gap", "T01", "mic", start, end, reason="lost"))
        elif kind == "speech":
            speaker = draw(st.sampled_from(["p1", "p1", "p1", "p2"]))
            made.append(speech(*draw(words(start, end, 1)), start=start, end=end, speaker=speaker))
    return transcript(*(made or ABC.passages))


@st.composite
def operations(draw: st.DrawFn, base: Transcript) -> Operation:
    index = draw(st.integers(0, len(base.passages) - 1))
    where, passage = at(base, index), base.passages[index]
    match draw(st.sampled_from(["correct", "merge", "split", "move", "delete"])):
        case "correct":
            old = [w.text for w in passage.words]
            texts = draw(st.lists(st.sampled_from(old) | TEXT if old else TEXT, max_size=8))
            return Correct(where, " ".join(texts), BY, AT)
        case "merge":
            following = [i for i in range(index + 1, len(base.passages)) if base.passages[i].source == passage.source]
            return Merge(where, at(base, following[0] if following else index), BY, AT)
        case "split":
            return Split(where, draw(st.integers(1, max(1, len(passage.words) - 1))), BY, AT)
        case "move":
            return Move(where, draw(st.sampled_from([None, "p1", "p2"])), BY, AT)
        case _:
            return Delete(where, BY, AT)


@given(st.data())
def test_no_sequence_of_edits_loses_doubles_or_reorders_time(data: st.DataObject) -> None:
    now = data.draw(one_microphone() | transcripts().filter(lambda t: bool(t.passages))).numbered(1)
    first = now
    for _ in range(data.draw(st.integers(1, 8))):
        operation = data.draw(operations(now))
        try:
            after = apply(now, [operation])
        except EditRefused:
            continue
        before, edit = now, after.edits[0]
        lost = Counter(before.passages) - Counter(after.passages)
        new = Counter(after.passages) - Counter(before.passages)
        # Only what the entry names was touched, and the new passages cover exactly its stretch, side by side.
        assert all((p.take, p.source) == (edit.take, edit.source) for p in lost + new)
        edges = sorted((p.start_us, p.end_us) for p in new.elements())
        assert (edges[0][0], edges[-1][1]) == (edit.start_us, edit.end_us)
        assert all(a[1] == b[0] for a, b in itertools.pairwise(edges))
        if not isinstance(operation, Merge):
            assert span(after) == span(before)
        if isinstance(operation, Merge | Split | Move):
            assert written(after) == written(before)
        for passage in new:  # each word inside its passage and in order: the values check themselves; untouched ones keep their time
            assert all(passage.start_us <= w.start_us <= w.end_us <= passage.end_us for w in passage.words)
        assert Transcript.from_json(after.to_json()) == after
        now = after
    kept = [(p, w) for p in now.passages for w in p.words if w.edited_by != BY]
    assert not Counter((p.take, p.source, w.text, w.start_us, w.model) for p, w in kept) - written(first)
