"""Time stamps of a record's seals (record format, section 8.1): what is stamped, and which digest a token is over. Pure; of a token no more is read than that.

::

    seal of manifest n = a signed note in ``checkpoints`` ──SHA-256──► token (RFC 3161) ──► timestamps/NNNN.tst, named by a ``timestamp`` line

Whether an authority that anybody believes gave the token is :mod:`protocol.timestamps`'s question, which needs a list of authorities. This one
needs none and no library, so that every verifier can tell a token over this very seal from one over something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from protocol.checkpoint import Checkpoint, split_notes
from protocol.errors import BadNote, ProtocolError
from protocol.note import parse_note

FOLDER = "timestamps/"
PATH = re.compile(r"timestamps/[0-9]{4,9}\.tst\Z")
#: Bytes of a token at most: with its chain of certificates it is about 6 kB.
LARGEST = 1 << 18

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")  # 1.2.840.113549.1.9.16.1.4
_SHA_256 = bytes.fromhex("608648016503040201")  # 2.16.840.1.101.3.4.2.1
_INTEGER, _OCTETS, _OID, _SEQUENCE, _SET, _INNER = 0x02, 0x04, 0x06, 0x30, 0x31, 0xA0


class BadStamp(ProtocolError):
    """A file is not a time stamp token over a SHA-256 digest, in the form of section 8.1."""

    code: ClassVar[str] = "bad-timestamp"
    exit_status: ClassVar[int] = 65  # EX_DATAERR
    advice: ClassVar[str] = "Do not rely on this token; the seal can be stamped again."


def path_of(number: int) -> str:
    """Where the token of the seal of manifest ``number`` stands in the record."""
    return f"{FOLDER}{number:04d}.tst"


def sealing_note(checkpoints: bytes, line: int) -> bytes | None:
    """What is stamped of a seal: its note as it stands in ``checkpoints``, without the empty line that ends it.

    Args:
        checkpoints: bytes of the file.
        line: ``seq`` of the manifest's line; the first well-formed note of a greater size seals it (section 6).

    Returns:
        None where no note seals it.
    """
    return next((raw for size, raw in _sized(split_notes(checkpoints)[0]) if size > line), None)


def _sized(notes: Iterable[bytes]) -> Iterable[tuple[int, bytes]]:
    for raw in notes:
        try:
            yield Checkpoint.from_text(parse_note(raw.decode()).text).size, raw
        except (BadNote, UnicodeDecodeError):
            continue


def imprint(token: bytes) -> bytes:
    """The SHA-256 digest (32 bytes) that a token says it is over: a walk to ``messageImprint`` (section 8.1), past everything else.

    Raises:
        BadStamp: the walk meets something else.
    """
    content = _Elements(token).enter(_SEQUENCE, last=True)
    content.expect(_OID, _SIGNED_DATA)
    signed = content.enter(_INNER).enter(_SEQUENCE)
    signed.take(_INTEGER)
    signed.take(_SET)
    inner = signed.enter(_SEQUENCE)
    inner.expect(_OID, _TST_INFO)
    info = inner.enter(_INNER).enter(_OCTETS).enter(_SEQUENCE)
    info.take(_INTEGER)
    info.take(_OID)
    said = info.enter(_SEQUENCE)
    said.enter(_SEQUENCE).expect(_OID, _SHA_256)
    digest = said.take(_OCTETS)
    if len(digest) != 32:
        raise BadStamp("its digest is not one of SHA-256")
    return digest


class _Elements:
    """DER elements one after the other: a tag of one byte, a length of definite form in one to five bytes, the content."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, tag: int) -> bytes:
        """Content of the next element, which must have this tag."""
        data, at = self._data, self._at
        if at + 2 > len(data) or data[at] != tag:
            raise BadStamp(f"not a token: no element {tag:#04x} where one must be")
        length, at = data[at + 1], at + 2
        if length >= 0x80:
            count = length - 0x80
            if not 1 <= count <= 4 or at + count > len(data):
                raise BadStamp("not a token: a length that is none")
            length, at = int.from_bytes(data[at : at + count], "big"), at + count
        if at + length > len(data):
            raise BadStamp("not a token: it ends too early")
        self._at = at + length
        return data[at : at + length]

    def enter(self, tag: int, *, last: bool = False) -> _Elements:
        """The elements within the next one; ``last``: nothing may follow it."""
        inside = _Elements(self.take(tag))
        if last and self._at != len(self._data):
            raise BadStamp("not a token: something follows it")
        return inside

    def expect(self, tag: int, content: bytes) -> None:
        """Raise unless the next element is this one."""
        if self.take(tag) != content:
            raise BadStamp("not a token over a SHA-256 digest")
