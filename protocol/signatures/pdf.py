"""A person's signature into a PDF: PAdES-B-B (ETSI EN 319 142-1), as an incremental update.

Not one byte of what was there before is changed, so an earlier signature stays good. The field has no picture: words drawn onto
a page could say anything, and the protocol names its signers itself; PDF/A asks for nothing more (ISO 19005-2, 6.3.3).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.validation.dss import DocumentSecurityStore

from protocol.library_log import hush
from protocol.signatures.errors import AlreadySigned, NotSignable, RoleSignsNone
from protocol.signatures.person import PROTOCOL_ROLES, PersonalSigner, Role
from protocol.signatures.trust import TrustList

hush()
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
        RoleSignsNone: this role signs no protocol.
        KeyUnusable: the key does not sign.
    """
    certificate = x509.Certificate.load(signer.certificate)
    prepared = prepare_pdf(pdf, role, at_us, trust, str(certificate.subject.native.get("common_name", "")))
    return embed(prepared, signer.sign_digest(prepared.digest))


@dataclass(frozen=True)
class Prepared:
    """A PDF that waits for its signature: what a person's key, wherever it is, must sign.

    Attributes:
        document: the whole file, with a place kept free.
        digest: SHA-256 of all of it but that place.
        start, end: the place, as offsets.
    """

    document: bytes
    digest: bytes
    start: int
    end: int


def prepare_pdf(pdf: bytes, role: Role, at_us: int, trust: TrustList | None = None, name: str = "") -> Prepared:
    """The PDF with the place for one more signature, for keys that are not here (interrupted signing).

    Args:
        pdf: the file; it begins the result, byte for byte.
        role: in what capacity.
        at_us: when, µs since 1970 UTC.
        trust: whose issuers and revocation lists are embedded.
        name: who will sign, as viewers show it; may be empty.

    Raises:
        RoleSignsNone, NotSignable, AlreadySigned: as of :func:`sign_pdf`.
    """
    if role not in PROTOCOL_ROLES:
        raise RoleSignsNone(f"an {role} signs no protocol of a hearing")
    with _broken_is_refused():
        writer = _Unstamped(io.BytesIO(pdf))
        if writer.prev.encrypted:
            raise NotSignable("the PDF is encrypted")
        if role.value in _fields(writer.prev):
            raise AlreadySigned(f"the {role} has signed this file already")
        if trust is not None:
            DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=trust.issuers, crls=trust.revocations)
        return _with_place(writer, role, datetime.fromtimestamp(at_us / 1e6, UTC), name)


def embed(prepared: Prepared, signature: bytes) -> bytes:
    """The signed PDF.

    Args:
        prepared: of :func:`prepare_pdf`.
        signature: detached CMS over its digest, DER; nothing is checked here (:mod:`protocol.signatures.checking`).

    Raises:
        NotSignable: it is longer than the place for it.
    """
    with _broken_is_refused():
        out = io.BytesIO(prepared.document)
        place = PreparedByteRangeDigest(prepared.digest, prepared.start, prepared.end)
        place.fill_with_cms(out, signature)
        return out.getvalue()


def _with_place(writer: IncrementalPdfFileWriter, role: Role, at: datetime, name: str) -> Prepared:
    meta = PdfSignatureMetadata(
        field_name=role.value,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=name or None,
        reason=role.value,
    )
    plan = PdfSigner(meta, ExternalSigner(None, None, signature_value=256), new_field_spec=SigFieldSpec(role.value))
    session = plan.init_signing_session(writer)
    session.system_time = at
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=_ROOM)
    out = io.BytesIO()
    prepared, _ = document.digest_tbs_document(output=out)
    return Prepared(
        out.getvalue(), prepared.document_digest, prepared.reserved_region_start, prepared.reserved_region_end
    )


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
