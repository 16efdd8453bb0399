"""What a person does to a transcript: correct words, merge, split, move to another speaker, delete.

Values only. :func:`apply` makes a new revision and leaves the one it was given as it is, so what a machine wrote stays
in the earlier file. The rules stand in docs/transcript-format.md, section 7: no edit takes a stretch of a take out of
the transcript, puts it in twice or changes the order of its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from protocol.errors import ProtocolError
from protocol.passage import BadTranscript, Passage
from protocol.transcript import Edit, EditKind, Transcript
from protocol.voice import voice_of
from protocol.word_alignment import aligned, cut

#: Reason of the passage that stays where the words were deleted.
DELETED: Final = "deleted"


class EditRefused(ProtocolError):
    """An edit does not fit the transcript: a stale page, nothing to change, or a rule of the format would be broken."""

    code = "edit-refused"
    exit_status = 65  # EX_DATAERR
    advice = "Load the newest transcript and make the change again; nothing was changed."


@dataclass(frozen=True, slots=True)
class Where:
    """A passage: its place in :attr:`Transcript.passages`, and what must stand there, so that a stale page is noticed."""

    index: int
    source: str
    start_us: int

    @classmethod
    def of(cls, transcript: Transcript, index: int) -> Where:
        """The passage at `index` (0, 1, …)."""
        passage = transcript.passages[index]
        return cls(index, passage.source, passage.start_us)


@dataclass(frozen=True, slots=True)
class Correct:
    """The passage says `text`. Words that stay keep their times. On a stretch without words (refused, deleted, no model) it types them."""

    where: Where
    text: str
    by: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Merge:
    """The passage and the next one of its source become one."""

    where: Where
    second: Where
    by: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Split:
    """Two passages: the words before the word `before` (1, 2, …), and the rest."""

    where: Where
    before: int
    by: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody else said it: `speaker` is the id of a participant, or None where it is not known."""

    where: Where
    speaker: str | None
    by: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Name:
    """A voice of a shared microphone is this participant's: every passage of the voice is moved to `speaker`."""

    voice: str
    speaker: str
    by: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Delete:
    """Nobody said these words. The stretch stays, marked ``refused`` with the reason ``deleted``."""

    where: Where
    by: str
    at_us: int


#: What is done to one place, and what a list of edits may hold.
Step: TypeAlias = Correct | Merge | Split | Move | Delete
Operation: TypeAlias = Step | Name


def apply(transcript: Transcript, operations: Sequence[Operation]) -> Transcript:
    """The revision after `transcript`, with the operations done one after another; each names places in what the last one left.

    Its number is the next one; the recorder may give a higher one (:meth:`Transcript.numbered`).

    Raises:
        EditRefused: an operation does not fit; none of them was done.
    """
    if not operations:
        raise EditRefused("no edits")
    passages, edits = list(transcript.passages), []
    for number, operation in enumerate(operations):
        try:
            for step in _steps(passages, operation):
                passages, edit = _done(passages, step)
                edits.append(edit)
        except (BadTranscript, EditRefused) as error:
            raise EditRefused(f"edit {number}: {error}") from error
    try:
        return replace(
            transcript,
            number=transcript.number + 1,
            passages=tuple(passages),
            based_on=transcript.number,
            edits=tuple(edits),
        )
    except BadTranscript as error:
        raise EditRefused(str(error)) from error


def _steps(passages: list[Passage], operation: Operation) -> list[Step]:
    """An operation on one place; or, of a voice that gets its name, a move of each of its passages."""
    if not isinstance(operation, Name):
        return [operation]
    places = [Where(i, p.source, p.start_us) for i, p in enumerate(passages) if p.speaker == operation.voice]
    if voice_of(operation.voice) is None or not places:
        raise EditRefused(f"no passage is by a voice called {operation.voice!r}")
    return [Move(place, operation.speaker, operation.by, operation.at_us) for place in places]


def _done(passages: list[Passage], operation: Step) -> tuple[list[Passage], Edit]:
    """The passages after one operation, in order, and its entry."""
    old = [_at(passages, operation.where)]
    kind: EditKind
    match operation:
        case Correct():
            kind, new = "correct", [_corrected(old[0], operation)]
        case Merge():
            old.append(_at(passages, operation.second))
            kind, new = "merge", [_merged(passages, operation)]
        case Split():
            kind, new = "split", _split(old[0], operation.before)
        case Move():
            kind, new = "move", [_moved(old[0], operation.speaker)]
        case Delete():
            kind, new = "delete", [_deleted(old[0])]
    gone = {operation.where.index} | ({operation.second.index} if isinstance(operation, Merge) else set())
    kept = [passage for index, passage in enumerate(passages) if index not in gone]
    first = old[0]
    end_us = max(passage.end_us for passage in old)
    edit = Edit(kind, _plain(operation.by), operation.at_us, first.take, first.source, first.start_us, end_us)
    return sorted(kept + new, key=lambda p: (p.start_us, p.end_us, p.source)), edit


def _at(passages: Sequence[Passage], where: Where) -> Passage:
    if 0 <= where.index < len(passages):
        passage = passages[where.index]
        if (passage.source, passage.start_us) == (where.source, where.start_us):
            return passage
    raise EditRefused(f"no passage of {where.source} begins at {where.start_us} in place {where.index}")


def _plain(text: str) -> str:
    """The text; refused where it cannot be written as UTF-8, which the canonical form would find too late."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise EditRefused("a text holds a lone surrogate") from error
    return text


def _corrected(passage: Passage, edit: Correct) -> Passage:
    if passage.kind == "gap":
        raise EditRefused("nothing was recorded here; no words can stand in a gap")
    texts = cut(_plain(edit.text), passage.words)
    if not texts:
        raise EditRefused("no words; delete the passage instead")
    words = aligned(passage.words, texts, passage.start_us, passage.end_us, _plain(edit.by), edit.at_us)
    if words == passage.words:
        raise EditRefused("the words are the same")
    return replace(passage, kind="speech", words=words, reason=None, doubt_pm=None, witness=None)


def _merged(passages: Sequence[Passage], edit: Merge) -> Passage:
    first, second = passages[edit.where.index], passages[edit.second.index]
    track = (first.take, first.source)
    here = [index for index, passage in enumerate(passages) if (passage.take, passage.source) == track]
    place = here.index(edit.where.index)
    if here[place + 1 : place + 2] != [edit.second.index]:
        raise EditRefused("the second passage is not the next one of this source")
    if (first.kind, second.kind) != ("speech", "speech"):
        raise EditRefused("only speech can be merged")
    if first.speaker != second.speaker:
        raise EditRefused("two speakers; move one passage first")
    pause = [passages[i] for i in here if i not in (edit.where.index, edit.second.index)]
    if any(one.start_us < second.start_us and first.end_us < one.end_us for one in pause):
        raise EditRefused("something else stands between them")
    if second.words[0].start_us < first.words[-1].start_us:
        raise EditRefused("their words overlap; one after the other they would not be in order")
    return replace(
        first,
        end_us=max(first.end_us, second.end_us),
        language=first.language if first.language == second.language else None,
        words=first.words + second.words,
        doubt_pm=_doubt(first, second),
        witness=first.witness if first.witness == second.witness else None,
    )


def _doubt(first: Passage, second: Passage) -> int | None:
    """Of two passages in one, by their words; a half that has none (a person corrected it) adds no doubt and takes none away."""
    known = [(one.doubt_pm, len(one.words)) for one in (first, second) if one.doubt_pm is not None]
    words = sum(count for _, count in known)
    return (sum(doubt * count for doubt, count in known) + words // 2) // words if known else None


def _split(passage: Passage, before: int) -> list[Passage]:
    if not 0 < before < len(passage.words):
        raise EditRefused("a split leaves a word on both sides")
    head, tail = passage.words[:before], passage.words[before:]
    ended, begins = max(word.end_us for word in head), tail[0].start_us
    # In the middle of the pause; where one word runs into the next, its end is cut so that no moment stands in both parts.
    cut = begins - (begins - ended) // 2 if ended < begins else begins
    if not passage.start_us < cut < passage.end_us:
        raise EditRefused("the words have no time between them to split at")
    head = tuple(replace(word, end_us=min(word.end_us, cut)) for word in head)
    return [replace(passage, end_us=cut, words=head), replace(passage, start_us=cut, words=tail)]


def _moved(passage: Passage, speaker: str | None) -> Passage:
    if passage.kind == "gap":
        raise EditRefused("nobody is heard in a gap")
    if passage.speaker == speaker:
        raise EditRefused("it is this speaker's already")
    return replace(passage, speaker=None if speaker is None else _plain(speaker))


def _deleted(passage: Passage) -> Passage:
    if passage.kind != "speech":
        raise EditRefused("there are no words to delete")
    return replace(passage, kind="refused", reason=DELETED, words=(), doubt_pm=None, witness=None)
