"""Time stamps over the archive's receipts (RFC 3161): asked for beside everything else, kept beside the receipt.

::

    receipt given ──► queue ──► authority (archive.tsa.url) ──► token, checked ──► receipts/<hearing>/NNNN.tst

A receipt holds the root under its seal, so its token dates the whole record, by somebody who has no part in it. What is to be
stamped is remembered nowhere: it is what has a receipt and no token, looked up in the objects at every start and every hour. So an
authority that is silent for days, and an archive that is killed meanwhile, lose nothing; receipts from before the setting are
stamped, too. An authority that does not answer holds up nothing but its own tokens.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import structlog
from asn1crypto import x509

from device_config.settings import Settings, TsaSettings
from protocol import timestamps
from protocol.timestamps import BadTimestamp, Stamped
from storage.errors import AuthoritySilent, ObjectConflict, ObjectMissing, StorageError
from storage.objects import ObjectStore, read
from storage.setting_errors import AuthoritiesUnfit
from storage.tsa_client import ask

log = structlog.get_logger("storage.archive")

PREFIX: Final = "receipts"
LOOK_S: Final = 3600.0  # between two looks at all receipts: what another process of this archive left
BACKOFF_S: Final = (1.0, 60.0)  # first and longest pause after a try that failed
_RECEIPT, _TOKEN = ".json", ".tst"


class Stamps:
    """Tokens of the archive's receipts.

    Args:
        store: where receipts and tokens are.
        authority: who is asked; without a URL nobody is, and what is there is still told.
        authorities: certificates of who is believed.
        first_s: the first pause after a failure, seconds; it doubles.
    """

    def __init__(
        self,
        store: ObjectStore,
        authority: TsaSettings,
        authorities: Iterable[x509.Certificate],
        first_s: float = BACKOFF_S[0],
    ) -> None:
        self._store = store
        self._authority = authority
        self._authorities = list(authorities)
        self._first_s = first_s
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._news = threading.Condition()
        self._stopped = False
        self._trouble = ""
        self._look_due = True
        self._thread = threading.Thread(target=self._run, name="time stamps", daemon=True)
        self._known = lru_cache(maxsize=4096)(self._check)

    def start(self) -> None:
        """Ask from now on, if there is anybody to ask."""
        if self._authority.url is not None:
            self._thread.start()

    def stop(self) -> None:
        """Ask no more; returns when nothing is under way."""
        with self._news:
            self._stopped = True
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def want(self, hearing: str, number: int) -> None:
        """A receipt was given: have it stamped. Returns at once."""
        with self._news:
            self._waiting[f"{PREFIX}/{hearing}/{number:04d}{_RECEIPT}"] = None
            self._news.notify_all()

    def of(self, hearing: str, number: int) -> Stamped | None:
        """What the token of a receipt says; None where there is none yet, or it proves nothing."""
        key = f"{PREFIX}/{hearing}/{number:04d}{_RECEIPT}"
        if not self._authorities or not self._store.exists(_token(key)):
            return None
        try:
            return self._known(key)
        except (BadTimestamp, ObjectMissing) as error:
            log.warning("time stamp proves nothing", action="bad_timestamp", object=_token(key), error=str(error))
            return None

    def _check(self, key: str) -> Stamped:
        return timestamps.check(read(self._store, _token(key)), read(self._store, key), self._authorities)

    # The thread

    def _run(self) -> None:
        wait_s = 0.0
        while True:
            with self._news:
                if wait_s:
                    self._news.wait_for(lambda: self._stopped, wait_s)
                elif not self._look_due and not self._waiting:
                    self._look_due = not self._news.wait_for(lambda: self._stopped or bool(self._waiting), LOOK_S)
                if self._stopped:
                    return
            wait_s = 0.0 if self._try() else self._pause(wait_s)

    def _pause(self, last_s: float) -> float:
        return min(BACKOFF_S[1], last_s * 2 or self._first_s) * random.uniform(0.8, 1.2)  # noqa: S311

    def _try(self) -> bool:
        """One look at what is missing, or one token; False if it has to be tried again."""
        try:
            if self._look_due:
                self._look()
            with self._news:
                key = next(iter(self._waiting), None)
            if key is not None:
                self._stamp(key)
                with self._news:
                    self._waiting.pop(key, None)
        except Exception as error:  # noqa: BLE001 - a thread that ends unheard would leave every later receipt without a token
            known = isinstance(error, StorageError | BadTimestamp)
            if str(error) != self._trouble:
                tell = log.warning if isinstance(error, AuthoritySilent) else log.error if known else log.exception
                code, advice = getattr(error, "code", "failed"), getattr(error, "advice", "")
                tell("not stamped", action="not_stamped", code=code, error=str(error), advice=advice)
            self._trouble = str(error)
            with self._news:  # one receipt that is refused must not keep the others waiting
                if self._waiting:
                    self._waiting.move_to_end(next(iter(self._waiting)))
            return False
        self._trouble = ""
        return True

    def _look(self) -> None:
        """Queue each receipt that has no token."""
        keys = set(self._store.list(PREFIX))
        missing = [key for key in sorted(keys) if key.endswith(_RECEIPT) and _token(key) not in keys]
        with self._news:
            self._waiting.update(dict.fromkeys(missing))
        self._look_due = False

    def _stamp(self, key: str) -> None:
        url = self._authority.url
        if url is None or self._store.exists(_token(key)):
            return
        try:
            content = read(self._store, key)
        except ObjectMissing:
            return
        nonce = secrets.randbits(timestamps.NONCE_BITS)
        request = timestamps.request(content, nonce, self._authority.policy)
        token = timestamps.token_of(ask(url, request), content, nonce, self._authority.policy)
        said = timestamps.check(token, content, self._authorities)
        guarded = self._store.protection(key)
        try:
            self._store.put_once(_token(key), [token], hashlib.sha256(token).digest(), until_us=guarded.until_us)
        except ObjectConflict:
            return  # another process of this archive was quicker
        if guarded.held:
            self._store.hold(_token(key), on=True)
        log.info("receipt stamped", action="stamped", object=_token(key), at_us=said.at_us, authority=said.authority)


def stamps_of(store: ObjectStore, settings: Settings) -> Stamps:
    """Those of the settings.

    Raises:
        AuthoritiesUnfit: the list of authorities cannot be read.
    """
    return Stamps(store, settings.archive.tsa, authorities_of(settings))


def authorities_of(settings: Settings) -> list[x509.Certificate]:
    """Certificates of the authorities that are believed; none where none are set.

    Raises:
        AuthoritiesUnfit: the list cannot be read.
    """
    path = settings.archive.tsa.authorities
    try:
        return timestamps.certificates(path.read_bytes()) if path is not None else []
    except OSError as error:
        raise AuthoritiesUnfit(f"archive.tsa.authorities: {path}: {error.strerror}") from error
    except BadTimestamp as error:
        raise AuthoritiesUnfit(f"archive.tsa.authorities: {path}: {error}") from error


def facts(stamped: Stamped | None) -> dict[str, Any] | None:
    """For ``replay.json``."""
    if stamped is None:
        return None
    return {
        "at_us": stamped.at_us, "authority": stamped.authority, "policy": stamped.policy, "serial": f"{stamped.serial:x}",
    }  # fmt: skip


def _token(receipt: str) -> str:
    return receipt.removesuffix(_RECEIPT) + _TOKEN
