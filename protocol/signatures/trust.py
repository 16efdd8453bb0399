"""A court's trust list: a folder with whom it believes and who may sign as what.

::

    roots/*.pem          certificates of issuers that are trusted by themselves
    intermediates/*.pem  issuers under them (may be absent)
    crls/*.crl *.pem     revocation lists, DER or PEM (may be absent: then nothing is said about revocation)
    people.toml          who may sign as what:  [[person]] name, roles, and certificate (SHA-256, hex) or serial_number (of the subject)
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import crl, pem, x509

from protocol.signatures.errors import BadTrustList
from protocol.signatures.person import Role

_LIMIT = 64 << 20  # bytes of one file; a national revocation list has some tens of MB
_PERSON_KEYS = {"name", "roles", "certificate", "serial_number"}


@dataclass(frozen=True)
class Person:
    """One entry: by the certificate's fingerprint (SHA-256, 64 hex digits) or by the serial number its subject bears."""

    name: str
    roles: frozenset[Role]
    certificate: str | None = None
    serial_number: str | None = None

    def is_of(self, certificate: x509.Certificate) -> bool:
        """Whether the certificate is this person's."""
        if self.certificate is not None:
            return hashlib.sha256(certificate.dump()).hexdigest() == self.certificate
        return bool(certificate.subject.native.get("serial_number") == self.serial_number)


@dataclass(frozen=True)
class TrustList:
    """What the folder holds, read. Certificates and lists are asn1crypto's objects."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    revocations: tuple[crl.CertificateList, ...]
    people: tuple[Person, ...]

    @property
    def issuers(self) -> tuple[x509.Certificate, ...]:
        """Roots and those under them."""
        return self.roots + self.intermediates

    def roles_of(self, certificate: x509.Certificate) -> frozenset[Role]:
        """As what the certificate's person may sign; empty for a stranger."""
        return frozenset(role for person in self.people if person.is_of(certificate) for role in person.roles)


def read_trust(folder: Path) -> TrustList:
    """The trust list of a folder.

    Raises:
        BadTrustList: no such folder, no root in it, or a file of it is malformed; the message names it.
    """
    roots = tuple(_load(folder / "roots", x509.Certificate))
    if not roots:
        raise BadTrustList(f"{folder / 'roots'}: no trusted issuer (*.pem)")
    return TrustList(
        roots,
        tuple(_load(folder / "intermediates", x509.Certificate)),
        tuple(_load(folder / "crls", crl.CertificateList)),
        tuple(_people(folder / "people.toml")),
    )


def _load(folder: Path, kind: Any) -> Iterator[Any]:
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if path.suffix in {".pem", ".crt", ".cer", ".crl"}:
            content = _read(path)
            try:
                ders = [der for _, _, der in pem.unarmor(content, multiple=True)] if pem.detect(content) else [content]
                for der in ders:
                    item = kind.load(der, strict=True)
                    _ = item.native  # the library reads lazily: what is malformed must be found here
                    yield item
            except (ValueError, TypeError, KeyError) as error:
                raise BadTrustList(f"{path}: cannot be read ({str(error)[:100]})") from error


def _people(path: Path) -> Iterator[Person]:
    try:
        entries = tomllib.loads(_read(path).decode()).get("person", [])
    except ValueError as error:
        raise BadTrustList(f"{path}: {error}") from error
    if not isinstance(entries, list):
        raise BadTrustList(f"{path}: person is written [[person]]")
    for number, entry in enumerate(entries, 1):
        try:
            yield _person(entry)
        except (ValueError, TypeError, KeyError) as error:
            raise BadTrustList(f"{path}: person {number}: {error}") from error


def _person(entry: dict[str, Any]) -> Person:
    if unknown := set(entry) - _PERSON_KEYS:
        raise ValueError(f"unknown key {min(unknown)}")
    certificate, serial = entry.get("certificate"), entry.get("serial_number")
    if (certificate is None) == (serial is None):
        raise ValueError("either certificate or serial_number is needed, not both")
    if certificate is not None:
        certificate = str(certificate).lower().replace(":", "")
        if len(bytes.fromhex(certificate)) != hashlib.sha256().digest_size:
            raise ValueError("certificate is the SHA-256 of a certificate, 64 hex digits")
    elif not isinstance(serial, str) or not serial:
        raise ValueError("serial_number is a text that is not empty")
    roles = frozenset(Role(role) for role in entry.get("roles", ()))
    if not roles:
        raise ValueError("roles is missing: secretary, judge")
    return Person(str(entry.get("name", "")), roles, certificate, serial)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LIMIT:
            raise BadTrustList(f"{path}: larger than {_LIMIT} bytes")
        return path.read_bytes()
    except OSError as error:
        raise BadTrustList(f"{path}: {error.strerror}") from error
