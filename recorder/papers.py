"""What comes after the capture of a hearing: transcripts, the draft of the brief protocol, the archive's receipt.

Each is written once under its final name, named by a journal line, and signed by a checkpoint before the answer is given.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from device_config.settings import Settings
from protocol import durable, seal
from protocol.encoding import b64, sha256_b64
from protocol.errors import BadNote, DiskFailed, RecordExists
from protocol.hearing import Revision, State
from protocol.merkle import Tree
from protocol.note import VerifierKey
from protocol.receipt import BadReceipt, Receipt
from protocol.seal import Moment
from protocol.transcript import BadTranscript, Transcript
from protocol.view import HearingView
from protocol.writer import JournalWriter
from recorder.closed_takes import OPEN
from recorder.drafting import DraftFile, Task, draft_apart, encrypted, task_of
from recorder.ledger import Entry, Ledger
from recorder.refusals import BadRequest, DiskRefused, IllegalAction, KeysForgotten
from recorder.tidying import tidy

Drafter = Callable[[Task], Awaitable[list[DraftFile]]]


@dataclass(frozen=True)
class Said:
    """What people say when a protocol is drawn up (:class:`protocol.brief.Declared`); None: nothing new, what was said before holds."""

    reasons: dict[str, str] | None = None
    rejected: str | None = None
    full: bool | None = None


async def add_transcript(folder: Path, ledger: Ledger, body: bytes, by: str) -> dict[str, Any]:
    """Store a transcript as the next revision.

    Args:
        folder: the record.
        ledger: its journal.
        body: canonical JSON of :class:`protocol.transcript.Transcript`; its number is replaced. One of a closed take is encrypted with the take's key.
        by: who made it.

    Raises:
        BadRequest: not a transcript of this hearing.
        KeysForgotten: it is of a closed take, and its key is not on this box.
        IllegalAction: the hearing is not finished yet, or certified already.
        DiskRefused: the disk refused.
    """
    view = ledger.view
    need_finished(view, "transcript")
    try:
        transcript = Transcript.from_json(body)
    except BadTranscript as error:
        raise BadRequest(f"not a transcript: {error}") from error
    if transcript.hearing != view.hearing:
        raise BadRequest(f"the transcript is of hearing {transcript.hearing}")
    number = 1 + sum(item.kind == "transcript" for item in view.revisions)
    made = DraftFile("transcript", f"transcript/{number:04d}.json", transcript.numbered(number).to_json())
    if transcript.publicity != OPEN:
        made = _encrypted(ledger, transcript, made)
    await add_files(folder, ledger, [made], number, by)
    return {"number": number, "path": made.path}


def _encrypted(ledger: Ledger, transcript: Transcript, made: DraftFile) -> DraftFile:
    """The transcript of a closed take, under that take's key.

    Raises:
        BadRequest: it has words of other takes, too, or of an open one.
        KeysForgotten: the key is not on this box.
    """
    takes = [take.take for take in transcript.takes]
    key = ledger.closed.of(takes[0]) if len(takes) == 1 else None
    if key is None or ledger.closed.publicity_of(takes[0]) == OPEN:
        raise BadRequest("a transcript in camera is of one closed take")
    if key.secret is None:
        raise KeysForgotten(f"{takes[0]}: key {key.name} is not on this box")
    return encrypted(made, key.name, key.secret)


async def add_draft(
    folder: Path, ledger: Ledger, settings: Settings, now_us: int, by: str, drafter: Drafter = draft_apart, said: Said | None = None
) -> dict[str, Any]:
    """Draft the brief protocol from the journal, the last transcript and what people declare, seal it, and call the hearing drafted.

    What nobody says this time stays as it was said of the protocol before: the transcriber, which asks for a draft too, says nothing.

    Raises:
        IllegalAction: the hearing is not finished and sealed, or certified already.
        NotDrafted: it could not be made.
        DiskRefused: the disk refused.
    """
    view = ledger.view
    need_finished(view, "brief protocol")
    number = next_brief(view)
    transcripts = [item.path for item in view.revisions if item.kind == "transcript" and item.key is None]
    transcript = transcripts[-1] if transcripts else None
    before = [item.path for item in view.revisions if item.kind == "brief"]
    declares = asdict(_with_decision(said or Said(), view))
    task = task_of(folder, settings, number, now_us, transcript, before=before[-1] if before else "", **declares)
    files = await drafter(task)
    await add_files(folder, ledger, files, number, by)
    await ledger.work(seal.seal_revision)
    data = {"from": view.state.value, "to": State.DRAFTED.value, "by": by, "reason": ""}
    await ledger.post(("state", data), checkpoint=True)
    return {"number": number, "files": [item.path for item in files]}


def next_brief(view: HearingView) -> int:
    """Number of the next protocol; one whose files were named, and it was not before the power went, keeps its number."""
    return 1 + max((item.number for item in view.revisions if item.kind in ("brief", "brief_pdf")), default=0)


def _with_decision(said: Said, view: HearingView) -> Said:
    """What people declare, and the presiding judge's decision about the recording, which nobody who asks for a draft can leave out."""
    if view.judged is None or said.rejected:
        return said
    if view.judged["accepted"]:
        return replace(said, rejected="")
    return replace(said, rejected=str(view.judged["reason"] or ""), full=True)


async def add_receipt(folder: Path, ledger: Ledger, body: bytes, trusted: tuple[VerifierKey, ...]) -> dict[str, Any]:
    """Check the archive's receipt and keep it; giving the same one again does nothing.

    Raises:
        BadRequest: it proves nothing for this record, or its archive is not trusted by this box.
        IllegalAction: there is another receipt already (it is never replaced).
        DiskRefused: the disk refused.
    """
    try:
        receipt = Receipt.from_bytes(body)
        await ledger.work(lambda writer, _moment: _check(receipt, writer))
    except BadReceipt as error:
        raise BadRequest(f"bad receipt: {error}") from error
    if receipt.archive.text not in {key.text for key in trusted}:
        raise BadRequest(f"the archive {receipt.archive.name} is not on this box's trust list")
    digest = sha256_b64(body)
    if any(item["sha256"] == digest for item in ledger.view.receipts):
        return {"sha256": digest}

    def store(writer: JournalWriter, moment: Moment) -> None:
        durable.write_once(folder / "receipt.json", body)
        data = {"archive": receipt.archive.text, "sha256": digest}
        writer.append("receipt", data, at_us=moment.at_us, mono_us=moment.mono_us, salt=moment.salt())
        writer.checkpoint()

    try:
        await ledger.work(store)
    except RecordExists as error:
        raise IllegalAction(f"there is a receipt already: {error}") from error
    return {"sha256": digest}


def trusted_keys(folder: Path) -> tuple[VerifierKey, ...]:
    """Keys of the trust list: one verifier key in each ``*.vkey`` file.

    Raises:
        BadRequest: a file is not a verifier key; a list that cannot be read in full is no list.
    """
    try:
        return tuple(VerifierKey.from_text(path.read_text("utf-8").strip()) for path in sorted(folder.glob("*.vkey")))
    except (OSError, UnicodeDecodeError, BadNote) as error:
        raise BadRequest(f"{folder}: the trust list cannot be read: {error}") from error


def _check(receipt: Receipt, writer: JournalWriter) -> None:
    tree = Tree(line.leaf for line in writer.lines)
    receipt.check(writer.hearing, writer.origin, lambda size: tree.root(size) if size <= tree.size else None)


def need_finished(view: HearingView, what: str) -> None:
    """Refuse what comes only between the seal of the capture and certification.

    Raises:
        IllegalAction: it is not so.
    """
    if view.state not in (State.FINISHED, State.DRAFTED):
        raise IllegalAction(f"a hearing that is {view.state} takes no {what}")
    if not view.manifests:
        raise IllegalAction("the capture is not sealed yet")


def transcript_before(view: HearingView, brief: Revision) -> str | None:
    """Path of the transcript from which a protocol was drawn up: the newest one before it, in the clear."""
    found = [item for item in view.revisions if item.kind == "transcript" and item.key is None and item.seq < brief.seq]
    return found[-1].path if found else None


async def add_files(folder: Path, ledger: Ledger, files: list[DraftFile], number: int, by: str, also: Sequence[Entry] = ()) -> None:
    """Write files once, then name them in the journal, after what else is said of them.

    A protocol's JSON is named last: until then there is no protocol of that number, whenever the power goes.

    Raises:
        DiskRefused: the disk refused.
    """

    def store() -> None:
        tidy(folder, ledger.view)  # what an earlier try left unnamed
        for item in files:
            durable.write_once(folder / item.path, item.data)

    try:
        await asyncio.to_thread(store)
    except DiskFailed as error:
        raise DiskRefused(str(error)) from error
    lines: list[Entry] = [
        (
            "revision",
            {
                "kind": item.kind,
                "number": number,
                "path": item.path,
                "bytes": len(item.data),
                "sha256": b64(hashlib.sha256(item.data).digest()),
                "by": by,
                **item.more,
            },
        )
        for item in sorted(files, key=lambda item: item.kind == "brief")
    ]
    await ledger.post(*also, *lines, checkpoint=True)
