"""Passkeys: a person's keys that live on their own devices, beside the password (Web Authentication, level 3).

::

    account page          browser                  this module and web.ceremonies
    password once more ─► begin ─► options ──────► challenge kept (web.challenges): for this session, this purpose, once, five minutes
                          device makes a key ────► finish: checked, public key kept under the name the person gave
    sign-in page          device signs a challenge ─► whose key it is says the key itself (discoverable credential)
    before an act         device signs a challenge ─► a key of the account that is signed in

Kept beside the accounts, in their SQLite file: credential id, public key, counter, name, when added and last used; and for each account a random
user handle, which tells a device nothing of the person (WebAuthn 14.6.1). No private key ever comes here.

Passkeys need two things that a courtroom on a closed network may not have: a name (not an IP address) and HTTPS with a certificate that the browser trusts, or
localhost. Both stand in the settings (:class:`RelyingParty`); without them passkeys are not offered, pages say why, and passwords go on working.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from web.accounts import create_database, database
from web.errors import BadLabel, BadRelyingParty, LabelTaken, TooManyPasskeys, UnknownPasskey

#: Keys an account may have; nobody carries more about.
MOST = 20
LONGEST_LABEL = 60
HANDLE_BYTES = 32
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS passkey_handles (
    name TEXT PRIMARY KEY REFERENCES accounts(name) ON DELETE CASCADE,
    handle BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS passkeys (
    credential BLOB PRIMARY KEY,
    name TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
    label TEXT NOT NULL,
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL,
    transports TEXT NOT NULL,
    added_s INTEGER NOT NULL,
    used_s INTEGER,
    UNIQUE (name, label)
) STRICT;
"""


@dataclass(frozen=True)
class RelyingParty:
    """For whom keys are made: the court's own address.

    Attributes:
        domain: the RP ID (WebAuthn 5.1.2): the name of the host, or a domain above it that all its apps share.
        origins: addresses under which people open the apps, ``https://name[:port]``.
    """

    domain: str
    origins: tuple[str, ...]

    @classmethod
    def of(cls, domain: str, origins: tuple[str, ...]) -> RelyingParty | None:
        """Checked; None where nothing is set.

        Raises:
            BadRelyingParty: an address lies outside the domain, or is no secure context.
        """
        if not domain and not origins:
            return None
        if not _DOMAIN.fullmatch(domain) or _is_number(domain):
            raise BadRelyingParty(
                f"{domain!r} is no name of a host in small letters; an IP address cannot have passkeys"
            )
        if not origins:
            raise BadRelyingParty(f"no address under which people open {domain}")
        for origin in origins:
            _check_origin(origin, domain)
        return cls(domain, origins)


def _check_origin(origin: str, domain: str) -> None:
    try:
        parts = urlsplit(origin)
        host, plain = parts.hostname or "", f"{parts.scheme}://{parts.netloc}" == origin and "@" not in parts.netloc
        _ = parts.port
    except ValueError as error:
        raise BadRelyingParty(f"{origin!r} is no address") from error
    if not plain or origin != origin.lower():
        raise BadRelyingParty(
            f"{origin!r} is not an address like https://name:port, without a path and in small letters"
        )
    if parts.scheme != "https" and not (
        parts.scheme == "http" and (host == "localhost" or host.endswith(".localhost"))
    ):
        raise BadRelyingParty(f"{origin!r}: browsers have passkeys over HTTPS only, or on localhost")
    if host != domain and not host.endswith(f".{domain}"):
        raise BadRelyingParty(f"{origin!r} does not lie in the domain {domain!r}")


def _is_number(domain: str) -> bool:
    try:
        ip_address(domain)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Passkey:
    """One key of one account.

    Attributes:
        credential: its id, chosen by the device.
        name: the account.
        label: what the person called it.
        public_key: COSE key (RFC 9052).
        counter: signatures its device has counted, 0 where it does not count.
        transports: how a browser reaches its device, as it told.
        added_s: when it was added, seconds since 1970.
        used_s: when it was last used.
    """

    credential: bytes
    name: str
    label: str
    public_key: bytes
    counter: int
    transports: tuple[str, ...]
    added_s: int
    used_s: int | None = None


_SELECT = "SELECT credential, name, label, public_key, counter, transports, added_s, used_s FROM passkeys"
_Row = tuple[bytes, str, str, bytes, int, str, int, int | None]


class Passkeys:
    """The passkeys in the accounts' file.

    Args:
        path: the accounts' SQLite file; its tables are added where they are not there yet.
    """

    def __init__(self, path: Path) -> None:
        create_database(path)
        self._path = path
        with database(path) as connection:
            connection.executescript(_SCHEMA)

    def of(self, name: str) -> list[Passkey]:
        """An account's passkeys, in the order in which they were added."""
        with database(self._path) as connection:
            rows = connection.execute(f"{_SELECT} WHERE name = ? ORDER BY added_s, label", (name,))
            return [_passkey(row) for row in rows]

    def find(self, credential: bytes) -> Passkey:
        """The passkey of this id; raises UnknownPasskey."""
        with database(self._path) as connection:
            row = connection.execute(f"{_SELECT} WHERE credential = ?", (credential,)).fetchone()
        if row is None:
            raise UnknownPasskey("no account has this passkey")
        return _passkey(row)

    def handle(self, name: str) -> bytes:
        """The account's user handle, 32 random bytes, made at its first use."""
        with database(self._path) as connection:
            wanted = ("SELECT handle FROM passkey_handles WHERE name = ?", (name,))
            row = connection.execute(*wanted).fetchone()
            if row is None:
                made = (name, secrets.token_bytes(HANDLE_BYTES))
                connection.execute("INSERT OR IGNORE INTO passkey_handles VALUES (?, ?)", made)
                row = connection.execute(*wanted).fetchone()
        return bytes(row[0])

    def add(self, passkey: Passkey) -> None:
        """Keep a new passkey.

        Raises:
            BadLabel: its name cannot be used.
            LabelTaken: the account has one of this name, or its device is known already.
            TooManyPasskeys: the account has as many as it may have.
        """
        if not passkey.label or len(passkey.label) > LONGEST_LABEL or not passkey.label.isprintable():
            raise BadLabel(f"the name of a passkey has 1 to {LONGEST_LABEL} characters")
        row = (
            passkey.credential,
            passkey.name,
            passkey.label,
            passkey.public_key,
            passkey.counter,
            ",".join(passkey.transports),
            passkey.added_s,
        )
        with database(self._path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            (count,) = connection.execute("SELECT count(*) FROM passkeys WHERE name = ?", (passkey.name,)).fetchone()
            if count >= MOST:
                raise TooManyPasskeys(f"{passkey.name} has {count} passkeys")
            try:
                connection.execute("INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", row)
            except sqlite3.IntegrityError as error:
                raise LabelTaken(
                    f"{passkey.name} has a passkey {passkey.label!r}, or this device is known already"
                ) from error
            connection.execute("COMMIT")

    def count(self, passkey: Passkey, counter: int, now_s: int) -> bool:
        """Note a use; False, and nothing noted, where the counter did not go on (WebAuthn 6.1.1): a copy of the key may be about.

        The counter that is compared is the one on the disk, so that of two answers with one counter only one passes.
        """
        with database(self._path) as connection:
            noted = connection.execute(
                "UPDATE passkeys SET counter = ?1, used_s = ?2 WHERE credential = ?3 AND (counter < ?1 OR (counter = 0 AND ?1 = 0))",
                (counter, now_s, passkey.credential),
            ).rowcount
        return bool(noted)

    def remove(self, name: str, label: str) -> None:
        """Forget a passkey of this account; raises UnknownPasskey."""
        with database(self._path) as connection:
            gone = connection.execute("DELETE FROM passkeys WHERE name = ? AND label = ?", (name, label)).rowcount
        if not gone:
            raise UnknownPasskey(f"{name} has no passkey {label!r}")


def _passkey(row: _Row) -> Passkey:
    credential, name, label, public_key, counter, transports, added_s, used_s = row
    told = tuple(one for one in transports.split(",") if one)
    return Passkey(bytes(credential), name, label, bytes(public_key), counter, told, added_s, used_s)
