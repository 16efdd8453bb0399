"""Devices, hearings, files and receipts: the catalogue of version 0.1, which had no numbers yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXTS = (
    *("number", "code", "court", "courtroom", "title", "kind", "language", "publicity", "judge", "secretary"),
    *("state", "opened_at", "haystack", "integrity", "completeness", "provenance", "verified_at"),
)


def upgrade() -> None:
    """Make the tables, where a catalogue without a number has not made them already."""
    if sa.inspect(op.get_bind()).has_table("hearing"):
        return
    op.create_table(
        "device",
        sa.Column("token_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("enrolled_at", sa.Text, nullable=False),
    )
    op.create_table(
        "hearing",
        sa.Column("hearing", sa.Text, primary_key=True),
        sa.Column("device_key", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in _TEXTS),
        sa.Column("start_us", sa.BigInteger),
        sa.Column("end_us", sa.BigInteger),
        sa.Column("duration_us", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("good", sa.Boolean),
        sa.Column("report", sa.Text),
        sa.Column("dirty", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("hearing_opened", "hearing", ["opened_at"])
    op.create_table(
        "stored",
        sa.Column("hearing", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "receipt",
        sa.Column("hearing", sa.Text, primary_key=True),
        sa.Column("seal_number", sa.Integer, primary_key=True),
        sa.Column("text", sa.LargeBinary, nullable=False),
    )
