"""When each record was looked at by scrub, and when it was last found good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Two times, UTC µs; 0: never."""
    for name in ("scrubbed_us", "scrub_good_us"):
        op.add_column("hearing", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
