"""What the data of each known type of line must hold (record format, section 4.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from protocol.encoding import HEARING, SOURCE, check_path, unb64
from protocol.errors import BadEncoding, BadNote
from protocol.hearing import State
from protocol.journal import FORMAT, Line
from protocol.note import VerifierKey
from protocol.seal_stamp import path_of

Check = Callable[[Any], bool]
_TAKE = re.compile(r"T[0-9]{2,4}\Z")
_KEY_NAME = re.compile(r"K[0-9]{2,4}\Z")
_KEY_ID = re.compile(r"[0-9a-f]{16}\Z")
_STATES = frozenset(State)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _count(value: object) -> bool:
    return _integer(value) and value >= 0  # type: ignore[operator]


def _number(value: object) -> bool:
    return _integer(value) and value >= 1  # type: ignore[operator]


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _digest(value: object) -> bool:
    try:
        unb64(value, 32)
    except BadEncoding:
        return False
    return True


def _path(value: object) -> bool:
    try:
        check_path(value)
    except BadEncoding:
        return False
    return True


def _source(value: object) -> bool:
    return isinstance(value, str) and SOURCE.match(value) is not None


def _take(value: object) -> bool:
    return isinstance(value, str) and _TAKE.match(value) is not None


def _base64(value: object) -> bool:
    try:
        unb64(value)
    except BadEncoding:
        return False
    return True


def _key_name(value: object) -> bool:
    return isinstance(value, str) and _KEY_NAME.match(value) is not None


def _key_id(value: object) -> bool:
    return isinstance(value, str) and _KEY_ID.match(value) is not None


def _state(value: object) -> bool:
    return isinstance(value, str) and value in _STATES


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _one_of(*values: str) -> Check:
    return lambda value: isinstance(value, str) and value in values


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _object_of(keys: Mapping[str, Check]) -> Check:
    return lambda value: (
        isinstance(value, dict) and all(key in value and check(value[key]) for key, check in keys.items())
    )


_PROGRESS = {"path": _path, "bytes": _count, "sha256": _digest}
_INTERVAL = {"source": _source, "from_us": _integer, "to_us": _integer}
_WRAPPED = {"to": _text, "key_id": _key_id, "box": _base64}

KINDS: dict[str, dict[str, Check]] = {
    "clock": {"boot": _text, "offset_us": _integer, "synchronized": _flag, "ntp_offset_us": _or_null(_integer)},
    "state": {"from": _state, "to": _state, "by": _text, "reason": _text},
    "take_started": {
        "take": _take,
        "publicity": _one_of("open", "closed"),
        "start_us": _integer,
        "sources": _list_of(_source),
    },
    "take_ended": {
        "take": _take,
        "end_us": _integer,
        "reason": _one_of("pause", "finish", "publicity", "interrupted"),
    },
    "source_added": {"take": _or_null(_take), "source": _source, "at_us": _integer, "by": _text},
    "source_removed": {"take": _or_null(_take), "source": _source, "at_us": _integer, "by": _text},
    "progress": {"tracks": _list_of(_object_of(_PROGRESS))},
    "segment": {
        "path": _path,
        "take": _take,
        "source": _source,
        "number": _number,
        "bytes": _count,
        "sha256": _digest,
        "start_us": _integer,
        "end_us": _integer,
        "media": _one_of("video", "audio"),
        "codec": _text,
        "rate": _count,
        "units": _count,
        "fragments": _count,
        "closed": _one_of("roll", "stop", "lost", "recovered"),
        "publicity": _one_of("open", "closed"),
        "peak_cdb": _or_null(_integer),
        "rms_cdb": _or_null(_integer),
    },
    "gap": {"cause": _text, "detail": _text, "intervals": _list_of(_object_of(_INTERVAL))},
    "recovered": {
        "torn_bytes": _count,
        "torn_sha256": _or_null(_digest),
        "cause": _text,
        "last_us": _integer,
    },
    "revision": {
        "kind": _one_of("transcript", "brief", "brief_pdf", "signature", "amendment", "remarks"),
        "number": _number,
        "path": _path,
        "bytes": _count,
        "sha256": _digest,
        "by": _text,
    },
    "key": {"key": _key_name, "take": _take, "wrapped": _list_of(_object_of(_WRAPPED))},
    "manifest": {"number": _number, "path": _path, "head_sha256": _digest, "root": _digest, "size": _count},
    "timestamp": {"number": _number, "path": _path, "bytes": _count, "sha256": _digest},
}


#: Keys that a `segment` line of an older recorder does not have (record format, section 7.2).
_MAY_BE_ABSENT: dict[str, Check] = {"media_us": _count, "time_base": _one_of("arrival", "rtcp", "file")}


def wrong_key(line: Line) -> str | None:
    """The first key of a known type that is missing or of the wrong kind; None if all is well."""
    kinds = KINDS.get(line.type)
    if kinds is None:
        return None
    if line.type == "revision" and _sealed(line.data):
        return None
    for key, check in kinds.items():
        if key not in line.data or not check(line.data[key]):
            return key
    if line.type == "timestamp":
        return None if line.data["path"] == path_of(line.data["number"]) else "path"
    return _wrong_in_segment(line.data) if line.type == "segment" else None


def _sealed(data: Mapping[str, Any]) -> bool:
    kinds = {"box": _base64, "key": _key_name, "plain_sha256": _digest}
    return set(data) == {"sealed"} and _object_of(kinds)(data["sealed"]) and set(data["sealed"]) == set(kinds)


def _wrong_in_segment(data: Mapping[str, Any]) -> str | None:
    key, size, digest = (data.get(name) for name in ("key", "plain_bytes", "plain_sha256"))
    if key is None:
        if size is not None or digest is not None:
            return "plain_bytes"
    elif not _key_name(key):
        return "key"
    elif not _count(size):
        return "plain_bytes"
    elif not _digest(digest):
        return "plain_sha256"
    for name, check in _MAY_BE_ABSENT.items():
        if name in data and not check(data[name]):
            return name
    suffix = "" if key is None else ".enc"
    expected = f"media/{data['take']}/{data['source']}/{data['number']:04d}.mp4{suffix}"
    return None if data["path"] == expected else "path"


def opened(data: Mapping[str, Any]) -> tuple[str, VerifierKey, str] | None:
    """Hearing, device key and origin of line 0; None if it is malformed.

    Raises:
        UnknownFormat: the record is of a format this program does not know.
    """
    if not all(isinstance(data.get(key), str) for key in ("format", "hearing", "device", "origin", "software")):
        if isinstance(data.get("format"), str) and data["format"] != FORMAT:
            raise UnknownFormat(data["format"])
        return None
    if data["format"] != FORMAT:
        raise UnknownFormat(data["format"])
    try:
        key = VerifierKey.from_text(data["device"])
    except BadNote:
        return None
    if not HEARING.match(data["hearing"]) or data["origin"] != f"{key.name}/{data['hearing']}":
        return None
    return data["hearing"], key, data["origin"]


class UnknownFormat(Exception):
    """Line 0 names another format."""
