"""Nonces of requests that must not be repeated at any process of this archive, nor after a restart: kept in the catalogue.

What a repeated ``PUT`` of a file does is nothing: the same bytes are there (200), and :class:`storage.archive.callers.Nonces` refuses most before that,
without a transaction for each file. Everything else is answered with something that is worth having.
"""

from __future__ import annotations

import sqlalchemy as sa

from storage.archive.tables import used_nonce
from storage.database import Database

_SWEPT_EVERY = 256


class UsedNonces:
    """The table of them.

    Args:
        database: the catalogue's.
        kept_s: seconds that one is kept.
    """

    def __init__(self, database: Database, kept_s: float) -> None:
        self._database, self._kept_s = database, kept_s
        self._used = 0

    def use(self, nonce: str, now: float) -> bool:
        """Take a nonce at a time (seconds since 1970); False if it was used before, by whichever process.

        Raises:
            DatabaseUnavailable: it cannot be said.
        """
        row = {"nonce": nonce, "until_s": int(now + self._kept_s)}
        with self._database.begin() as db:
            taken = self._database.insert(used_nonce).values(row).on_conflict_do_nothing().returning(used_nonce.c.nonce)
            is_new = db.execute(taken).first() is not None
            self._used += 1
            if self._used % _SWEPT_EVERY == 1:
                db.execute(sa.delete(used_nonce).where(used_nonce.c.until_s < int(now)))
        return is_new
