"""Time stamps as scrub looks at them: is each token in the store still the word of an authority about what it was given for?

A token over a receipt lies beside it, named by nothing that is signed: it is compared with the receipt of its number as it was given. One over a seal is a file of the record,
whose bytes the verification has compared; here its authority is asked about. Without a list of authorities only what the tokens are over is looked at.
A token over a receipt in which something was altered that is not signed and not needed still proves what it proved, and is no finding. One
that is gone is none either: nothing tells that it was there, and it is asked for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from asn1crypto import x509

from protocol import timestamps
from protocol.record import CHECKPOINTS, UnreadableRecord, read_chunked
from protocol.seal_stamp import sealing_note
from protocol.timestamps import BadTimestamp
from storage.archive.records import StoredRecord, key_of
from storage.archive.service import Archive
from storage.errors import ObjectMissing
from storage.objects import read

CODE = "timestamp-altered"
_SUFFIX = ".tst"


def bad_stamps(
    archive: Archive, hearing: str, authorities: Sequence[x509.Certificate]
) -> Iterator[tuple[str, str, str]]:
    """Code, path and detail of each token of a hearing that proves nothing.

    Args:
        archive: where they are.
        hearing: whose.
        authorities: certificates of who is believed, or of who issues theirs, those of former authorities among them; empty: nobody is known.

    Raises:
        StorageError, ProtocolError: the store does not answer, or the journal cannot be read.
    """
    given = archive.catalogue.receipts(hearing)
    for key in sorted(archive.store.list(f"receipts/{hearing}")):
        if key.endswith(_SUFFIX):
            name = key.rpartition("/")[2].removesuffix(_SUFFIX)
            text = given.get(int(name)) if name.isdecimal() else None
            if problem := _problem(archive, key, text, authorities):
                yield CODE, key, problem
    view = archive.view(hearing)
    if not view.timestamps:
        return
    try:
        notes = read_chunked(StoredRecord(archive.store, hearing), CHECKPOINTS) or b""
    except UnreadableRecord:
        return  # the verification has said so
    seals = {item.number: item.seq for item in reversed(view.manifests)}
    for said in view.timestamps:
        seal = seals.get(said["number"])
        note = sealing_note(notes, seal) if seal is not None else None
        if problem := _problem(archive, key_of(hearing, str(said["path"])), note, authorities):
            yield CODE, str(said["path"]), problem


def _problem(archive: Archive, key: str, content: bytes | None, authorities: Sequence[x509.Certificate]) -> str:
    """Why a token proves nothing of the content; empty if it proves, or is not there, which is told elsewhere."""
    try:
        token = read(archive.store, key)
    except ObjectMissing:
        return ""
    if content is None:
        return "there is nothing of its number that it could be over"
    try:
        if timestamps.imprint_of(token) != hashlib.sha256(content).digest():
            return "it is over something else than it was given for"
        if authorities:
            timestamps.check(token, content, authorities)
    except BadTimestamp as error:
        return str(error)
    return ""
