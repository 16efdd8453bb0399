"""Deleting a record from this box once the archive has it: the daemon's part of retention (docs/recorder.md, "Retention").

``hattama retention`` compares the record with what the archive reads back, and asks. The daemon, which owns the records, believes nobody: it
deletes only with a receipt that it checks itself, for the last seal of a journal that has not grown since, after the days that its own
settings say. So whoever reaches its socket can bring about nothing but the removal of what an archive on the trust list has signed for.

The order: a line in ``removals.jsonl``, synced; the second copy and the record are renamed out of the way (``.removed``), which is one step
each; then their files go. A crash in between leaves a record that is whole, or files in ``.removed``, which the next removal clears away.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from protocol import canonical, durable
from protocol.encoding import b64, sha256_b64, utc_text, utc_us
from protocol.errors import DiskFailed, ProtocolError
from protocol.hearing import State
from protocol.journal import BESIDE, Entry, Line, read_journal
from protocol.merkle import Tree
from protocol.note import VerifierKey
from protocol.receipt import BadReceipt, Receipt
from protocol.view import HearingView
from protocol.writer import JOURNAL
from recorder import papers
from recorder.refusals import BadRequest, DiskRefused, IllegalAction

if TYPE_CHECKING:
    from recorder.service import Daemon

_log = structlog.get_logger(__name__)
LOG = "removals.jsonl"
REMOVED = ".removed"
_DAY_US = 86_400_000_000
_ONE = threading.Lock()  # one record at a time is put away


@dataclass(frozen=True)
class Terms:
    """When a record may go.

    Attributes:
        trusted: keys of archives.
        days: since the receipt.
        uncertified: drafted is enough.
        now_us: UTC.
        lines: what the journal had when it was compared with the archive.
    """

    trusted: tuple[VerifierKey, ...]
    days: int
    uncertified: bool
    now_us: int
    lines: int


async def remove(daemon: Daemon, hearing: str, receipt: bytes, lines: int, by: str) -> dict[str, Any]:
    """Delete a record and its second copy.

    Args:
        daemon: whose record it is.
        hearing: its identifier.
        receipt: the archive's, for the last seal.
        lines: of the journal that was compared with the archive.
        by: who asks.

    Returns:
        The line of the log of removals.

    Raises:
        NoHearing: there is none of that name.
        BadRequest: the receipt proves nothing for this record.
        IllegalAction: it may not go, or not yet.
        DiskRefused: a disk refused; what is left is a whole record, or none.
    """
    settings = daemon.settings
    async with daemon._writing[hearing]:  # noqa: SLF001 - whoever writes it, waits
        folder = daemon.store.path(hearing)
        if daemon.session is not None and daemon.session.ledger.view.hearing == hearing:
            raise IllegalAction(f"hearing {hearing} is the one in this room")
        trusted = papers.trusted_keys(settings.state_dir / "trust")
        terms = Terms(trusted, settings.retention_days, settings.retention_uncertified, daemon.clock.now()[0], lines)
        copies = settings.second_copy
        if copies is not None and daemon.second_copy.failed is not None:
            raise IllegalAction(f"the second copy cannot be deleted with it: {daemon.second_copy.failed}")
        try:
            said = await asyncio.to_thread(_remove, settings.state_dir / LOG, folder, copies, receipt, terms, by)
        except (DiskFailed, OSError) as error:
            raise DiskRefused(str(error)) from error
        # Of remarks in camera that nobody reviewed here: who reviews them now has the archive's key.
        await asyncio.to_thread(daemon.vault.forget, hearing)
        return said


def was_removed(log: Path, hearing: str) -> bool:
    """Whether the log of removals names a hearing. Reads the file."""
    for line in log.read_bytes().splitlines() if log.exists() else ():
        with suppress(ProtocolError):  # a line that was cut short by a crash: that removal did not begin
            if canonical.loads(line).get("hearing") == hearing:
                return True
    return False


def _remove(log: Path, folder: Path, copies: Path | None, text: bytes, terms: Terms, by: str) -> dict[str, Any]:
    journal = (folder / JOURNAL).read_bytes()
    entries, torn = read_journal(journal)
    if torn or len(entries) != terms.lines:
        raise IllegalAction(
            f"the journal has changed since it was compared: {len(entries)} lines, {terms.lines} were compared"
        )
    receipt = check(text, folder.name, entries, terms)
    copy = copies / folder.name if copies is not None and (copies / folder.name).exists() else None
    if copy is not None and not journal.startswith((copy / JOURNAL).read_bytes()):
        raise IllegalAction(f"{copy}: the second copy has another journal; verify both")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    said: dict[str, Any] = {
        "action": "removed",
        "at": utc_text(terms.now_us),
        "by": by,
        "bytes": sum(path.stat().st_size for path in files),
        "files": len(files),
        "hearing": folder.name,
        "journal_lines": len(entries),
        "journal_root": b64(Tree(entry.leaf for entry in entries).root()),
        "reason": f"received by {receipt.archive.name} on {receipt.received['received_at']}, kept for {terms.days} days",
        "receipt": text.decode(),
        "second_copy": copy is not None,
    }
    _note(log, said)
    # The copy first: what is left after a crash is then found again by its record. Both before any file goes, which takes long: the
    # second copy would be made again meanwhile.
    with _ONE:
        for bin_ in [_put_away(one) for one in (copy, folder) if one is not None]:
            shutil.rmtree(bin_)
            durable.sync_dir(bin_.parent)
    _log.warning("record_removed", action="delete", hearing=folder.name, files=len(files), receipt=sha256_b64(text))
    return said


def check(text: bytes, hearing: str, entries: Sequence[Entry], terms: Terms) -> Receipt:
    """Whether a record may go; its receipt.

    Raises:
        BadRequest: the receipt proves nothing for this record.
        IllegalAction: the record may not go, or not yet.
    """
    view, tree = HearingView.of(entries), Tree(entry.leaf for entry in entries)
    certified = view.state in (State.CERTIFIED, State.ARCHIVED)
    if not certified and not (terms.uncertified and view.state is State.DRAFTED):
        raise IllegalAction(f"hearing {hearing} is {view.state}: only what is certified is deleted")
    seal = view.manifests[-1] if view.manifests else None
    if seal is None or any(item.seq > seal.seq for item in view.revisions):
        raise IllegalAction(f"hearing {hearing} is not sealed to its end")
    first = entries[0]
    origin = str(first.data["origin"]) if isinstance(first, Line) else ""
    try:
        receipt = Receipt.from_bytes(text)
        receipt.check(hearing, origin, lambda size: tree.root(size) if size <= tree.size else None)
    except BadReceipt as error:
        raise BadRequest(f"bad receipt: {error}") from error
    if receipt.archive.text not in {key.text for key in terms.trusted}:
        raise BadRequest(f"the archive {receipt.archive.name} is not on this box's trust list")
    if receipt.received["seal_number"] != seal.number or receipt.received["journal_size"] <= seal.seq:
        raise BadRequest(f"the receipt is not for seal {seal.number}, the last")
    from_us = max(utc_us(receipt.received["received_at"]), _last_us(entries))
    if terms.now_us < from_us + terms.days * _DAY_US:
        raise IllegalAction(f"hearing {hearing} is kept for {terms.days} days from {utc_text(from_us)}")
    return receipt


def _last_us(entries: Iterable[Entry]) -> int:
    return max(
        (utc_us(entry.at) for entry in entries if isinstance(entry, Line) and entry.type not in BESIDE), default=0
    )


def _note(log: Path, said: dict[str, Any]) -> None:
    """One more line in the log of removals; a line that a crash tore is ended first."""
    file = durable.AppendFile(log)
    try:
        whole = not log.stat().st_size or log.read_bytes().endswith(b"\n")
        file.write((b"" if whole else b"\n") + canonical.dumps(said) + b"\n")
    finally:
        file.close()


def _put_away(folder: Path) -> Path:
    """Out of the way in one step; where it lies now. What an earlier removal left there goes: it may be of the same name."""
    bin_ = folder.parent / REMOVED
    if bin_.exists():
        shutil.rmtree(bin_)
    durable.make_dirs(bin_)
    folder.replace(bin_ / folder.name)
    durable.sync_dir(folder.parent)
    return bin_
