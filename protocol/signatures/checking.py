"""Are the signatures of a file good, by a court's trust list? Nothing is fetched; time is an argument."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import cms, crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_detached_cms, async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError, SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from protocol.library_log import hush
from protocol.signatures.person import Role
from protocol.signatures.report import Finding, Report, Signed
from protocol.signatures.trust import TrustList

hush()
#: How far a signer's clock may be ahead of the time asked for.
_CLOCK = timedelta(minutes=5)
#: Who signs a protocol (ГПК 283(5), УПК 347(5), КоАП 829-13).
SIGNERS = (Role.SECRETARY, Role.JUDGE)
_BEFORE_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_REASONS = {
    "NO_CERTIFICATE_CHAIN_FOUND": ("untrusted-issuer", "no issuer of the trust list stands behind the certificate"),
    "OUT_OF_BOUNDS_NO_POE": ("expired", "the certificate, or its issuer's, is not valid at this time"),
    "EXPIRED": ("expired", "the certificate, or its issuer's, has expired"),
    "REVOKED": ("revoked", "the certificate was revoked"),
    "REVOKED_NO_POE": ("revoked", "the certificate was revoked"),
    "REVOKED_CA_NO_POE": ("revoked", "the issuer's certificate was revoked"),
    "NO_POE": ("revocation-unknown", "no revocation list speaks for this certificate at this time"),
    "TRY_LATER": ("revocation-unknown", "no revocation list speaks for this certificate at this time"),
    "REVOCATION_OUT_OF_BOUNDS_NO_POE": ("revocation-unknown", "the revocation list is of another time"),
}


def check_pdf(pdf: bytes, trust: TrustList, at_us: int, required: Iterable[Role] = ()) -> Report:
    """The signatures of a PDF.

    Args:
        pdf: the file.
        trust: the court's list.
        at_us: time, µs since 1970 UTC, at which the certificates must be good: when the signatures are proved to have existed
            (the record's seal over the file), or now.
        required: roles that must have signed.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        found = [item for item in reader.embedded_signatures if item.sig_object_type == "/Sig"]
        known = _store(reader)
    except Exception as error:  # noqa: BLE001 - a broken file makes the library fail in many ways; each is a finding
        return Report((), (Finding("malformed", "", f"the PDF cannot be read: {error!s:.200}"),))
    signed: list[Signed] = []
    findings: list[Finding] = []
    for item in found:
        status, problem = _status(lambda item=item: async_validate_pdf_signature(item, _context(trust, at_us, known)))
        role = str(item.field_name)
        if status is None:
            findings.append(Finding("malformed", role, problem))
            continue
        one = _signed(role, status)
        signed.append(one)
        findings += _integrity(role, status, last=item is found[-1])
        findings += _gap(role, pdf, item)
        findings += _carried(role, status, item, trust)
        findings += _person(role, status, one, trust, at_us)
    findings += _whole(signed, required, checked=bool(trust.revocations or known[1]))
    return Report(tuple(signed), tuple(findings))


def check_detached(content: bytes, signature: bytes, role: Role, trust: TrustList, at_us: int) -> Report:
    """One ``.p7s`` beside ``content``; arguments as of :func:`check_pdf`. ``role`` is that in which the person must have signed."""
    try:
        info = cms.ContentInfo.load(signature, strict=True)
        if info["content_type"].native != "signed_data":
            return Report((), (Finding("malformed", role, "this is no CMS signature"),))
        data = info["content"]
        _ = data.native
    except (ValueError, TypeError, KeyError) as error:
        return Report((), (Finding("malformed", role, f"this is no CMS signature: {error!s:.200}"),))
    status, problem = _status(lambda: async_validate_detached_cms(content, data, _context(trust, at_us, ((), ()))))
    if status is None:
        return Report((), (Finding("malformed", role, problem),))
    one = _signed(role, status)
    findings = [*_proof(role, status), *_person(role, status, one, trust, at_us)]
    findings += _whole([one], (), checked=bool(trust.revocations))
    return Report((one,), tuple(findings))


_Store = tuple[tuple[x509.Certificate, ...], tuple[crl.CertificateList, ...]]


def _store(reader: PdfFileReader) -> _Store:
    """Certificates and revocation lists that the file brings; each counts only if a trusted issuer signed it."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return (), ()
    lists = tuple(crl.CertificateList.load(item.get_object().data) for item in store.crls)
    return tuple(store.load_certs()), lists


def _context(trust: TrustList, at_us: int, known: _Store) -> ValidationContext:
    certificates, lists = known
    crls = [*trust.revocations, *lists]
    return ValidationContext(
        trust_roots=list(trust.roots),
        other_certs=[*trust.intermediates, *certificates],
        moment=datetime.fromtimestamp(at_us / 1e6, UTC),
        allow_fetching=False,
        crls=crls,
        revocation_mode="require" if crls else "soft-fail",
        retroactive_revinfo=True,
    )


def _status(check: Any) -> tuple[Any, str]:
    """The library's word, or None and why it has none."""
    try:
        return asyncio.run(check()), ""
    except SignatureValidationError as error:
        return None, str(error)[:200]
    except Exception as error:  # noqa: BLE001 - as in check_pdf: what a hostile file breaks is a finding, not a fault
        return None, f"the signature cannot be read: {error!s:.200}"


def _signed(role: str, status: Any) -> Signed:
    subject = status.signing_cert.subject.native
    at = status.signer_reported_dt
    micros = None if at is None else (at - _BEFORE_1970) // timedelta(microseconds=1)
    return Signed(
        str(role),
        str(subject.get("common_name", "")),
        str(subject.get("serial_number", "")),
        hashlib.sha256(status.signing_cert.dump()).hexdigest(),
        micros,
    )


def _proof(role: str, status: Any) -> Iterator[Finding]:
    """Do key and bytes belong together?"""
    if not status.intact:
        yield Finding("altered", role, "the bytes that were signed were changed")
    elif not status.valid:
        yield Finding("bad-signature", role, "the signature was not made by the key of its certificate")


def _integrity(role: str, status: Any, *, last: bool) -> Iterator[Finding]:
    yield from _proof(role, status)
    if not status.intact:
        return
    covers = SignatureCoverageLevel.ENTIRE_FILE if last else SignatureCoverageLevel.ENTIRE_REVISION
    if status.coverage < covers or not status.docmdp_ok or status.modification_level > ModificationLevel.FORM_FILLING:
        yield Finding(
            "changed-after", role, "the file was changed after it was signed, other than by another signature"
        )


def _gap(role: str, pdf: bytes, item: Any) -> Iterator[Finding]:
    """The one stretch that a signature cannot sign, its own place: the signature and zeros, in one notation, nothing else."""
    _, start, end, _ = (int(number) for number in item.byte_range)
    whole = cms.ContentInfo.load(item.pkcs7_content).dump().hex().ljust(end - start - 2, "0")
    if pdf[start:end] not in (f"<{whole}>".encode(), f"<{whole.upper()}>".encode()):
        yield Finding("altered", role, "there are other bytes in the place of the signature")


def _carried(role: str, status: Any, item: Any, trust: TrustList) -> Iterator[Finding]:
    """Certificates beside the person's own are not signed: each must be one of those that the chain or the list holds, byte for byte."""
    if status.validation_path is None:
        return  # told as what is wrong with the certificate
    known = {one.dump() for one in (*trust.issuers, *status.validation_path.iter_certs(include_root=True))}
    if any(one.dump() not in known for one in item.other_embedded_certs):
        yield Finding("altered", role, "the signature carries a certificate that neither its chain nor the list holds")


def _person(role: str, status: Any, one: Signed, trust: TrustList, at_us: int) -> Iterator[Finding]:
    """Is the certificate good, and may its person sign so?"""
    validity = status.signing_cert["tbs_certificate"]["validity"]
    asked = datetime.fromtimestamp(at_us / 1e6, UTC)
    claimed = status.signer_reported_dt or asked
    if min(asked, claimed) < validity["not_before"].native:
        yield Finding("not-yet-valid", role, f"the certificate is valid from {validity['not_before'].native:%Y-%m-%d}")
    elif max(asked, claimed) > validity["not_after"].native:
        yield Finding("expired", role, f"the certificate was valid until {validity['not_after'].native:%Y-%m-%d}")
    elif claimed > asked + _CLOCK:
        yield Finding("not-yet-valid", role, f"it says that it was made later, at {claimed:%Y-%m-%d %H:%M} UTC")
    elif status.revoked:
        yield Finding("revoked", role, "the certificate was revoked")
    elif status.trust_problem_indic is not None:
        yield Finding(*_reason(role, status.trust_problem_indic.name))
    if role not in set(Role):
        yield Finding("unknown-role", role, f"no role is called {role!r:.60}")
    elif Role(role) not in trust.roles_of(status.signing_cert):
        yield Finding("wrong-role", role, f"the trust list does not let {one.name} sign as {role}")


def _reason(role: str, name: str) -> tuple[str, str, str]:
    code, text = _REASONS.get(name, ("unfit-certificate", f"the certificate is not fit to sign with ({name})"))
    return code, role, text


def _whole(signed: list[Signed], required: Iterable[Role], *, checked: bool) -> Iterator[Finding]:
    present = {item.role for item in signed}
    for role in required:
        if role.value not in present:
            yield Finding("missing-signature", role, f"the {role} did not sign")
    if len({item.certificate_sha256 for item in signed}) < len(signed):
        yield Finding("same-person", "", "one certificate signed in two roles")
    if signed and not checked:
        yield Finding("revocation-unchecked", "", "there is no revocation list, in the trust list or in the file")
