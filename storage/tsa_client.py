"""A time stamp authority over HTTP (RFC 3161, section 3.4). What it answers is checked by :mod:`protocol.timestamps`."""

from __future__ import annotations

import ssl
import time

import httpx2

from storage.errors import AuthoritySilent

LARGEST = 1 << 18  # bytes of an answer: a token with its chain of certificates is about 6 kB


def ask(url: str, request: bytes, seconds: float = 30.0) -> bytes:
    """The answer to a request (DER).

    Args:
        url: of the authority.
        request: DER, of :func:`protocol.timestamps.request`.
        seconds: how long it may be silent, and how long its answer may take.

    Raises:
        AuthoritySilent: no answer, or not one of an authority.
    """
    verify = ssl.create_default_context() if url.startswith("https:") else True
    body, end = bytearray(), time.monotonic() + seconds
    try:
        with (
            httpx2.Client(timeout=seconds, trust_env=False, verify=verify) as http,
            http.stream(
                "POST", url, content=request, headers={"Content-Type": "application/timestamp-query"}
            ) as answer,
        ):
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > LARGEST or time.monotonic() > end:
                    raise AuthoritySilent(f"{url}: the answer is longer than {LARGEST} bytes, or takes longer than {seconds:.0f} s")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise AuthoritySilent(f"{url}: {error or type(error).__name__}") from error
    if answer.status_code != httpx2.codes.OK:
        raise AuthoritySilent(f"{url}: status {answer.status_code}")
    return bytes(body)
