"""Full-text search, the same on both databases: words, beginnings, phrases, filters, the second; nothing of a closed part."""

from __future__ import annotations

import httpx2
import pytest
import sqlalchemy as sa

from protocol.encoding import b64
from protocol.passage import Model, Passage, Word
from protocol.seal import seal_revision
from protocol.transcript import TakeSpan, Transcript
from storage.archive.catalogue import Catalogue
from storage.archive.rebuild import rebuild
from storage.archive.scrub import Scrub
from storage.archive.search import Query, reread_unmarked
from storage.archive.service import Archive
from storage.sender import Sender
from storage.uploader import upload_record
from tests.storage.conftest import SIGNER, Court
from tests.storage.records import START_US, Builder
from web.accounts import Role

SECOND = 1_000_000
CANARY = "қыранқалбақ"  # said, marked and remarked in the closed take only
SPEECH = (
    ("T01", "p1", "ru", 0.5, "Прошу взыскать с ответчика сумму основного долга и неустойку"),
    ("T01", "p2", "kk", 3.0, "Талап қоюды мойындамаймын құжаттар іске тігілген"),
    ("T01", None, "ru", 4.0, "Долг погашен ещё в мае, сумму отдал основного поручителю"),
    ("T02", "p1", "ru", 10.5, f"В закрытой части сказано {CANARY}"),
)


def transcript(hearing: str) -> bytes:
    def passage(take: str, speaker: str | None, language: str, at_s: float, text: str) -> Passage:
        at = START_US + int(at_s * SECOND)
        words = tuple(
            Word(
                text=word,
                start_us=at + 100_000 * place,
                end_us=at + 100_000 * place + 90_000,
                probability_pm=900,
                model=0,
            )
            for place, word in enumerate(text.split())
        )
        return Passage("speech", take, "mic-bench", at, words[-1].end_us, language, speaker, words)

    passages = tuple(passage(*item) for item in SPEECH)
    spans = (
        TakeSpan("T01", START_US, START_US + 6 * SECOND),
        TakeSpan("T02", START_US + 10 * SECOND, START_US + 14 * SECOND),
    )
    return Transcript(
        hearing, 1, "open", "ru", spans, (Model("test", "test", "1", b64(bytes(32))),), (), passages
    ).to_json()


def make(court: Court, hearing: str = "h1", number: str = "7512-26-00-2/1234") -> Builder:
    """Two takes, the second closed; the transcript lies in claiming that it is open through and through."""
    record = Builder(court.settings.hearings / hearing, hearing, SIGNER)
    record.open(number)
    record.line("participant", id="p2", role="defendant", name="Қожахмет Нұрлан Үсенұлы", attendance="present", note="")
    record.start()
    record.line("stage", code="opening", at_us=START_US + SECOND, by="s", participant=None, note="явка проверена")
    record.line("remark", text="Замечание о тишине", at_us=START_US + 2 * SECOND, by="s")
    record.line("take_ended", take="T01", end_us=START_US + 6 * SECOND, reason="pause")
    record.line("take_started", take="T02", publicity="closed", start_us=START_US + 10 * SECOND, sources=["mic-bench"])
    record.line("stage", code="opening", at_us=START_US + 11 * SECOND, by="s", participant=None, note=CANARY)
    record.line("remark", text=CANARY, at_us=START_US + 12 * SECOND, by="s")
    record.end(START_US + 14 * SECOND, "T02")
    record.seal()
    record.add_revision("transcript", "transcript/0001.json", transcript(hearing))
    record.line("state", **{"from": "finished", "to": "drafted", "by": "s", "reason": ""})
    seal_revision(record.writer, record.clock.moment())
    return record


@pytest.fixture
def told(any_court: Court) -> Court:
    """An archive that holds one hearing of two takes, and another one."""
    make(any_court)
    any_court.record("h2")
    for hearing in ("h1", "h2"):
        with any_court.client() as client:
            Sender(any_court.settings.hearings / hearing, client).step()
    return any_court


def found(court: Court, query: Query) -> list[tuple[str, float]]:
    return [(hit.kind, (hit.at_us - START_US) / SECOND) for hit in court.archive.find(query)]


WORDS: tuple[tuple[str, list[tuple[str, float]]], ...] = (
    ("неустойку", [("speech", 1.3)]),
    ("НЕУСТОЙКУ долга", [("speech", 1.1)]),  # the first of the words that were looked for
    ("неустойк", []),
    ("неустойк*", [("speech", 1.3)]),
    ("еще", [("speech", 4.2)]),
    ('"основного долга"', [("speech", 1.0)]),
    ('"сумму основного"', [("speech", 0.9)]),
    ("сумму основного", [("speech", 4.5), ("speech", 0.9)]),
    ("қоюды", [("speech", 3.1)]),
    ("коюды", []),  # Қ is not К
    ("мойында*", [("speech", 3.2)]),
    ("проверена", [("stage", 1.0)]),
    ("тишине", [("remark", 2.0)]),
    ("неустойку қоюды", []),
    (CANARY, []),
    ("қыран*", []),
    ("закрытой", []),
    ("s/қожахмет", []),  # no typed word reaches the marks of filters
    ("% _ ' \" | &", []),
    ("", []),
)


def test_words_and_filters(told: Court) -> None:
    for text, expected in WORDS:
        assert found(told, Query(text)) == expected, text
    assert found(told, Query(speaker="қожахм")) == [("speech", 3.0)]
    # Where the transcript names nobody, it is who sits at the microphone.
    assert found(told, Query("сумму", speaker="Истец")) == [("speech", 4.5), ("speech", 0.9)]
    assert found(told, Query("сумму", speaker="никто")) == []
    assert found(told, Query("сумму", court="медеус райо", judge="судья")) == [("speech", 4.5), ("speech", 0.9)]
    assert found(told, Query("сумму", court="верховный")) == []
    day_us = 86_400 * SECOND
    assert found(told, Query("сумму", from_us=START_US + 4 * SECOND)) == [("speech", 4.5)]
    assert found(told, Query("сумму", to_us=START_US + 4 * SECOND)) == [("speech", 0.9)]
    assert found(told, Query("сумму", from_us=START_US + day_us)) == []
    assert found(told, Query(kind="remark", court="медеуский")) == [("remark", 2.0), ("remark", 1.5)]
    assert found(told, Query("сумму", limit=1, offset=1)) == [("speech", 0.9)]
    assert {hit.hearing for hit in told.archive.find(Query("1234", kind="case"))} == {"h1", "h2"}
    # Nothing of a closed part is anywhere in the database.
    with told.archive.catalogue.database.begin() as db:
        for table in sa.inspect(db).get_table_names():
            for row in db.execute(sa.text(f'SELECT * FROM "{table}"')):  # noqa: S608 - names from the database itself
                assert CANARY not in " ".join(map(str, row)), table
    # The index made again from the objects is the same.
    questions = (Query("сумму"), Query(kind="remark"), Query("1234"), Query(speaker="истец"))
    before = [told.archive.find(question) for question in questions]
    new = Archive(told.archive.store, told.archive.log, Catalogue())
    assert rebuild(new) == 2
    assert [sorted(map(repr, new.find(question))) for question in questions] == [
        sorted(map(repr, hits)) for hits in before
    ]
    new.catalogue.close()


def test_what_an_older_program_wrote_after_the_step_is_found_after_scrub(told: Court) -> None:
    archive = told.archive
    before = found(told, Query("сумму"))
    database = archive.catalogue.database
    with database.begin() as db:  # as a program from before step 0005 writes h1
        rows = db.execute(sa.text("SELECT id, words FROM passage WHERE hearing = 'h1'")).all()
        for row in rows:
            bare = " ".join(word for word in row.words.split() if "d/" not in word)
            db.execute(sa.text("UPDATE passage SET words = :words WHERE id = :id"), {"words": bare, "id": row.id})
        if not database.is_postgres:
            db.execute(sa.text("INSERT INTO passage_text (passage_text) VALUES ('rebuild')"))
    assert found(told, Query("сумму", limit=1)) == []
    assert not reread_unmarked(database, "h2"), "only the hearing that is named is looked at"
    assert Scrub(archive).run(max_bytes=0).hearings == 1, "within scrub's budget: one that was never looked at first"
    Scrub(archive).run(max_bytes=0)
    assert found(told, Query("сумму")) == before != []
    assert not reread_unmarked(database, "h1")


def test_a_hearing_that_grows_is_found_once_with_what_is_new(any_court: Court) -> None:
    record = any_court.record("h1", drafted=False)
    upload_record(record.folder, any_court.settings)
    assert found(any_court, Query("идёт")) == []
    assert len(found(any_court, Query("замечание"))) == 1
    record.draft()
    (record.folder / "receipt.json").unlink()
    upload_record(record.folder, any_court.settings)
    assert found(any_court, Query("идёт")) == [("speech", 0.6)]
    assert len(found(any_court, Query("замечание"))) == 1
    any_court.archive.reindex("h1")
    assert len(found(any_court, Query("замечание"))) == 1


def test_search_over_http(told: Court) -> None:
    with told.browser() as judge:
        page = judge.get("/search", params={"q": '"основного долга"', "court": "медеуский"})
        assert page.status_code == 200
        assert f'href="/hearings/h1?at={START_US + SECOND}"' in page.text
        assert "<mark>основного долга</mark>" in page.text
        answer = judge.get("/search.json", params={"q": "сумму"}).json()
        assert [hit["at_us"] - START_US for hit in answer["hits"]] == [4_500_000, 900_000]
        assert (answer["more"], answer["page"]) == (False, 1)
        assert judge.get("/search", params={"q": CANARY}).text.count("<mark>") == 0
        assert judge.get("/search").status_code == 200
        assert judge.get("/search", params={"since": "2026-13-01"}).status_code == 422
        assert judge.get("/search", params={"page": "0"}).status_code == 422
        days = {"q": "сумму", "since": "2026-09-21", "until": "2026-09-21"}
        assert len(judge.get("/search.json", params=days).json()["hits"]) == 2
        assert judge.get("/search.json", params={**days, "until": "2026-09-20"}).json()["hits"] == []
    with told.browser(Role.SECRETARY) as secretary:
        assert secretary.get("/search.json", params={"q": CANARY}).json()["hits"] == []
    assert httpx2.get(f"{told.url}/search.json", params={"q": "сумму"}, trust_env=False).status_code == 303
