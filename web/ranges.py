"""One range of bytes, no more: parsing of ``Range`` (RFC 9110, section 14) that cannot be made to work hard.

Servers that answered any number of ranges have burnt their processors on one header (CVE-2025-62727). A player asks for one
range at a time, so several are refused; the header is read by one pass over at most 100 characters.

::

    WebError
    └── BadRange                a Range header that is not served: several ranges, or outside the file (416)
        └── MalformedRange      a Range header that is no range at all (400)
"""

from __future__ import annotations

import re
from typing import ClassVar

from web.errors import WebError

LONGEST = 100  # characters; two numbers of 19 digits need 45
_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})\Z")


class BadRange(WebError):
    """A Range header that is not served: several ranges, or outside the file."""

    code = "bad-range"
    exit_status = 65  # EX_DATAERR
    status: ClassVar[int] = 416
    advice = "Ask for one range of bytes that is in the file."


class MalformedRange(BadRange):
    """A Range header that is no range at all."""

    code = "malformed-range"
    status = 400


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The range of bytes that is asked for.

    Args:
        header: value of ``Range``, if there is one.
        size: bytes of the file.

    Returns:
        First byte and the byte after the last, or None for the whole file (no header, or another unit than bytes,
        which a server must ignore).

    Raises:
        MalformedRange: not a range at all (400).
        BadRange: several ranges, or none of the bytes are in the file (416).
    """
    if header is None:
        return None
    if len(header) > LONGEST:
        raise MalformedRange(f"a Range header of {len(header)} characters")
    header = header.strip().lower()
    if not header.startswith("bytes="):
        if "=" in header:
            return None
        raise MalformedRange(f"{header!r} is not a range")
    if "," in header:
        raise BadRange("one range at a time")
    match = _RANGE.match(header)
    if not match or not (match[1] or match[2]):
        raise MalformedRange(f"{header!r} is not a range")
    return _bounds(match[1], match[2], size)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    outside = f"bytes {first}-{last}: there are {size} bytes"
    if not first:  # the last n bytes
        count = int(last)
        if count == 0 or size == 0:
            raise BadRange(outside)
        return max(0, size - count), size
    start = int(first)
    if last and int(last) < start:
        raise MalformedRange(f"bytes {first}-{last}: ends before it begins")
    if start >= size:
        raise BadRange(outside)
    return start, min(size, int(last) + 1) if last else size
