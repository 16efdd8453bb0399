"""A person's signature beside a file: detached CMS (RFC 5652, CAdES-B-B of ETSI EN 319 122-1), as ``.p7s``."""

from __future__ import annotations

import hashlib

from protocol.signatures.person import PersonalSigner


def sign_detached(content: bytes, signer: PersonalSigner, at_us: int | None = None) -> bytes:
    """The signature of ``content``, DER. Of a record's manifest it covers every file that the manifest lists.

    Args:
        content: what is signed.
        signer: the person's key.
        at_us: when, µs since 1970 UTC, as the signature says it; CAdES-B-B wants it. Without it the signature says no time, as
            the first ones of this program did; those stay good.

    Raises:
        KeyUnusable: the key does not sign.
    """
    return signer.sign_digest(hashlib.sha256(content).digest(), at_us)
