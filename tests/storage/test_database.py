"""The catalogue's database: steps run once and in order, old catalogues taken over, wrong addresses told."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from storage.archive.catalogue import Catalogue
from storage.archive.migrate import migrate
from storage.archive.tables import metadata
from storage.database import Database
from storage.errors import DatabaseUnavailable, DatabaseUnfit
from tests.support.postgres import Postgres

TOKEN = b"t" * 32


def shape(database: Database) -> dict[str, list[tuple[str, str, bool]]]:
    look = sa.inspect(database.engine)
    return {
        table.name: [(c["name"], str(c["type"]), bool(c["nullable"])) for c in look.get_columns(table.name)]
        for table in metadata.sorted_tables
    }


def test_the_steps_make_what_the_program_uses(database_url: str) -> None:
    database = Database(database_url)
    assert migrate(database)
    assert migrate(database) == []
    made = shape(database)
    with database.begin() as db:
        metadata.drop_all(db)
        metadata.create_all(db)
    assert shape(database) == made
    database.close()


def test_a_catalogue_of_the_time_before_steps_is_taken_over(database_url: str) -> None:
    old = Database(database_url)
    assert migrate(old, "0001") == ["0001"]
    with old.begin() as db:
        db.execute(sa.text("DROP TABLE alembic_version"))
        db.execute(
            sa.text("INSERT INTO device VALUES (:token, 'box', 'key', '2026-01-01T00:00:00Z')"), {"token": TOKEN}
        )
        db.execute(sa.text("INSERT INTO hearing (hearing, device_key) VALUES ('h1', 'key')"))
    old.close()
    catalogue = Catalogue(Database(database_url))
    found = catalogue.device_by_token(TOKEN)
    assert found is not None
    assert found.name == "box"
    assert catalogue.dirty() == ["h1"]  # read again, for what newer steps keep of it
    catalogue.close()


def test_a_newer_catalogue_is_left_alone(database_url: str) -> None:
    catalogue = Catalogue(Database(database_url))
    with catalogue.database.begin() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    catalogue.close()
    with pytest.raises(DatabaseUnfit, match="newer"):
        Catalogue(Database(database_url))


def test_several_starts_at_once(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("one process serves an embedded archive")
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        ran = list(pool.map(migrate, databases))
    for database in databases:
        database.close()
    assert sum(bool(steps) for steps in ran) == 1


@pytest.mark.postgres
def test_turns_hold_between_processes(postgres: Postgres) -> None:
    url = postgres.new_database()
    first, second, order = Database(url), Database(url), []

    def other() -> None:
        with second.turn("records/h/a"):
            order.append("second")

    with first.turn("records/h/a"):
        with second.turn("records/h/b"):
            order.append("another name")
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join(60)
    assert order == ["another name", "first", "second"]
    first.close()
    second.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://u@h/d", "postgresql://", "://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises((DatabaseUnfit, DatabaseUnavailable)):
        Catalogue(Database(url))


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(DatabaseUnavailable):
        Catalogue(Database("postgresql://nobody@127.0.0.1:9/none"))
