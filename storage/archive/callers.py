"""Which box it is that asks: by the signature of its request (:mod:`storage.signed_requests`) with its enrolled key.

A request counts only if it was signed for a name of this archive (:mod:`storage.archive.own_names`): what was caught at another is not
taken here. A nonce is remembered for as long as a signature with it is good: in the memory of this process, and, but for the ``PUT`` of a file,
in the catalogue, for every process of this archive (:mod:`storage.archive.used_nonces`). A file that was caught on its way could so be
put once more at each other process within those minutes, to no effect: it is created once. A device token (``Authorization: Bearer …``) counts only where the settings say so.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
from http_message_signatures import HTTPMessageSignaturesException
from starlette.requests import Request

from protocol.errors import BadNote
from protocol.note import VerifierKey
from storage.archive.catalogue import Device
from storage.archive.digests import parse_repr_digest
from storage.archive.own_names import OwnNames
from storage.archive.service import Archive
from storage.archive.tables import device
from storage.archive.used_nonces import UsedNonces
from storage.errors import BadSignature, NotEnrolled, OtherArchive, StaleSignature
from storage.signed_requests import WINDOW_S, is_fresh, verified

_KEPT_S = 10.0  # seconds that an enrolled device is not looked up again
_MOST = 1_000_000  # nonces remembered: some 3,000 requests a second for the whole window


class Nonces:
    """Nonces that were used, each for twice the window."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._ends: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def use(self, nonce: str, now: float) -> bool:
        """Take a nonce; False if it was used before, or if there are too many to remember."""
        with self._lock:
            while self._ends and self._ends[0][0] < now:
                self._seen.discard(heapq.heappop(self._ends)[1])
            if nonce in self._seen or len(self._seen) >= _MOST:
                return False
            self._seen.add(nonce)
            heapq.heappush(self._ends, (now + 2 * WINDOW_S, nonce))
            return True


class _Message:
    """A request as the library reads one: its URL rebuilt from what came, so that a path is compared as it was sent."""

    def __init__(self, request: Request) -> None:
        raw = request.scope.get("raw_path") or request.scope["path"].encode()
        query = request.scope.get("query_string", b"")
        target = raw.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
        self.method = request.method
        self.url = f"{request.url.scheme}://{request.headers.get('host', '')}{target}"
        self.headers = request.headers


class Callers:
    """Tells which device sends a request.

    Args:
        archive: knows the enrolled keys.
        tokens: let devices name themselves by a token, too.
        names: this archive's own; the loopback's by default.
        wall: seconds since 1970, UTC.
    """

    def __init__(
        self, archive: Archive, *, tokens: bool, names: OwnNames | None = None, wall: Callable[[], float] = time.time
    ) -> None:
        self._archive = archive
        self._tokens = tokens
        self._wall = wall
        self._names = names or OwnNames()
        self._nonces = Nonces()
        self._kept_nonces = UsedNonces(archive.catalogue.database, 2 * WINDOW_S)
        self._found: dict[str, tuple[float, Device]] = {}  # when they were looked up; only who is enrolled

    def device(self, request: Request) -> Device:
        """The device that sends the request.

        Raises:
            NotEnrolled: nobody who is enrolled, or by a token that does not count.
            BadSignature: the signature is not over this request, or was used before.
            StaleSignature: its time is another.
            OtherArchive: it was signed for another archive.
            DatabaseUnavailable: whether it came before cannot be said.
        """
        if "signature" in request.headers or "signature-input" in request.headers:
            return self._by_signature(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self._tokens and scheme.lower() == "bearer" and token:
            return self._archive.device(token.strip())
        raise NotEnrolled("a request must be signed with an enrolled device's key (HTTP Message Signatures, RFC 9421)")

    def _by_signature(self, request: Request) -> Device:
        body = request.method == "PUT"
        found: list[Device] = []

        def find(name: str) -> VerifierKey | None:
            found[:] = [item] if (item := self._enrolled(name)) else []
            return VerifierKey.from_text(found[0].key) if found else None

        try:
            told = verified(_Message(request), find, body=body)
        except (HTTPMessageSignaturesException, ValueError, UnicodeError, BadNote) as error:
            if not found:
                raise NotEnrolled("no device with this key is enrolled, or the request names none") from error
            raise BadSignature(f"the signature is not over this request: {error}") from error
        if body and parse_repr_digest(request.headers.get("content-digest")) != parse_repr_digest(request.headers.get("repr-digest")):
            raise BadSignature("Content-Digest and Repr-Digest differ")
        if not self._names.has(authority := request.headers.get("host", "")):
            raise OtherArchive(f"signed for {authority[:200]!r}, which is not a name of this archive (archive.addresses)")
        now = self._wall()
        if not is_fresh(told.get("created"), now):
            raise StaleSignature(f"signed at {told.get('created')}, the archive's clock says {now:.0f}")
        nonce = told.get("nonce")
        if not isinstance(nonce, str) or not 16 <= len(nonce) <= 100:
            raise BadSignature("the signature has no nonce of 16 to 100 characters")
        named = f"{found[0].key} {nonce}"
        is_file = body and "/files/" in request.url.path
        if not self._nonces.use(named, now) or not (is_file or self._kept_nonces.use(named, now)):
            raise BadSignature("this very request came before")
        return found[0]

    def _enrolled(self, name: str) -> Device | None:
        """The device with a key of this name and key ID."""
        if len(name) > 300:
            return None
        at, known = self._found.get(name, (0.0, None))
        if known is not None and abs(self._wall() - at) < _KEPT_S:
            return known
        query = sa.select(device.c.name, device.c.key).where(device.c.key.startswith(f"{name}+", autoescape=True)).limit(1)
        with self._archive.catalogue.database.begin() as db:
            row = db.execute(query).first()
        if row is None:
            self._found.pop(name, None)
            return None
        self._found[name] = self._wall(), Device(row.name, row.key)
        return self._found[name][1]
