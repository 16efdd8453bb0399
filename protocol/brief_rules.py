"""What the law requires of a protocol, and what of it a record does not give.

Each code lists its points as (key, article); a point is checked by the function of its key, and the names that a template must
show for it stand beside (:data:`SHOWN`). Keys are texts in :mod:`protocol.brief_texts`.

Sources: ГПК 282(2), 282(4), АППК 147(1), УПК 347-1(2), КоАП 829-13(2); for the full protocol ГПК 282(2), УПК 347, КоАП 829-12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, Final

from protocol.brief import Brief, Declared, Form, MissingPoint
from protocol.errors import ProtocolError
from protocol.hearing import Participant

Point = tuple[str, str, str]


class BriefIncomplete(ProtocolError):
    """A protocol lacks points of the law, and nobody recorded why."""

    code: ClassVar[str] = "brief-incomplete"
    advice: ClassVar[str] = (
        "Enter what is named, or record for each point the reason why it is missing; then confirm again."
    )

    def __init__(self, points: tuple[MissingPoint, ...]) -> None:
        super().__init__("the protocol lacks " + ", ".join(f"{p.key} ({p.law} {p.article})" for p in points))
        self.points = points


def _points(law: str, *rows: str) -> tuple[Point, ...]:
    """Rows ``ARTICLE: key key …`` as points."""
    return tuple((key, law, row.partition(": ")[0]) for row in rows for key in row.partition(": ")[2].split())


_GPK = _points(
    "gpk",
    "282(2)1: date place",
    "282(2)2: start end",
    "282(2)3: court judge secretary",
    "282(2)4: case",
    "282(2)6: appearance",
    "282(2)13-1: break_end new_date",
    "282(2)16: decision decision_final appeal",
    "282(2)18: final",
    "189(1): announced",
    "282(4): files",
    "189(2): fault_reason",
)

#: The points of a brief protocol by code, in the order of the law.
POINTS: Final[dict[str, tuple[Point, ...]]] = {
    "gpk": _GPK,
    "appk": (*_GPK, ("transcript", "appk", "147(1)")),
    "upk": _points(
        "upk",
        "347-1(2)1: date place",
        "347-1(2)2: start end",
        "347-1(2)3: court judge secretary",
        "347-1(2)4: case",
        "347-1(2)5: identity",
        "347-1(2)6: announced",
        "347-1(2)7: files",
        "347-1(2)8: appearance accused prosecutor",
        "347-1(2)9: who_spoke places debates last_word removal decision",
        "347-1(2): new_date",
        "347-1(2)10: final",
        "347-1(1): fault_reason",
    ),
    "koap": _points(
        "koap",
        "829-13(2)1: date place start end",
        "829-13(2)2: identity born residence document iin registration workplace legal_form seat registered bin bank",
        "829-13(2)3: court judge secretary",
        "829-13(2)4: announced",
        "829-13(2)5: files",
        "829-13(2)6: appearance notified",
        "829-13(2)7: decision appeal",
        "829-13(2)8: materials",
        "829-13(2)9: remarks_right",
        "829-13(2): case new_date final",
        "829-13(1): fault_reason",
    ),
}

#: What changes where the full protocol is written: no file need be named, but why there is none.
_FULL_ARTICLE: Final = {"gpk": "282(2)", "appk": "282(2)", "upk": "347", "koap": "829-12"}
_NOT_IN_FULL: Final = ("announced", "files", "places", "transcript")

#: Names of the catalogue of which a template must use one, by point; a point that is not here needs none of its own.
SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "date": ("date",),
    "place": ("city",),
    "start": ("start",),
    "end": ("end",),
    "court": ("court",),
    "judge": ("judge",),
    "secretary": ("secretary",),
    "case": ("case_number",),
    "identity": ("persons.details",),
    "appearance": ("present",),
    "notified": ("absent",),
    "break_end": ("breaks.span",),
    "new_date": ("new_date",),
    "decision": ("decision_at",),
    "appeal": ("appeal_at",),
    "remarks_right": ("remarks_at",),
    "final": ("final_on",),
    "announced": ("announced_at",),
    "files": ("files.path", "tracks.files"),
    "who_spoke": ("interrogated.person", "course.person", "course.about"),
    "places": ("interrogated.offset", "course.offset"),
    "materials": ("course.action", "evidence.action"),
    "transcript": ("transcript_number",),
    "fault_reason": ("faults.text",),
}

#: The court: named in a point of its own, and no part of the appearance.
COURT_ROLES = ("judge", "presiding_judge", "secretary")

#: Whose identity the protocol holds, by code.
IDENTIFIED: Final = {"upk": ("accused",), "koap": ("offender",)}

#: Keys of a participant's identity that КоАП 829-13(2)2 wants of a person and of a legal entity.
PERSON: Final = ("born", "residence", "document", "iin", "registration", "workplace")
ENTITY: Final = ("legal_form", "seat", "registered", "bin", "bank")

_DOCUMENT = {
    "gpk": ("gpk", "282(4)"),
    "appk": ("appk", "147(1)"),
    "upk": ("upk", "347-1(2)"),
    "koap": ("koap", "829-13(2)"),
}

#: Stages that УПК 347-1(2)9 wants with file and time.
INTERROGATIONS: Final = ("DEFENDANT", "VICTIM", "WITNESS", "EXPERT")
TIMED: Final = (*INTERROGATIONS, "DOCUMENTS", "PHYSICAL", "JOIN", "DEBATES", "LAST_WORD", "DELIBERATION", "ANNOUNCE")

#: Sittings of a criminal case that end without debates, last word and verdict.
_WITHOUT_VERDICT = ("preliminary", "preliminary_hearing", "investigating_judge", "action")


def form_of(brief: Brief) -> Form:
    """The full protocol where nothing was recorded though a reason is known, or the judge rejected the recording; else the brief one."""
    return "full" if brief.rejected or (not brief.files and brief.faults) else "brief"


def document_article(code: str, form: Form = "brief") -> tuple[str, str]:
    """Law and article that prescribe the document; the civil ones for a code that is not known."""
    if form == "full":
        known = code if code in _FULL_ARTICLE else "gpk"
        return ("gpk" if known == "appk" else known), _FULL_ARTICLE[known]
    return _DOCUMENT.get(code, _DOCUMENT["gpk"])


def points_of(code: str, form: Form = "brief") -> tuple[Point, ...]:
    """The points of a document, in the order of the law."""
    points = POINTS.get(code, POINTS["gpk"])
    if form == "brief":
        return points
    kept = (point for point in points if point[0] not in _NOT_IN_FULL)
    one = (
        _FULL_ARTICLE.get(code, "") if code in ("upk", "koap") else ""
    )  # their full protocol has an article of its own
    return tuple((key, law, one if one and key != "fault_reason" else article) for key, law, article in kept)


def missing_points(brief: Brief, reasons: Mapping[str, str] | None = None) -> tuple[MissingPoint, ...]:
    """Points of the law that the record gives no answer to, in the order of the law, each with its recorded reason."""
    given = reasons or {}
    found = points_of(brief.code, brief.form)
    return tuple(
        MissingPoint(key, law, article, given.get(key, "").strip())
        for key, law, article in found
        if _CHECKS[key](brief)
    )


def confirm(brief: Brief, final_on: str) -> Brief:
    """The final form of a protocol: what two people sign.

    Args:
        brief: a draft.
        final_on: date of the final form, ``YYYY-MM-DD``.

    Raises:
        BriefIncomplete: points are missing without a recorded reason (АППК 147(1): the transcript among them).
    """
    left = tuple(point for point in brief.missing if point.key != "final" and not point.reason)
    if left:
        raise BriefIncomplete(left)
    missing = tuple(point for point in brief.missing if point.key != "final")
    return replace(brief, final_on=final_on, confirmed=True, missing=missing)


def in_full(brief: Brief) -> Brief:
    """The same hearing's full protocol, a draft again: its points are others."""
    law, article = document_article(brief.code, "full")
    full = replace(brief, form="full", law=law, article=article, confirmed=False, final_on="")
    return replace(full, missing=missing_points(full, {point.key: point.reason for point in brief.missing}))


def declared_in(brief: Brief) -> Declared:
    """What people declared of the protocol: its reasons, why the recording was rejected, and the full form where only a person asked for it."""
    asked: Form | None = "full" if brief.form == "full" and form_of(brief) == "brief" else None
    return Declared({point.key: point.reason for point in brief.missing if point.reason}, brief.rejected, form=asked)


def identified(brief: Brief) -> tuple[Participant, ...]:
    """Participants whose identity this protocol holds."""
    return tuple(person for person in brief.participants if person.role in IDENTIFIED.get(brief.code, ()))


def is_entity(person: Participant) -> bool:
    """Whether the identity is that of a legal entity."""
    return any(person.identity.get(key, "").strip() for key in ENTITY)


def _blank(*values: str) -> bool:
    return any(not value.strip() for value in values)


def _stage(brief: Brief, *codes: str) -> bool:
    return any(line.code in codes for line in brief.course)


def _no_reason(brief: Brief) -> bool:
    if not brief.files and not brief.faults:
        return True  # nothing was recorded, and nobody said why
    return any(_blank(fault.detail) and fault.cause in ("stage", "") for fault in brief.faults)


def _no_identity(brief: Brief) -> bool:
    people = identified(brief)
    told = any(line.code == "IDENTITY" and not _blank(line.note) for line in brief.course)
    return not told and (not people or any(not any(person.identity.values()) for person in people))


def _lacks(key: str) -> Callable[[Brief], bool]:
    """Whether somebody of whom КоАП wants the value does not give it; asked only of people whose identity is there."""

    def check(brief: Brief) -> bool:
        wanted = [p for p in identified(brief) if any(p.identity.values()) and is_entity(p) == (key in ENTITY)]
        return any(_blank(person.identity.get(key, "")) for person in wanted)

    return check


def _decides(brief: Brief) -> bool:
    """Whether the hearing was to end with a decision: an adjourned one is no worse for having none."""
    return brief.adjourned is None and brief.kind not in _WITHOUT_VERDICT


def _unheard(brief: Brief, code: str) -> bool:
    """Whether a trial lacks a stage it must have; a shortened inquiry has neither debates nor last word (УПК 382)."""
    return _decides(brief) and not _stage(brief, code) and not (code != "DELIBERATION" and _stage(brief, "SHORT_ORDER"))


def _no_role(*roles: str) -> Callable[[Brief], bool]:
    return lambda brief: not any(person.role in roles for person in brief.participants)


_CHECKS: dict[str, Callable[[Brief], bool]] = {
    "date": lambda b: b.start_us is None,
    "place": lambda b: _blank(b.city),
    "start": lambda b: b.start_us is None,
    "end": lambda b: b.end_us is None,
    "court": lambda b: _blank(b.court),
    "judge": lambda b: _blank(b.judge),
    "secretary": lambda b: _blank(b.secretary),
    "case": lambda b: _blank(b.case_number, b.case_title),
    "identity": _no_identity,
    **{key: _lacks(key) for key in (*PERSON, *ENTITY)},
    "appearance": lambda b: all(person.role in COURT_ROLES for person in b.participants),
    "accused": _no_role("accused"),
    "prosecutor": _no_role("prosecutor", "state_prosecutor", "private_accuser"),
    "notified": lambda b: any(p.attendance == "absent" and _blank(p.note) for p in b.participants),
    "break_end": lambda b: (
        any(item.to_us is None for item in b.breaks[:-1])
        or (bool(b.breaks) and b.breaks[-1].to_us is None and b.adjourned is None)
    ),
    "new_date": lambda b: b.adjourned is not None and _blank(b.adjourned.note),
    "decision": lambda b: b.decision is None and _decides(b),
    "decision_final": lambda b: b.decision is not None and _blank(b.decision.note),
    "appeal": lambda b: b.appeal is None and _decides(b),
    "remarks_right": lambda b: b.remarks_right is None,
    "materials": lambda b: not _stage(b, "DOCUMENTS") and _decides(b),
    "debates": lambda b: _unheard(b, "DEBATES"),
    "last_word": lambda b: _unheard(b, "LAST_WORD"),
    "removal": lambda b: _unheard(b, "DELIBERATION"),
    # Only the signing people can give it; a draft never has it.
    "final": lambda b: not b.final_on,
    "announced": lambda b: b.announced is None and bool(b.files),
    "files": lambda b: not b.files and not b.faults,
    "who_spoke": lambda b: any(line.code in INTERROGATIONS and _blank(line.participant) for line in b.course),
    "places": lambda b: any(line.code in TIMED and line.place is None for line in b.course),
    "transcript": lambda b: b.transcript is None or b.transcript.words == 0,
    "fault_reason": _no_reason,
}
