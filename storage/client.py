"""The archive as the box sees it: HTTP through httpx2, answers turned into the errors of :mod:`storage.errors`.

No answer is believed for its status alone. What says that a file is stored must name it with the digest that was sent: a
sign-in page of some network's gate, or a server that tells only what one likes to hear, says 200 too.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx2

from protocol.encoding import b64
from protocol.errors import BadEncoding
from storage.bodies import Between, pieces
from storage.errors import Diverged, FileAltered, NotVerified, Refused, StaleSignature, Unreachable
from storage.signed_requests import RequestSigner, SignedAuth
from storage.store_client import StoreClient
from storage.tickets import Announced, Ticket

RECEIPT_S = 600.0  # seconds that the archive may verify, or read a record
PATIENCE_S = 30.0  # without a byte in either direction
OFFER = "Hattama-Tickets"  # header of the list of a record: there are tickets
LARGEST = 64 * 1024 * 1024  # bytes of an answer: the list of a long hearing's files is some 2 MB


class ArchiveClient:
    """Sends one box's records.

    Args:
        url: address of the archive.
        credential: who signs requests with the device's key; or the box's token, where the archive still takes it.
        transport: what carries the requests; only tests give one.
        patience_s: seconds without a byte after which a request is given up, and after which an answer must be whole.

    Attributes:
        store: the way to the archive's bucket, for who has a ticket.
        gives_tickets: whether the archive said that it gives any.
    """

    def __init__(
        self,
        url: str,
        credential: RequestSigner | str,
        transport: httpx2.BaseTransport | None = None,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        # Nothing of the environment counts (proxies); the system's certificates do, the court's own among them.
        verify = ssl.create_default_context() if url.startswith("https:") else True
        self._patience_s = patience_s
        self.store = StoreClient(patience_s, secure=url.startswith("https:"))
        self.gives_tickets = False
        self._auth = None if isinstance(credential, str) else SignedAuth(credential)
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + "/api/v1/records/",
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {credential}"} if self._auth is None else {}),
            auth=self._auth,
            timeout=httpx2.Timeout(patience_s, connect=min(10.0, patience_s)),
            trust_env=False, verify=verify, transport=transport,
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
        self.store.close()

    def put(
        self, hearing: str, path: str, file: Path, span: tuple[int, int], sha256: bytes, between: Between | None = None
    ) -> bool:
        """Send bytes ``[start, end)`` of a file as ``path``, once.

        Args:
            hearing: identifier.
            path: of the file in the record.
            file: where it lies here.
            span: start and end.
            sha256: of these bytes.
            between: called before each piece with the number of its bytes; it may wait, and may send other things meanwhile.

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
        status, body = self._send(
            "PUT", f"{hearing}/files/{path}", headers=headers, content=pieces(file, start, end, between)
        )
        told = _json(body)
        if told.get("path") != path or told.get("sha256") != b64(sha256):
            raise Unreachable(f"{path}: what answered {status} does not say that it holds these bytes")
        return status == httpx2.codes.CREATED

    def tickets(
        self, hearing: str, put: Mapping[str, Announced], wanted: Mapping[str, Announced]
    ) -> tuple[list[str], dict[str, Ticket]]:
        """Tell what was put by ticket, and ask for more.

        Args:
            hearing: identifier.
            put: path → what was put there.
            wanted: path → what will be.

        Returns:
            Paths of those of ``put`` that the archive has found, and tickets for those of ``wanted`` that get one.
        """
        asked = {
            "put": {path: item.to_json() for path, item in put.items()},
            "wanted": {path: item.to_json() for path, item in wanted.items()},
        }
        text = json.dumps(asked).encode()
        headers = {"Repr-Digest": f"sha-256=:{b64(hashlib.sha256(text).digest())}:", "Content-Type": "application/json"}
        told = _json(self._send("PUT", f"{hearing}/tickets", headers=headers, content=text)[1])
        found, given = told.get("found"), told.get("tickets")
        if not isinstance(found, dict) or not isinstance(given, dict):
            raise Unreachable("the archive's answer names no tickets")
        try:
            tickets = {path: Ticket.from_json(given[path]) for path in wanted if path in given}
        except BadEncoding as error:
            raise Unreachable(f"the archive's answer: {error}") from error
        return [path for path, item in put.items() if found.get(path) == b64(item.sha256)], tickets

    def held(self, hearing: str) -> dict[str, str]:
        """What the archive holds of a hearing: path → base64 SHA-256."""
        return _digests(self._send("GET", hearing)[1])

    def read_back(self, hearing: str) -> dict[str, str]:
        """As :meth:`held`, from the objects themselves, which the archive reads for it."""
        return _digests(self._send("GET", f"{hearing}/digests", patience_s=RECEIPT_S)[1])

    def receipt(self, hearing: str) -> bytes:
        """Ask for the receipt; unchecked.

        Raises:
            NotVerified: the archive found the record not good; carries its report.
        """
        return self._send("POST", f"{hearing}/receipt", patience_s=RECEIPT_S)[1]

    def _send(self, method: str, path: str, *, patience_s: float | None = None, **options: Any) -> tuple[int, bytes]:
        """Status and body of an answer that says yes; it must end in time, also where a byte comes now and then."""
        if patience_s is not None:
            options["timeout"] = httpx2.Timeout(patience_s, connect=min(10.0, self._patience_s))
        try:
            with self._http.stream(method, path, **options) as answer:
                body = _read(answer, patience_s or self._patience_s)
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self._http.base_url}: {error or type(error).__name__}") from error
        self.gives_tickets = self.gives_tickets or answer.headers.get(OFFER) == "yes"
        if not answer.is_success:
            if (
                self._auth is not None
                and answer.status_code == StaleSignature.status
                and _code(body) == StaleSignature.code
            ):
                self._auth.set_clock(answer.headers.get("Date"))
            _refuse(answer.status_code, body)
        return answer.status_code, body


def _read(answer: httpx2.Response, seconds: float) -> bytes:
    end, body = time.monotonic() + seconds, bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > LARGEST or time.monotonic() > end:
            raise Unreachable(f"the answer is longer than {LARGEST} bytes, or takes longer than {seconds:.0f} s")
    return bytes(body)


def _code(body: bytes) -> str:
    """What an answer that says no is called; empty where it is not the archive's: a gate of some network has its own time."""
    try:
        return str(_json(body).get("code", ""))
    except Unreachable:
        return ""


def _refuse(status: int, body: bytes) -> NoReturn:
    try:
        value = _json(body)
    except Unreachable:
        value = {}
    code = str(value.get("code", ""))
    text = f"{status} {code}: {value.get('message', body[:200].decode(errors='replace'))}"
    if not code and status < 500:
        # Not the archive's own words: what stands in between may be put right, and the record must then go on.
        raise Unreachable(text)
    if status == httpx2.codes.CONFLICT:
        raise Diverged(text)
    if code == NotVerified.code:
        report = value.get("report")
        raise NotVerified(str(value.get("message", "")), report if isinstance(report, dict) else {})
    if code == "digest-mismatch":
        raise FileAltered(text)
    if status >= 500 or status in (408, 425, 429) or code == StaleSignature.code:
        raise Unreachable(text)
    raise Refused(text)


def _digests(body: bytes) -> dict[str, str]:
    value = _json(body)
    if not all(isinstance(item, str) for item in value.values()):
        raise Unreachable("the archive's answer is not a list of files")
    return dict(value)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreachable("the archive's answer is not JSON") from error
    if not isinstance(value, dict):
        raise Unreachable("the archive's answer is not an object")
    return value
