"""What of a log's entries is not for everybody: the log is public, and its leaves name no case and no person.

An entry is handed to the log with names in plain. What is written differs:

* ``hearing`` becomes ``subject``: a digest with a salt of this hearing, the same in all of its entries, so that whoever has the salt
  (it stands in the receipt) can follow one hearing, and everybody else only sees that entries belong together;
* the keys of :data:`PRIVATE` become ``<key>_sha256``: a digest with a salt of this entry.

Salts and plain values stand in tables of the same database, written in the transaction of the entry. They are the archive's own;
without them the log still proves everything it proved, and no longer tells who.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hashlib import sha256

import sqlalchemy as sa

from protocol import canonical
from protocol.canonical import Json
from protocol.encoding import b64
from protocol.receipt import SALT_BYTES, subject_of

PRIVATE = frozenset({"by", "reason", "user"})

metadata = sa.MetaData()
_subject = sa.Table(
    "log_subject",
    metadata,
    sa.Column("hearing", sa.Text, primary_key=True),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, unique=True),
)
_opening = sa.Table(
    "log_opening",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
)


def salt_of(db: sa.Connection, hearing: str) -> bytes:
    """The hearing's salt in this log, made on first use; the caller holds the log's turn."""
    known = db.execute(sa.select(_subject.c.salt).where(_subject.c.hearing == hearing)).scalar_one_or_none()
    if known is not None:
        return bytes(known)
    salt = secrets.token_bytes(SALT_BYTES)
    db.execute(_subject.insert().values(hearing=hearing, salt=salt, subject=subject_of(hearing, salt)))
    return salt


def hearing_of(db: sa.Connection, subject: str) -> str | None:
    """Which hearing a subject stands for."""
    return db.execute(sa.select(_subject.c.hearing).where(_subject.c.subject == subject)).scalar_one_or_none()


def public_form(db: sa.Connection, entry: Mapping[str, Json], number: int) -> bytes:
    """The canonical bytes of an entry as everybody may read it; what it hides is kept beside it.

    Args:
        db: in the transaction of the entry.
        entry: with names in plain.
        number: the entry's.
    """
    salt, shown, hidden = secrets.token_bytes(SALT_BYTES), dict(entry), {}
    if isinstance(hearing := shown.pop("hearing", None), str):
        shown["subject"] = subject_of(hearing, salt_of(db, hearing))
    for key in PRIVATE & shown.keys():
        hidden[key] = value = str(shown.pop(key))
        shown[f"{key}_sha256"] = b64(sha256(salt + value.encode()).digest())
    text = canonical.dumps(shown)
    if hidden:
        opening = canonical.dumps({**hidden, "salt": b64(salt)})
        db.execute(_opening.insert().values(number=number, text=opening))
    return text


def opening(db: sa.Connection, number: int) -> dict[str, Json]:
    """What an entry hides, with its salt; empty if it hides nothing."""
    text = db.execute(sa.select(_opening.c.text).where(_opening.c.number == number)).scalar_one_or_none()
    return {} if text is None else canonical.loads(bytes(text))
