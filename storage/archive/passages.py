"""What of a hearing can be searched: pieces of text, each with its second. Nothing of a closed part is among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from protocol.hearing import Take
from protocol.stages import CODES, stages
from protocol.transcript import Transcript
from protocol.view import HearingView

Kind = Literal["case", "stage", "remark", "speech"]
KINDS: tuple[Kind, ...] = ("speech", "stage", "remark", "case")


@dataclass(frozen=True)
class Piece:
    """A piece of text that can be found.

    Attributes:
        kind: ``case`` (the case's data and the participants' names), ``stage``, ``remark`` or ``speech``.
        at_us: when it was, UTC µs; of a case, when the hearing began.
        text: as it is shown; words separated by one space.
        speaker: name of who said it; empty where nobody or nobody known did.
        starts: of each word of ``text``, µs after ``at_us``; empty where all begin at once.
    """

    kind: Kind
    at_us: int
    text: str
    speaker: str = ""
    starts: tuple[int, ...] = ()


def pieces_of(view: HearingView, transcript: Transcript | None, opened_us: int) -> Iterator[Piece]:
    """Every piece of a hearing.

    Args:
        view: the hearing as its journal tells it.
        transcript: the newest that is not encrypted.
        opened_us: when the hearing was opened, for a case without takes.
    """
    takes = list(view.takes.values())
    case, people = view.case, [person.name for person in view.participants.values()]
    told = (view.hearing, case.number, case.court, case.courtroom, case.title, case.judge, case.secretary, *people)
    yield Piece("case", min((take.start_us for take in takes), default=opened_us), _clean(" ".join(told)))
    titles = {stage.code: (stage.ru, stage.kk, stage.en) for stage in (stages(case.code) if case.code in CODES else ())}
    for stage in view.stages:
        if _is_open(takes, stage.at_us):
            person = view.participants.get(stage.participant or "")
            text = _clean(" ".join((*titles.get(stage.code, (stage.code,)), person.name if person else "", stage.note)))
            yield Piece("stage", stage.at_us, text)
    for remark in view.remarks:
        if _is_open(takes, remark.at_us):
            yield Piece("remark", remark.at_us, _clean(remark.text))
    if transcript is not None and transcript.publicity == "open":
        yield from _speech(view, transcript)


def _speech(view: HearingView, transcript: Transcript) -> Iterator[Piece]:
    is_open = {take.id for take in view.takes.values() if take.publicity == "open"}
    for passage in transcript.passages:
        if passage.kind != "speech" or passage.take not in is_open:
            continue
        person = view.participants.get(passage.speaker) if passage.speaker else view.participant_of(passage.source)
        words = [(word.text.replace("\x00", "").split(), word.start_us - passage.start_us) for word in passage.words]
        text = " ".join(piece for pieces, _ in words for piece in pieces)
        starts = tuple(start for pieces, start in words for _ in pieces)
        yield Piece("speech", passage.start_us, text, _clean(person.name) if person else "", starts)


def _is_open(takes: list[Take], at_us: int) -> bool:
    """Whether the moment lies in no closed take."""
    closed = (take for take in takes if take.publicity != "open")
    return not any(take.start_us <= at_us and (take.end_us is None or at_us <= take.end_us) for take in closed)


def _clean(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())
