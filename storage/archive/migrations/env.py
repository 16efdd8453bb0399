"""What alembic runs: each step in a transaction of the connection that :mod:`storage.archive.migrate` holds."""

from __future__ import annotations

from alembic import context

from storage.archive.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
