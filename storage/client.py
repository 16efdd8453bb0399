"""The archive as the box sees it: HTTP through httpx2, answers turned into the errors of :mod:`storage.errors`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx2

from protocol.encoding import b64
from storage.errors import Diverged, FileAltered, NotVerified, Refused, Unreachable

CHUNK = 1 << 18
RECEIPT_S = 600.0  # seconds that the archive may verify, or read a record
TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_LONG = httpx2.Timeout(RECEIPT_S, connect=10.0)


class ArchiveClient:
    """Sends one box's records.

    Args:
        url: address of the archive.
        token: the box's token.
        transport: what carries the requests; only tests give one.
    """

    def __init__(self, url: str, token: str, transport: httpx2.BaseTransport | None = None) -> None:
        # Nothing of the environment counts (proxies); the system's certificates do, the court's own among them.
        verify = ssl.create_default_context() if url.startswith("https:") else True
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + "/api/v1/records/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT, trust_env=False, verify=verify, transport=transport,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def put(self, hearing: str, path: str, file: Path, span: tuple[int, int], sha256: bytes) -> bool:
        """Send bytes ``[start, end)`` of a file as ``path``, once.

        Returns:
            True if the archive did not have it.

        Raises:
            Unreachable, Refused: see there.
            Diverged: the archive has other bytes under this path.
            FileAltered: the bytes that were sent had another digest than was announced.
        """
        start, end = span
        headers = {
            "Repr-Digest": f"sha-256=:{b64(sha256)}:",
            "Content-Length": str(end - start),
            "Content-Type": "application/octet-stream",
        }
        answer = self._send("PUT", f"{hearing}/files/{path}", headers=headers, content=_pieces(file, start, end))
        return answer.status_code == httpx2.codes.CREATED

    def held(self, hearing: str) -> dict[str, str]:
        """What the archive holds of a hearing: path → base64 SHA-256."""
        return _digests(self._send("GET", hearing))

    def read_back(self, hearing: str) -> dict[str, str]:
        """As :meth:`held`, from the objects themselves, which the archive reads for it."""
        return _digests(self._send("GET", f"{hearing}/digests", timeout=_LONG))

    def receipt(self, hearing: str) -> bytes:
        """Ask for the receipt; unchecked.

        Raises:
            NotVerified: the archive found the record not good; carries its report.
        """
        return self._send("POST", f"{hearing}/receipt", timeout=_LONG).content

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self._http.base_url}: {error or type(error).__name__}") from error
        if not answer.is_success:
            _refuse(answer)
        return answer


def _refuse(answer: httpx2.Response) -> NoReturn:
    try:
        value = _json(answer)
    except Unreachable:
        value = {}
    code = str(value.get("code", ""))
    text = f"{answer.status_code} {code}: {value.get('message', answer.text[:200])}"
    if answer.status_code == httpx2.codes.CONFLICT:
        raise Diverged(text)
    if code == NotVerified.code:
        report = value.get("report")
        raise NotVerified(str(value.get("message", "")), report if isinstance(report, dict) else {})
    if code == "digest-mismatch":
        raise FileAltered(text)
    if answer.status_code >= 500 or answer.status_code in (408, 425, 429):
        raise Unreachable(text)
    raise Refused(text)


def _digests(answer: httpx2.Response) -> dict[str, str]:
    value = _json(answer)
    if not all(isinstance(item, str) for item in value.values()):
        raise Unreachable("the archive's answer is not a list of files")
    return dict(value)


def _json(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        value = answer.json()
    except ValueError as error:
        raise Unreachable("the archive's answer is not JSON") from error
    if not isinstance(value, dict):
        raise Unreachable("the archive's answer is not an object")
    return value


def _pieces(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left and (piece := file.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece
