"""A box's requests to the archive, signed with the device's key: HTTP Message Signatures (RFC 9421) through a kept library.

What is covered: method, authority, path, query, and of a request with a body its Content-Digest (RFC 9530), which the archive
compares with the bytes that come; beside them the time, a nonce of 128 bits, the key and the tag below. So a signature that was
caught is good for the same request only, at the same archive, once, for some minutes.

The key itself is with who signs: this process, or the signer service, which is asked with the signature base and looks at it
(:mod:`protocol.request_base`) before it signs.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx2
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)

from protocol.errors import NotSigned
from protocol.note import VerifierKey
from protocol.request_base import TAG
from storage.errors import Unreachable

LABEL = "box"
WINDOW_S = 300  # seconds that a signature is good for, before and after the archive's own time
COVERED = ("@method", "@authority", "@path", "@query")
WITH_BODY = (*COVERED, "content-digest")
_POSSIBLE = (1_700_000_000, 10_000_000_000)  # seconds since 1970: from before this program was written until 2286


class RequestSigner(Protocol):
    """Who signs requests with the device's key."""

    @property
    def key(self) -> VerifierKey:
        """The key's public half."""
        ...

    def sign_request(self, base: bytes) -> bytes:
        """Ed25519 signature (64 bytes) over a signature base (RFC 9421, section 2.5).

        Raises:
            NotSigned: it refused, or does not answer.
        """
        ...


def key_id(key: VerifierKey) -> str:
    """How a signature names its key: name and key ID as in trust lists."""
    return f"{key.name}+{key.key_id.hex()}"


class Ed25519(HTTPSignatureAlgorithm):
    """Ed25519 with the house's keys; only verification: signing is the signer's."""

    algorithm_id = "ed25519"

    def __init__(self, public_key: VerifierKey | None = None, private_key: object = None) -> None:  # noqa: ARG002
        self._key = public_key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise unless the signature over the message is by the key."""
        if self._key is None or not self._key.verify(message, signature):
            raise InvalidSignature("not a signature by this key")


class SignedAuth(httpx2.Auth):
    """Signs each request of a client.

    Args:
        signer: of the device.
        wall: seconds since 1970, UTC.

    Attributes:
        ahead_s: what the archive's clock is ahead of ours, as it said when it refused a date.
    """

    def __init__(self, signer: RequestSigner, wall: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._wall = wall
        self._maker = HTTPMessageSigner(signature_algorithm=Ed25519)
        self.ahead_s = 0.0

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
        """Sign and send."""
        if (digest := request.headers.get("Repr-Digest")) is not None:
            request.headers["Content-Digest"] = digest  # the same: nothing is encoded on the way
        prepared = self._maker.prepare(
            request, key_id=key_id(self._signer.key), created=datetime.fromtimestamp(self._wall() + self.ahead_s, UTC),
            nonce=secrets.token_urlsafe(16), tag=TAG, label=LABEL,
            covered_component_ids=WITH_BODY if digest is not None else COVERED, use_existing_digest=digest is not None,
        )  # fmt: skip
        try:
            signature = self._signer.sign_request(prepared.signature_base)
        except NotSigned as error:
            raise Unreachable(f"the request cannot be signed: {error}") from error
        self._maker.apply(request, prepared, signature)
        yield request

    def set_clock(self, date: str | None) -> None:
        """Take over the archive's time (its Date header): a box whose clock is wrong must not keep its records."""
        try:
            said = parsedate_to_datetime(date or "").timestamp()
        except (ValueError, OverflowError):
            return
        if (
            _POSSIBLE[0] < said < _POSSIBLE[1]
        ):  # with another no request could be signed any more, and so none corrected
            self.ahead_s = said - self._wall()


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, find: Callable[[str], VerifierKey | None]) -> None:
        self._find = find

    def resolve_public_key(self, key_id: str) -> Any:
        return self._find(key_id)

    def resolve_private_key(self, key_id: str) -> Any:
        raise NotImplementedError


class _Unhurried(HTTPMessageVerifier):
    """The time is looked at by who asks: with its own clock, and an answer of its own."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        """Leave it."""


def verified(message: Any, find: Callable[[str], VerifierKey | None], *, body: bool) -> dict[str, Any]:
    """The parameters (``created``, ``keyid``, ``nonce`` …) of a request's signature, once it holds.

    Args:
        message: has ``method``, ``url`` (absolute) and ``headers``.
        find: the enrolled key of a name; None: unknown.
        body: whether it has one, so that a digest must be covered.

    Raises:
        InvalidSignature: it has none, or not a good one over everything that must be covered.
    """
    verifier = _Unhurried(signature_algorithm=Ed25519, key_resolver=_Keys(find))
    found = verifier.verify(message, max_age=None, expect_tag=TAG, require_components=WITH_BODY if body else COVERED)
    if len(found) != 1:
        raise InvalidSignature("one signature is needed")
    return dict(found[0].parameters)


def is_fresh(created: object, now: float) -> bool:
    """Whether a signature's time is near enough, seconds since 1970."""
    return type(created) is int and abs(created - now) <= timedelta(seconds=WINDOW_S).total_seconds()
