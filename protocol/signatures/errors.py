"""Errors of people's signatures. What is wrong with a *signature* is no error but a finding (:mod:`protocol.signatures.report`).

::

    ProtocolError
    └── SignatureError
        ├── KeyUnusable      the key cannot be used: password or PIN, form, no key or certificate there
        ├── NotSignable      the file is no PDF that can be signed
        ├── AlreadySigned    this role has signed already
        ├── RoleSignsNone    this role signs nothing of that kind
        └── BadTrustList     the court's trust list is malformed
"""

from __future__ import annotations

from typing import ClassVar

from protocol.errors import ProtocolError


class SignatureError(ProtocolError):
    """Nothing was signed, or nothing could be checked."""

    code: ClassVar[str] = "signature"
    advice: ClassVar[str] = "Nothing was written. See docs/signing.md."


class KeyUnusable(SignatureError):
    """The file of the key cannot be opened."""

    code = "key-unusable"
    exit_status = 77  # EX_NOPERM
    advice = "Check the password or PIN, and that the file (.p12, .pfx) or the token is the one of the person who signs. Nothing was written."


class NotSignable(SignatureError):
    """The file is no PDF that can be signed."""

    code = "not-signable"
    advice = "Sign the PDF that the record holds, or the one that the secretary signed, unchanged. Nothing was written."


class AlreadySigned(SignatureError):
    """The file bears a signature in this role already."""

    code = "already-signed"
    advice = "`hattama signatures` shows who signed. A wrong signature is not replaced: have the protocol drafted again and sign that."


class RoleSignsNone(SignatureError):
    """Somebody would sign in a role that signs nothing of that kind: an officer signs acts of destruction, and no protocol."""

    code = "role-signs-no-protocol"
    exit_status = 64  # EX_USAGE
    advice = (
        "The protocol of a hearing is signed by the secretary and the judge (--role secretary, --role judge); an officer signs "
        "an act of destruction only, beside it (`hattama destruction show`, then --detached). Nothing was written."
    )


class BadTrustList(SignatureError):
    """The court's trust list is malformed."""

    code = "bad-trust-list"
    exit_status = 78  # EX_CONFIG
    advice = "Mend the file that is named (docs/signing.md, the trust list)."
