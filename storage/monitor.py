"""A monitor: reads a transparency log from outside, again and again, and says what must not be.

::

    witnesses' heads ─► checkpoint ─► size and root against what was believed ─► new entries (tiles) ─► root ─► believed: one transaction
                                          └ smaller, or another root: where do they differ? (entries read again, compared leaf by leaf)

It believes nothing but signatures and its own memory. What it was shown once must stay: a later checkpoint has to contain it, and the
witnesses, whose heads are read *before* the checkpoint, must not have cosigned anything that is not in it. A checkpoint that was not
believed changes nothing in the memory, so the next run finds the same again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from protocol import canonical
from protocol.checkpoint import Checkpoint
from protocol.encoding import utc_text, utc_us
from protocol.errors import BadEncoding, BadNote, ProtocolError
from protocol.merkle import Tree, leaf_hash
from protocol.note import VerifierKey, parse_note
from storage.errors import WitnessSilent
from storage.monitor_memory import Head, MonitorMemory
from storage.tile_reader import TileReader
from storage.witness_client import WitnessClient

_SETTLE = 3  # seconds that a witness may be ahead of what the log shows
HOUR_US = 3_600_000_000
#: Codes that say nothing against the log: somebody did not answer.
SILENT = frozenset({"witness-silent"})


@dataclass(frozen=True)
class LogFinding:
    """Something that must not be.

    Attributes:
        code: ``bad-checkpoint``, ``rollback``, ``fork``, ``entry-altered``, ``entry-dropped``, ``entries-reordered``, ``bad-root``, ``never-sealed``,
            ``never-received``, ``witness-silent``.
        subject: what it is about: an entry's number, a hearing's subject, a witness's key.
        detail: for people.
    """

    code: str
    subject: str
    detail: str


@dataclass
class MonitorReport:
    """What a run saw.

    Attributes:
        origin: of the log.
        size: entries of the checkpoint that is believed after this run.
        before: entries that were believed before it.
        findings: see :class:`LogFinding`.
    """

    origin: str
    size: int = 0
    before: int = 0
    findings: list[LogFinding] = field(default_factory=list)

    @property
    def consistent(self) -> bool:
        """Whether nothing speaks against the log itself."""
        return not any(item.code in _AGAINST for item in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "consistent": self.consistent}


_AGAINST = frozenset(
    {"bad-checkpoint", "bad-root", "entries-reordered", "entry-altered", "entry-dropped", "fork", "rollback"}
)


@dataclass(frozen=True)
class Patience:
    """After how many µs a hearing that was opened must be sealed, and one that was sealed received."""

    sealed_us: int = 48 * HOUR_US
    received_us: int = 24 * HOUR_US


class Monitor:
    """Watches one log.

    Args:
        reader: where it is read.
        key: the log's key.
        memory: what was seen before.
        witnesses: whose heads are compared.
        patience: with hearings.
        clock: seconds since 1970, UTC.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        reader: TileReader,
        key: VerifierKey,
        memory: MonitorMemory,
        witnesses: Sequence[WitnessClient],
        patience: Patience,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._reader, self._key, self._memory = reader, key, memory
        self._witnesses, self._patience, self._clock, self._sleep = witnesses, patience, clock, sleep
        self._origin = f"{key.name}/log"

    def run(self, *, full: bool = False) -> MonitorReport:
        """Look once.

        Args:
            full: also read every entry again that is remembered.

        Raises:
            LogSilent: the log does not answer, or not as a log.
        """
        report = MonitorReport(self._origin)
        heads = list(self._heads(report))
        known, leaves = self._memory.head(), self._memory.leaves()
        report.before = report.size = known.size if known else 0
        text, point = self._newest(max((head.size for _, head in heads), default=0), report)
        if text is None and known is not None:
            report.findings.append(
                LogFinding("rollback", "0", f"the log is empty; it had {known.size} entries at {known.at}")
            )
        if point is not None:
            self._compare(point, text or "", leaves, known, report, full=full)
            report.findings += _against_heads(heads, point, self._memory.leaves())
        report.findings += self._late()
        return report

    def _newest(self, cosigned: int, report: MonitorReport) -> tuple[str | None, Checkpoint | None]:
        """The checkpoint as it is shown now; where a witness is ahead of it, the log has a moment to show what the others cosign, too."""
        for left in range(_SETTLE, -1, -1):
            text = self._reader.checkpoint()
            point = self._checked(text, report) if text else None
            if left == 0 or text is None or point is None or point.size >= cosigned:
                break
            self._sleep(1.0)
        return text, point

    def _checked(self, text: str, report: MonitorReport) -> Checkpoint | None:
        problem = ""
        try:
            note = parse_note(text)
            point = Checkpoint.from_text(note.text)
            if point.origin != self._origin:
                problem = f"its origin is {point.origin}"
            elif not note.signed_by(self._key):
                problem = f"it is not signed by {self._key.text}"
        except BadNote as error:
            problem = str(error)
        if problem:
            report.findings.append(LogFinding("bad-checkpoint", self._origin, problem))
            return None
        return point

    def _compare(
        self,
        point: Checkpoint,
        text: str,
        leaves: list[bytes],
        known: Head | None,
        report: MonitorReport,
        *,
        full: bool,
    ) -> None:
        """Take what is new, if the log goes on from what was believed; else say where it differs."""
        tree, had = Tree(leaves), len(leaves)
        if point.size < had:
            since = f"it had {had} at {known.at if known else '?'}"
            same = tree.root(point.size) == point.root
            how = "an older state of the same log" if same else "and its entries are not those it had"
            report.findings.append(LogFinding("rollback", str(point.size), f"{point.size} entries, {since}: {how}"))
            report.findings += [] if same else self._where(leaves[: point.size], point.size)
            return
        texts = self._reader.entries(had, point.size)
        for entry in texts:
            tree.append(leaf_hash(entry))
        if tree.root() != point.root:
            found = self._where(leaves, point.size)
            report.findings += found or [
                LogFinding("bad-root", str(point.size), "its entries do not give the root that is signed")
            ]
            return
        if full:
            report.findings += self._where(leaves, point.size)
        if point.size > had or known is None:
            with self._memory.whole():
                now = utc_text(int(self._clock() * 1_000_000))
                self._memory.add(had, (leaf_hash(entry) for entry in texts), Head(point.size, point.root, text, now))
                for entry in texts:
                    self._follow(entry)
        report.size = point.size

    def _where(self, leaves: Sequence[bytes], size: int) -> list[LogFinding]:
        """Entries that are not the ones that were seen, read again from the first on."""
        shown = [leaf_hash(entry) for entry in self._reader.entries(0, min(size, len(leaves) + 1))]
        return list(differences(leaves, shown))

    def _heads(self, report: MonitorReport) -> Iterator[tuple[str, Checkpoint]]:
        for witness in self._witnesses:
            try:
                head = witness.head(self._origin, self._key)
            except WitnessSilent as error:
                report.findings.append(LogFinding("witness-silent", witness.key.name, str(error)))
            else:
                if head is not None:
                    yield witness.key.name, head

    def _follow(self, text: bytes) -> None:
        """How far the hearing of an entry is now."""
        try:
            entry = canonical.loads(text)
        except ProtocolError:
            return
        subject, at, number = entry.get("subject"), entry.get("at"), entry.get("seal_number")
        if not isinstance(subject, str):
            return
        kind = entry.get("type")
        if kind == "opened":
            self._memory.opened(subject, str(at), str(entry.get("device", "")))
        elif kind == "sealed" and isinstance(number, int):
            self._memory.sealed(subject, number, str(at))
        elif kind == "received" and isinstance(number, int):
            self._memory.received(subject, number)
        elif kind == "destroyed":
            self._memory.destroyed(subject)

    def _late(self) -> Iterator[LogFinding]:
        """Hearings whose seal, or whose receipt, is overdue."""
        now_us = int(self._clock() * 1_000_000)
        for course in self._memory.unfinished():
            if not course.sealed:
                if course.opened_at and now_us - _us(course.opened_at) > self._patience.sealed_us:
                    detail = f"opened at {course.opened_at} on {course.device}, and never sealed"
                    yield LogFinding("never-sealed", course.subject, detail)
            elif course.sealed_at and now_us - _us(course.sealed_at) > self._patience.received_us:
                detail = f"seal {course.sealed} told at {course.sealed_at}; received is {course.received or 'none'}"
                yield LogFinding("never-received", course.subject, detail)


def _us(text: str) -> int:
    try:
        return utc_us(text)
    except BadEncoding:
        return 0


def _against_heads(
    heads: Sequence[tuple[str, Checkpoint]], point: Checkpoint, leaves: list[bytes]
) -> Iterator[LogFinding]:
    """Heads that witnesses cosigned and that are not in the log as it is shown to us."""
    tree = Tree(leaves)
    for name, head in heads:
        if head.size > point.size:
            yield LogFinding(
                "rollback", name, f"{name} cosigned {head.size} entries before; the log shows {point.size}"
            )
        elif head.size <= tree.size and tree.root(head.size) != head.root:
            yield LogFinding(
                "fork", name, f"{name} cosigned another history of {head.size} entries than the one shown here"
            )


def differences(seen: Sequence[bytes], shown: Sequence[bytes]) -> Iterator[LogFinding]:
    """How leaves that are shown differ from those that were seen; nothing where those seen are their beginning."""
    if list(shown[: len(seen)]) == list(seen):
        return
    wrong = [number for number, leaf in enumerate(seen[: len(shown)]) if shown[number] != leaf]
    if not wrong:
        yield LogFinding(
            "entry-dropped", str(len(shown)), f"entries {len(shown)} to {len(seen) - 1} are not shown any more"
        )
        return
    first = wrong[0]
    if Counter(seen[: len(shown)]) == Counter(shown[: len(seen)]):
        yield LogFinding(
            "entries-reordered", str(first), f"entries {first} to {wrong[-1]} stand in another order than they had"
        )
        return
    for count in range(1, len(seen) - first + 1):
        if first + count < len(seen) and seen[first + count] != shown[first]:
            continue  # compared first: a list of a million is not copied a million times
        rest = seen[first + count :]
        if rest and list(shown[first : first + len(rest)]) == list(rest)[: len(shown) - first]:
            last = first + count - 1
            yield LogFinding(
                "entry-dropped", str(first), f"entries {first} to {last} are gone; what followed has moved up"
            )
            return
    for number in wrong:
        yield LogFinding("entry-altered", str(number), f"entry {number} is not the one that was seen")
