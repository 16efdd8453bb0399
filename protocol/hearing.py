"""What a hearing is made of: its states and their legal moves, case, participants, seats, sources, takes, segments.

Everything here is an immutable value; :mod:`protocol.view` builds them from the journal. Times ending in ``_us`` are UTC
microseconds on the hearing's clock (record format, section 4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.errors import IllegalMove


class State(StrEnum):
    """Life of a hearing (record format, section 4.4)."""

    PLANNED = "planned"
    RECORDING = "recording"
    PAUSED = "paused"
    FAULTY = "faulty"
    FINISHED = "finished"
    DRAFTED = "drafted"
    CERTIFIED = "certified"
    ARCHIVED = "archived"

    @property
    def is_open(self) -> bool:
        """Whether capture may still add to the record."""
        return self in (State.PLANNED, State.RECORDING, State.PAUSED, State.FAULTY)


MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.PLANNED, State.RECORDING),
        (State.RECORDING, State.PAUSED),
        (State.RECORDING, State.FINISHED),
        (State.RECORDING, State.FAULTY),
        (State.PAUSED, State.RECORDING),
        (State.PAUSED, State.FINISHED),
        (State.PAUSED, State.FAULTY),
        (State.FAULTY, State.RECORDING),
        (State.FAULTY, State.PAUSED),
        (State.FAULTY, State.FINISHED),
        (State.FINISHED, State.DRAFTED),
        (State.FINISHED, State.CERTIFIED),
        (State.DRAFTED, State.DRAFTED),
        (State.DRAFTED, State.CERTIFIED),
        (State.CERTIFIED, State.ARCHIVED),
    }
)


def check_move(old: State, new: State) -> None:
    """Raise :class:`IllegalMove` unless the hearing may go from ``old`` to ``new``."""
    if (old, new) not in MOVES:
        raise IllegalMove(f"a hearing that is {old} cannot become {new}")


class Code(StrEnum):
    """The procedural code of the case."""

    CIVIL = "gpk"
    CRIMINAL = "upk"
    ADMINISTRATIVE_JUSTICE = "appk"
    ADMINISTRATIVE_OFFENCES = "koap"


@dataclass(frozen=True)
class Case:
    """The case as the court's list gives it."""

    number: str = ""
    code: str = Code.CIVIL
    court: str = ""
    courtroom: str = ""
    title: str = ""
    kind: str = ""
    language: str = "ru"
    publicity: str = "open"
    judge: str = ""
    secretary: str = ""


@dataclass(frozen=True)
class Participant:
    """A person who takes part; ``attendance`` is present, remote or absent.

    ``identity`` is what a code wants to know of some of them (УПК 347-1(2)5, КоАП 829-13(2)2), by the keys of record format,
    section 4.3. ``protected``: a witness whose identity is kept from everybody (УПК 98); ``name`` is a pseudonym then.
    """

    id: str
    role: str
    name: str
    attendance: str = "present"
    note: str = ""
    identity: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False


@dataclass(frozen=True)
class Seat:
    """A place in the room: which microphone's track belongs to which participant."""

    id: str
    label: str
    source: str | None = None
    participant: str | None = None


@dataclass(frozen=True)
class Source:
    """A camera, a microphone (one channel of an audio device), a remote participant, a file."""

    name: str
    kind: str
    media: str
    label: str = ""
    device: str = ""


@dataclass(frozen=True)
class Segment:
    """One closed media file of a track: the keys of the journal's ``segment`` line.

    ``units`` are samples (audio) or frames (video); ``rate`` is units a second for audio and 90000 for video; levels are in
    hundredths of dBFS, None for video. ``media_us``: length by the media's own count, ``time_base``: what its place rests on
    (record format, section 7.2); None in records of older recorders.
    """

    path: str
    take: str
    source: str
    number: int
    bytes: int
    sha256: str
    start_us: int
    end_us: int
    media: str
    codec: str
    rate: int
    units: int
    fragments: int
    closed: str
    publicity: str = "open"
    peak_cdb: int | None = None
    rms_cdb: int | None = None
    key: str | None = None
    plain_bytes: int | None = None
    plain_sha256: str | None = None
    media_us: int | None = None
    time_base: str | None = None

    @property
    def length_us(self) -> int:
        """How long the media is by its own count."""
        return self.end_us - self.start_us if self.media_us is None else self.media_us

    def media_at(self, at_us: int) -> int:
        """The time in the file, µs from its start, that shows or plays what was at ``at_us`` of the hearing's clock."""
        place = self.end_us - self.start_us
        return (at_us - self.start_us) * self.length_us // place if place else 0


@dataclass(frozen=True)
class Span:
    """A stretch in which a source belonged to a take without being there from its start to its end (record format, section 7.3).

    ``from_us`` is None where it was there from the take's start, ``to_us`` where it was not taken out.
    """

    source: str
    from_us: int | None = None
    to_us: int | None = None


@dataclass(frozen=True)
class Take:
    """An unbroken recorded interval; ``end_us`` is None while it runs.

    ``sources``: all that ever belonged to it; ``spans``: of those that joined it or were taken out, when they did.
    """

    id: str
    publicity: str
    start_us: int
    sources: tuple[str, ...]
    end_us: int | None = None
    reason: str | None = None
    spans: tuple[Span, ...] = ()

    @property
    def present(self) -> tuple[str, ...]:
        """The sources that belong to it at its end, or now."""
        left = {span.source: span.to_us is not None for span in self.spans}
        return tuple(source for source in self.sources if not left.get(source, False))


@dataclass(frozen=True)
class Interval:
    """A stretch of one source."""

    source: str
    from_us: int
    to_us: int


@dataclass(frozen=True)
class Gap:
    """What is missing, and why; ``seq`` is its line in the journal."""

    seq: int
    cause: str
    detail: str
    intervals: tuple[Interval, ...]


@dataclass(frozen=True)
class Stage:
    """A stage of the hearing that somebody marked."""

    seq: int
    code: str
    at_us: int
    by: str
    participant: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Remark:
    """A remark at a second of the hearing."""

    seq: int
    text: str
    at_us: int
    by: str


@dataclass(frozen=True)
class Withdrawn:
    """A stage or remark that no longer stands: taken back by a ``withdrawn`` line, or replaced by another mark (``seq``: that line's)."""

    seq: int
    line: int
    at_us: int
    by: str
    reason: str
    was: Stage | Remark


@dataclass(frozen=True)
class Finding:
    """A health finding of the recorder (not of verification)."""

    seq: int
    code: str
    severity: str
    source: str | None
    start_us: int
    end_us: int | None


@dataclass(frozen=True)
class Revision:
    """A file added after capture.

    ``at``: when its line was written; ``of``: the file that it signs, reviews or amends; ``roles``: who has signed it, by the
    check that let it in. ``key``, ``plain_bytes`` and ``plain_sha256``: of an encrypted one (record format, section 9).
    """

    seq: int
    kind: str
    number: int
    path: str
    bytes: int
    sha256: str
    by: str
    at: str = ""
    of: str = ""
    roles: tuple[str, ...] = ()
    key: str | None = None
    plain_bytes: int | None = None
    plain_sha256: str | None = None


@dataclass(frozen=True)
class Key:
    """The key of a closed take, as its line names it: ``wrapped`` is a list of ``to``, ``key_id`` and ``box`` (record format, section 9).

    ``of``: path of the remarks on the closed part that alone are encrypted with it; empty: it is the take's own.
    """

    seq: int
    key: str
    take: str
    wrapped: tuple[Mapping[str, str], ...]
    of: str = ""
