"""What the archive logs of a hearing's course: entries made from the journal's chunks as they come.

::

    journal.chunks/000001 ──► lines ──► opened, take_started, take_ended, gap, sealed ──► the log
                                  (what the box says, bound by the leaf hash of its line)

The uploader sends the journal before everything else (:mod:`storage.uploader`), so ``opened`` stands in the log seconds after the
hearing was opened; a message of its own could only say less than the line itself. Nothing is verified here: an entry says what the
box told and when it came. Whether it is so is the verification's question, and ``line`` binds the entry to the journal that answers it.

An entry is named for its line, so a chunk that comes again adds nothing. One that was stored just before the archive was killed is made
good when the receipt is asked for (:meth:`storage.archive.service.Archive.receipt`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from protocol.canonical import Json, JsonObject
from protocol.encoding import b64
from protocol.errors import ProtocolError
from protocol.journal import Line, parse_line, split_lines
from storage.archive.records import key_of
from storage.log import Log
from storage.objects import ObjectStore, read

#: Types of lines that are logged → type of the entry.
LOGGED = {
    "gap": "gap",
    "manifest": "sealed",
    "opened": "opened",
    "take_ended": "take_ended",
    "take_started": "take_started",
}
_CHUNKS = "journal.chunks/"
_MARKS = tuple(f'"type":"{name}"'.encode() for name in LOGGED)


def log_course(log: Log, store: ObjectStore, hearing: str, device: str, paths: Iterable[str], at: str) -> None:
    """Log what the chunks of a journal among ``paths`` tell; what is in the log stays as it is.

    Args:
        log: the archive's.
        store: where the record lies.
        hearing: identifier.
        device: name of the key of the box that sent it.
        paths: of files of the record.
        at: now, UTC.

    Raises:
        LogBroken, DatabaseUnavailable, StoreUnavailable: nothing was logged; to be asked again.
    """
    chunks = (read(store, key_of(hearing, path)) for path in sorted(paths) if path.startswith(_CHUNKS))
    if found := [item for chunk in chunks for item in entries_of(hearing, device, chunk, at)]:
        log.add_all(found)


def entries_of(hearing: str, device: str, chunk: bytes, at: str) -> list[tuple[str, JsonObject]]:
    """Names and entries of what a piece of a journal (whole lines) tells.

    Args:
        hearing: identifier.
        device: name of the key of the box that sent it.
        chunk: the lines; malformed ones are passed over.
        at: when it came, UTC.
    """
    lines = (_read(raw) for raw in split_lines(chunk)[0] if any(mark in raw for mark in _MARKS))
    return [
        (
            f"{LOGGED[line.type]} {hearing} {line.seq}",
            {**_said(line, device), "at": at, "hearing": hearing, **_bound(line)},
        )
        for line in lines
        if line is not None and line.type in LOGGED
    ]


def _read(raw: bytes) -> Line | None:
    try:
        line = parse_line(raw, 0)
    except ProtocolError:
        return None
    return line if isinstance(line, Line) else None


def _bound(line: Line) -> JsonObject:
    return {"line": b64(line.leaf), "seq": line.seq, "type": LOGGED[line.type]}


def _said(line: Line, device: str) -> JsonObject:
    """What of the line everybody may know: no words of people, no names of sources."""
    data = line.data
    if line.type == "opened":
        return {"device": device, "opened_at": line.at}
    if line.type == "take_started":
        return {"publicity": _text(data.get("publicity")), "take": _text(data.get("take")), **_number(data, "start_us")}
    if line.type == "take_ended":
        return {"reason_code": _text(data.get("reason")), "take": _text(data.get("take")), **_number(data, "end_us")}
    if line.type == "manifest":
        return {"root": _text(data.get("root")), "sealed_at": line.at, **_number(data, "number", "seal_number")}
    spans = list(_spans(data.get("intervals")))
    bounds: JsonObject = {"from_us": min(a for a, _ in spans), "to_us": max(b for _, b in spans)} if spans else {}
    return {"cause": _text(data.get("cause")), "sources": len(spans), **bounds}


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) else ""


def _number(data: Mapping[str, Json], key: str, called: str = "") -> JsonObject:
    value = data.get(key)
    return {called or key: value} if isinstance(value, int) and not isinstance(value, bool) else {}


def _spans(intervals: object) -> Iterator[tuple[int, int]]:
    for item in intervals if isinstance(intervals, list) else []:
        if isinstance(item, dict) and isinstance(item.get("from_us"), int) and isinstance(item.get("to_us"), int):
            yield item["from_us"], item["to_us"]
