"""Time stamps beside a record, for ``hattama verify``: which files are looked at, and how what they say is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hattama.errors import BadArgument

if TYPE_CHECKING:
    from protocol.dated import Dated
    from protocol.note import VerifierKey


def stamps_of(
    record: Path, folder: Path | None, authorities: Path | None, trusted: Iterable[VerifierKey]
) -> list[Dated] | None:
    """What the tokens in a record, and those of a folder beside it, say of the record; None where nobody asks.

    Raises:
        BadArgument: nobody is named who is believed, or there is no token in the folder.
        BadTimestamp: the list of authorities cannot be read.
    """
    if folder is None and authorities is None:
        return None
    if authorities is None:
        raise BadArgument("--timestamps needs --authorities: a token counts by who is believed")
    from protocol import timestamps
    from protocol.dated import dated
    from protocol.errors import ProtocolError
    from protocol.journal import read_journal
    from protocol.record import CHECKPOINTS, JOURNAL, DirectoryRecord, read_chunked
    from protocol.seal_stamp import FOLDER

    beside = sorted(folder.glob("*.tst")) if folder is not None else []
    if folder is not None and not beside:
        raise BadArgument(f"--timestamps: there is no token (*.tst) in {folder}")
    tokens = {path.name: path.read_bytes() for path in beside}
    tokens |= {FOLDER + path.name: path.read_bytes() for path in sorted((record / FOLDER).glob("*.tst"))}
    more = sorted(folder.glob("*.json")) if folder is not None else []
    receipts = [path.read_bytes() for path in (record / "receipt.json", *more) if path.is_file()]
    try:
        entries, _ = read_journal(read_chunked(DirectoryRecord(record), JOURNAL) or b"")
    except (ProtocolError, OSError):
        entries = []  # the report says what is wrong with the journal
    try:
        notes = read_chunked(DirectoryRecord(record), CHECKPOINTS) or b""
    except (ProtocolError, OSError):
        notes = b""
    return dated(entries, trusted, receipts, tokens, timestamps.certificates(authorities.read_bytes()), notes)


def told_of(stamps: Sequence[Dated] | None) -> str:
    """The tokens as a person reads them."""
    from protocol.encoding import utc_text

    if stamps is not None and not stamps:
        return "\n\ntime stamp    none: no seal of this record is stamped"
    lines = [
        f"\ntime stamp    {'seal' if item.over == 'seal' else 'receipt of seal'} {item.seal}: time stamped at {utc_text(item.stamped.at_us)}"
        f" by {item.stamped.authority}  ({item.name})"
        if item.stamped
        else f"\ntime stamp    FAILED  {item.name}: {item.problem}"
        for item in stamps or ()
    ]
    return "\n" + "".join(lines) if lines else ""
