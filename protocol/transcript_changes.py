"""What is different between two revisions of a transcript: words, and who said them. Values only.

Revisions are kept for ever; this tells a person what a later one changed, whether a person edited it or other models wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

from protocol.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Change:
    """One difference on one microphone.

    Attributes:
        kind: ``words``: other words stand there; ``speaker``: the same words are somebody else's.
        take, source: where.
        start_us, end_us: from the first to the last of the words that differ, in either revision.
        before, after: the words, or the participants, of the earlier and the later revision; empty where there are none.
    """

    kind: Literal["words", "speaker"]
    take: str
    source: str
    start_us: int
    end_us: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    speaker: str
    start_us: int
    end_us: int


def changes(old: Transcript, new: Transcript) -> list[Change]:
    """What `new` says otherwise than `old`, by time. Times of words and marks of silence do not count."""
    before, after = _by_source(old), _by_source(new)
    found = [
        change
        for place in sorted(before.keys() | after.keys())
        for change in _compared(place, before.get(place, []), after.get(place, []))
    ]
    return sorted(found, key=lambda one: (one.start_us, one.source, one.kind))


def _by_source(transcript: Transcript) -> dict[tuple[str, str], list[_Said]]:
    found: dict[tuple[str, str], list[_Said]] = {}
    for passage in transcript.passages:
        said = [_Said(word.text, passage.speaker or "", word.start_us, word.end_us) for word in passage.words]
        if said:
            found.setdefault((passage.take, passage.source), []).extend(said)
    return found


def _compared(place: tuple[str, str], old: Sequence[_Said], new: Sequence[_Said]) -> Iterator[Change]:
    matcher = SequenceMatcher(None, [one.text for one in old], [one.text for one in new], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            touched = [*old[a:b], *new[c:d]]
            start, end = min(one.start_us for one in touched), max(one.end_us for one in touched)
            yield Change("words", *place, start, end, _text(old[a:b]), _text(new[c:d]))
            continue
        pairs = zip(old[a:b], new[c:d], strict=True)
        for (was, now), run in groupby(pairs, key=lambda pair: (pair[0].speaker, pair[1].speaker)):
            said = [one for pair in run for one in pair]
            if was != now:
                start, end = min(one.start_us for one in said), max(one.end_us for one in said)
                yield Change("speaker", *place, start, end, was, now)


def _text(said: Sequence[_Said]) -> str:
    return " ".join(one.text for one in said)
