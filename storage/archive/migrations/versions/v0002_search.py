"""Full-text search: passages instead of one haystack a hearing. Every hearing is read again for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the passages and their index; drop the haystack; mark every hearing to be read again."""
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "passage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("hearing", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("speaker", "text", "starts")),
        sa.Column("words", TSVECTOR if postgres else sa.Text, nullable=False),
    )
    op.create_index("passage_hearing", "passage", ["hearing"])
    op.create_index("passage_at", "passage", ["at_us", "id"])
    if postgres:
        op.create_index("passage_words", "passage", ["words"], postgresql_using="gin")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE passage_text USING fts5(words, content='passage', content_rowid='id', prefix='2 3',"
            " tokenize=\"unicode61 remove_diacritics 0 tokenchars '/'\")"
        )
    op.create_index(
        "hearing_dirty", "hearing", ["hearing"], postgresql_where=sa.text("dirty"), sqlite_where=sa.text("dirty")
    )
    op.drop_column("hearing", "haystack")
    op.execute(sa.text("UPDATE hearing SET dirty = true"))
