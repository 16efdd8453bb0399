"""HEAD of one version, signed by botocore and sent without the rest of it: a third of the archive's time where it looks at each file.

For 453 files of a record: 0.26 s of CPU, boto3's ``head_object`` 0.70 s. Only a plain 200 counts; whatever else is answered, and
whatever goes wrong, is asked again through boto3, which knows what it means.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies, parse_timestamp

from storage.s3_client import Bucket, credentials_of

_TIMEOUT_S = (5.0, 60.0)  # of a connection, of an answer


class S3Heads:
    """Asks for the headers of versions; safe to use from many threads.

    Args:
        bucket: where the service is, and who we are there.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._http: Any = URLLib3Session(  # certificates and proxies as boto3 chooses them
            verify=bucket.ca_bundle or os.environ.get("AWS_CA_BUNDLE") or True,
            proxies=get_environ_proxies(bucket.endpoint) if bucket.endpoint else None,
            timeout=_TIMEOUT_S, max_pool_connections=32,
        )  # fmt: skip

    @cached_property
    def _credentials(self) -> Any:
        return credentials_of(self._bucket)

    def head(self, key: str, version: str) -> Mapping[str, str] | None:
        """Headers of a version, names as the service writes them, in any case; None where boto3 has to ask."""
        if self._bucket.endpoint is None or self._credentials is None:  # Amazon's: boto3 knows where
            return None
        url = (
            f"{self._bucket.endpoint.rstrip('/')}/{self._bucket.name}/{quote(key)}?versionId={quote(version, safe='')}"
        )
        request = AWSRequest("HEAD", url)
        S3SigV4Auth(self._credentials.get_frozen_credentials(), "s3", self._bucket.region).add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except (BotoCoreError, OSError):
            return None
        found: Mapping[str, str] = answer.headers
        return found if answer.status_code == 200 else None


def of_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """What protects an object, by the names of boto3's ``head_object``."""
    until = headers.get("x-amz-object-lock-retain-until-date")
    return {
        "ObjectLockRetainUntilDate": parse_timestamp(until) if until else None,
        "ObjectLockMode": headers.get("x-amz-object-lock-mode"),
        "ObjectLockLegalHoldStatus": headers.get("x-amz-object-lock-legal-hold"),
        "Metadata": {"sha256": headers.get("x-amz-meta-sha256")},
    }
