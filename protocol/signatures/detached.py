"""A person's signature beside a file: detached CMS (RFC 5652, CAdES-B-B), as ``.p7s``."""

from __future__ import annotations

import hashlib

from protocol.signatures.person import PersonalSigner


def sign_detached(content: bytes, signer: PersonalSigner) -> bytes:
    """The signature of ``content``, DER. Of a record's manifest it covers every file that the manifest lists.

    Raises:
        KeyUnusable: the key does not sign.
    """
    return signer.sign_digest(hashlib.sha256(content).digest())
