"""Nonces of signed requests that were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """A table, empty: what was used before is too old to be used again, some minutes later."""
    op.create_table(
        "used_nonce",
        sa.Column("nonce", sa.Text, primary_key=True),
        sa.Column("until_s", sa.BigInteger, nullable=False),
    )
    op.create_index("used_nonce_until", "used_nonce", ["until_s"])
