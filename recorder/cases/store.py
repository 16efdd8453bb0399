"""The list on the box's disk: ``<state_dir>/cases.sqlite``, so that a day without the network is a day like any other.

One row a listed hearing; a second import of it changes what it says and nothing else. Beside it what people of this court did with it: the record that was made
(``hearing``), the judge's decision that no protocol is kept (ГПК 281), and the room's plan of seats. Rows older than the days that settings keep are dropped.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recorder.cases.errors import ListDamaged, NotListed
from recorder.cases.listed import Listed
from recorder.cases.problems import Problem
from recorder.cases.reading import Reading

KEPT_REPORTS = 100
MOST_FOUND = 300

_SCHEMA = """
CREATE TABLE IF NOT EXISTS listed (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL,
    day TEXT NOT NULL,
    time TEXT NOT NULL,
    searched TEXT NOT NULL,
    value TEXT NOT NULL,
    hearing TEXT,
    decided TEXT,
    changed_us INTEGER NOT NULL,
    UNIQUE (number, day, time)
) STRICT;
CREATE INDEX IF NOT EXISTS listed_by_day ON listed (day, time);
CREATE TABLE IF NOT EXISTS imports (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us INTEGER NOT NULL,
    name TEXT NOT NULL,
    way TEXT NOT NULL,
    by TEXT NOT NULL,
    report TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS plans (room TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Decision:
    """The judge's decision that no protocol of a hearing is kept (ГПК 281(1)): who, why, when in UTC µs."""

    by: str
    reason: str
    at_us: int


@dataclass(frozen=True)
class Kept:
    """A listed hearing as the store has it: with the record made of it, if it is known, and the judge's decision."""

    listed: Listed
    hearing: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True)
class Report:
    """What became of one import.

    Attributes:
        number: of the import; 0 before it is stored.
        way: page, command, folder or api.
        added, changed, unchanged: good rows.
    """

    number: int
    at_us: int
    name: str
    way: str
    by: str
    encoding: str
    rows: int
    added: int
    changed: int
    unchanged: int
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> int:
        """How many rows were left out."""
        return len({item.line for item in self.problems if item.refused})

    def to_json(self) -> dict[str, Any]:
        """Plain values, for files and the API."""
        return {**self.__dict__, "refused": self.refused, "problems": [item.to_json() for item in self.problems]}


class CaseList:
    """The list in one file; every call opens it anew, so that threads and processes share nothing.

    Args:
        path: the SQLite file; created with its folder, readable by its owner only.

    Raises (every method):
        ListDamaged: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            try:
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise ListDamaged(f"{self._path}: {error}") from error

    def take(self, reading: Reading, *, name: str, way: str, by: str, at_us: int) -> Report:
        """Put what was read into the list, all at once or not at all.

        Args:
            reading: the file, read.
            name: what people call it.
            way: page, command, folder or api.
            by: who imported it.
            at_us: now, UTC µs.
        """
        counts = {"added": 0, "changed": 0, "unchanged": 0}
        problems = list(reading.problems)
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for line, item in reading.good:
                outcome = _put(connection, item, at_us)
                if outcome in counts:
                    counts[outcome] += 1
                else:
                    problems.append(Problem(line, "number", "taken", {"value": outcome}))
            report = Report(0, at_us, name, way, by, reading.encoding, reading.rows, problems=tuple(problems), **counts)
            number = _keep_report(connection, report)
            connection.execute("COMMIT")
        return Report(**{**report.__dict__, "number": number})

    def get(self, listed_id: str) -> Kept:
        """One listed hearing; raises NotListed."""
        with self._open() as connection:
            row = connection.execute(f"{_SELECT} WHERE id = ?", (listed_id,)).fetchone()
        if row is None:
            raise NotListed(f"there is no listed hearing {listed_id[:80]!r}")
        return _kept(row)

    def days(self, first: str, last: str) -> list[Kept]:
        """The hearings of some days, first and last included, cancelled ones too, by day, time and number."""
        with self._open() as connection:
            rows = connection.execute(
                f"{_SELECT} WHERE day BETWEEN ? AND ? ORDER BY day, time, number", (first, last)
            ).fetchall()
        return [_kept(row) for row in rows]

    def search(self, text: str, around: str) -> list[Kept]:
        """Hearings that have every word of a text in number, title or a name; the nearest to a day first, at most 300."""
        found = " ".join(text.casefold().split())[:200].split()
        where = " AND ".join("instr(searched, ?) > 0" for _ in found) or "1"
        order = "abs(julianday(day) - julianday(?)), day, time, number"
        with self._open() as connection:
            rows = connection.execute(
                f"{_SELECT} WHERE {where} ORDER BY {order} LIMIT {MOST_FOUND}", (*found, around)
            ).fetchall()
        return [_kept(row) for row in rows]

    def opened(self, listed_id: str, hearing: str) -> None:
        """Remember which record is of a listed hearing."""
        self._set("hearing", listed_id, hearing)

    def decide(self, listed_id: str, decision: Decision | None) -> None:
        """Remember, or take back, that the judge decided to keep no protocol."""
        self._set("decided", listed_id, json.dumps(decision.__dict__) if decision else None)

    def _set(self, column: str, listed_id: str, value: str | None) -> None:
        with self._open() as connection:
            if connection.execute(f"UPDATE listed SET {column} = ? WHERE id = ?", (value, listed_id)).rowcount != 1:  # noqa: S608 - our own names
                raise NotListed(f"there is no listed hearing {listed_id[:80]!r}")

    def forget(self, before: str) -> int:
        """Drop hearings before a day: names of people are kept no longer than they are needed; how many there were."""
        with self._open() as connection:
            return connection.execute("DELETE FROM listed WHERE day < ?", (before,)).rowcount

    def reports(self, most: int = 20) -> list[dict[str, Any]]:
        """The last imports, newest first, without their problems."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT number, report FROM imports ORDER BY number DESC LIMIT ?", (most,)
            ).fetchall()
        return [{**json.loads(report), "number": number, "problems": []} for number, report in rows]

    def report(self, number: int) -> Report | None:
        """One import with everything that was wrong in it; None where it is not kept any more."""
        with self._open() as connection:
            row = connection.execute("SELECT report FROM imports WHERE number = ?", (number,)).fetchone()
        if row is None:
            return None
        value = json.loads(row[0])
        problems = tuple(Problem(**item) for item in value.pop("problems"))
        return Report(**{**value, "number": number, "problems": problems})

    def plan(self, room: str) -> dict[str, str]:
        """Which role usually sits at which microphone of a room."""
        with self._open() as connection:
            row = connection.execute("SELECT value FROM plans WHERE room = ?", (room,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def remember_plan(self, room: str, roles: dict[str, str]) -> None:
        """Remember a room's plan: role by microphone."""
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", (room, json.dumps(roles)))


_SELECT = "SELECT value, hearing, decided FROM listed"


def _kept(row: Sequence[Any]) -> Kept:
    value, hearing, decided = row
    return Kept(Listed.from_json(json.loads(value)), hearing, Decision(**json.loads(decided)) if decided else None)


def _put(connection: sqlite3.Connection, item: Listed, at_us: int) -> str:
    """added, changed or unchanged; else the identifier of the hearing that has its case and time."""
    value = json.dumps(item.to_json(), ensure_ascii=False)
    old = connection.execute("SELECT value FROM listed WHERE id = ?", (item.id,)).fetchone()
    if old and old[0] == value:
        return "unchanged"
    other = connection.execute(
        "SELECT id FROM listed WHERE number = ? AND day = ? AND time = ? AND id <> ?", (*item.moment, item.id)
    ).fetchone()
    if other:
        return str(other[0])
    searched = " ".join(
        [item.number, item.title, item.judge, *item.panel, *(party.name for party in item.parties)]
    ).casefold()
    connection.execute(
        "INSERT INTO listed (id, number, day, time, searched, value, changed_us) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "number = excluded.number, day = excluded.day, time = excluded.time, searched = excluded.searched, value = excluded.value, changed_us = excluded.changed_us",
        (item.id, *item.moment, searched, value, at_us),
    )
    return "changed" if old else "added"


def _keep_report(connection: sqlite3.Connection, report: Report) -> int:
    told = {**report.__dict__, "problems": [item.__dict__ for item in report.problems]}
    values = (report.at_us, report.name, report.way, report.by, json.dumps(told))
    number = connection.execute(
        "INSERT INTO imports (at_us, name, way, by, report) VALUES (?, ?, ?, ?, ?)", values
    ).lastrowid
    connection.execute("DELETE FROM imports WHERE number <= ?", ((number or 0) - KEPT_REPORTS,))
    return number or 0
