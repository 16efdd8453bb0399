"""``.venv/bin/python -m bench.search``: the archive's search on a million synthetic hearings in PostgreSQL.

Every hearing has its case (number, one of 300 courts, one of 3,000 judges, two people) and utterances of twenty words; words are drawn by Zipf's law from a
vocabulary of Russian and Kazakh syllables. Rows are made by the archive's own code and copied in; queries go through the archive's catalogue, one after the other:
rare and common words, several words, beginnings, phrases, with filters, the list's box.

They are asked twice, other ones each time. *Cold*: the server has just started, and nothing of the database is in memory, neither in its own buffers nor in the
kernel's cache. *Warm*: after the cold ones. Exit status 1 if the 95th percentile of all warm ones is above 200 ms.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.machine import machine
from storage.archive.catalogue import Catalogue
from storage.archive.passages import Piece
from storage.archive.search import Query, note_names, row_of
from storage.database import Database
from tests.support.postgres import run_postgres, why_not

LIMIT_MS = 200.0
VOCABULARY, COURTS, JUDGES, LENGTH = 50_000, 300, 3_000, 20
DAY_US = 86_400_000_000
FIRST_US = 1_608_000_000_000_000  # December 2020; hearings lie in the five years after it
TEXT = "ба бе ви во га го да де жа за зи ка ко ла ле ма ми на но па по ра ро са со та то ха ша әл ғы қа ңі өн ұл үш іс"
SYLLABLES = TEXT.split()


class World:
    """Everything that is invented, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same on every machine
        self.words = self._names(VOCABULARY, 2, 5)
        self.courts = [f"{self._name()} районный суд {number}" for number in range(COURTS)]
        self.judges = [
            f"{name.capitalize()} {initial}"
            for name, initial in zip(self._names(JUDGES, 3, 4), itertools.cycle("АБВГДЕЖ"), strict=False)
        ]
        self.people = [name.capitalize() for name in self._names(20_000, 3, 4)]
        weights = [1 / (rank + 2.7) for rank in range(VOCABULARY)]
        self.cumulative = list(itertools.accumulate(weights))

    def _name(self) -> str:
        return "".join(self.random.choices(SYLLABLES, k=4)).capitalize()

    def _names(self, count: int, shortest: int, longest: int) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < count:
            found["".join(self.random.choices(SYLLABLES, k=self.random.randint(shortest, longest)))] = None
        return list(found)

    def said(self, count: int) -> list[str]:
        """So many words, common ones more often."""
        return self.random.choices(self.words, cum_weights=self.cumulative, k=count)


@dataclass(frozen=True)
class Hearing:
    """One invented hearing."""

    name: str
    at_us: int
    number: str
    court: str
    judge: str
    people: tuple[str, str]
    pieces: tuple[Piece, ...]


def hearings(world: World, count: int, utterances: int) -> Iterator[Hearing]:
    """So many hearings, the oldest first."""
    starts = tuple(range(0, LENGTH * 400_000, 400_000))
    for number in range(count):
        at = FIRST_US + number * 5 * 365 * DAY_US // count
        court, judge = world.random.choice(world.courts), world.random.choice(world.judges)
        people = (world.random.choice(world.people), world.random.choice(world.people))
        case = f"7512-{20 + number % 7}-00-2/{number}"
        told = Piece("case", at, f"h{number} {case} {court} {judge} {people[0]} {people[1]}")
        spoken = (
            Piece("speech", at + (place + 1) * 60_000_000, " ".join(world.said(LENGTH)), people[place % 2], starts)
            for place in range(utterances)
        )
        yield Hearing(f"h{number}", at, case, court, judge, people, (told, *spoken))


def fill(database: Database, world: World, count: int, utterances: int) -> float:
    """Copy the hearings in and index them; gives the seconds it took."""
    began = time.monotonic()
    passage = ("hearing", "kind", "at_us", "speaker", "text", "starts", "words")
    row = (
        "hearing",
        "device_key",
        "number",
        "court",
        "judge",
        "state",
        "opened_at",
        "start_us",
        "duration_us",
        "dirty",
    )
    connection = database.engine.raw_connection()
    try:
        cursor: Any = connection.cursor()
        cursor.execute("DROP INDEX passage_words; DROP INDEX passage_at; DROP INDEX passage_hearing")
        made = hearings(world, count, utterances)
        while batch := list(itertools.islice(made, 20_000)):
            with cursor.copy(f"COPY hearing ({','.join(row)}) FROM STDIN") as copy:
                for item in batch:
                    opened = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(item.at_us // 1_000_000))
                    copy.write_row(
                        (
                            item.name,
                            "key",
                            item.number,
                            item.court,
                            item.judge,
                            "archived",
                            opened,
                            item.at_us,
                            3_600_000_000,
                            False,
                        )
                    )
            with cursor.copy(f"COPY passage ({','.join(passage)}) FROM STDIN") as copy:
                for item in batch:
                    for piece in item.pieces:
                        values = row_of(database, item.name, piece, item.court, item.judge)
                        copy.write_row([values[name] for name in passage])
        cursor.execute("CREATE INDEX passage_words ON passage USING gin (words)")
        cursor.execute(
            "CREATE INDEX passage_at ON passage (at_us, id); CREATE INDEX passage_hearing ON passage (hearing)"
        )
        connection.commit()
    finally:
        connection.close()
    with database.begin() as db:
        note_names(database, db, [*(("c", name) for name in world.courts), *(("j", name) for name in world.judges)])
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(sa.text("VACUUM ANALYZE"))
    return time.monotonic() - began


def questions(world: World, catalogue: Catalogue, count: int) -> dict[str, list[Callable[[], Any]]]:
    """So many questions of each kind, of words and names that are there."""
    with catalogue.database.begin() as db:
        last = db.execute(sa.text("SELECT max(id) FROM passage")).scalar_one()
        texts = [
            db.execute(
                sa.text("SELECT text FROM passage WHERE id >= :id AND kind = 'speech' ORDER BY id LIMIT 1"),
                {"id": world.random.randrange(last)},
            ).scalar()
            for _ in range(count)
        ]
    pick = world.random

    def ask(**more: Any) -> Callable[[], Any]:
        return lambda: catalogue.find(Query(**more))

    words = [(text or "суд").split() for text in texts]
    day = [FIRST_US + pick.randrange(4 * 365) * DAY_US for _ in range(count)]
    return {
        "a rare word": [ask(text=pick.choice(world.words[20_000:])) for _ in range(count)],
        "a common word": [ask(text=pick.choice(world.words[:50])) for _ in range(count)],
        "a word of the middle": [ask(text=pick.choice(world.words[500:3000])) for _ in range(count)],
        "two words of one utterance": [ask(text=f"{word[3]} {word[11]}") for word in words],
        "two common words": [ask(text=" ".join(pick.sample(world.words[:200], 2))) for _ in range(count)],
        "a phrase": [ask(text=f'"{word[5]} {word[6]} {word[7]}"') for word in words],
        "a beginning": [ask(text=f"{pick.choice(world.words)[:5]}*") for _ in range(count)],
        "word and court": [
            ask(text=pick.choice(world.words[:2000]), court=pick.choice(world.courts)) for _ in range(count)
        ],
        "word, judge, a year": [
            ask(
                text=pick.choice(world.words[:200]),
                judge=pick.choice(world.judges),
                from_us=at,
                to_us=at + 365 * DAY_US,
            )
            for at in day
        ],
        "word and speaker": [
            ask(text=pick.choice(world.words[:2000]), speaker=pick.choice(world.people)) for _ in range(count)
        ],
        "case number": [ask(text=f"7512 {pick.randrange(1000)}", kind="case") for _ in range(count)],
        "the list's box": [partial(catalogue.search, pick.choice(world.people), limit=51) for _ in range(count)],
        "the list": [partial(catalogue.search, limit=51, offset=page * 50) for page in range(count)],
    }


def percentile(values: list[float], percent: int) -> float:
    """The value below which so many per cent lie."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def measure(asked: dict[str, list[Callable[[], Any]]], rounds: random.Random) -> dict[str, list[float]]:
    """Milliseconds of every question, the kinds mixed."""
    everything = [(kind, question) for kind, some in asked.items() for question in some]
    rounds.shuffle(everything)
    taken: dict[str, list[float]] = {kind: [] for kind in asked}
    for kind, question in everything:
        began = time.perf_counter()
        question()
        taken[kind].append((time.perf_counter() - began) * 1000)
    return taken


def summary(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and the longest."""
    return {
        "p50": round(statistics.median(values), 1),
        "p95": round(percentile(values, 95), 1),
        "most": round(max(values), 1),
    }


def every(taken: dict[str, list[float]]) -> list[float]:
    """Those of all kinds."""
    return [value for values in taken.values() for value in values]


def forget(folder: Path) -> None:
    """Have the kernel forget what it keeps in memory of the files of a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)  # what is not on the disk yet would stay
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def main() -> None:
    """Fill, ask, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hearings", type=int, default=1_000_000, help="hearings")
    parser.add_argument("--utterances", type=int, default=2, help="utterances of a hearing")
    parser.add_argument("--questions", type=int, default=40, help="questions of each kind")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    if reason := why_not():
        sys.exit(reason)
    world = World(chosen.seed)
    with run_postgres(
        "shared_buffers=2GB",
        "maintenance_work_mem=1GB",
        "max_wal_size=8GB",
        "work_mem=32MB",
        "random_page_cost=1.1",
        "jit=off",
    ) as server:
        catalogue = Catalogue(Database(server.new_database()))
        filled = fill(catalogue.database, world, chosen.hearings, chosen.utterances)
        with catalogue.database.begin() as db:
            size = db.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
        asked = [questions(world, catalogue, chosen.questions) for _ in range(2)]
        catalogue.close()  # its connections: the next question opens another
        server.stop(signal.SIGINT)
        forget(server.folder)
        server.start()
        cold, warm = (measure(some, world.random) for some in asked)
        catalogue.close()
    result = {
        "machine": machine(), "hearings": chosen.hearings, "passages": chosen.hearings * (1 + chosen.utterances), "filled_s": round(filled), "database_gb": round(size / 1e9, 2),
        "p95_ms": summary(every(warm))["p95"], "cold_p95_ms": summary(every(cold))["p95"],
        "kinds": {kind: {"cold": summary(cold[kind]), "warm": summary(values)} for kind, values in warm.items()},
    }  # fmt: skip
    if chosen.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(
            f"{result['machine']}\n{result['hearings']} hearings, {result['passages']} passages, {result['database_gb']} GB, filled in {result['filled_s']} s"
        )
        print(f"{'ms':<28}{'cold p50':>10}{'p95':>8}{'most':>8}{'warm p50':>12}{'p95':>8}{'most':>8}")
        for kind, both in result["kinds"].items():
            (c50, c95, most_cold), (w50, w95, most_warm) = (tuple(both[state].values()) for state in ("cold", "warm"))
            print(f"{kind:<28}{c50:>10}{c95:>8}{most_cold:>8}{w50:>12}{w95:>8}{most_warm:>8}")
        print(
            f"all together: p95 {result['p95_ms']} ms warm (limit {LIMIT_MS:.0f}), {result['cold_p95_ms']} ms cold (nothing in memory)"
        )
    sys.exit(result["p95_ms"] > LIMIT_MS)


if __name__ == "__main__":
    main()
