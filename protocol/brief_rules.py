"""What the law requires of the brief protocol, and what of it a record does not give.

Each code lists its points as (key, article); a point is checked by the function of its key. Keys are texts in
:mod:`protocol.brief_texts`. Civil cases are complete: ГПК 282(4) with sub-points 1, 2, 3, 4, 6, 13-1, 16, 18 of 282(2), the use
of recording and the file names. The other codes have the points that the same facts answer.
"""

from __future__ import annotations

from collections.abc import Callable

from protocol.brief import Brief, MissingPoint

_GPK = (
    ("place", "gpk", "282(2)1"),
    ("start", "gpk", "282(2)2"),
    ("end", "gpk", "282(2)2"),
    ("court", "gpk", "282(2)3"),
    ("judge", "gpk", "282(2)3"),
    ("secretary", "gpk", "282(2)3"),
    ("case", "gpk", "282(2)4"),
    ("appearance", "gpk", "282(2)6"),
    ("break_end", "gpk", "282(2)13-1"),
    ("new_date", "gpk", "282(2)13-1"),
    ("decision", "gpk", "282(2)16"),
    ("decision_final", "gpk", "282(2)16"),
    ("appeal", "gpk", "282(2)16"),
    ("final", "gpk", "282(2)18"),
    ("announced", "gpk", "189(1)"),
    ("files", "gpk", "282(4)"),
    ("fault_reason", "gpk", "189(2)"),
)

POINTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "gpk": _GPK,
    "appk": (*_GPK, ("transcript", "appk", "147(1)")),
    "upk": (
        ("place", "upk", "347-1(2)1"),
        ("start", "upk", "347-1(2)2"),
        ("end", "upk", "347-1(2)2"),
        ("court", "upk", "347-1(2)3"),
        ("judge", "upk", "347-1(2)3"),
        ("secretary", "upk", "347-1(2)3"),
        ("case", "upk", "347-1(2)4"),
        ("identity", "upk", "347-1(2)5"),
        ("announced", "upk", "347-1(2)6"),
        ("files", "upk", "347-1(2)7"),
        ("appearance", "upk", "347-1(2)8"),
        ("decision", "upk", "347-1(2)9"),
        ("places", "upk", "347-1(2)9"),
        ("final", "upk", "347-1(2)10"),
        ("fault_reason", "upk", "347-1(1)"),
    ),
    "koap": (
        ("place", "koap", "829-13(2)1"),
        ("start", "koap", "829-13(2)1"),
        ("end", "koap", "829-13(2)1"),
        ("identity", "koap", "829-13(2)2"),
        ("court", "koap", "829-13(2)3"),
        ("judge", "koap", "829-13(2)3"),
        ("secretary", "koap", "829-13(2)3"),
        ("announced", "koap", "829-13(2)4"),
        ("files", "koap", "829-13(2)5"),
        ("appearance", "koap", "829-13(2)6"),
        ("decision", "koap", "829-13(2)7"),
        ("appeal", "koap", "829-13(2)7"),
        ("remarks_right", "koap", "829-13(2)9"),
        ("fault_reason", "koap", "829-13(1)"),
    ),
}

#: The court: named in a point of its own, and no part of the appearance.
COURT_ROLES = ("judge", "presiding_judge", "secretary")

_DOCUMENT = {
    "gpk": ("gpk", "282(4)"),
    "appk": ("appk", "147(1)"),
    "upk": ("upk", "347-1(2)"),
    "koap": ("koap", "829-13(2)"),
}

#: Stages that УПК 347-1(2)9 wants with file and time.
_TIMED = (
    "DEFENDANT",
    "VICTIM",
    "WITNESS",
    "EXPERT",
    "DOCUMENTS",
    "PHYSICAL",
    "JOIN",
    "DEBATES",
    "LAST_WORD",
    "DELIBERATION",
    "ANNOUNCE",
)


def document_article(code: str) -> tuple[str, str]:
    """Law and article that prescribe the brief protocol; the civil ones for a code that is not known."""
    return _DOCUMENT.get(code, _DOCUMENT["gpk"])


def missing_points(brief: Brief) -> tuple[MissingPoint, ...]:
    """Points of the law that the record gives no answer to, in the order of the law."""
    points = POINTS.get(brief.code, POINTS["gpk"])
    return tuple(MissingPoint(key, law, article) for key, law, article in points if _CHECKS[key](brief))


def _blank(*values: str) -> bool:
    return any(not value.strip() for value in values)


def _stage(brief: Brief, code: str) -> bool:
    return any(line.code == code for line in brief.course)


def _no_reason(brief: Brief) -> bool:
    if not brief.files and not brief.faults:
        return True  # nothing was recorded, and nobody said why
    return any(_blank(fault.detail) and fault.cause in ("stage", "") for fault in brief.faults)


_CHECKS: dict[str, Callable[[Brief], bool]] = {
    "place": lambda b: _blank(b.city),
    "start": lambda b: b.start_us is None,
    "end": lambda b: b.end_us is None,
    "court": lambda b: _blank(b.court),
    "judge": lambda b: _blank(b.judge),
    "secretary": lambda b: _blank(b.secretary),
    "case": lambda b: _blank(b.case_number, b.case_title),
    "identity": lambda b: not _stage(b, "IDENTITY"),
    "appearance": lambda b: all(person.role in COURT_ROLES for person in b.participants),
    "break_end": lambda b: (
        any(item.to_us is None for item in b.breaks[:-1])
        or (bool(b.breaks) and b.breaks[-1].to_us is None and b.adjourned is None)
    ),
    "new_date": lambda b: b.adjourned is not None and _blank(b.adjourned.note),
    # An adjourned hearing ends without a decision, and is no worse for it.
    "decision": lambda b: b.decision is None and b.adjourned is None,
    "decision_final": lambda b: b.decision is not None and _blank(b.decision.note),
    "appeal": lambda b: b.appeal is None and b.adjourned is None,
    "remarks_right": lambda b: b.remarks_right is None,
    # Only the signing people can give it; a draft never has it.
    "final": lambda b: not b.confirmed,
    "announced": lambda b: b.announced is None and bool(b.files),
    "files": lambda b: not b.files and not b.faults,
    "places": lambda b: any(line.code in _TIMED and line.place is None for line in b.course),
    "transcript": lambda b: b.transcript is None or b.transcript.words == 0,
    "fault_reason": _no_reason,
}
