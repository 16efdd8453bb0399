"""A personal key in a PKCS#12 file (RFC 7292), opened with its password."""

from __future__ import annotations

from pyhanko.sign.signers import Signer, SimpleSigner

from protocol.library_log import hush
from protocol.signatures.attributes import cms_of
from protocol.signatures.errors import KeyUnusable

hush()


class FileKey:
    """A :class:`protocol.signatures.person.PersonalSigner` over a PKCS#12 file's bytes.

    Raises:
        KeyUnusable: wrong password, no PKCS#12 file, or no key with a certificate in it.
    """

    def __init__(self, content: bytes, password: str) -> None:
        try:
            self._signer: Signer = SimpleSigner.load_pkcs12_data(content, (), password.encode() or None)
        except Exception as error:  # ValueError, TypeError, AttributeError: by what is missing
            raise KeyUnusable("the key cannot be opened: wrong password, or no PKCS#12 file with a key") from error
        if self._signer is None or self._signer.signing_cert is None:
            raise KeyUnusable("there is no certificate beside the key")
        self._certificate: bytes = self._signer.signing_cert.dump()

    @property
    def certificate(self) -> bytes:
        """The person's certificate, DER."""
        return self._certificate

    def sign_digest(self, digest: bytes, at_us: int | None = None) -> bytes:
        """See the seam. Not to be called where an event loop runs: in a thread there."""
        return cms_of(self._signer, digest, at_us)
