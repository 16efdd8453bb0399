"""Tickets: how a box puts a file straight into the archive's bucket, and holds no credentials of it.

::

    box ── what I will send: path, bytes, SHA-256 ───────────────► archive
    box ◄─ tickets: address and headers of one PUT each, signed ── archive
    box ── PUT, the file ────────────────────────────────────────► bucket: length, SHA-256, name and lock are in the signature
    box ── what I have put: path, bytes, SHA-256 ────────────────► archive ── are they there, so long, locked? ──► bucket
    box ◄─ what the archive has seen there ─────────────────────── archive: noted in the catalogue

A ticket is good for these bytes under this name and for nothing else, for a quarter of an hour (S3 looks at its date). What the
bucket says to the box counts for nothing: a file has arrived when the archive says so, and every byte is read and verified before a
receipt is given. Whatever goes wrong with a ticket, the file goes to the archive itself instead.

Only recorded files go this way: their digests are fixed by the journal. A hearing that has a receipt gets no more tickets, so that
none is alive when it is destroyed. See docs/decisions/0028.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from protocol.encoding import MAX_FILE_BYTES, b64, unb64
from protocol.errors import BadEncoding

FOLDER = "media/"
MOST = 64  # files of one request for tickets
FRESH_S = 300.0  # seconds for which a box uses a ticket


@dataclass(frozen=True)
class Announced:
    """A file as its box announces it: length (bytes) and SHA-256 (32 bytes)."""

    size: int
    sha256: bytes

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire."""
        return {"bytes": self.size, "sha256": b64(self.sha256)}

    @classmethod
    def from_json(cls, value: Any) -> Announced:
        """Read one.

        Raises:
            BadEncoding: it is none.
        """
        if (
            not isinstance(value, dict)
            or type(value.get("bytes")) is not int
            or not isinstance(value.get("sha256"), str)
        ):
            raise BadEncoding("a file is announced by bytes and sha256")
        if not 0 < value["bytes"] <= MAX_FILE_BYTES:
            raise BadEncoding(f"{value['bytes']} bytes are announced")
        return cls(value["bytes"], unb64(value["sha256"], 32))


@dataclass(frozen=True)
class Ticket:
    """One PUT to the store, signed.

    Attributes:
        url: where.
        headers: all that are signed, and the signature.
    """

    url: str
    headers: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire."""
        return {"headers": dict(self.headers), "url": self.url}

    @classmethod
    def from_json(cls, value: Any) -> Ticket:
        """Read one.

        Raises:
            BadEncoding: it is none.
        """
        if (
            not isinstance(value, dict)
            or not isinstance(value.get("url"), str)
            or not isinstance(value.get("headers"), dict)
        ):
            raise BadEncoding("a ticket has url and headers")
        if not all(isinstance(item, str) for pair in value["headers"].items() for item in pair):
            raise BadEncoding("a ticket's headers are texts")
        return cls(value["url"], value["headers"])


class TicketMaker(Protocol):
    """Who signs tickets."""

    def make(self, key: str, announced: Announced, *, until_us: int | None = None) -> Ticket:
        """A ticket for an object that is locked until a moment (UTC µs) from its first on."""
        ...

    def check(self) -> None:
        """Raise :class:`storage.errors.StoreUnfit` if the store takes other bytes than a ticket names."""
        ...
