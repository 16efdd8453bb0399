"""Who signs: roles, and the seam to whatever holds a person's key."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """In what capacity a person signs. The value is the name of the signature's field in the PDF."""

    SECRETARY = "secretary"
    JUDGE = "judge"
    OFFICER = "officer"  # signs acts of destruction, not protocols


#: Who signs a protocol.
PROTOCOL_ROLES = (Role.SECRETARY, Role.JUDGE)


class PersonalSigner(Protocol):
    """A person's key: a file, a token, or the national key client in the person's browser.

    It is asked for a whole CMS object and not for a bare signature, because such clients hand out nothing less.
    """

    @property
    def certificate(self) -> bytes:
        """The person's certificate, DER."""
        ...

    def sign_digest(self, digest: bytes, at_us: int | None = None) -> bytes:
        """A detached CMS signature (RFC 5652 SignedData, DER) with the signed attributes of CAdES-B-B.

        Args:
            digest: SHA-256 of the content, 32 bytes.
            at_us: when, µs since 1970 UTC: its signing-time, beside a file; None in a PDF, which keeps the time itself.

        Raises:
            KeyUnusable: the key does not sign.
        """
        ...
