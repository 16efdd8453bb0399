"""The way to an S3 service: where a bucket is, who we are there, and boto3's client for it."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.client import BaseClient, Config
from botocore.exceptions import BotoCoreError
from botocore.handlers import add_expect_header

from storage.errors import StoreUnfit


@dataclass(frozen=True)
class Bucket:
    """Where an S3 service is, and who we are there.

    Attributes:
        endpoint: address of the service; None: Amazon's for the region.
        name: of the bucket.
        region: of the service.
        access_key, secret_key: credentials; None: where boto3 finds them (environment, files).
        ca_bundle: certificates that the service's own is checked with, a PEM file; None: the system's.
    """

    endpoint: str | None
    name: str
    region: str = "default"
    access_key: str | None = None
    secret_key: str | None = None
    ca_bundle: str | None = None


def connect(bucket: Bucket, *, connect_s: float = 5.0, read_s: float = 60.0) -> BaseClient:
    """A client for the bucket's service.

    It does not try again by itself: a PUT that timed out may still arrive, and only :meth:`S3Store.put_once` knows what then.

    Raises:
        StoreUnfit: the address is none, or the certificates cannot be read.
    """
    if bucket.ca_bundle is not None:
        _check_readable(bucket.ca_bundle)
    config = Config(
        signature_version="s3v4", s3={"addressing_style": "path"}, connect_timeout=connect_s, read_timeout=read_s,
        retries={"total_max_attempts": 1, "mode": "standard"}, max_pool_connections=32,
        # The checksum trailers that newer clients add make Ceph refuse every PUT over https (411).
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    try:
        client = boto3.client(
            "s3", endpoint_url=bucket.endpoint, region_name=bucket.region, aws_access_key_id=bucket.access_key,
            aws_secret_access_key=bucket.secret_key, verify=bucket.ca_bundle, config=config,
        )  # fmt: skip
    except (ValueError, BotoCoreError) as error:
        raise StoreUnfit(f"archive.s3: {error}") from error
    # `Expect: 100-continue`: a way there and back before each body, for the case that it is refused.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def _check_readable(bundle: str) -> None:
    """Else it would only be found at the first request, as a service that does not answer."""
    try:
        ssl.create_default_context(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise StoreUnfit(f"archive.s3.ca_bundle: {bundle}: {error.strerror or error}") from error


def credentials_of(bucket: Bucket) -> Any:
    """Credentials as botocore signs with them, from the settings or where boto3 finds them; None where it finds none."""
    session = boto3.Session(aws_access_key_id=bucket.access_key, aws_secret_access_key=bucket.secret_key)
    return session.get_credentials()


def date_of(until_us: int) -> dt.datetime:
    """A moment (UTC µs) rounded up to the second, the store's own unit."""
    return dt.datetime.fromtimestamp(-(-until_us // 1_000_000), dt.UTC)


def date_text(until_us: int) -> str:
    """The same as headers have it."""
    return date_of(until_us).strftime("%Y-%m-%dT%H:%M:%SZ")
