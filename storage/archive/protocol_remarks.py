"""Remarks on a protocol, their review, and who has read it, as the replay page shows them (:mod:`protocol.remarks`).

::

    journal ──► remarks/NNNN.json from the store ──► told to whoever sees the hearing; what speaks of a part in camera is a cover there
                                                        │
    opened in this session ──► remarks/NNNN-0.json.enc, decrypted in memory ──► the whole entry in the cover's place

A file that has not come yet, or is not what the recorder writes, stands in the list without a kind: it is never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import structlog

from protocol.errors import ProtocolError
from protocol.hearing import Revision
from protocol.record import RecordSource
from protocol.remarks import Remarks, read_remarks
from protocol.view import HearingView
from storage.errors import StorageError

log = structlog.get_logger("storage.archive")
_ENTRY = re.compile(r"remarks/\d{4}\.json")


def told(record: RecordSource, view: HearingView) -> list[dict[str, Any]]:
    """Every entry in its order, as far as it stands in the clear; keys as docs/archive.md lists them. Reads files."""
    listed = [item for item in view.revisions if item.kind == "remarks" and _ENTRY.fullmatch(item.path)]
    return [_told(record, view.hearing, item) for item in listed]


def opened(entries: Sequence[dict[str, Any]], hearing: str, read: Callable[[str], bytes]) -> list[dict[str, Any]]:
    """The entries with those whole that speak of a part in camera.

    Args:
        entries: as :func:`told` gives them.
        hearing: for the log.
        read: gives an encrypted file's plain bytes; whoever asks has opened the hearing's closed parts.
    """
    return [_opened(entry, hearing, read) if entry["closed"] else entry for entry in entries]


def _told(record: RecordSource, hearing: str, item: Revision) -> dict[str, Any]:
    try:
        return _values(read_remarks(record.read(item.path)), item.path)
    except (ProtocolError, StorageError) as error:
        _unreadable(hearing, item.path, error)
        return {"path": item.path, "number": item.number, "kind": None, "closed": "", "readable": False}


def _opened(cover: dict[str, Any], hearing: str, read: Callable[[str], bytes]) -> dict[str, Any]:
    try:
        inner = read_remarks(read(cover["closed"]))
    except (ProtocolError, StorageError) as error:
        _unreadable(hearing, cover["closed"], error)
        return cover
    return {**_values(inner, cover["path"]), "closed": cover["closed"]}


def _unreadable(hearing: str, path: str, error: Exception) -> None:
    log.warning("remarks unreadable", action="remarks_unreadable", hearing=hearing, path=path, error=str(error))


def _values(entry: Remarks, path: str) -> dict[str, Any]:
    values = asdict(entry)
    told = {
        name: values[name] for name in ("number", "kind", "at_us", "person", "role", "of", "text", "decision", "closed")
    }
    return {
        "path": path,
        **told,
        "moments": list(entry.moments),
        "attachments": [{"name": one.name, "path": one.path, "bytes": one.bytes} for one in entry.attachments],
        "readable": not entry.closed,
    }
