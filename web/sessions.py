"""Sessions: who sits at which browser.

A session is a random 256-bit id in a cookie; only its SHA-256 is stored, beside the accounts. Every sign-in makes a new one
(no fixation, ASVS 7.2.4); it ends after 30 idle minutes, after 12 hours, at sign-out, and when the account is disabled or gets another
password. Sessions survive a restart of the app, so that a killed console costs the secretary no sign-in during a hearing.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from web.accounts import Account, Role, courts_of, create_database, database

IDLE_S = 30 * 60
ABSOLUTE_S = 12 * 60 * 60
#: A use is written down at most this often: each write is a sync of the disk that also takes the recording.
SEEN_EVERY_S = 60

Clock = Callable[[], float]


@dataclass(frozen=True)
class Session:
    """A session that is valid now."""

    account: Account
    created_s: int


class Sessions:
    """The sessions of one app.

    Args:
        path: the accounts' SQLite file.
        app: name of the app; a session of one app is none in another.
        clock: seconds since 1970, UTC.
    """

    def __init__(self, path: Path, app: str, clock: Clock = time.time) -> None:
        create_database(path)
        self._path = path
        self._app = app
        self._clock = clock

    def open(self, account: Account) -> str:
        """Begin a session; gives the id for the cookie, 43 characters, which is stored nowhere else."""
        token = secrets.token_urlsafe(32)
        now = int(self._clock())
        with database(self._path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "DELETE FROM sessions WHERE created_s <= ? OR seen_s <= ?", (now - ABSOLUTE_S, now - IDLE_S)
            )
            connection.execute(
                "INSERT INTO sessions (digest, app, name, created_s, seen_s) VALUES (?, ?, ?, ?, ?)",
                (_digest(token), self._app, account.name, now, now),
            )
            connection.execute("COMMIT")
        return token

    def find(self, token: str, *, touch: bool = True) -> Session | None:
        """The valid session of this id, or None.

        Args:
            token: what the cookie carries.
            touch: this is a use by the person, which puts the idle limit off.
        """
        now = int(self._clock())
        with database(self._path) as connection:
            row = connection.execute(
                "SELECT a.name, a.display, a.role, s.created_s, s.seen_s FROM sessions s JOIN accounts a ON a.name = s.name"
                " WHERE s.digest = ? AND s.app = ? AND a.disabled = 0",
                (_digest(token), self._app),
            ).fetchone()
            if row is None:
                return None
            name, display, role, created, seen = row
            if now - created >= ABSOLUTE_S or now - seen >= IDLE_S:
                connection.execute("DELETE FROM sessions WHERE digest = ?", (_digest(token),))
                return None
            if touch and now - seen >= SEEN_EVERY_S:
                connection.execute("UPDATE sessions SET seen_s = ? WHERE digest = ?", (now, _digest(token)))
            courts = courts_of(connection, name)
        return Session(Account(name, display, Role(role), courts=courts), created)

    def close(self, token: str) -> None:
        """End the session of this id; nothing happens where there is none."""
        with database(self._path) as connection:
            connection.execute("DELETE FROM sessions WHERE digest = ?", (_digest(token),))

    def close_all(self, name: str, *, but: str | None = None) -> None:
        """End every session of this account, in every app; but the one of this id."""
        with database(self._path) as connection:
            connection.execute("DELETE FROM sessions WHERE name = ? AND digest != ?", (name, _digest(but or "")))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
