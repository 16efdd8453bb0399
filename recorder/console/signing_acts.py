"""One act of signing: what is signed, made ready for a key that may be elsewhere, and handed to the recorder when it is signed.

::

    begin ──► what the record holds ──► digest ──► a key: a file chosen for this act, or the key client of the person's computer
    finish ◄── detached CMS over the digest ◄──────┘        │
       └──► signed PDF (or .p7s) ──► recorder, which checks it

Nothing here checks a signature: the recorder does. A person's key and its password are in memory while the act lasts and nowhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from protocol.errors import ProtocolError
from protocol.signatures.person import Role
from recorder.console.daemon import DaemonError
from recorder.console.desk import Desk
from web.accounts import Account

if TYPE_CHECKING:
    from protocol.signatures.pdf import Prepared

#: How long a key client may take, s, and how many acts may wait at once.
PATIENCE_S = 600.0
MOST = 50

log = structlog.get_logger("console")


@dataclass(frozen=True)
class Act:
    """What is about to be signed.

    Attributes:
        hearing: of which.
        what: ``protocol.ru``, ``protocol.kk``, ``amendment.N`` or ``certification``.
        account: name of whose.
        digest: SHA-256 of what is signed.
        prepared: the PDF with its place; None of a detached signature.
        manifest: number of the manifest that is certified.
        begun_s: when.
    """

    hearing: str
    what: str
    account: str
    digest: bytes
    prepared: Prepared | None
    manifest: int
    begun_s: float


class Acts:
    """The acts of one console.

    Args:
        desk: the console's things.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: OrderedDict[str, Act] = OrderedDict()

    async def begin(self, hearing: str, what: str, account: Account) -> Act:
        """Fetch what is to be signed and make it ready.

        Raises:
            DaemonError: it cannot be signed, by this person or at all.
        """
        base, role = f"/v1/hearings/{quote(hearing, safe='')}", Role(account.role.value)
        kind, _, detail = what.partition(".")
        if kind == "certification":
            if role is not Role.SECRETARY:
                raise DaemonError(422, "wrong-role", "the secretary certifies")
            asked = await self._desk.daemon.post(f"{base}/certification/preparation", {"by": account.name})
            content = await self._desk.daemon.get_bytes(f"{base}/papers/{asked['path']}")
            return self._act(hearing, what, account, hashlib.sha256(content).digest(), None, int(asked["manifest"]))
        if kind == "protocol":
            told = await self._desk.daemon.read(f"{base}/signing")
            found = next((item for item in told["documents"] if item["language"] == detail), None)
            if found is None:
                raise DaemonError(422, "bad-request", f"there is no protocol in {detail[:20]!r}")
            path = f"{base}/papers/{found['signed'] or found['path']}"
        elif kind == "amendment" and detail.isdecimal():
            path = f"{base}/amendments/{int(detail)}.pdf"
        else:
            raise DaemonError(422, "bad-request", f"{what[:40]!r} is nothing to sign")
        prepared = await asyncio.to_thread(self._prepare, await self._desk.daemon.get_bytes(path), role)
        return self._act(hearing, what, account, prepared.digest, prepared, 0)

    async def finish(self, act: Act, signature: bytes) -> Any:
        """Hand the signed file to the recorder.

        Args:
            act: of :meth:`begin`.
            signature: detached CMS, DER, over its digest.

        Raises:
            DaemonError: the recorder refused it; ``findings`` say why.
        """
        base, daemon = f"/v1/hearings/{quote(act.hearing, safe='')}", self._desk.daemon
        kind, _, detail = act.what.partition(".")
        if act.prepared is None:
            done = await daemon.post_bytes(
                f"{base}/certification", signature, manifest=str(act.manifest), by=act.account
            )
        else:
            signed = await asyncio.to_thread(_embed, act.prepared, signature)
            if kind == "protocol":
                done = await daemon.post_bytes(f"{base}/signatures", signed, language=detail, by=act.account)
            else:
                done = await daemon.post_bytes(f"{base}/amendments/{detail}/signatures", signed, by=act.account)
        log.info("signed", action="sign", hearing=act.hearing, what=act.what, account=act.account)
        return done

    def wait(self, act: Act) -> str:
        """Keep an act until its signature comes; the word by which it is found again."""
        token = secrets.token_urlsafe(24)
        self._waiting[token] = act
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)
        return token

    def take(self, token: str, hearing: str, account: Account) -> Act:
        """The act that waits under this word; it does not wait any more.

        Raises:
            DaemonError: none does, or it waited too long, or is another person's or hearing's.
        """
        act = self._waiting.pop(token, None)
        mine = act is not None and (act.hearing, act.account) == (hearing, account.name)
        if act is None or not mine or self._desk.now_s() - act.begun_s > PATIENCE_S:
            raise DaemonError(422, "signing-expired", "the act of signing is not known any more")
        return act

    def _act(
        self, hearing: str, what: str, account: Account, digest: bytes, prepared: Prepared | None, manifest: int
    ) -> Act:
        return Act(hearing, what, account.name, digest, prepared, manifest, self._desk.now_s())

    def _prepare(self, pdf: bytes, role: Role) -> Prepared:
        from protocol.signatures.pdf import prepare_pdf
        from protocol.signatures.trust import read_trust

        folder = self._desk.settings.signing.trust
        try:
            trust = read_trust(folder) if folder is not None else None
            return prepare_pdf(pdf, role, int(self._desk.now_s() * 1e6), trust)
        except ProtocolError as error:
            raise _refused(error) from error


def sign_with_file(act: Act, content: bytes, password: str, at_us: int) -> bytes:
    """A signature by the key in a PKCS#12 file, at a time (µs since 1970 UTC), which a PDF keeps itself; nothing of either is kept.

    Raises:
        DaemonError: the file cannot be opened.
    """
    from protocol.signatures.pkcs12 import FileKey

    try:
        return FileKey(content, password).sign_digest(act.digest, at_us if act.prepared is None else None)
    except ProtocolError as error:
        raise _refused(error) from error


def _embed(prepared: Prepared, signature: bytes) -> bytes:
    from protocol.signatures.pdf import embed

    try:
        return embed(prepared, signature)
    except ProtocolError as error:
        raise _refused(error) from error


def _refused(error: ProtocolError) -> DaemonError:
    return DaemonError(422, error.code, str(error), error.advice)
