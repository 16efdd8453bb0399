"""People's signatures enter the record, and the secretary certifies it (docs/signing.md, "How a signed PDF enters the record").

::

    sealed brief_pdf ──signed elsewhere──► add_signature ──► signatures/brief-NNNN.LL.K.pdf ┐ each: file, revision line,
    newest manifest  ──signed elsewhere──► certify ──► signatures/manifest-NNNN.secretary.p7s ┘ next manifest, checkpoint

Nothing is believed that was not checked here, by the court's trust list and against the bytes that the record holds. Each act is one
job of the writer thread: no other line gets between a file and its seal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protocol.encoding import sha256_b64, utc_us
from protocol.hearing import Revision, State
from protocol.record import DirectoryRecord, UnreadableRecord
from protocol.signatures.errors import BadTrustList
from protocol.signatures.person import Role
from protocol.signatures.report import Finding, Report
from protocol.view import HearingView
from recorder.entering import Paper, enter
from recorder.ledger import Ledger
from recorder.refusals import BadRequest, IllegalAction, NoTrustList, SignatureRefused

if TYPE_CHECKING:  # pyHanko takes more than a second to load: a daemon that signs nothing today does not pay for it
    from protocol.signatures.trust import TrustList

#: Languages that protocols are written in.
LANGUAGES = ("kk", "ru")
_BOTH = frozenset({Role.SECRETARY.value, Role.JUDGE.value})


# What there is to sign


def newest_brief(view: HearingView) -> Revision | None:
    """The last draft of the brief protocol."""
    return next((item for item in reversed(view.revisions) if item.kind == "brief"), None)


def pdfs(view: HearingView) -> dict[str, Revision]:
    """PDFs of the last draft, by language."""
    brief = newest_brief(view)
    found = [
        item
        for item in view.revisions
        if brief is not None and item.kind == "brief_pdf" and item.number == brief.number
    ]
    return {item.path.split(".")[-2]: item for item in found if item.path.endswith(".pdf")}


def signed_copies(view: HearingView, path: str) -> list[Revision]:
    """Signed copies of a file of the record, oldest first."""
    return [item for item in view.revisions if item.kind == "signature" and item.of == path]


def protocol_language(view: HearingView) -> str:
    """The language in which the protocol must be signed: that of the proceedings; the state language where a case has another."""
    return view.case.language if view.case.language in LANGUAGES else "kk"


def signed_by_both(view: HearingView) -> Revision | None:
    """The signed protocol: the copy of the last draft, in the language of the proceedings, that both have signed."""
    pdf = pdfs(view).get(protocol_language(view))
    copies = signed_copies(view, pdf.path) if pdf is not None else []
    return next((item for item in copies if set(item.roles) >= _BOTH), None)


def certification(view: HearingView) -> Revision | None:
    """The secretary's signature over the record."""
    return next(
        (item for item in view.revisions if item.kind == "signature" and item.path.startswith("signatures/manifest-")),
        None,
    )


def outdated(view: HearingView) -> bool:
    """Whether a transcript, or another decision about the recording, is newer than the last draft: what people would sign is not what holds."""
    brief = newest_brief(view)
    if brief is None:
        return False
    judged = view.judged is not None and view.judged["turned"] > brief.seq
    return judged or any(item.kind == "transcript" and item.seq > brief.seq for item in view.revisions)


def confirmed(view: HearingView) -> Revision | None:
    """The last protocol, if it is the form that people confirmed (recorder.confirming), not a draft."""
    return brief if (brief := newest_brief(view)) is not None and brief.of else None


def state_of_signing(folder: Path, view: HearingView, trust: TrustList | None) -> dict[str, Any]:
    """What a page about signing shows. Reads and checks the signed files: in a thread."""
    documents = []
    for language, pdf in sorted(pdfs(view).items()):
        copies = signed_copies(view, pdf.path)
        newest = copies[-1] if copies else None
        told: dict[str, Any] = {"language": language, "path": pdf.path, "signed": None, "roles": [], "signatures": []}
        if newest is not None:
            told |= {"signed": newest.path, "roles": list(newest.roles)}
            if trust is not None:
                told["signatures"] = _signatures(folder, newest, trust)
        documents.append(told)
    stamp = certification(view)
    return {
        "state": view.state.value,
        "language": protocol_language(view),
        "documents": documents,
        "outdated": outdated(view),
        "confirmed": None if (final := confirmed(view)) is None else {"at": final.at, "by": final.by},
        "signed": signed_by_both(view) is not None,
        "certified": None if stamp is None else {"at": stamp.at, "by": stamp.by, "path": stamp.path},
        "trust": trust is not None,
    }


#: Signatures of files by digest: a page asks for the same ones again and again, and each check takes a while.
_SEEN: dict[str, list[dict[str, Any]]] = {}
_MOST_SEEN = 500


def _signatures(folder: Path, item: Revision, trust: TrustList) -> list[dict[str, Any]]:
    """Who signed, as the file says it; whether that is good was checked when it came in."""
    from protocol.signatures.checking import check_pdf

    if item.sha256 not in _SEEN:
        while len(_SEEN) >= _MOST_SEEN:
            _SEEN.pop(next(iter(_SEEN)), None)
        _SEEN[item.sha256] = check_pdf(read_paper(folder, item), trust, utc_us(item.at), ()).to_json()["signatures"]
    return _SEEN[item.sha256]


def read_paper(folder: Path, item: Revision) -> bytes:
    """A file that the journal names; other bytes than it names are nobody's.

    Raises:
        UnreadableRecord: the file is not there, or is another.
    """
    data = DirectoryRecord(folder).read(item.path)
    if sha256_b64(data) != item.sha256:
        raise UnreadableRecord(f"{item.path}: not the bytes that the journal names")
    return data


def trust_of(folder: Path | None) -> TrustList:
    """The court's trust list.

    Raises:
        NoTrustList: none is set, or it cannot be used.
    """
    from protocol.signatures.trust import read_trust

    if folder is None:
        raise NoTrustList("signing.trust is not set")
    try:
        return read_trust(folder)
    except BadTrustList as error:
        raise NoTrustList(str(error)) from error


# What comes in


async def add_signature(
    folder: Path, ledger: Ledger, trust: TrustList, language: str, body: bytes, now_us: int, by: str
) -> dict[str, Any]:
    """Take a signed PDF of the last draft.

    Args:
        folder: the record.
        ledger: its journal.
        trust: the court's list.
        language: of the draft's PDF, kk or ru.
        body: the sealed PDF, or its newest signed copy, with one signature more.
        now_us: UTC µs.
        by: whose account handed it in.

    Returns:
        ``path``, ``seal`` and ``missing``: roles that have not signed yet.

    Raises:
        IllegalAction: the hearing is not drafted, or the draft is out of date.
        BadRequest: there is no draft in that language.
        SignatureRefused: the file is another, or a signature of it is not good; the findings say why.
    """
    view = ledger.view
    need_current_draft(view)
    pdf = pdfs(view).get(language)
    if pdf is None:
        raise BadRequest(f"language: there is no protocol in {language[:10]!r}")
    copies = signed_copies(view, pdf.path)
    report = await check_next(folder, copies[-1] if copies else pdf, body, trust, now_us)
    path = f"signatures/{Path(pdf.path).stem}.{len(copies) + 1}.pdf"
    roles = tuple(item.role for item in report.signatures)
    number = 1 + sum(item.kind == "signature" for item in view.revisions)
    sealed = await enter(folder, ledger, [Paper("signature", path, body, number, pdf.path, roles)], by, "signature")
    return {"path": path, "seal": sealed, "missing": sorted(_BOTH - set(roles))}


async def check_next(folder: Path, before: Revision, body: bytes, trust: TrustList, now_us: int) -> Report:
    """Check that a PDF is another one of the record with one good signature more.

    Raises:
        SignatureRefused: it is not; the findings say why.
    """
    return await asyncio.to_thread(checked_pdf, read_paper(folder, before), len(before.roles), body, trust, now_us)


def checked_pdf(known: bytes, signatures: int, body: bytes, trust: TrustList, now_us: int) -> Report:
    """As :func:`check_next`, of bytes: ``known`` bears so many ``signatures``."""
    from protocol.signatures.checking import check_pdf

    if not body.startswith(known) or len(body) == len(known):
        raise SignatureRefused(
            (
                Finding(
                    "not-this-file",
                    "",
                    "it does not begin with the bytes that the record holds, or has nothing after them",
                ),
            )
        )
    report = check_pdf(body, trust, now_us, ())
    _need_good(report)
    if others := {item.role for item in report.signatures} - _BOTH:
        raise SignatureRefused(
            (Finding("unknown-role", min(others), "a protocol is signed by the presiding judge and the secretary"),)
        )
    if len(report.signatures) != signatures + 1:
        raise SignatureRefused(
            (
                Finding(
                    "missing-signature", "", "it does not bear exactly one signature more than what the record holds"
                ),
            )
        )
    return report


async def prepare_certification(folder: Path, ledger: Ledger, by: str) -> dict[str, Any]:
    """Seal whatever is not sealed yet, and say which manifest the secretary signs.

    Raises:
        IllegalAction: it is too early or too late for that.
    """
    need_current_draft(ledger.view)
    if signed_by_both(ledger.view) is None:
        raise IllegalAction("the protocol is not signed by both the presiding judge and the secretary")
    if _unsealed(ledger.view):
        await enter(folder, ledger, (), by, "revision")
    last = ledger.view.manifests[-1]
    return {"manifest": last.number, "path": last.path}


async def certify(
    folder: Path, ledger: Ledger, trust: TrustList, manifest: int, body: bytes, now_us: int, by: str
) -> dict[str, Any]:
    """Take the secretary's detached signature over the newest manifest; the hearing is certified (ГПК 283(5)).

    Args:
        folder: the record.
        ledger: its journal.
        trust: the court's list.
        manifest: number of what was signed.
        body: CMS SignedData, DER, detached.
        now_us: UTC µs.
        by: whose account handed it in.

    Raises:
        IllegalAction: the protocol is not signed by both, or something came after that manifest.
        SignatureRefused: the signature is not good; the findings say why.
    """
    view = ledger.view
    need_current_draft(view)
    if signed_by_both(view) is None:
        raise IllegalAction("the protocol is not signed by both the presiding judge and the secretary")
    last = view.manifests[-1]
    if last.number != manifest or _unsealed(view):
        raise IllegalAction(f"manifest {manifest} does not cover the whole record any more: sign the newest one")
    await asyncio.to_thread(_check_certification, DirectoryRecord(folder).read(last.path), body, trust, now_us)
    path = f"signatures/{Path(last.path).stem}.{Role.SECRETARY}.p7s"
    number = 1 + sum(item.kind == "signature" for item in view.revisions)
    paper = Paper("signature", path, body, number, last.path, (Role.SECRETARY.value,))
    sealed = await enter(folder, ledger, [paper], by, "signature", State.CERTIFIED)
    return {"path": path, "seal": sealed}


def _check_certification(content: bytes, body: bytes, trust: TrustList, now_us: int) -> None:
    from protocol.signatures.checking import check_detached

    _need_good(check_detached(content, body, Role.SECRETARY, trust, now_us))


def need_current_draft(view: HearingView) -> None:
    """Refuse what needs a draft that is up to date and not certified yet.

    Raises:
        IllegalAction: it is not so.
    """
    if view.state is not State.DRAFTED:
        raise IllegalAction(f"a hearing that is {view.state} takes no signature under its protocol")
    if outdated(view):
        raise IllegalAction(
            "a transcript, or the decision about the recording, is newer than the draft of the protocol: have it drafted again"
        )
    if not confirmed(view):
        raise IllegalAction(
            "the protocol is a draft that nobody confirmed: read it, confirm its sections, and sign that"
        )


def _unsealed(view: HearingView) -> bool:
    return any(item.seq > view.manifests[-1].seq for item in view.revisions)


def _failing(report: Report) -> Iterator[Finding]:
    return (item for item in report.findings if item.fails)


def _need_good(report: Report) -> None:
    if found := tuple(_failing(report)):
        raise SignatureRefused(found)
