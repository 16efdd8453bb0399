"""Courts and judges by name: a filter asks for whole names out of a short list, not for the beginnings of words that every hearing has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the list; forget what was indexed, which has other words now; mark every hearing to be read again."""
    op.create_table(
        "known_name",
        sa.Column("mark", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
    )
    if op.get_bind().dialect.name != "postgresql":
        op.execute("DROP TABLE passage_text")
        op.execute(
            "CREATE VIRTUAL TABLE passage_text USING fts5(words, content='passage', content_rowid='id', prefix='2 3',"
            " tokenize=\"unicode61 remove_diacritics 0 tokenchars '/.'\")"
        )
    op.execute(sa.text("DELETE FROM passage"))
    op.execute(sa.text("UPDATE hearing SET dirty = true"))
