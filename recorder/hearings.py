"""The hearings on this box's disk: their names, and what their journals say."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from protocol.encoding import HEARING, utc_us
from protocol.errors import ProtocolError
from protocol.hearing import State
from protocol.journal import Entry, Line, read_journal
from protocol.view import HearingView
from protocol.writer import CHECKPOINTS, JOURNAL
from recorder.glance import Glance, glance
from recorder.refusals import NoHearing

_log = structlog.get_logger(__name__)
#: Views kept in memory: one of a day's hearing takes megabytes, and a box holds thousands.
_VIEWS = 16
_Mark: TypeAlias = tuple[int, int]
#: A whole note and nothing of a torn one; the size it signs.
_NOTE = re.compile(rb"\n([0-9]{1,16})\n[A-Za-z0-9+/]{43}=\n\n[^\n]+\n\n")
_TAIL = 4096
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without l, i, o, 0, 1: read over the phone


def new_name(at_us: int, number: str, suffix: str) -> str:
    """Identifier of a hearing: date on the court's own calendar, number of the case, four random characters.

    Args:
        at_us: UTC, µs.
        number: of the case, as the court writes it.
        suffix: keeps two hearings of one case and day apart.
    """
    day = datetime.fromtimestamp(at_us / 1e6).astimezone().strftime("%Y-%m-%d")
    case = re.sub(r"[^a-z0-9.-]+", "-", number.lower()).strip("-.")[:60] or "case"
    return f"{day}_{case}_{suffix}"


def new_suffix() -> str:
    """Four random characters."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(4))


@dataclass(frozen=True)
class Summary:
    """A hearing in a list. Times in µs UTC; ``recorded_us`` is the length of all takes together, ``ended_us`` the end of the last (None: none ended)."""

    hearing: str
    state: State
    number: str
    code: str
    title: str
    judge: str
    opened_at: str
    state_at: str
    takes: int
    recorded_us: int
    ended_us: int | None
    transcripts: int
    sealed: bool

    def to_json(self) -> dict[str, Any]:
        """As the API lists it."""
        return {**self.__dict__, "state": self.state.value}


class HearingStore:
    """The folder of records, read only; a journal that did not change is not read twice.

    Args:
        folder: where they are.
        opener: by hearing, what opens lines that are sealed.
    """

    def __init__(self, folder: Path, opener: Callable[[str], Callable[[Entry], Entry]] = lambda _hearing: lambda entry: entry) -> None:
        self.folder = folder
        self._opener = opener
        self._read: dict[str, tuple[_Mark, HearingView]] = {}
        self._summaries: dict[str, tuple[_Mark, Summary]] = {}

    def path(self, hearing: str) -> Path:
        """Folder of a hearing.

        Raises:
            NoHearing: there is none of that name.
        """
        folder = self.folder / hearing
        if not HEARING.match(hearing) or not (folder / JOURNAL).is_file():
            raise NoHearing(f"there is no hearing {hearing[:80]!r} on this box")
        return folder

    def names(self) -> list[str]:
        """All hearings, oldest name first."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{JOURNAL}") if HEARING.match(path.parent.name))

    def view(self, hearing: str) -> HearingView:
        """What the journal says.

        Raises:
            NoHearing: there is none of that name.
            ProtocolError: the journal cannot be read.
        """
        path = self.path(hearing) / JOURNAL
        mark = _mark(path)
        known = self._read.pop(hearing, None)
        if known is None or known[0] != mark:
            entries, _ = read_journal(path.read_bytes())
            known = (mark, HearingView.of(map(self._opener(hearing), entries)))
        self._read[hearing] = known
        for old in list(self._read)[:-_VIEWS]:
            self._read.pop(old, None)
        return known[1]

    def forget(self, hearing: str) -> None:
        """Read a journal anew: its keys were forgotten."""
        self._read.pop(hearing, None)
        self._summaries.pop(hearing, None)

    def summaries(self, live: Summary | None = None) -> list[Summary]:
        """A line for each hearing whose journal can be read, oldest name first.

        Args:
            live: of the hearing whose journal is being written, which is not read again.
        """
        found = []
        for name in self.names():
            if live is not None and name == live.hearing:
                found.append(live)
                continue
            try:
                mark = _mark(self.path(name) / JOURNAL)
                known = self._summaries.get(name)
                if known is None or known[0] != mark:
                    known = (mark, summary(self.view(name)))
                    self._summaries[name] = known
                found.append(known[1])
            except (ProtocolError, OSError) as error:
                _log.error("journal_unreadable", action="skip", hearing=name, error=str(error))
        return found

    def signed(self, hearing: str) -> int:
        """How many lines the last checkpoint of a hearing covers; 0 when there is none.

        Raises:
            NoHearing: there is none of that name.
        """
        try:
            with (self.path(hearing) / CHECKPOINTS).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                found = _NOTE.findall(file.read())
        except FileNotFoundError:
            return 0
        return int(found[-1]) if found else 0

    def glances(self) -> list[Glance]:
        """All hearings whose journal can be read; the others are logged, so that one bad folder hides nothing else."""
        found = []
        for name in self.names():
            try:
                found.append(glance(self.path(name) / JOURNAL))
            except (ProtocolError, OSError) as error:
                _log.error("journal_unreadable", action="skip", hearing=name, error=str(error))
        return found


def _mark(path: Path) -> _Mark:
    """What changes when the file does."""
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size


def summary(view: HearingView) -> Summary:
    """A line of the list."""
    recorded = sum(take.end_us - take.start_us for take in view.takes.values() if take.end_us is not None)
    return Summary(
        hearing=view.hearing,
        state=view.state,
        number=view.case.number,
        code=view.case.code,
        title=view.case.title,
        judge=view.case.judge,
        opened_at=view.opened_at,
        state_at=view.state_at or view.opened_at,
        takes=len(view.takes),
        recorded_us=recorded,
        ended_us=max((take.end_us for take in view.takes.values() if take.end_us is not None), default=None),
        transcripts=sum(item.kind == "transcript" for item in view.revisions),
        sealed=bool(view.manifests),
    )


def last_us(lines: Sequence[Line]) -> int:
    """When the journal was last written, UTC µs."""
    return utc_us(lines[-1].at)
