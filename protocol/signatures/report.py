"""What a check of signatures found.

==========================  =======  ==================================================================================
code                        fails    it means
==========================  =======  ==================================================================================
``malformed``               yes      the signature, or the file, cannot be read
``altered``                 yes      the bytes that were signed are not these: a byte or a page was changed
``bad-signature``           yes      the signature was not made by the key of its certificate
``changed-after``           yes      the file was changed after it was signed, other than by another signature
``untrusted-issuer``        yes      no issuer of the trust list stands behind the certificate
``expired``                 yes      the certificate was no longer valid when the signature was made, or at the time asked for
``not-yet-valid``           yes      the certificate was not valid yet
``revoked``                 yes      the certificate, or its issuer's, is on a revocation list
``revocation-unknown``      yes      there are revocation lists, but none that speaks for this certificate and time
``unfit-certificate``       yes      the certificate is not for signatures (key usage), or breaks a rule of its issuer
``unknown-role``            yes      the field is of no role that is known
``wrong-role``              yes      the trust list does not let this person sign in this role
``same-person``             yes      one certificate signed in two roles
``missing-signature``       yes      a role that must sign did not
``revocation-unchecked``    no       there was no revocation list at all
==========================  =======  ==================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from protocol.encoding import utc_text

#: Findings that only tell; every other one makes the file's signatures bad.
NOTES = frozenset({"revocation-unchecked"})


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing. ``role`` is the signature's field, or "" where the file is meant."""

    code: str
    role: str
    text: str

    @property
    def fails(self) -> bool:
        """Whether the signatures cannot be relied on because of it."""
        return self.code not in NOTES


@dataclass(frozen=True)
class Signed:
    """One signature: its field, who the certificate names, and when they say they signed (µs; None if they do not say)."""

    role: str
    name: str
    serial_number: str
    certificate_sha256: str
    at_us: int | None


@dataclass(frozen=True)
class Report:
    """All of a file."""

    signatures: tuple[Signed, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def good(self) -> bool:
        """Whether every signature that was asked for is there and can be relied on."""
        return not any(item.fails for item in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As ``hattama signatures --json`` prints it."""
        return {
            "findings": [{"code": i.code, "fails": i.fails, "role": i.role, "text": i.text} for i in self.findings],
            "good": self.good,
            "signatures": [
                {
                    "at": None if i.at_us is None else utc_text(i.at_us),
                    "certificate_sha256": i.certificate_sha256,
                    "name": i.name,
                    "role": i.role,
                    "serial_number": i.serial_number,
                }
                for i in self.signatures
            ],
        }
