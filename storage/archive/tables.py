"""Tables of the catalogue."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


device = sa.Table(
    "device",
    metadata,
    sa.Column("token_sha256", sa.LargeBinary, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("enrolled_at", sa.Text, nullable=False),
)

hearing = sa.Table(
    "hearing",
    metadata,
    sa.Column("hearing", sa.Text, primary_key=True),
    sa.Column("device_key", sa.Text, nullable=False),
    *(_text(name) for name in ("number", "code", "court", "courtroom", "title", "kind", "language", "publicity")),
    *(_text(name) for name in ("judge", "secretary", "state", "opened_at", "haystack")),
    *(_text(name) for name in ("integrity", "completeness", "provenance", "verified_at")),
    sa.Column("start_us", sa.BigInteger),
    sa.Column("end_us", sa.BigInteger),
    sa.Column("duration_us", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("good", sa.Boolean),
    sa.Column("report", sa.Text),
    sa.Column("dirty", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("hearing_opened", "opened_at"),
)

stored = sa.Table(
    "stored",
    metadata,
    sa.Column("hearing", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("hearing", sa.Text, primary_key=True),
    sa.Column("seal_number", sa.Integer, primary_key=True),
    sa.Column("text", sa.LargeBinary, nullable=False),
)
