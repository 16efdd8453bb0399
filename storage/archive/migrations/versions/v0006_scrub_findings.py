"""What scrub did and found, for the page of the fleet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NUMBERS = ("ended_us", "hearings", "bytes", "findings")
_TEXTS = ("code", "path", "detail", "found_at", "good_at")


def upgrade() -> None:
    """Two tables, both empty: the next run fills them."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "scrub_run",
        sa.Column("id", number, primary_key=True),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in _NUMBERS),
    )
    op.create_table(
        "scrub_finding",
        sa.Column("id", number, primary_key=True),
        sa.Column("hearing", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in _TEXTS),
    )
    op.create_index("scrub_finding_hearing", "scrub_finding", ["hearing"])
