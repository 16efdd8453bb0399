"""What a later revision says otherwise: words and speakers, on each microphone by itself."""

from __future__ import annotations

from hypothesis import given

from protocol.transcript import Transcript
from protocol.transcript_changes import Change, changes
from tests.protocol.test_editing import speech, transcript, word
from tests.protocol.test_transcript import transcripts

OLD = transcript(
    speech(word("суд", 100, 200), word("идет", 300, 400), word("встать", 500, 900)),
    speech(word("да", 2000, 2100), start=2000, end=3000, speaker="p2", source="table"),
)


def test_words_and_speakers() -> None:
    new = transcript(
        speech(word("Суд", 110, 200), word("идёт", 310, 420), word("встать", 500, 900)),
        speech(word("да", 2000, 2100), start=2000, end=3000, speaker="p3", source="table"),
        speech(word("нет", 4000, 4100), start=4000, end=5000),
    )
    assert changes(OLD, new) == [
        Change("words", "T01", "mic", 100, 420, "суд идет", "Суд идёт"),
        Change("speaker", "T01", "table", 2000, 2100, "p2", "p3"),
        Change("words", "T01", "mic", 4000, 4100, "", "нет"),
    ]


def test_words_that_went() -> None:
    assert [(one.before, one.after) for one in changes(OLD, transcript())] == [("суд идет встать", ""), ("да", "")]


@given(transcripts())
def test_a_revision_is_no_change_of_itself(one: Transcript) -> None:
    assert changes(one, one.numbered(one.number)) == []


@given(transcripts(), transcripts())
def test_both_ways_the_same_places(one: Transcript, other: Transcript) -> None:
    there, back = changes(one, other), changes(other, one)
    assert bool(there) == bool(back)
