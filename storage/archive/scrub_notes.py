"""What scrub did and found, kept in the catalogue for the page of the fleet.

::

    scrub ──► begun ──► looked at a record: its findings take the place of those of the time before ──► … ──► ended
                                                       ▼
                                       page of the fleet: last runs, share, kinds, findings

A finding stands until a later look at its record no longer has it, or the record is destroyed by an act. A run that was ended in between has no end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from storage.archive.tables import hearing, scrub_finding, scrub_run
from storage.database import Database

if TYPE_CHECKING:
    from storage.archive.scrub import ScrubFinding

KEPT_RUNS = 100
MOST = 100  # findings of one record that are kept; a lost disk has one for each file
GONE = "record-gone"


@dataclass(frozen=True)
class Run:
    """A run of scrub: when it began and ended (UTC µs; 0: it did not), records looked at, bytes read, findings."""

    began_us: int
    ended_us: int
    hearings: int
    bytes: int
    findings: int


@dataclass(frozen=True)
class Share:
    """How much of the archive was looked at: records, those that were ever looked at, and the longest ago of these (UTC µs; 0: none was)."""

    hearings: int
    looked_at: int
    oldest_us: int


@dataclass(frozen=True)
class Kind:
    """Findings of one code: in how many records, and how many (of a record at most :data:`MOST`)."""

    code: str
    hearings: int
    findings: int


class ScrubNotes:
    """The notes in a catalogue's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Written by scrub

    def begin(self, at_us: int) -> int:
        """Note that a run begins; its number."""
        with self._database.begin() as db:
            old = sa.select(scrub_run.c.id).order_by(scrub_run.c.id.desc()).offset(KEPT_RUNS - 1)
            db.execute(sa.delete(scrub_run).where(scrub_run.c.id.in_(db.execute(old).scalars().all())))
            made = scrub_run.insert().values(began_us=at_us).returning(scrub_run.c.id)
            return int(db.execute(made).scalar_one())

    def looked(self, run: int, name: str, found: Sequence[ScrubFinding], size: int) -> None:
        """Note what a run found of a record, of which it read ``size`` bytes."""
        with self._database.begin() as db:
            db.execute(sa.delete(scrub_finding).where(scrub_finding.c.hearing == name))
            _write(db, found)
            _add(db, run, hearings=1, bytes=size, findings=len(found))

    def ended(self, run: int, gone: Sequence[ScrubFinding], at_us: int) -> None:
        """Note that a run is through, and which records are gone altogether."""
        with self._database.begin() as db:
            db.execute(sa.delete(scrub_finding).where(scrub_finding.c.code == GONE))
            for finding in gone:
                _write(db, [finding])
            _add(db, run, ended_us=at_us, findings=len(gone))

    # Read by the page

    def runs(self, most: int) -> list[Run]:
        """The last runs, the newest first."""
        with self._database.begin() as db:
            rows = db.execute(sa.select(scrub_run).order_by(scrub_run.c.id.desc()).limit(most)).all()
        return [Run(*row[1:]) for row in rows]

    def share(self) -> Share:
        """How much of the archive was looked at."""
        ever = hearing.c.scrubbed_us > 0
        query = sa.select(
            sa.func.count(),
            sa.func.count(sa.case((ever, 1))),
            sa.func.coalesce(sa.func.min(sa.case((ever, hearing.c.scrubbed_us))), 0),
        ).select_from(hearing)
        with self._database.begin() as db:
            return Share(*db.execute(query).one())

    def kinds(self) -> list[Kind]:
        """Findings by code, those of most records first."""
        code, names = scrub_finding.c.code, sa.func.count(sa.distinct(scrub_finding.c.hearing))
        query = sa.select(code, names, sa.func.count()).group_by(code).order_by(names.desc(), code)
        with self._database.begin() as db:
            return [Kind(*row) for row in db.execute(query)]

    def findings(self, most: int, sees: Callable[[str], bool]) -> list[dict[str, Any]]:
        """The newest findings, with ``known`` (whether the catalogue still has the record).

        Args:
            most: how many at most.
            sees: whether a court's, by its name as the case bears it, are asked for; empty: of a case or a record that the catalogue does not have.
        """
        court = sa.func.coalesce(hearing.c.court, "")
        joined = scrub_finding.join(hearing, hearing.c.hearing == scrub_finding.c.hearing, isouter=True)
        with self._database.begin() as db:
            courts = db.execute(sa.select(court).distinct().select_from(joined)).scalars()
            query = (
                sa.select(scrub_finding, hearing.c.hearing.is_not(None).label("known"))
                .select_from(joined)
                .where(court.in_([name for name in courts if sees(name)]))
                .order_by(scrub_finding.c.found_at.desc(), scrub_finding.c.id)
                .limit(most)
            )
            return [dict(row) for row in db.execute(query).mappings()]


def _write(db: sa.Connection, found: Sequence[ScrubFinding]) -> None:
    rows = [{name: str(value).replace("\x00", "\ufffd") for name, value in asdict(item).items()} for item in found]
    if rows:
        db.execute(scrub_finding.insert(), rows[:MOST])


def _add(db: sa.Connection, run: int, **more: int) -> None:
    values = {name: scrub_run.c[name] + value for name, value in more.items()}
    db.execute(sa.update(scrub_run).where(scrub_run.c.id == run).values(values))
