"""Cosignatures for the archive's log: each witness is asked about every new checkpoint, in a thread of its own.

::

    newest checkpoint ──► witness (consistency proof from what it cosigned last) ──► cosignature ──► table ──► /log/checkpoint

A witness that is silent holds up nothing: the archive goes on, says so (/log/witnesses.json, its own log) and asks again.
A witness that has seen a *larger* log than ours, or that our proof does not convince, is another matter: then this database is not the log that
was shown. The archive cannot know which is right, and shouts.

Any number of processes may do this at once: a witness cosigns the same checkpoint again, and the table keeps the first.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
import structlog

from device_config.settings import Settings
from protocol.checkpoint import Checkpoint
from protocol.cosignature import WitnessKey
from protocol.encoding import utc_text
from protocol.note import parse_note
from storage.errors import DatabaseUnavailable, WitnessConflict, WitnessSilent
from storage.log import Log
from storage.witness_client import WitnessClient

log_ = structlog.get_logger("storage.archive")

POLL_S = 1.0
_LOOKED_AT = 256  # cosignatures, for one that all witnesses gave
BACKOFF_S = 60.0
HELD_S = 60.0  # so long a witness may take to answer before the others go on without it, however slowly it sends

_metadata = sa.MetaData()
_cosignature = sa.Table(
    "log_cosignature",
    _metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("witness", sa.Text, primary_key=True),
    sa.Column("line", sa.Text, nullable=False),
)
_witness = sa.Table(
    "log_witness",
    _metadata,
    sa.Column("witness", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("asked_at", sa.Text, nullable=False),
    sa.Column("trouble", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class WitnessState:
    """How a witness stands: the largest size it cosigned, when it was last asked (UTC), and what was wrong then (a code, or empty)."""

    witness: str
    size: int
    asked_at: str
    trouble: str


class Witnesses:
    """Asks this log's witnesses.

    Args:
        log: whose checkpoints.
        clients: the witnesses.
        clock: seconds since 1970, UTC.
    """

    def __init__(self, log: Log, clients: Sequence[WitnessClient], clock: Callable[[], float] = time.time) -> None:
        self._log, self._clients, self._clock = log, clients, clock
        self._stop = threading.Event()
        #: What this process had cosigned. Not the table: one put back from an old copy believes itself, and must be asked about at once.
        self._asked: dict[str, int] = {}
        self._note: str | None = None  # what is asked about now
        self._settled: set[str] = set()  # who has answered about it, or failed
        self._failing: set[str] = set()  # who failed last time, and is not waited for
        self._since = 0.0  # when that was first asked about
        self._turn = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(item,), daemon=True) for item in clients]
        _prepare(log)
        with log.database.begin() as db:  # one that is configured no longer is not waited for
            db.execute(_witness.delete().where(_witness.c.witness.not_in([item.key.text for item in clients])))

    def start(self) -> None:
        """Ask from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more; returns when nothing is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for client in self._clients:
            client.close()

    def _run(self, client: WitnessClient) -> None:
        wait = POLL_S
        while not self._stop.wait(wait):
            try:
                trouble = self.ask(client)
            except DatabaseUnavailable:
                trouble = DatabaseUnavailable.code
            except Exception as error:  # a thread that ends unheard would leave the log without this witness
                log_.exception(
                    "asking a witness failed", action="witness_failed", witness=client.key.name, error=str(error)
                )
                trouble = "failed"
            if trouble:
                self._failing.add(
                    client.key.text
                )  # also of an error that nobody expected: the others are not to wait for it
            wait = POLL_S if not trouble else min(BACKOFF_S, wait * 2) * random.uniform(0.8, 1.2)  # noqa: S311

    def ask(self, client: WitnessClient) -> str:
        """Have a witness cosign the newest checkpoint, if it has not yet; the code of what is wrong, or empty."""
        note, before = self._target(), _state(self._log, client.key)
        if note is None:
            return ""
        point = _point(note)
        if self._asked.get(client.key.text) == point.size:
            return ""
        trouble, line, known = "", "", before.size if before else 0
        self._asked.pop(client.key.text, None)
        try:
            point, line = self._cosigned(client, note, known)
            log_.debug("checkpoint cosigned", action="cosigned", witness=client.key.name, old=known, size=point.size)
        except (WitnessSilent, WitnessConflict) as error:
            trouble = error.code
            if before is None or before.trouble != trouble:
                tell = log_.error if isinstance(error, WitnessConflict) else log_.warning
                tell(str(error), action=trouble.replace("-", "_"), witness=client.key.name, advice=error.advice)
        self._keep(client.key, point.size, line, trouble)
        self._settled.add(client.key.text)
        if trouble:
            self._failing.add(client.key.text)
        else:
            self._failing.discard(client.key.text)
            self._asked[client.key.text] = point.size
        return trouble

    def _cosigned(self, client: WitnessClient, note: str, known: int) -> tuple[Checkpoint, str]:
        """The checkpoint that it cosigned, and its line: that of the note, or the newest where another process of ours has it ahead already.

        Raises:
            WitnessSilent, WitnessConflict: as :meth:`storage.witness_client.WitnessClient.cosign`, about the newest.
        """
        point, newest = _point(note), self._log.checkpoint() or note
        if known <= point.size:
            try:
                return point, client.cosign(note, known, self._prove)[1]
            except WitnessConflict:
                if newest == note:
                    raise
        point = _point(newest)
        return point, client.cosign(newest, known if known <= point.size else 0, self._prove)[1]

    def _target(self) -> str | None:
        """The checkpoint that all are asked about: a newer one only when each has answered or failed, or their sizes would seldom meet."""
        with self._turn:
            late = [item for item in self._clients if item.key.text not in self._settled | self._failing]
            if self._note is not None and self._log.checkpoint() != self._note and self._clock() - self._since > HELD_S:
                for client in late:
                    self._failing.add(client.key.text)
                    self._keep(client.key, 0, "", WitnessSilent.code)
                late = []
            if self._note is None or not late:
                newest = self._log.checkpoint()
                if newest != self._note:
                    self._note, self._since = newest, self._clock()
                    self._settled.clear()
            return self._note

    def _prove(self, old: int, new: int) -> list[bytes]:
        return self._log.consistency(old, new)

    def _keep(self, key: WitnessKey, size: int, line: str, trouble: str) -> None:
        database, at = self._log.database, utc_text(int(self._clock() * 1_000_000))
        with database.begin() as db:
            if line:
                new = database.insert(_cosignature).values(size=size, witness=key.text, line=line)
                db.execute(new.on_conflict_do_nothing())
            values = {"asked_at": at, "trouble": trouble, **({"size": size} if line else {})}
            row = database.insert(_witness).values(witness=key.text, **{"size": 0, **values})
            db.execute(row.on_conflict_do_update(index_elements=["witness"], set_=values))


def _point(note: str) -> Checkpoint:
    return Checkpoint.from_text(parse_note(note).text)


def witnesses_of(log: Log, settings: Settings) -> Witnesses:
    """Those of the settings, which take addresses and keys only."""
    clients = [WitnessClient(item.url, WitnessKey.from_text(item.key)) for item in settings.archive.witnesses]
    return Witnesses(log, clients)


def _prepare(log: Log) -> None:
    with log.database.begin() as db:
        if log.database.is_postgres:  # several processes start at once
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(7_420_003)))
        _metadata.create_all(db)


def _state(log: Log, key: WitnessKey) -> WitnessState | None:
    return next((state for state in states(log) if state.witness == key.text), None)


def states(log: Log) -> list[WitnessState]:
    """How each witness stands that is asked."""
    if not _is_there(log):
        return []
    with log.database.begin() as db:
        return [WitnessState(*row) for row in db.execute(sa.select(_witness).order_by(_witness.c.witness))]


def cosigned_at(log: Log, state: WitnessState) -> int | None:
    """When a witness says that it cosigned the size it stands at, POSIX seconds; None if nothing that it signed is kept."""
    note = log.checkpoint_at(state.size) if state.size else None
    if note is None:
        return None
    query = sa.select(_cosignature.c.line).where(
        _cosignature.c.size == state.size, _cosignature.c.witness == state.witness
    )
    with log.database.begin() as db:
        line = db.execute(query).scalar_one_or_none()
    if line is None:
        return None
    signed = parse_note(note + line)
    return WitnessKey.from_text(state.witness).signed_at(signed.text, signed.signatures)


def _is_there(log: Log) -> bool:
    with log.database.begin() as db:
        return sa.inspect(db).has_table(_witness.name)


def standing(log: Log) -> str:
    """The same for everybody, as JSON: key, size, time, and whether it answers."""
    rows = [
        {"witness": item.witness, "size": item.size, "asked_at": item.asked_at, "trouble": item.trouble}
        for item in states(log)
    ]
    return json.dumps({"origin": log.origin, "size": log.signed_size(), "witnesses": rows})


def published(log: Log) -> str | None:
    """The checkpoint to show: the newest that every witness that answers has cosigned, with their lines.

    Where no witness is asked, or none answers, it is the newest. None while the log is empty.
    """
    awake = [item.witness for item in states(log) if not item.trouble]
    if awake and (size := _cosigned_by_all(log, awake)) is not None and (note := log.checkpoint_at(size)) is not None:
        return note + _lines(log, size)
    note = log.checkpoint()
    if note is None or not _is_there(log):
        return note
    return note + _lines(log, _point(note).size)


def _cosigned_by_all(log: Log, witnesses: Sequence[str]) -> int | None:
    """The newest size that all of them cosigned, among the last ones."""
    columns = sa.select(_cosignature.c.size, _cosignature.c.witness)
    newest = columns.where(_cosignature.c.witness.in_(witnesses)).order_by(_cosignature.c.size.desc()).limit(_LOOKED_AT)
    by: Counter[int] = Counter()
    with log.database.begin() as db:
        for size, _ in db.execute(newest):
            by[size] += 1
            if by[size] == len(witnesses):
                return int(size)
    return None


def _lines(log: Log, size: int) -> str:
    query = sa.select(_cosignature.c.line).where(_cosignature.c.size == size).order_by(_cosignature.c.witness)
    with log.database.begin() as db:
        return "".join(db.execute(query).scalars())


__all__ = ["WitnessState", "Witnesses", "cosigned_at", "published", "standing", "states", "witnesses_of"]
