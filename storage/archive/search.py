"""Full-text search over what was said, stages, remarks and case data: one interface, FTS5 in SQLite, tsvector with GIN in PostgreSQL.

Both databases get the words as :mod:`storage.archive.words` cuts them, so they find the same. What a filter asks for stands as a word with a mark in the
same index: ``k/case``, ``s/сүлейменова`` for each word of a speaker's name, ``j/сүлейменова.а.б`` for the whole name of a judge or a court, ``/1d/20719`` for
its day (:mod:`storage.archive.newest`). No typed word can hold a ``/``, and none that may go on is the beginning of a mark. Whole names, because words like «районный» stand in every hearing of the country: which names a filter means is looked up in a short list first.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from storage.archive.newest import newest, span_marks
from storage.archive.passages import Kind, Piece
from storage.archive.tables import hearing, known_name, passage
from storage.archive.words import Term, match_spans, terms_of, words_of
from storage.database import Database

MOST_NAMES = 200  # courts or judges that a filter may mean
LONGEST_NAME = 300  # characters of a name as one word
MOST_WORDS = 5_000  # of one piece that can be found; a tsvector holds at most 1 MB


@dataclass(frozen=True)
class Query:
    """What is looked for.

    Attributes:
        text: words, ``"exact phrases"``, ``begin*``; all must stand in one piece.
        speaker, court, judge: beginnings of words of the name, in any order; empty: anybody's.
        from_us, to_us: of the piece's moment, UTC µs, ``to_us`` not included; None: without end.
        kind: only pieces of this kind; empty: of every kind.
        limit, offset: hits at most, hits passed over.
        courts: whole names of courts, of which the case's must be one; empty: any.
    """

    text: str = ""
    speaker: str = ""
    court: str = ""
    judge: str = ""
    from_us: int | None = None
    to_us: int | None = None
    kind: Kind | str = ""
    limit: int = 50
    offset: int = 0
    courts: tuple[str, ...] = ()

    def terms(self) -> list[Term]:
        """What must be in the index's words, but for court and judge."""
        named = [Term((f"s/{word}",), prefix=True) for word in words_of(self.speaker)]
        return [*terms_of(self.text), *named[:12], *([Term((f"k/{self.kind}",))] if self.kind else [])]

    @property
    def asks(self) -> bool:
        """Whether anything is asked for."""
        if self.text.strip() and not terms_of(self.text):
            return False
        return bool(self.terms() or words_of(self.court) or words_of(self.judge))


@dataclass(frozen=True)
class Hit:
    """A piece that was found.

    Attributes:
        hearing: identifier.
        kind, text, speaker: of the piece.
        at_us: where the words that were looked for begin, UTC µs.
        number, court, judge, title: of the case.
    """

    hearing: str
    kind: str
    text: str
    speaker: str
    at_us: int
    number: str
    court: str
    judge: str
    title: str


def write_pieces(
    database: Database, db: sa.Connection, name: str, pieces: Iterable[Piece], court: str, judge: str
) -> None:
    """Replace what can be found of a hearing.

    Args:
        database: the catalogue's.
        db: the transaction, which holds the hearing's row.
        name: identifier of the hearing.
        pieces: all of it.
        court: of the case, for the filter.
        judge: likewise.
    """
    forget_pieces(database, db, name)
    rows = [row_of(database, name, piece, court, judge) for piece in pieces if piece.text]
    if rows:
        db.execute(passage.insert(), rows)
    note_names(database, db, [("c", court), ("j", judge)])
    if not database.is_postgres:
        db.execute(
            sa.text("INSERT INTO passage_text (rowid, words) SELECT id, words FROM passage WHERE hearing = :name"),
            {"name": name},
        )


def note_names(database: Database, db: sa.Connection, names: Iterable[tuple[str, str]]) -> None:
    """Note names of courts (``c``) and judges (``j``) for the filters."""
    rows = [{"mark": mark, "name": whole} for mark, name in names if (whole := whole_name(name))]
    if rows:
        db.execute(database.insert(known_name).values(rows).on_conflict_do_nothing())


def row_of(database: Database, name: str, piece: Piece, court: str, judge: str) -> dict[str, Any]:
    """A piece as the table ``passage`` holds it."""
    return {
        "hearing": name, "kind": piece.kind, "at_us": piece.at_us, "speaker": piece.speaker, "text": piece.text,
        "starts": json.dumps(piece.starts, separators=(",", ":")) if piece.starts else "",
        "words": _words_column(database, piece, [f"{mark}/{whole}" for mark, name in (("c", court), ("j", judge)) if (whole := whole_name(name))]),
    }  # fmt: skip


def forget_pieces(database: Database, db: sa.Connection, name: str) -> None:
    """Remove what can be found of a hearing."""
    if not database.is_postgres:
        db.execute(
            sa.text(
                "INSERT INTO passage_text (passage_text, rowid, words)"
                " SELECT 'delete', id, words FROM passage WHERE hearing = :name"
            ),
            {"name": name},
        )
    db.execute(sa.delete(passage).where(passage.c.hearing == name))


def reread_unmarked(database: Database, name: str) -> bool:
    """Have a hearing read again that has passages without marks of spans, which a search passes over.

    A process of a program from before step 0005 writes such, if it still runs after the step. Only this hearing's passages are looked at.

    Returns:
        Whether it had any.
    """
    if database.is_postgres:
        bare = sa.not_(passage.c.words.bool_op("@@")(sa.cast("'/1d/':*", TSQUERY)))
    else:
        bare = passage.c.words.not_like("%/1d/%")
    with database.begin() as db:
        found = db.execute(sa.select(passage.c.id).where(passage.c.hearing == name, bare).limit(1)).first()
        if found is not None:
            db.execute(sa.update(hearing).where(hearing.c.hearing == name).values(dirty=True))
    return found is not None


def find(database: Database, query: Query) -> list[Hit]:
    """Pieces that hold everything that is asked for, the newest first; none where nothing is asked for."""
    if not query.asks:
        return []
    choices = [court_marks(query.courts)] if query.courts else []
    typed = terms_of(query.text)
    found = sa.select(passage, *(hearing.c[name] for name in ("number", "court", "judge", "title"))).join(
        hearing, hearing.c.hearing == passage.c.hearing
    )
    with database.begin() as db:
        for mark, name in (("c", query.court), ("j", query.judge)):
            if words := words_of(name):
                choices.append(_names(db, mark, words))
        if not all(choices):
            return []  # there is no such court or judge
        times = (query.from_us, query.to_us)
        ids = find_newest(database, db, query.terms(), choices, query.limit, query.offset, times)
        found = found.where(passage.c.id.in_(ids)).order_by(passage.c.at_us.desc(), passage.c.id.desc())
        rows = db.execute(found).mappings().all() if ids else []
    return [_hit(row, typed) for row in rows]


def find_newest(
    database: Database,
    db: sa.Connection,
    terms: list[Term],
    choices: list[list[str]],
    limit: int,
    offset: int,
    times: tuple[int | None, int | None] = (None, None),
) -> list[int]:
    """Ids of the newest passages that hold all terms, and of each list of choices one, the newest first; see :func:`newest`."""

    def holding(spans: Sequence[str], without: Sequence[str]) -> sa.ColumnElement[bool]:
        return matches(database, terms, [*choices, spans] if spans else choices, without)

    return newest(db, holding, limit, offset, int(time.time() * 1_000_000), times)


def matches(
    database: Database, terms: list[Term], choices: Sequence[Sequence[str]] = (), without: Sequence[str] = ()
) -> sa.ColumnElement[bool]:
    """The condition that a passage's words hold all terms, of each list of choices one, and none of the last ones."""
    if database.is_postgres:
        asked = [" <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "") for term in terms]
        asked += [" | ".join(f"'{name}'" for name in names) for names in choices]
        query = " & ".join([*(f"({part})" for part in asked), *(f"!'{name}'" for name in without)])
        return passage.c.words.bool_op("@@")(sa.cast(query, TSQUERY))
    asked = [f'"{" ".join(term.words)}"' + ("*" if term.prefix else "") for term in terms]
    asked += ["(" + " OR ".join(f'"{name}"' for name in names) + ")" for names in choices]
    inside = sa.text("passage.id IN (SELECT rowid FROM passage_text WHERE passage_text MATCH :asked)")
    query = " NOT ".join([f"({' AND '.join(asked)})", *(f'"{name}"' for name in without)])
    return sa.and_(inside.bindparams(sa.bindparam("asked", query, unique=True)))


def _names(db: sa.Connection, mark: str, words: list[str]) -> list[str]:
    """Marked names whose words begin like all of these, at most :data:`MOST_NAMES`."""
    known = db.execute(
        sa.select(known_name.c.name).where(known_name.c.mark == mark).order_by(known_name.c.name)
    ).scalars()
    fit = (name for name in known if all(any(part.startswith(word) for part in name.split(".")) for word in words))
    return [f"{mark}/{name}" for name in itertools.islice(fit, MOST_NAMES)]


def _hit(row: sa.RowMapping, typed: list[Term]) -> Hit:
    starts: list[int] = json.loads(row["starts"]) if row["starts"] else []
    place = min(match_spans(row["text"], typed), default=0) if starts else 0
    shown: dict[str, Any] = {name: row[name] for name in Hit.__dataclass_fields__ if name != "at_us"}
    return Hit(**shown, at_us=row["at_us"] + (starts[place] if place < len(starts) else 0))


def court_marks(courts: Iterable[str]) -> list[str]:
    """What passages of these courts' cases are marked with."""
    return [f"c/{whole}" for court in courts if (whole := whole_name(court))] or ["c/"]  # a nameless court is nobody's


def whole_name(name: str) -> str:
    """A name as one word, which differs for different names only."""
    return ".".join(words_of(name))[:LONGEST_NAME]


def _marked(mark: str, name: str) -> list[str]:
    return [f"{mark}/{word}" for word in dict.fromkeys(words_of(name))]


def _words_column(database: Database, piece: Piece, every: list[str]) -> str:
    words = words_of(piece.text)[:MOST_WORDS]
    marks = [f"k/{piece.kind}", *_marked("s", piece.speaker), *span_marks(piece.at_us), *every]
    if not database.is_postgres:
        return " ".join([*words, *marks])
    # The vector is written out, not made by to_tsvector: its parser follows the server's locale and would cut Kazakh words.
    return " ".join([*(f"'{word}':{place}" for place, word in enumerate(words, 1)), *(f"'{mark}'" for mark in marks)])
