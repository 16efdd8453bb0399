"""Tables of the catalogue, as the steps in ``migrations`` leave them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

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
    *(_text(name) for name in ("judge", "secretary", "state", "opened_at")),
    *(_text(name) for name in ("integrity", "completeness", "provenance", "verified_at")),
    sa.Column("start_us", sa.BigInteger),
    sa.Column("end_us", sa.BigInteger),
    sa.Column("duration_us", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("good", sa.Boolean),
    sa.Column("report", sa.Text),
    sa.Column("dirty", sa.Boolean, nullable=False, server_default=sa.false()),
    *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in ("scrubbed_us", "scrub_good_us")),
    sa.Index("hearing_opened", "opened_at"),
    sa.Index("hearing_dirty", "hearing", postgresql_where=sa.text("dirty"), sqlite_where=sa.text("dirty")),
)

#: What can be found. In SQLite the words are indexed by the FTS5 table ``passage_text`` beside it (step 0002).
passage = sa.Table(
    "passage",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("hearing", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    *(_text(name) for name in ("speaker", "text", "starts")),
    sa.Column("words", sa.Text().with_variant(TSVECTOR, "postgresql"), nullable=False),
    sa.Index("passage_hearing", "hearing"),
    sa.Index("passage_at", "at_us", "id"),
)

stored = sa.Table(
    "stored",
    metadata,
    sa.Column("hearing", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
)

#: Names of courts (mark ``c``) and judges (``j``), folded, for the search's filters.
known_name = sa.Table(
    "known_name",
    metadata,
    sa.Column("mark", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("hearing", sa.Text, primary_key=True),
    sa.Column("seal_number", sa.Integer, primary_key=True),
    sa.Column("text", sa.LargeBinary, nullable=False),
)

#: Nonces of signed requests, until seconds since 1970 (:mod:`storage.archive.used_nonces`).
used_nonce = sa.Table(
    "used_nonce",
    metadata,
    sa.Column("nonce", sa.Text, primary_key=True),
    sa.Column("until_s", sa.BigInteger, nullable=False),
    sa.Index("used_nonce_until", "until_s"),
)

#: Runs of scrub; ``ended_us`` 0: it has not ended, or was ended.
scrub_run = sa.Table(
    "scrub_run",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("began_us", sa.BigInteger, nullable=False),
    *(
        sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        for name in ("ended_us", "hearings", "bytes", "findings")
    ),
)

#: What scrub found when it last looked at a record.
scrub_finding = sa.Table(
    "scrub_finding",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("hearing", sa.Text, nullable=False),
    *(_text(name) for name in ("code", "path", "detail", "found_at", "good_at")),
    sa.Index("scrub_finding_hearing", "hearing"),
)
