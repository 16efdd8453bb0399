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
    """What the tokens of a folder say of a record; None where none is asked about.

    Raises:
        BadArgument: one of the two is missing, or there is no token.
        BadTimestamp: the list of authorities cannot be read.
    """
    if folder is None and authorities is None:
        return None
    if folder is None or authorities is None:
        raise BadArgument("--timestamps and --authorities go together: a token counts by who is believed")
    from protocol import timestamps
    from protocol.dated import dated
    from protocol.errors import ProtocolError
    from protocol.journal import read_journal
    from protocol.record import JOURNAL, DirectoryRecord, read_chunked

    tokens = {path.name: path.read_bytes() for path in sorted(folder.glob("*.tst"))}
    if not tokens:
        raise BadArgument(f"--timestamps: there is no token (*.tst) in {folder}")
    receipts = [
        path.read_bytes() for path in (record / "receipt.json", *sorted(folder.glob("*.json"))) if path.is_file()
    ]
    try:
        entries, _ = read_journal(read_chunked(DirectoryRecord(record), JOURNAL) or b"")
    except (ProtocolError, OSError):
        entries = []  # the report says what is wrong with the journal
    return dated(entries, trusted, receipts, tokens, timestamps.certificates(authorities.read_bytes()))


def told_of(stamps: Sequence[Dated] | None) -> str:
    """The tokens as a person reads them."""
    from protocol.encoding import utc_text

    lines = [
        f"\ntime stamp    seal {item.seal}: time stamped at {utc_text(item.stamped.at_us)} by {item.stamped.authority}  ({item.name})"
        if item.stamped
        else f"\ntime stamp    FAILED  {item.name}: {item.problem}"
        for item in stamps or ()
    ]
    return "\n" + "".join(lines) if lines else ""
