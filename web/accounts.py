"""Local accounts: who may sign in, with which role.

SQLite file ``<state_dir>/accounts.sqlite`` (WAL, synchronous=FULL, mode 0600). Passwords are kept as argon2id hashes
(RFC 9106, through PyNaCl); a check takes the same work for a name that does not exist as for one that does, so that names cannot be
found out by time (OWASP ASVS 5.0, 6.3.8).
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import nacl.exceptions
from nacl.pwhash import argon2id

from web.errors import AccountExists, BadName, UnknownAccount, WeakPassword

PASSWORD_MIN = 10
PASSWORD_MAX = 200
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    name TEXT PRIMARY KEY,
    display TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('secretary', 'judge', 'admin')),
    hash BLOB NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
) STRICT;
CREATE TABLE IF NOT EXISTS account_courts (
    name TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
    court TEXT NOT NULL,
    PRIMARY KEY (name, court)
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    digest BLOB PRIMARY KEY,
    app TEXT NOT NULL,
    name TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
    created_s INTEGER NOT NULL,
    seen_s INTEGER NOT NULL
) STRICT;
"""


class Role(StrEnum):
    """What a person is in the court."""

    SECRETARY = "secretary"
    JUDGE = "judge"
    ADMIN = "admin"


@dataclass(frozen=True)
class Account:
    """One person's account.

    Attributes:
        name: to sign in with.
        display: the person's name.
        role: what the person is.
        disabled: nobody signs in by it.
        courts: whose hearings the person may see in the archive; empty: every court's.
    """

    name: str
    display: str
    role: Role
    disabled: bool = False
    courts: tuple[str, ...] = ()


@dataclass(frozen=True)
class HashCost:
    """Work of one argon2id hash: passes over the memory, and memory in bytes."""

    passes: int = argon2id.OPSLIMIT_INTERACTIVE
    memory: int = argon2id.MEMLIMIT_INTERACTIVE


#: For tests only: the least work libsodium allows.
WEAKEST = HashCost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that commits at the end and is then closed; one per use, so that threads share nothing."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        yield connection
    finally:
        connection.close()


def create_database(path: Path) -> None:
    """Create the file, readable by its owner only, and the tables; harmless where they are already there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    with database(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_SCHEMA)


class Accounts:
    """The accounts in one file.

    Args:
        path: the SQLite file; created with its folder.
        cost: work of one hash; only tests lower it.
    """

    def __init__(self, path: Path, cost: HashCost | None = None) -> None:
        self._path = path
        self._cost = cost or HashCost()
        create_database(path)
        self._nobody = self._hash(secrets.token_hex(16))

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._path

    def add(self, name: str, display: str, role: Role, password: str) -> Account:
        """Add an account.

        Raises:
            BadName: the name or the display name cannot be used.
            WeakPassword: see :func:`check_password`.
            AccountExists: the name is taken.
        """
        if not NAME.fullmatch(name):
            raise BadName(f"{name!r} cannot be the name of an account")
        display = " ".join(display.split())
        if not display or len(display) > 200:
            raise BadName("the display name must have 1 to 200 characters")
        check_password(name, password)
        row = (name, display, role.value, self._hash(password))
        with database(self._path) as connection:
            try:
                connection.execute("INSERT INTO accounts (name, display, role, hash) VALUES (?, ?, ?, ?)", row)
            except sqlite3.IntegrityError as error:
                raise AccountExists(f"there is already an account {name!r}") from error
        return Account(name, display, role)

    def get(self, name: str) -> Account:
        """The account of this name; raises UnknownAccount."""
        with database(self._path) as connection:
            row = connection.execute("SELECT name, display, role, disabled FROM accounts WHERE name = ?", (name,)).fetchone()
            courts = courts_of(connection, name)
        if row is None:
            raise UnknownAccount(f"there is no account {name!r}")
        return _account(row, courts)

    def all(self) -> list[Account]:
        """Every account, by name."""
        with database(self._path) as connection:
            rows = connection.execute("SELECT name, display, role, disabled FROM accounts ORDER BY name").fetchall()
            return [_account(row, courts_of(connection, row[0])) for row in rows]

    def set_courts(self, name: str, courts: Iterable[str]) -> Account:
        """Let a person see these courts' hearings in the archive only; none named: every court's. Raises UnknownAccount, BadName."""
        wanted = sorted({" ".join(court.split()) for court in courts})
        if any(not 1 <= len(court) <= 300 for court in wanted):
            raise BadName("the name of a court must have 1 to 300 characters")
        self.get(name)
        with database(self._path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM account_courts WHERE name = ?", (name,))
            connection.executemany("INSERT INTO account_courts VALUES (?, ?)", [(name, court) for court in wanted])
            connection.execute("COMMIT")
        return self.get(name)

    def set_password(self, name: str, password: str) -> None:
        """Set a new password and end the account's sessions; raises WeakPassword, UnknownAccount."""
        check_password(name, password)
        self._change("UPDATE accounts SET hash = ? WHERE name = ?", self._hash(password), name, end_sessions=True)

    def disable(self, name: str) -> None:
        """Let nobody sign in by this account any more, and end its sessions at once (ASVS 7.4.2); raises UnknownAccount."""
        self._change("UPDATE accounts SET disabled = ? WHERE name = ?", 1, name, end_sessions=True)

    def enable(self, name: str) -> None:
        """Let a disabled account sign in again; raises UnknownAccount."""
        self._change("UPDATE accounts SET disabled = ? WHERE name = ?", 0, name, end_sessions=False)

    def verify(self, name: str, password: str) -> Account | None:
        """The account if name and password are right and it is not disabled; else None, after the same work."""
        with database(self._path) as connection:
            row = connection.execute(
                "SELECT name, display, role, disabled, hash FROM accounts WHERE name = ?", (name,)
            ).fetchone()
            courts = courts_of(connection, name)
        right = _matches(row[4] if row else self._nobody, password)
        if row is None or not right or row[3]:
            return None
        return _account(row[:4], courts)

    def _change(self, statement: str, value: bytes | int, name: str, *, end_sessions: bool) -> None:
        with database(self._path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            changed = connection.execute(statement, (value, name)).rowcount
            if end_sessions:
                connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
            connection.execute("COMMIT")
        if not changed:
            raise UnknownAccount(f"there is no account {name!r}")

    def _hash(self, password: str) -> bytes:
        return argon2id.str(_bytes(password), opslimit=self._cost.passes, memlimit=self._cost.memory)


def check_password(name: str, password: str) -> None:
    """Raise WeakPassword unless the password has 10 to 200 characters and is not the account's name."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise WeakPassword(f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters")
    if password.casefold() == name.casefold():
        raise WeakPassword("the password is the account's name")


def _bytes(password: str) -> bytes:
    # NFC: a Cyrillic й typed on another keyboard is the same password (RFC 8265).
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _matches(digest: bytes, password: str) -> bool:
    # A longer one was never accepted, and hashing megabytes for a stranger would be a way to keep the box busy.
    shortened = password[: PASSWORD_MAX + 1]
    try:
        return argon2id.verify(digest, _bytes(shortened))
    except nacl.exceptions.InvalidkeyError:
        return False


def courts_of(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """Courts that an account names, sorted."""
    rows = connection.execute("SELECT court FROM account_courts WHERE name = ? ORDER BY court", (name,))
    return tuple(row[0] for row in rows)


def _account(row: tuple[str, str, str, int], courts: tuple[str, ...]) -> Account:
    return Account(row[0], row[1], Role(row[2]), bool(row[3]), courts)
