"""Personal keys for tests: a certificate authority of our own, its people, their PKCS#12 files, its revocation list, a trust list."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

#: When people sign in tests: 2026-11-22T10:00:00Z.
SIGNED = datetime(2026, 11, 22, 10, tzinfo=UTC)
SIGNED_US = int(SIGNED.timestamp()) * 1_000_000
DAY = timedelta(days=1)
PASSWORD = "құпия"


def _name(common: str, serial: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    return x509.Name(parts + ([x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)] if serial else []))


@dataclass(frozen=True)
class Human:
    """A person with a key."""

    name: str
    serial: str
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    issuer: x509.Certificate

    @property
    def file(self) -> bytes:
        """The PKCS#12 file, under :data:`PASSWORD`."""
        protection = serialization.BestAvailableEncryption(PASSWORD.encode())
        return pkcs12.serialize_key_and_certificates(
            self.name.encode(), self.key, self.certificate, [self.issuer], protection
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hex."""
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


@dataclass
class Authority:
    """Issues certificates and revokes them."""

    name: str = "Сынақ КО"
    at: datetime = SIGNED
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def __post_init__(self) -> None:
        name = _name(self.name)
        made = self._builder(name, self.key.public_key(), self.at - 365 * DAY, self.at + 3650 * DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = made.add_extension(_usage(issues=True), critical=True).sign(self.key, hashes.SHA256())

    def _builder(
        self, subject: x509.Name, public: rsa.RSAPublicKey, start: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder(_name(self.name), subject, public, x509.random_serial_number(), start, end)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = made.add_extension(identifier, critical=False)
        return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)

    def person(
        self, name: str, serial: str, start: datetime | None = None, end: datetime | None = None
    ) -> Human:
        """A person whose certificate is for signatures; 330 days around the authority's time unless told."""
        start, end = start or self.at - 30 * DAY, end or self.at + 300 * DAY
        key = rsa.generate_private_key(65537, 2048)
        made = self._builder(_name(name, serial), key.public_key(), start, end)
        certificate = made.add_extension(_usage(issues=False), critical=True).sign(self.key, hashes.SHA256())
        return Human(name, serial, key, certificate, self.certificate)

    def revocations(self, *revoked: Human, when: datetime = SIGNED - DAY) -> bytes:
        """The revocation list of that day, DER, good for 30 days."""
        made = x509.CertificateRevocationListBuilder(_name(self.name), when, when + 30 * DAY)
        made = made.add_extension(x509.CRLNumber(1), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = made.add_extension(identifier, critical=False)
        for human in revoked:
            entry = x509.RevokedCertificateBuilder(human.certificate.serial_number, when)
            made = made.add_revoked_certificate(entry.build())
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _usage(*, issues: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issues,
        content_commitment=not issues,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def trust_folder(folder: Path, authority: Authority, roles: dict[Human, str], crl: bytes | None = None) -> Path:
    """The trust list of a court whose people sign in ``roles``."""
    for name in ("roots", "crls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    pem = authority.certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "roots" / "authority.pem").write_bytes(pem)
    if crl is not None:
        (folder / "crls" / "authority.crl").write_bytes(crl)
    entries = [
        f'[[person]]\nname = "{human.name}"\nserial_number = "{human.serial}"\nroles = ["{role}"]\n'
        for human, role in roles.items()
    ]
    (folder / "people.toml").write_text("\n".join(entries), encoding="utf-8")
    return folder
