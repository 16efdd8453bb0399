"""A personal key on a token or a smart card, by its vendor's library (PKCS#11 v2.40). The key never leaves the token."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from protocol.signatures.errors import KeyUnusable


class TokenKey:
    """A :class:`protocol.signatures.person.PersonalSigner` over a token; to be used in a ``with`` block.

    Args:
        library: the token's PKCS#11 library.
        pin: its user PIN.
        token: the token's label; needed where more than one is there.
        label: the label of key and certificate; needed where the token holds more than one.

    Raises:
        KeyUnusable: no such library, token, key or certificate, or a wrong PIN.
    """

    def __init__(self, library: Path, pin: str, token: str | None = None, label: str | None = None) -> None:
        # Here: the library of the binding is loaded by those only who have a token.
        from pkcs11 import lib

        with _Told():
            found = [one.get_token() for one in lib(str(library)).get_slots(token_present=True) if _is(one, token)]
            if len(found) != 1:
                raise KeyUnusable(f"{len(found)} tokens fit" + (f" the label {token!r}" if token else "; name one"))
            self._session = found[0].open(user_pin=pin)
        try:
            with _Told():
                self._signer, self._certificate = _signer(self._session, label)
        except KeyUnusable:
            self._session.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    @property
    def certificate(self) -> bytes:
        """The person's certificate, DER."""
        return self._certificate

    def sign_digest(self, digest: bytes, at_us: int | None = None) -> bytes:
        """See the seam. Not to be called where an event loop runs: in a thread there."""
        from protocol.signatures.attributes import cms_of

        with _Told():
            return cms_of(self._signer, digest, at_us)


def _is(slot: Any, label: str | None) -> bool:
    from pkcs11 import TokenFlag

    token = slot.get_token()
    return bool(token.flags & TokenFlag.TOKEN_INITIALIZED) and label in (None, token.label.strip())


def _signer(session: Any, label: str | None) -> tuple[Any, bytes]:
    """The signer of the one key that fits, with its certificate: the one that bears the same CKA_ID."""
    from asn1crypto import x509
    from pkcs11 import Attribute, ObjectClass
    from pyhanko.sign.pkcs11 import PKCS11Signer

    wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, **({Attribute.LABEL: label} if label else {})}
    keys = list(session.get_objects(wanted))
    if len(keys) != 1:
        raise KeyUnusable(f"{len(keys)} keys fit" + (f" the label {label!r}" if label else "; name one"))
    identity = keys[0].id
    held = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.ID: identity}))
    if len(held) != 1:
        raise KeyUnusable("there is no certificate beside the key")
    certificate = bytes(held[0][Attribute.VALUE])
    signer = PKCS11Signer(
        session, signing_cert=x509.Certificate.load(certificate), key_id=identity, other_certs_to_pull=()
    )
    return signer, certificate


class _Told:
    """What the binding and the library raise, as one."""

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from pkcs11 import PKCS11Error
        from pyhanko.sign.general import SigningError

        if isinstance(error, PKCS11Error | SigningError | OSError | RuntimeError | ValueError):
            raise KeyUnusable(f"the token does not sign: {type(error).__name__} {str(error)[:120]}".strip()) from error
