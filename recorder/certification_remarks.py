"""Remarks on the protocol, their review, and who has read it, into the record by later seals (ГПК 284, 285; protocol.remarks)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol.encoding import sha256_b64
from protocol.hearing import State
from protocol.remarks import Attachment, Decision, Kind, Remarks
from protocol.view import HearingView
from recorder.certification import signed_by_both
from recorder.closed_remarks import attachment_path, covers, sealed, speaks_in_camera
from recorder.entering import Paper, enter
from recorder.ledger import Ledger
from recorder.refusals import BadRequest, IllegalAction
from recorder.vault import Vault

#: How far a clock may be ahead of the box's.
_AHEAD_US = 300 * 1_000_000
MOST_ATTACHMENTS = 10
_ENDING = re.compile(r"\.([a-z0-9]{1,8})$")


@dataclass(frozen=True)
class Entered:
    """What somebody enters; see :class:`protocol.remarks.Remarks`.

    Attributes:
        attachments: name as given, and bytes.
        in_camera: whether it speaks of a part in camera; None: not said (:func:`recorder.closed_remarks.speaks_in_camera`).
    """

    kind: Kind
    at_us: int
    person: str
    role: str
    by: str
    of: str = ""
    text: str = ""
    decision: Decision | None = None
    moments: tuple[int, ...] = ()
    attachments: Sequence[tuple[str, bytes]] = ()
    in_camera: bool | None = None


async def add_remarks(folder: Path, ledger: Ledger, vault: Vault, said: Entered, now_us: int) -> dict[str, Any]:
    """Enter remarks, a review, or that somebody has read the protocol.

    Args:
        folder: the record.
        ledger: its journal.
        vault: the box's keys: what speaks of a part in camera is encrypted.
        said: what is entered.
        now_us: UTC µs.

    Returns:
        ``number``, ``path`` and ``seal``.

    Raises:
        IllegalAction: nobody could have read the protocol yet, or the remarks were reviewed already.
        BadRequest: something is missing or does not fit.
        NoClosedKeys: it speaks of a part in camera, and the settings do not name whose keys open it later.
    """
    view = ledger.view
    protocol = signed_by_both(view)
    if protocol is None or view.state not in (State.DRAFTED, State.CERTIFIED, State.ARCHIVED):
        raise IllegalAction("the protocol is not signed yet: there is nothing to read or to remark on")
    known = await asyncio.to_thread(covers, folder, view)
    of = _subject(said, known, protocol.path)
    _check(said, view, now_us)
    filed = next((item for item in known if item.path == of), None)
    closed = speaks_in_camera(said.in_camera, view, said.moments, filed)
    # Not by those that are known: files of an entry that was cut short have its number, and keep it.
    number = 1 + max((item.number for item in view.revisions if item.kind == "remarks"), default=0)
    made = []
    for place, (name, data) in enumerate(said.attachments, 1):
        ending = _ENDING.search(name.lower())
        path = attachment_path(number, place, ending[1] if ending else "bin")
        made.append(Attachment(name, path, len(data), sha256_b64(data)))
    remarks = Remarks(
        hearing=view.hearing, number=number, kind=said.kind, at_us=said.at_us, entered_us=now_us, by=said.by, person=said.person, role=said.role,
        of=of, text=said.text, decision=said.decision, moments=said.moments, attachments=tuple(made),
    )  # fmt: skip
    files = [data for _, data in said.attachments]
    if closed:
        ready = await sealed(folder, view, vault, remarks, files, filed)
        seal = await enter(folder, ledger, ready.papers, said.by, "remarks", keys=ready.lines)
    else:
        papers = [Paper("remarks", one.path, data, number, remarks.path) for one, data in zip(made, files, strict=True)]
        papers.append(Paper("remarks", remarks.path, remarks.to_json(), number, of))
        seal = await enter(folder, ledger, papers, said.by, "remarks")
    return {"number": number, "path": remarks.path, "seal": seal, "in_camera": closed}


def _subject(said: Entered, known: Sequence[Remarks], protocol: str) -> str:
    if said.kind is not Kind.REVIEWED:
        return protocol
    filed = next((item for item in known if item.kind is Kind.FILED and item.path == said.of), None)
    if filed is None:
        raise BadRequest(f"of: no remarks were filed under {said.of[:100]!r}")
    if any(item.kind is Kind.REVIEWED and item.of == said.of for item in known):
        raise IllegalAction(f"{said.of} was reviewed already")
    if said.at_us < filed.at_us:
        raise BadRequest("at_us: remarks are reviewed after they were filed")
    return said.of


def _check(said: Entered, view: HearingView, now_us: int) -> None:
    if said.at_us > now_us + _AHEAD_US:
        raise BadRequest("at_us: this is still to come")
    if said.kind is Kind.FILED and not said.text.strip() and not said.attachments:
        raise BadRequest("text: remarks say what is incomplete or wrong, or bring a file that does")
    if (said.decision is None) == (said.kind is Kind.REVIEWED):
        raise BadRequest("decision: a review has one, and nothing else has")
    if said.decision in (Decision.PARTLY, Decision.REJECTED) and not said.text.strip():
        raise BadRequest("text: a ruling that rejects remarks gives its reasons")
    if (said.attachments and said.kind is Kind.FAMILIARISED) or len(said.attachments) > MOST_ATTACHMENTS:
        raise BadRequest(f"attachments: at most {MOST_ATTACHMENTS}, of remarks or a review")
    takes = [(take.start_us, take.end_us or take.start_us) for take in view.takes.values()]
    for moment in said.moments:
        if not any(start <= moment <= end for start, end in takes):
            raise BadRequest("moments: this time is in no part of the recording")
