"""Where the archive keeps what it looks up: a SQLite file (the embedded default) or a PostgreSQL database, through SQLAlchemy 2.

SQLite: WAL, ``synchronous=FULL``, one connection used in turn, because SQLite before 3.51.3 may damage a WAL that two connections
check-point at once. So one process serves an embedded archive. PostgreSQL (psycopg 3): a pool; any number of processes.

Methods block: call them from a thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from protocol.durable import make_dirs
from storage.errors import DatabaseUnavailable, DatabaseUnfit

POOL, OVERFLOW = 8, 24  # connections that stay open; that are opened beside them when needed
_TURNS = 7_421  # first half of our advisory locks' numbers, so that they are nobody else's


class Database:
    """One database, open.

    Args:
        url: SQLAlchemy's address of it.

    Raises:
        DatabaseUnfit: the address is none, or the driver is not installed.
    """

    def __init__(self, url: sa.URL | str) -> None:
        try:
            parsed = sa.make_url(url)
            if parsed.get_backend_name() == "sqlite":
                self.engine = _sqlite_engine(parsed)
            elif parsed.get_backend_name() == "postgresql":
                self.engine = _postgres_engine(parsed.set(drivername="postgresql+psycopg"))
            else:
                raise DatabaseUnfit(f"archive.database: {parsed.get_backend_name()} is neither sqlite nor postgresql")
        except sa.exc.ArgumentError as error:
            raise DatabaseUnfit("archive.database is no address: postgresql://user@host/name") from error
        except ImportError as error:
            raise DatabaseUnfit("psycopg is not installed: pip install 'hattama[archive]'") from error
        self.is_postgres = self.engine.dialect.name == "postgresql"

    @classmethod
    def at(cls, path: Path | None = None) -> Database:
        """The SQLite file, created if it is not there and readable by its owner only; ``None``: in memory, for tests."""
        if path is None:
            return cls("sqlite://")
        make_dirs(path.parent)
        path.touch(mode=0o600)
        return cls(sa.URL.create("sqlite", database=str(path)))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction; committed and durable at the end.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
            raise DatabaseUnavailable(f"the catalogue's database: {str(error).splitlines()[0]}") from error

    def insert(self, table: sa.Table) -> Any:
        """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Hold a name against every other process that asks this database for it; on SQLite there is none."""
        if not self.is_postgres:
            yield
            return
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big", signed=True)
        with self.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURNS, number)))
            yield


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url, poolclass=sa.pool.QueuePool, pool_size=1, max_overflow=0, pool_timeout=60,
        connect_args={"check_same_thread": False, "timeout": 30},
    )  # fmt: skip
    sa.event.listen(engine, "connect", _set_up)
    return engine


def _postgres_engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url,
        pool_size=POOL,
        max_overflow=OVERFLOW,
        pool_timeout=60,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10},
    )


def _set_up(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
