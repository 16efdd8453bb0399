"""The ``Repr-Digest`` header (RFC 9530), of which the archive uses ``sha-256`` only."""

from __future__ import annotations

import re

from protocol.encoding import b64, unb64
from protocol.errors import BadEncoding
from storage.errors import DigestMismatch

_MEMBER = re.compile(r"\s*sha-256=:([A-Za-z0-9+/=]{44}):\s*\Z")
LONGEST = 1000  # characters


def repr_digest(sha256: bytes) -> str:
    """The header's value for a digest of 32 bytes."""
    return f"sha-256=:{b64(sha256)}:"


def parse_repr_digest(header: str | None) -> bytes:
    """The SHA-256 (32 bytes) that a header announces; other algorithms in it are ignored.

    Raises:
        DigestMismatch: there is no header, or no well-formed sha-256 in it.
    """
    if header is None or len(header) > LONGEST:
        raise DigestMismatch("a Repr-Digest header with sha-256 is needed")
    found = [match[1] for member in header.split(",") if (match := _MEMBER.match(member))]
    if len(found) != 1:
        raise DigestMismatch("a Repr-Digest header with one sha-256 is needed")
    try:
        return unb64(found[0], 32)
    except BadEncoding as error:
        raise DigestMismatch(f"Repr-Digest: {error}") from error
