"""Passages are marked with the spans of time that they lie in (:mod:`storage.archive.newest`), in their place: nothing has to be read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_SPANS = (1, 8, 64, 512)
_DAY_US = 86_400_000_000


def upgrade() -> None:
    """Add the marks to the words of each passage and, in SQLite, index them again; PostgreSQL does that by itself."""
    if op.get_bind().dialect.name == "postgresql":
        marks = ", ".join(f"'/{span}d/' || (greatest(at_us, 0) / {_DAY_US * span})" for span in _SPANS)
        op.execute(sa.text(f"UPDATE passage SET words = words || array_to_tsvector(ARRAY[{marks}])"))  # noqa: S608
        return
    marks = " || ".join(f"' /{span}d/' || (max(at_us, 0) / {_DAY_US * span})" for span in _SPANS)
    op.execute(sa.text(f"UPDATE passage SET words = words || {marks}"))  # noqa: S608
    op.execute("INSERT INTO passage_text (passage_text) VALUES ('rebuild')")
