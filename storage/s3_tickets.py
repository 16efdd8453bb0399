"""Tickets for a bucket: an S3 PUT signed with the archive's credentials (AWS Signature Version 4), to be sent by somebody else.

The signature is in the headers, not in the address: only so does it cover the body's SHA-256 (``x-amz-content-sha256``), and the
service refuses other bytes; with a presigned address a body is unsigned. Seen on Ceph RGW 16: other bytes are refused
(XAmzContentSHA256Mismatch), and another length, name or lock, or a header left out (SignatureDoesNotMatch); nothing is created.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

import httpx2
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

from protocol.encoding import b64
from storage.errors import StoreUnavailable, StoreUnfit
from storage.s3_client import Bucket, credentials_of, date_text
from storage.tickets import Announced, Ticket

PROBE = "probe/other-bytes"
_PROBE_S = 30.0


class _Signature(S3SigV4Auth):  # type: ignore[misc]
    """With the digest that was announced, for a body that is not here."""

    def payload(self, request: AWSRequest) -> str:
        """Hexadecimal SHA-256 of the body."""
        return str(request.context["payload"])


class S3Tickets:
    """Makes tickets for one bucket.

    Args:
        bucket: where the service is for us, and who we are there.
        endpoint: where it is for those who send.

    Raises:
        StoreUnfit: there are no credentials.
    """

    def __init__(self, bucket: Bucket, endpoint: str) -> None:
        self._bucket = bucket
        self._endpoint = endpoint.rstrip("/")
        self._credentials: Any = credentials_of(bucket)
        if self._credentials is None:
            raise StoreUnfit("archive.s3: boto3 finds no credentials to sign tickets with")

    def make(self, key: str, announced: Announced, *, until_us: int | None = None) -> Ticket:
        """As :class:`storage.tickets.TicketMaker` says."""
        return self._make(self._endpoint, key, announced, until_us)

    def _make(self, endpoint: str, key: str, announced: Announced, until_us: int | None) -> Ticket:
        headers = {
            "Host": urlsplit(endpoint).netloc,
            "Content-Length": str(announced.size),
            "If-None-Match": "*",
            "x-amz-checksum-sha256": b64(announced.sha256),
            "x-amz-meta-sha256": announced.sha256.hex(),
        }
        if until_us is not None:
            headers |= {
                "x-amz-object-lock-mode": "COMPLIANCE",
                "x-amz-object-lock-retain-until-date": date_text(until_us),
            }
        request = AWSRequest("PUT", f"{endpoint}/{self._bucket.name}/{key}", headers=headers)
        request.context["payload"] = announced.sha256.hex()
        _Signature(self._credentials.get_frozen_credentials(), "s3", self._bucket.region).add_auth(request)
        return Ticket(request.url, dict(request.headers.items()))

    def check(self) -> None:
        """Send a byte that was not announced.

        Raises:
            StoreUnfit: the service takes it: then it keeps no ticket's promise.
            StoreUnavailable: it does not answer.
        """
        endpoint = (self._bucket.endpoint or self._endpoint).rstrip("/")
        ticket = self._make(endpoint, PROBE, Announced(1, hashlib.sha256(b"a").digest()), None)
        verify = self._bucket.ca_bundle if self._bucket.ca_bundle is not None else True
        try:
            answer = httpx2.put(
                ticket.url, headers=dict(ticket.headers), content=b"b", timeout=_PROBE_S, trust_env=False, verify=verify
            )
        except httpx2.HTTPError as error:
            raise StoreUnavailable(f"{endpoint}: {error}") from error
        if answer.is_success:
            raise StoreUnfit(
                f"{endpoint}: takes other bytes than were signed ({PROBE}): boxes cannot send straight to it"
            )
        if answer.status_code >= 500:
            raise StoreUnavailable(f"{endpoint}: {answer.status_code}")
        if b"XAmzContentSHA256Mismatch" not in answer.content:
            raise StoreUnfit(
                f"{endpoint}: does not take what archive.s3 signs: {answer.status_code} {answer.text[:200]}"
            )
