"""The newest first out of an index without order: the same as looking at every passage, on both databases."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from storage.archive.catalogue import Catalogue
from storage.archive.migrate import migrate
from storage.archive.newest import DAY_US, SPANS
from storage.archive.passages import Piece
from storage.archive.search import Query, write_pieces
from storage.database import Database

COURTS = ("Медеуский районный суд", "Алмалинский районный суд")
VOCABULARY = ("талап", "қою", "арыз", "шешім", "долг", "иск", "срок", "суд")
AGES = (*(10.0**power for power in range(-1, 4)), 15_000.0)  # days, at most


def passages(seed: int, count: int, now_us: int) -> list[tuple[str, str, Piece]]:
    """Name of the hearing, court, piece; as dense as an archive's days, months and years, and some by clocks that were ahead."""
    pick = random.Random(seed)  # noqa: S311 - the same every time
    made = []
    for number in range(count):
        age = pick.uniform(0, pick.choice(AGES)) if number % 20 else -pick.uniform(0.5, 9_000)
        at_us = max(now_us - int(age * DAY_US), 0)
        text = " ".join(pick.choices(VOCABULARY, weights=[1 << place for place in range(len(VOCABULARY))], k=4))
        made.append((f"h{number}", pick.choice(COURTS), Piece("speech" if number % 3 else "case", at_us, text)))
    return made


@pytest.fixture
def catalogue(database_url: str) -> Iterator[Catalogue]:
    opened = Catalogue(Database(database_url))
    yield opened
    opened.close()


def write(catalogue: Catalogue, made: list[tuple[str, str, Piece]]) -> None:
    database = catalogue.database
    with database.begin() as db:
        for name, court, piece in made:
            db.execute(
                sa.text("INSERT INTO hearing (hearing, device_key, court, opened_at) VALUES (:h, 'k', :c, 'then')"),
                {"h": name, "c": court},
            )
            write_pieces(database, db, name, [piece], court, "Судья")


def test_every_page_is_what_looking_at_all_passages_gives(catalogue: Catalogue) -> None:
    now_us = int(time.time() * 1_000_000)
    made = passages(7, 250, now_us)
    write(catalogue, made)

    def expected(word: str, kind: str, court: str, from_us: int, to_us: int) -> list[int]:
        fits = (
            piece.at_us
            for _, where, piece in made
            if word in piece.text.split()
            and kind in ("", piece.kind)
            and court in ("", where)
            and from_us <= piece.at_us < to_us
        )
        return sorted(fits, reverse=True)

    pick = random.Random(8)  # noqa: S311
    for number in range(32):
        word, kind = VOCABULARY[number % len(VOCABULARY)], pick.choice(("", "", "case", "speech"))
        court = pick.choice(("", "", *COURTS))
        bounds = sorted(now_us - int(pick.uniform(-4000, 4000) * DAY_US) for _ in range(2))
        from_us, to_us = (bound if pick.random() < 0.4 else None for bound in bounds)
        every = expected(word, kind, court, from_us or 0, to_us or 1 << 62)
        for limit, offset in ((20, 20), pick.choice(((3, 0), (20, 0), (1000, 0)))):
            query = Query(word, "", court, "", from_us, to_us, kind, limit, offset)
            assert [hit.at_us for hit in catalogue.find(query)] == every[offset : offset + limit], query


def test_the_box_of_the_list_gives_the_newest_hearings(catalogue: Catalogue) -> None:
    made = passages(9, 160, int(time.time() * 1_000_000))
    write(catalogue, made)
    fits = [
        (piece.at_us, name)
        for name, court, piece in made
        if piece.kind == "case" and court == COURTS[0] and "сро" in piece.text
    ]
    every = [name for _, name in sorted(fits, reverse=True)]
    assert len({at_us for at_us, _ in fits}) == len(fits) > 10
    for limit, offset in ((5, 0), (5, 5), (1000, 0), (1000, 9)):
        got = catalogue.search("сро", limit=limit, offset=offset, courts=(COURTS[0],))
        assert [summary.hearing for summary in got] == every[offset : offset + limit]
    assert catalogue.search("нет такого", courts=(COURTS[0],)) == []


def test_a_typed_beginning_reaches_no_mark(catalogue: Catalogue) -> None:
    write(catalogue, [*passages(13, 5, int(time.time() * 1_000_000)), ("said", COURTS[0], Piece("speech", 1, "64dB"))])
    for span in SPANS:
        assert [hit.hearing for hit in catalogue.find(Query(f"{span}d*"))] == ["said"] * (span == 64)
        assert catalogue.find(Query(f"{span}d")) == []
        assert [summary.hearing for summary in catalogue.search(f"{span}d")] == []


def words_of_all(database: Database) -> dict[str, list[str]]:
    with database.begin() as db:
        rows = db.execute(sa.text("SELECT hearing, words FROM passage")).all()
    return {row.hearing: sorted(row.words.split()) for row in rows}


def test_passages_from_before_the_marks_get_them_in_their_place(database_url: str) -> None:
    made = passages(11, 40, int(time.time() * 1_000_000))
    catalogue = Catalogue(Database(database_url))
    write(catalogue, made)
    now = words_of_all(catalogue.database)
    found = catalogue.find(Query("суд"))
    database = catalogue.database
    with database.begin() as db:  # as step 0004 left them
        if database.is_postgres:
            every = "SELECT array_agg(lexeme) FROM unnest(words) WHERE lexeme ~ '^/[0-9]+d/'"
            db.execute(sa.text(f"UPDATE passage SET words = ts_delete(words, ({every}))"))  # noqa: S608
        else:
            rows = db.execute(sa.text("SELECT id, words FROM passage")).all()
            for row in rows:
                kept = " ".join(word for word in row.words.split() if "d/" not in word)
                db.execute(sa.text("UPDATE passage SET words = :words WHERE id = :id"), {"words": kept, "id": row.id})
            db.execute(sa.text("INSERT INTO passage_text (passage_text) VALUES ('rebuild')"))
        db.execute(sa.text("UPDATE alembic_version SET version_num = '0004'"))
    assert words_of_all(database) != now
    assert catalogue.find(Query("суд", limit=5)) != found[:5]
    assert migrate(database, "0005") == ["0005"]
    assert words_of_all(database) == now
    assert catalogue.find(Query("суд")) == found
    assert catalogue.dirty() == []  # nothing is read again for it
    catalogue.close()
