"""Challenges of passkeys that wait for their answer, beside the accounts: what one process of an app asked, another may hear answered.

One a session and purpose, the newest; gone with the first answer, and after five minutes in any case. Only a digest of the session's id is stored. None is synced by itself: a
stranger can ask for as many as they like, each sync would take the disk that also takes the recording, and what a power cut takes is one more try. (The
last connection to a database that closes writes it back with a sync, so one is held open here, and not used.)
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

from web.accounts import create_database, database
from web.errors import PasskeyRefused

CHALLENGE_BYTES: Final = 32
#: How long a person may look for their device.
LIFETIME_S: Final = 300
MOST_OPEN: Final = 10_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS passkey_challenges (
    session BLOB NOT NULL,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    challenge BLOB NOT NULL,
    until_s REAL NOT NULL,
    PRIMARY KEY (session, purpose)
) STRICT;
CREATE INDEX IF NOT EXISTS passkey_challenges_until ON passkey_challenges (purpose, until_s);
"""


class Purpose(StrEnum):
    """What a challenge is for; an answer to one purpose is none to another."""

    ADD = "add"
    SIGN_IN = "sign-in"
    CONFIRM = "confirm"


class Challenges:
    """Challenges that wait for their answer.

    Args:
        path: the accounts' SQLite file; the table is added where it is not there yet.
        clock: seconds since 1970, UTC.
        most: how many may wait for each purpose; its oldest gives way, so that a stranger's flood of sign-ins costs who signs in one more try,
            who adds or confirms nothing, and no disk.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time, most: int = MOST_OPEN) -> None:
        create_database(path)
        self._path = path
        self._clock = clock
        self._most = most
        with self._database() as connection:
            connection.executescript(_SCHEMA)
        self._held = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._held.execute("SELECT count(*) FROM passkey_challenges").fetchall()  # only who has read holds it

    def make(self, session: str, purpose: Purpose, subject: str = "") -> bytes:
        """A new challenge in the place of an older one.

        Args:
            session: id of the session, or of the browser's cookie.
            purpose: what the answer is for.
            subject: which act the answer confirms.
        """
        challenge, now = secrets.token_bytes(CHALLENGE_BYTES), self._clock()
        row = (_digest(session), purpose.value, subject, challenge, now + LIFETIME_S)
        with self._database() as connection:
            connection.execute("BEGIN IMMEDIATE")
            # Also what a clock that was set back would keep alive for longer than that.
            ended = "DELETE FROM passkey_challenges WHERE purpose = ? AND (until_s <= ? OR until_s > ?)"
            connection.execute(ended, (purpose.value, now, now + LIFETIME_S))
            connection.execute("INSERT OR REPLACE INTO passkey_challenges VALUES (?, ?, ?, ?, ?)", row)
            connection.execute(
                "DELETE FROM passkey_challenges WHERE rowid IN (SELECT rowid FROM passkey_challenges WHERE purpose = ?1"
                " ORDER BY until_s DESC, rowid DESC LIMIT -1 OFFSET ?2)",
                (purpose.value, self._most),
            )
            connection.execute("COMMIT")
        return challenge

    def take(self, session: str, purpose: Purpose, subject: str = "") -> bytes:
        """The challenge, once; raises PasskeyRefused where none waits for this session, purpose and subject, or too long."""
        with self._database() as connection:
            rows = connection.execute(
                "DELETE FROM passkey_challenges WHERE session = ? AND purpose = ? RETURNING challenge, subject, until_s",
                (_digest(session), purpose.value),
            ).fetchall()
        now = self._clock()
        for challenge, wanted, until in rows:
            if wanted == subject and now < until <= now + LIFETIME_S:
                return bytes(challenge)
        raise PasskeyRefused("no challenge waits for this answer")

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with database(self._path) as connection:
            connection.execute("PRAGMA synchronous=NORMAL")  # in WAL mode: no sync of its own
            yield connection


def _digest(session: str) -> bytes:
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).digest()
