"""A record with its closed parts open, for who holds the secret key that their keys were wrapped to (record format, section 9)."""

from __future__ import annotations

from collections.abc import Iterator

from protocol import canonical
from protocol.closed import open_entry, open_file, unwrap_key
from protocol.encoding import sha256_b64
from protocol.errors import Closed
from protocol.journal import Entry, Line, read_journal
from protocol.record import JOURNAL, RecordSource, UnreadableRecord, read_chunked
from protocol.view import HearingView

SUFFIX = ".enc"


def take_keys(view: HearingView, private_key: bytes) -> dict[str, bytes]:
    """The keys of a hearing's closed takes by name; those that are not wrapped to this secret key (32 bytes) are left out.

    Raises:
        Closed: one is wrapped to it and does not open.
    """
    found = {}
    for name, key in view.keys.items():
        try:
            found[name] = unwrap_key(key.wrapped, private_key)
        except Closed as error:
            if error.__cause__ is not None:
                raise
    return found


def encrypted_files(view: HearingView) -> dict[str, tuple[str, str]]:
    """Name of the key and plain digest (base64) of every encrypted file that the journal names, by path."""
    named = [(item.path, item.key, item.plain_sha256) for item in view.segments]
    named += [(item.path, item.key, item.plain_sha256) for item in view.revisions]
    return {path: (key, digest) for path, key, digest in named if key is not None and digest is not None}


def plain_file(record: RecordSource, view: HearingView, path: str, keys: dict[str, bytes]) -> bytes:
    """Plaintext of an encrypted file, which is what the journal says it is.

    Raises:
        Closed: the journal does not name it, its key is not there, or its bytes are not those that were signed.
        UnreadableRecord: it cannot be read.
    """
    name, digest = encrypted_files(view).get(path, ("", ""))
    if name not in keys:
        raise Closed(f"{path}: its key is not there")
    plain = open_file(record.read(path), keys[name], path).plain
    if sha256_b64(plain) != digest:
        raise Closed(f"{path}: what it holds is not what was signed")
    return plain


def opened_entries(entries: list[Entry], private_key: bytes) -> list[Entry]:
    """Journal lines with those open that this secret key opens.

    Raises:
        Closed: a key or a line does not open.
    """
    keys = take_keys(HearingView.of(entries), private_key)
    return [open_entry(entry, keys) for entry in entries]


def opened_files(record: RecordSource, private_key: bytes) -> Iterator[tuple[str, bytes]]:
    """Every closed file of a record, under its name without ``.enc``, and ``lines.jsonl``: sealed lines as they were meant.

    Raises:
        Closed: nothing in it is wrapped to this key, or something does not open.
        UnreadableRecord: there is no journal.
    """
    data = read_chunked(record, JOURNAL)
    if data is None:
        raise UnreadableRecord("no journal")
    entries, _ = read_journal(data)
    view = HearingView.of(entries)
    keys = take_keys(view, private_key)
    if not keys:
        raise Closed("no key of this record is wrapped to this one, or the record has no closed part")
    present = set(record.paths())
    for path in sorted(encrypted_files(view)):
        if path in present and encrypted_files(view)[path][0] in keys:
            yield path.removesuffix(SUFFIX), plain_file(record, view, path, keys)
    lines = [opened for entry in entries if (opened := open_entry(entry, keys)) is not entry]
    if lines:
        told = [
            {"at": line.at, "data": line.data, "seq": line.seq, "type": line.type}
            for line in lines
            if isinstance(line, Line)
        ]
        yield "lines.jsonl", b"".join(canonical.dumps(item) + b"\n" for item in told)
