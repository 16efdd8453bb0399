"""Base64, times, digests and paths in their one allowed form (record format, sections 1 and 2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime, timedelta

from protocol.errors import BadEncoding

MAX_FILE_BYTES = 2**28
HEARING = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}\Z")
SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
TAKE = re.compile(r"T[0-9]{2,4}\Z")
_PATH = re.compile(r"[A-Za-z0-9._/-]{1,200}\Z")
# Hours to 23: some versions of Python read 24:00 as the next day.
_AT = re.compile(r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):\d{2}:\d{2}\.\d{3}Z\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def b64(data: bytes) -> str:
    """RFC 4648 section 4 base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: object, length: int | None = None) -> bytes:
    """Bytes of canonical base64.

    Args:
        text: what should be base64 text.
        length: number of bytes it must hold, if that is fixed.

    Raises:
        BadEncoding: not a string, not canonical (white space, unused bits, padding), or of another length.
    """
    if not isinstance(text, str):
        raise BadEncoding("not a base64 string")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise BadEncoding(f"not base64: {text[:60]!r}") from error
    if b64(data) != text:
        raise BadEncoding(f"not canonical base64: {text[:60]!r}")
    if length is not None and len(data) != length:
        raise BadEncoding(f"{len(data)} bytes where {length} are due")
    return data


def sha256_b64(data: bytes) -> str:
    """Base64 of the SHA-256 of ``data``."""
    return b64(hashlib.sha256(data).digest())


def utc_text(us: int) -> str:
    """UTC microseconds since 1970 as ``YYYY-MM-DDTHH:MM:SS.mmmZ`` (truncated to milliseconds)."""
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def utc_us(text: str) -> int:
    """Microseconds since 1970 of ``YYYY-MM-DDTHH:MM:SS.mmmZ``.

    Raises:
        BadEncoding: another form, or a date that does not exist.
    """
    if not isinstance(text, str) or not _AT.match(text):
        raise BadEncoding(f"{text!r} is not a UTC time YYYY-MM-DDTHH:MM:SS.mmmZ")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadEncoding(f"{text!r} is no time that exists") from error
    return (moment - _EPOCH) // timedelta(microseconds=1)


def check_path(path: object) -> str:
    """The path, if it is one the record format allows (section 1).

    Raises:
        BadEncoding: absolute, with empty parts, ``.`` or ``..``, other characters, or too long.
    """
    if not isinstance(path, str) or not _PATH.match(path):
        raise BadEncoding(f"{path!r} is not a path of a record")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise BadEncoding(f"{path!r} has an empty part, '.' or '..'")
    return path
