"""What was said behind what is written, with times inside the written word's."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given

from protocol.spoken_form import as_spoken, spoken_words
from protocol.transcript import Transcript, Word
from tests.protocol.test_transcript import transcripts


def test_the_words_share_the_time_by_their_length() -> None:
    said = list(spoken_words(Word("282-бап,", 100, 200, 700, 0, spoken="екі жүз сексен екінші бап,")))
    assert [(w.text, w.start_us, w.end_us) for w in said] == [
        ("екі", 100, 113), ("жүз", 113, 127), ("сексен", 127, 154), ("екінші", 154, 181), ("бап,", 181, 200),
    ]  # fmt: skip
    assert {(w.timing, w.probability_pm, w.model, w.spoken) for w in said} == {("spread", 700, 0, None)}
    ten = Word("10", 5, 9, None, 0, spoken="десять")
    assert list(spoken_words(ten)) == [replace(ten, text="десять", spoken=None)]


@given(transcripts())
def test_time_stays_where_it_was(transcript: Transcript) -> None:
    said = as_spoken(transcript)
    assert as_spoken(said) == said
    assert Transcript.from_json(said.to_json()) == said
    for before, after in zip(transcript.passages, said.passages, strict=True):
        assert after.text.split() == " ".join(word.spoken or word.text for word in before.words).split()
        for word in before.words:
            parts = list(spoken_words(word))
            assert (parts[0].start_us, parts[-1].end_us) == (word.start_us, word.end_us)
            assert all(a.end_us == b.start_us for a, b in itertools.pairwise(parts))
