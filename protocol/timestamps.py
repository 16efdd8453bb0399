"""Time stamps of an authority (RFC 3161): the request, the answer, and the check of a token years later, offline. No socket, no clock, no chance here.

A token says: these bytes existed at this time, by the word of an authority that has no part in the hearing. It is asked for with a nonce,
so that an old answer cannot be played again, and checked against the court's own list of authorities, at the time that it states: a token stays
good when the authority's certificate has expired since, and is not good where it had expired before.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from asn1crypto import algos, cms, core, crl, pem, tsp, x509
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from protocol.errors import ProtocolError
from protocol.library_log import hush

hush()
_GRANTED = frozenset({"granted", "granted_with_mods"})
NONCE_BITS = 63  # OpenSSL's authority takes a positive integer


class Answer(core.Sequence):  # type: ignore[misc]
    """``TimeStampResp`` of RFC 3161, section 2.4.2; a refusal has no token, which asn1crypto's own does not know."""

    _fields: ClassVar[list[Any]] = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class BadTimestamp(ProtocolError):
    """A time stamp proves nothing: another nonce, another content, an authority that is not trusted, or malformed."""

    code: ClassVar[str] = "bad-timestamp"
    exit_status: ClassVar[int] = 65  # EX_DATAERR
    advice: ClassVar[str] = (
        "Do not rely on this token; ask for another one, and check that the list of authorities is the court's."
    )


@dataclass(frozen=True)
class Stamped:
    """What a good token says.

    Attributes:
        at_us: when the content existed, µs since 1970 UTC.
        authority: the authority's name.
        serial: number of the token at the authority.
        policy: OID of the policy it was given under.
    """

    at_us: int
    authority: str
    serial: int
    policy: str


def request(content: bytes, nonce: int, policy: str | None = None) -> bytes:
    """The DER of a request for a token over ``content``; ``nonce`` is a random number of at most 63 bits, ``policy`` the OID that is wanted."""
    imprint = tsp.MessageImprint(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "hashed_message": hashlib.sha256(content).digest(),
        }
    )
    asked: dict[str, Any] = {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    if policy is not None:
        asked["req_policy"] = policy
    return bytes(tsp.TimeStampReq(asked).dump())


def token_of(answer: bytes, content: bytes, nonce: int, policy: str | None = None) -> bytes:
    """The token (DER) of an authority's answer to the request with these arguments.

    Raises:
        BadTimestamp: refused, malformed, for another content, under another policy, or with another nonce: an answer to somebody else,
            or an old one.
    """
    try:
        found = Answer.load(answer, strict=True)
        status = found["status"]["status"].native
        token = bytes(found["time_stamp_token"].dump()) if status in _GRANTED else b""
        info = _info(token) if token else tsp.TSTInfo()
        given = info["nonce"].native if token else None
    except BadTimestamp:
        raise
    except Exception as error:
        raise BadTimestamp(f"not an answer of an authority: {error!s:.200}") from error
    if not token:
        raise BadTimestamp(f"the authority refused: {status}")
    if given != nonce:
        raise BadTimestamp("the token has another nonce than was asked with: it answers another request")
    if policy is not None and info["policy"].dotted != policy:
        raise BadTimestamp(f"the token was given under the policy {info['policy'].dotted}, not {policy}")
    _check_imprint(info, content)
    return token


def check(
    token: bytes,
    content: bytes,
    authorities: Iterable[x509.Certificate],
    revocations: Iterable[crl.CertificateList] = (),
) -> Stamped:
    """What a token says of ``content``.

    Args:
        token: DER.
        content: what was stamped.
        authorities: certificates of the authorities that are trusted, or of who issues theirs.
        revocations: their revocation lists; where there are any, one must speak for the authority's certificate.

    Raises:
        BadTimestamp: it proves nothing.
    """
    try:
        info = _info(token)
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        at: datetime = info["gen_time"].native
        lists = list(revocations)
        context = ValidationContext(
            trust_roots=list(authorities), moment=at, allow_fetching=False, crls=lists, retroactive_revinfo=True,
            revocation_mode="require" if lists else "soft-fail",
        )  # fmt: skip
        _check_imprint(info, content)
        values: dict[str, Any] = asyncio.run(
            validate_tst_signed_data(signed, context, lambda name: hashlib.new(name, content).digest())
        )
        status = TimestampSignatureStatus(**values)
    except BadTimestamp:
        raise
    except Exception as error:  # a broken token makes the library fail in many ways
        raise BadTimestamp(f"the token cannot be read: {error!s:.200}") from error
    if not (status.valid and status.intact):
        raise BadTimestamp("the token's signature is not right")
    if not status.trusted:
        raise BadTimestamp(
            f"no authority of the list stands behind the token at its time {at.astimezone(UTC).isoformat()}"
        )
    name = str(status.signing_cert.subject.human_friendly)
    at_us = int(at.timestamp() * 1_000_000)
    return Stamped(at_us, name, int(info["serial_number"].native), str(info["policy"].dotted))


def imprint_of(token: bytes) -> bytes:
    """SHA-256 (32 bytes) of the content that a token says it is over; nothing else is checked.

    Raises:
        BadTimestamp: it is no token, or over another digest.
    """
    try:
        imprint = _info(token)["message_imprint"]
        algorithm, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    except BadTimestamp:
        raise
    except Exception as error:
        raise BadTimestamp(f"the token cannot be read: {error!s:.200}") from error
    if algorithm != "sha256":
        raise BadTimestamp("the token is over another digest than SHA-256")
    return bytes(digest)


def certificates(text: bytes) -> list[x509.Certificate]:
    """Certificates of a PEM file.

    Raises:
        BadTimestamp: there is none, or not in PEM.
    """
    try:
        found = [x509.Certificate.load(der) for _, _, der in pem.unarmor(text, multiple=True)]
    except ValueError as error:
        raise BadTimestamp(f"not a PEM file of certificates: {error!s:.200}") from error
    return found


def _info(token: bytes) -> tsp.TSTInfo:
    """What is signed; raises BadTimestamp where it is no token."""
    content = cms.ContentInfo.load(token, strict=True)
    if content["content_type"].native != "signed_data":
        raise BadTimestamp("not a token: nothing is signed")
    info = content["content"]["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise BadTimestamp("not a token: something else is signed")
    return info


def _check_imprint(info: tsp.TSTInfo, content: bytes) -> None:
    imprint = info["message_imprint"]
    if imprint["hash_algorithm"]["algorithm"].native != "sha256":
        raise BadTimestamp("the token is over another digest than SHA-256")
    if imprint["hashed_message"].native != hashlib.sha256(content).digest():
        raise BadTimestamp("the token is for another content")
