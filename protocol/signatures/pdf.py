"""A person's signature into a PDF: PAdES-B-B (ETSI EN 319 142-1), as an incremental update.

Not one byte of what was there before is changed, so an earlier signature stays good. The field has no picture: words drawn onto
a page could say anything, and the protocol names its signers itself; PDF/A asks for nothing more (ISO 19005-2, 6.3.3).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner
from pyhanko.sign.validation.dss import DocumentSecurityStore

from protocol.signatures.errors import AlreadySigned, NotSignable
from protocol.signatures.person import PersonalSigner, Role
from protocol.signatures.trust import TrustList

#: Bytes kept free for the CMS object: a certificate chain of some 4 KB, twice, as it is written in hexadecimal.
_ROOM = 32_768


class _Unstamped(IncrementalPdfFileWriter):
    """Leaves the document's information and metadata as they are: they must go on saying the same (ISO 19005-2, 6.6.2.3)."""

    def _update_meta(self) -> None:
        return


def sign_pdf(pdf: bytes, signer: PersonalSigner, role: Role, at_us: int, trust: TrustList | None = None) -> bytes:
    """The PDF with one more signature.

    Args:
        pdf: the file; it begins the result, byte for byte.
        signer: the person's key.
        role: in what capacity; names the field.
        at_us: when, µs since 1970 UTC, as the signature says it.
        trust: if given, its issuers and revocation lists are embedded (a document security store, ETSI EN 319 142-1 5.4.2),
            under the signature itself, so that revocation can be checked from the file alone.

    Raises:
        NotSignable: no PDF, encrypted, or broken.
        AlreadySigned: this role has signed.
        KeyUnusable: the key does not sign.
    """
    with _broken_is_refused():
        writer = _Unstamped(io.BytesIO(pdf))
        if writer.prev.encrypted:
            raise NotSignable("the PDF is encrypted")
        if role.value in _fields(writer.prev):
            raise AlreadySigned(f"the {role} has signed this file already")
        if trust is not None:
            DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=trust.issuers, crls=trust.revocations)
        return _signed(writer, signer, role, datetime.fromtimestamp(at_us / 1e6, UTC))


def _signed(writer: IncrementalPdfFileWriter, signer: PersonalSigner, role: Role, at: datetime) -> bytes:
    certificate = x509.Certificate.load(signer.certificate)
    meta = PdfSignatureMetadata(
        field_name=role.value,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=certificate.subject.native.get("common_name"),
        reason=role.value,
    )
    plan = PdfSigner(
        meta, ExternalSigner(certificate, None, signature_value=256), new_field_spec=SigFieldSpec(role.value)
    )
    session = plan.init_signing_session(writer)
    session.system_time = at
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=_ROOM)
    out = io.BytesIO()
    prepared, _ = document.digest_tbs_document(output=out)
    prepared.fill_with_cms(out, signer.sign_digest(prepared.document_digest))
    return out.getvalue()


def _fields(reader: PdfFileReader) -> set[str]:
    return {item.field_name for item in reader.embedded_signatures}


@contextmanager
def _broken_is_refused() -> Iterator[None]:
    """The library's many ways to say that a file is broken, as one."""
    try:
        yield
    except (
        PdfError,
        SigningError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        raise NotSignable(f"this PDF cannot be signed: {str(error)[:200] or type(error).__name__}") from error
