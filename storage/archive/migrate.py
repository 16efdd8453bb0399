"""Bring a catalogue's tables to what this program knows; by itself at every start, one process at a time."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.database import Database
from storage.errors import DatabaseUnfit

log = structlog.get_logger("storage.archive")

_LOCK = 7_420_001  # PostgreSQL's advisory lock of whoever migrates


def migrate(database: Database, to: str | None = None) -> list[str]:
    """Run the steps that are missing.

    Args:
        database: the catalogue's.
        to: number of the last step to run; None: every one.

    Returns:
        Numbers of the steps that were run, in their order; empty when the tables were as they should be.

    Raises:
        DatabaseUnfit: a newer program made the tables; nothing was changed.
        DatabaseUnavailable: the database does not answer.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    known = [step.revision for step in scripts.walk_revisions()][::-1]
    with database.begin() as connection:
        if database.is_postgres:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # a second process waits here
        at = MigrationContext.configure(connection).get_current_revision()
        if at is not None and at not in known:
            raise DatabaseUnfit(f"the catalogue is of a newer program (step {at}; this one knows {known[-1]})")
        missing = known[known.index(at) + 1 if at else 0 : known.index(to) + 1 if to else None]
        if missing:
            config.attributes["connection"] = connection
            command.upgrade(config, missing[-1])
            log.info("catalogue migrated", action="migrated", before=at, steps=missing)
    return missing
