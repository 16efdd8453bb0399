"""Amendments of a certified protocol, until both have signed them, and into the record when they have (ГПК 283(5)).

::

    draw_up ──► <state_dir>/amendments/<hearing>/NNNN.json, NNNN.0.pdf ──sign──► NNNN.1.ROLE.pdf ──sign──► record: amendments/NNNN.json, NNNN.LL.pdf

What one person has signed is no amendment: it waits outside the record. What both have signed enters it by a seal of kind ``amendment``
that names its predecessor; the file that it amends stays as it is. Whoever asks for the record's journal first clears what a crash left: an
amendment that entered the record and still lies here, and a PDF without the JSON that would have followed it (:func:`settle`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protocol import durable
from protocol.amendment import Amendment, read_amendment
from protocol.hearing import State
from protocol.view import HearingView
from recorder.certification import checked_pdf, protocol_language, signed_by_both
from recorder.entering import Paper, enter
from recorder.ledger import Ledger
from recorder.refusals import BadRequest, IllegalAction, NoHearing

if TYPE_CHECKING:
    from protocol.signatures.trust import TrustList

Renderer = Callable[[Amendment, HearingView], Awaitable[bytes]]
_BOTH = {"judge", "secretary"}


@dataclass(frozen=True)
class Waiting:
    """An amendment that waits for signatures: what it says, its newest PDF, and who has signed that."""

    amendment: Amendment
    pdf: Path
    roles: tuple[str, ...]


def waiting(folder: Path) -> list[Waiting]:
    """What waits in a folder, by number.

    Args:
        folder: ``<state_dir>/amendments/<hearing>``; need not exist.
    """
    found = []
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9].json")):
        copies = sorted(folder.glob(f"{path.stem}.*.pdf"))
        if copies:
            roles = tuple(copy.name.split(".")[2] for copy in copies[1:])
            found.append(Waiting(read_amendment(path.read_bytes()), copies[-1], roles))
    return found


def settle(folder: Path, view: HearingView) -> None:
    """Leave only what waits: an act that was cut short between two files must neither be done twice nor be in the next one's way.

    Args:
        folder: where amendments wait.
        view: of the record; nobody else writes it meanwhile.
    """
    entered = {item.number for item in view.revisions if item.kind == "amendment" and item.path.endswith(".pdf")}
    waits = {item.amendment.number for item in waiting(folder)} - entered
    for path in folder.glob("[0-9][0-9][0-9][0-9].*"):
        if int(path.name[:4]) not in waits:
            path.unlink(missing_ok=True)


async def draw_up(
    ledger: Ledger, folder: Path, amends: str, text: str, reason: str, now_us: int, by: str, render: Renderer
) -> dict[str, Any]:
    """Write an amendment down for both to sign.

    Args:
        ledger: of the hearing.
        folder: where amendments wait.
        amends: path of the file of the record; empty: the protocol that both have signed.
        text: what is to be read instead.
        reason: why.
        now_us: UTC µs.
        by: who draws it up.
        render: makes the PDF.

    Raises:
        IllegalAction: the record is not certified, or another amendment waits.
        BadRequest: the record has no such file.
    """
    view = ledger.view
    if view.state not in (State.CERTIFIED, State.ARCHIVED):
        raise IllegalAction(f"a hearing that is {view.state} is not amended: have its protocol drafted again")
    await asyncio.to_thread(settle, folder, view)
    if await asyncio.to_thread(waiting, folder):
        raise IllegalAction("another amendment waits for signatures")
    signed = signed_by_both(view)
    wanted = amends or (signed.path if signed is not None else "")
    target = next((item for item in view.revisions if item.path == wanted), None)
    if target is None:
        raise BadRequest(f"amends: the record has no file {wanted[:200]!r}")
    number = 1 + sum(item.kind == "amendment" and item.path.endswith(".json") for item in view.revisions)
    made = Amendment(
        view.hearing, number, now_us, by, target.path, target.sha256, text, reason, protocol_language(view)
    )
    pdf = await render(made, view)

    def keep() -> None:
        durable.write_once(folder / f"{number:04d}.0.pdf", pdf)
        durable.write_once(folder / f"{number:04d}.json", made.to_json())

    await asyncio.to_thread(keep)
    return {"number": number}


async def sign(
    record: Path, ledger: Ledger, folder: Path, number: int, body: bytes, trust: TrustList, now_us: int, by: str
) -> dict[str, Any]:
    """Take an amendment's PDF with one signature more; with both it enters the record.

    Args:
        record: folder of the hearing.
        ledger: its journal.
        folder: where amendments wait.
        number: which.
        body: the PDF that waits, signed once more.
        trust: the court's list.
        now_us: UTC µs.
        by: whose account handed it in.

    Returns:
        ``missing``: roles that have not signed yet; ``seal`` when it entered the record.

    Raises:
        NoHearing: no such amendment waits.
        SignatureRefused: it is another file, or the signature is not good.
    """
    await asyncio.to_thread(settle, folder, ledger.view)
    item = next((one for one in await asyncio.to_thread(waiting, folder) if one.amendment.number == number), None)
    if item is None:
        raise NoHearing(f"no amendment {number} waits for signatures")
    known = item.pdf.read_bytes()
    report = await asyncio.to_thread(checked_pdf, known, len(item.roles), body, trust, now_us)
    roles = tuple(one.role for one in report.signatures)
    if missing := sorted(_BOTH - set(roles)):
        new = next(role for role in roles if role not in item.roles)
        await asyncio.to_thread(durable.write_once, folder / f"{number:04d}.{len(roles)}.{new}.pdf", body)
        return {"number": number, "missing": missing}
    made = item.amendment
    papers = [
        Paper("amendment", made.path, made.to_json(), number, made.amends),
        Paper("amendment", made.pdf_path, body, number, made.amends, roles),
    ]
    sealed = await enter(record, ledger, papers, by, "amendment")
    await asyncio.to_thread(_clear, folder, number)
    return {"number": number, "missing": [], "seal": sealed}


async def withdraw(ledger: Ledger, folder: Path, number: int) -> tuple[str, ...]:
    """Forget an amendment that waits: it is none yet, whoever has signed it.

    Args:
        ledger: of the hearing.
        folder: where amendments wait.
        number: which.

    Returns:
        Roles that had signed it.

    Raises:
        NoHearing: none of that number waits.
    """
    await asyncio.to_thread(settle, folder, ledger.view)
    item = next((one for one in await asyncio.to_thread(waiting, folder) if one.amendment.number == number), None)
    if item is None:
        raise NoHearing(f"no amendment {number} waits for signatures")
    await asyncio.to_thread(_clear, folder, number)
    return item.roles


def _clear(folder: Path, number: int) -> None:
    # The JSON first: PDFs without it are what a crash left.
    for path in sorted(folder.glob(f"{number:04d}.*"), key=lambda path: path.suffix != ".json"):
        path.unlink(missing_ok=True)
    durable.sync_dir(folder)  # what came back after a power cut would wait for signatures again
