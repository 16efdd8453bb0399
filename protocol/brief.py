"""The brief protocol (краткий протокол, қысқаша хаттама) as a value: filled from the journal, in no language yet.

The recording is the protocol (ГПК 133-4(1)); this document points into it. ГПК 282(4) names what it must hold; every line of
the course of the hearing names a file and the offset in it. What the law requires and the record does not give is listed in
:attr:`Brief.missing` by article, and is never made up. A machine drew it up, so it is a draft until two people sign.

The bytes are specified in docs/brief-protocol.md. Texts in Russian and Kazakh stand in :mod:`protocol.brief_texts` by key;
:mod:`protocol.documents` makes pages of them. Times ending in ``_us`` are UTC µs on the hearing's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from protocol.canonical import dumps
from protocol.hearing import Participant
from protocol.transcript import Transcript
from protocol.view import HearingView

FORMAT: Final = "hattama-brief/1"

#: The brief protocol, or the full one that is written where nothing was recorded or the recording was rejected.
Form = Literal["brief", "full"]

#: Offset of Kazakhstan's one time zone from UTC since 1 March 2024, minutes.
KAZAKHSTAN_MINUTES: Final = 300


@dataclass(frozen=True)
class CourtFacts:
    """What the court's own settings say, for a case that does not say it itself."""

    court: str = ""
    courtroom: str = ""
    city: str = ""


@dataclass(frozen=True)
class Declared:
    """What only people can say, given when the protocol is drawn up.

    Attributes:
        reasons: point of the law (:attr:`MissingPoint.key`) → why the record does not give it.
        rejected: why the presiding judge did not accept the recording (УПК 347-1(2-1)); empty if it was not rejected.
        final_on: date of the final form, ``YYYY-MM-DD``; empty for a draft.
        form: ``full`` for the full protocol though a brief one would do; else the law decides.
    """

    reasons: Mapping[str, str] = field(default_factory=dict)
    rejected: str = ""
    final_on: str = ""
    form: Form | None = None


@dataclass(frozen=True)
class Place:
    """A second of the recording: a file of the record and the offset in it.

    Attributes:
        path: file of the record.
        offset_us: from the start of the file, µs.
        others: how many more files hold the same moment.
    """

    path: str
    offset_us: int
    others: int


@dataclass(frozen=True)
class CourseLine:
    """One line of the course of the hearing.

    Attributes:
        at_us: when it was marked.
        kind: ``stage`` or ``remark``.
        code: stage code; empty for a remark.
        ru, kk: title as it stood when the protocol was drawn up; empty for a remark.
        law, article: what prescribes the stage; empty for a remark or an unknown code.
        participant, role: whom it is about; empty where it is about nobody.
        note: text of the remark, or the note of the stage.
        by: who marked it.
        place: where it can be heard, or None where nothing was recorded.
    """

    at_us: int
    kind: str
    code: str
    ru: str
    kk: str
    law: str
    article: str
    participant: str
    role: str
    note: str
    by: str
    place: Place | None


@dataclass(frozen=True)
class RecordedFile:
    """One file of the recording."""

    path: str
    take: str
    source: str
    media: str
    publicity: str
    start_us: int
    end_us: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class RecordedSource:
    """One camera or microphone: its label and how many files it gave."""

    name: str
    kind: str
    media: str
    label: str
    files: int


@dataclass(frozen=True)
class TakeLine:
    """One unbroken recorded interval; ``end_us`` and ``reason`` are None while it runs."""

    take: str
    publicity: str
    start_us: int
    end_us: int | None
    reason: str | None


@dataclass(frozen=True)
class Break:
    """A break that was declared; ``to_us`` is None if its end was not marked."""

    from_us: int
    to_us: int | None
    note: str


@dataclass(frozen=True)
class Fault:
    """Recording was not possible: where, for how long and why.

    Attributes:
        from_us, to_us: bounds; `to_us` is None for a fault a person marked without an end.
        cause: code of the cause, or ``stage`` where the secretary wrote the reason down.
        detail: the reason in words, as the journal has it.
        sources: sources that were not recorded, sorted; empty where the journal does not say.
        total: no microphone was recorded meanwhile.
    """

    from_us: int
    to_us: int | None
    cause: str
    detail: str
    sources: tuple[str, ...]
    total: bool


@dataclass(frozen=True)
class ModelLine:
    """A speech model that wrote words of the transcript."""

    engine: str
    name: str
    version: str
    sha256: str
    demonstration: bool


@dataclass(frozen=True)
class TranscriptNote:
    """The transcript that accompanies the protocol (ГПК 283(1), АППК 147(1)).

    ``edited`` is the number of words a person changed; `path` and `sha256` are empty if the journal does not name the file.
    """

    number: int
    path: str
    sha256: str
    words: int
    edited: int
    models: tuple[ModelLine, ...]
    missing_languages: tuple[str, ...]


@dataclass(frozen=True)
class MissingPoint:
    """Something the law requires and the record does not give; `key` names its text, `reason` is why, if somebody said so."""

    key: str
    law: str
    article: str
    reason: str = ""


@dataclass(frozen=True)
class Brief:
    """One revision of the brief protocol of one hearing.

    Attributes:
        hearing, number: the hearing's identifier and the revision, from 1.
        drafted_at_us: when the program drew it up.
        utc_offset_minutes: local time of the court.
        code: procedural code (``gpk``, ``upk``, ``appk``, ``koap``); `law`, `article` prescribe this document.
        court, courtroom, city, judge, secretary: as the case or the court's settings give them; empty where unknown.
        case_number, case_title, kind, language, publicity: of the case.
        start_us, end_us: of the hearing; None where not known. `start_marked`, `end_marked`: whether a person marked it
            (else it is when the recording began or ended).
        participants: who appeared and who did not.
        announced: the line saying that recording is used, or None.
        adjourned, decision, appeal, remarks_right: the lines of these stages, or None.
        takes, sources, files, breaks, faults, course, transcript, missing: as their classes say.
        confirmed: false for what the program drew up; :func:`protocol.brief_rules.confirm` makes it true.
        form: the brief or the full protocol; `rejected`: why the judge did not accept the recording, or empty.
        final_on: date of the final form, ``YYYY-MM-DD``, or empty.
    """

    hearing: str
    number: int
    drafted_at_us: int
    utc_offset_minutes: int
    code: str
    law: str
    article: str
    court: str
    courtroom: str
    city: str
    judge: str
    secretary: str
    case_number: str
    case_title: str
    kind: str
    language: str
    publicity: str
    start_us: int | None
    start_marked: bool
    end_us: int | None
    end_marked: bool
    participants: tuple[Participant, ...]
    announced: CourseLine | None
    adjourned: CourseLine | None
    decision: CourseLine | None
    appeal: CourseLine | None
    remarks_right: CourseLine | None
    takes: tuple[TakeLine, ...]
    sources: tuple[RecordedSource, ...]
    files: tuple[RecordedFile, ...]
    breaks: tuple[Break, ...]
    faults: tuple[Fault, ...]
    course: tuple[CourseLine, ...]
    transcript: TranscriptNote | None
    missing: tuple[MissingPoint, ...] = ()
    confirmed: bool = False
    form: Form = "brief"
    rejected: str = ""
    final_on: str = ""

    @classmethod
    def of(
        cls,
        view: HearingView,
        transcript: Transcript | None = None,
        *,
        court: CourtFacts | None = None,
        drafted_at_us: int,
        number: int,
        utc_offset_minutes: int = KAZAKHSTAN_MINUTES,
        declared: Declared | None = None,
    ) -> Brief:
        """Fill the brief protocol from what the journal says.

        Args:
            view: the hearing, finished or not (an end that is not there is reported missing).
            transcript: the transcript that goes with it, if there is one.
            court: the court's settings, used where the case is silent.
            drafted_at_us: now, UTC µs; it is not the date of the final form, which only people can give.
            number: revision, from 1.
            utc_offset_minutes: local time of the court on the day of the hearing.
            declared: what people said that no journal has.
        """
        from protocol.brief_build import build

        return build(
            view, transcript, court or CourtFacts(), drafted_at_us, number, utc_offset_minutes, declared or Declared()
        )

    def to_json(self) -> bytes:
        """Canonical bytes of ``protocol/brief-NNNN.json`` (record format, section 2)."""
        value: dict[str, Any] = asdict(self)
        value["format"] = FORMAT
        return dumps(value)
