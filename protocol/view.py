"""The hearing as its journal tells it: a fold over lines, used by everyone who reads a record.

Unknown line types are passed over; withheld lines are counted. Sealed (encrypted) data is skipped and counted: it has no readable
keys. Who holds the key opens the lines before they are folded (:func:`protocol.closed.open_entry`).

``publicity`` is that of the hearing now, and what the next take has: whatever was journalled last of the case (before anything else), a key, a take or the
stages CLOSED_START and CLOSED_END. A key stands in the journal before its take begins, so that a crash in between comes back closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from protocol.errors import BadLine
from protocol.hearing import (
    Case,
    Finding,
    Gap,
    Interval,
    Key,
    Participant,
    Remark,
    Revision,
    Seat,
    Segment,
    Source,
    Span,
    Stage,
    State,
    Take,
    Withdrawn,
)
from protocol.journal import Entry, Withheld

T = TypeVar("T")
#: The stages at which a hearing becomes closed, and open again (protocol.stages).
CLOSED_START, CLOSED_END = "CLOSED_START", "CLOSED_END"


@dataclass(frozen=True)
class Seal:
    """A manifest as the journal names it; ``seq`` is its line."""

    seq: int
    number: int
    path: str
    head_sha256: str
    root: str
    size: int


@dataclass(frozen=True)
class Clock:
    """How CLOCK_MONOTONIC of a boot maps to UTC."""

    boot: str
    offset_us: int
    synchronized: bool = False
    ntp_offset_us: int | None = None


@dataclass
class HearingView:
    """Everything the journal says, newest value of each thing. Treat it as read-only."""

    hearing: str = ""
    device: str = ""
    software: str = ""
    opened_at: str = ""
    state: State = State.PLANNED
    state_by: str = ""
    state_at: str = ""
    case: Case = field(default_factory=Case)
    clock: Clock | None = None
    participants: dict[str, Participant] = field(default_factory=dict)
    seats: dict[str, Seat] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    takes: dict[str, Take] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    withdrawn: list[Withdrawn] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    manifests: list[Seal] = field(default_factory=list)
    progress: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    receipts: list[Mapping[str, Any]] = field(default_factory=list)
    timestamps: list[Mapping[str, Any]] = field(default_factory=list)
    judged: Mapping[str, Any] | None = None
    keys: dict[str, Key] = field(default_factory=dict)
    publicity: str = "open"
    withheld: int = 0
    sealed: int = 0
    size: int = 0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> HearingView:
        """Fold the lines of a journal.

        Raises:
            BadLine: a known line lacks a key (run verification on records from elsewhere first).
        """
        view = cls()
        for entry in entries:
            view.add(entry)
        return view

    @property
    def added(self) -> set[str]:
        """Paths of the files that are no media: what came after the capture, manifests, time stamps."""
        found = {item.path for item in self.revisions} | {item.path for item in self.manifests}
        return found | {str(item["path"]) for item in self.timestamps}

    def add(self, entry: Entry) -> None:
        """Take in one more line."""
        self.size += 1
        if isinstance(entry, Withheld):
            self.withheld += 1
            return
        if "sealed" in entry.data:
            self.sealed += 1
            return
        handler = _HANDLERS.get(entry.type)
        if handler is None:
            return
        try:
            handler(self, entry.seq, entry.at, entry.data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadLine(f"line {entry.seq} ({entry.type}): {error!r}") from error

    def track(self, take: str, source: str) -> list[Segment]:
        """Segments of one source in one take, in order."""
        return sorted((s for s in self.segments if s.take == take and s.source == source), key=lambda s: s.number)

    def tracks(self) -> list[tuple[str, str]]:
        """Every (take, source) that has a segment, in order of first appearance."""
        return list(dict.fromkeys((s.take, s.source) for s in self.segments))

    def key_of(self, take: str) -> str | None:
        """Name of a closed take's key: the last that was made for it; None for an open take."""
        return next((key.key for key in reversed(self.keys.values()) if key.take == take and not key.of), None)

    def at(self, at_us: int, media: str | None = None) -> list[Segment]:
        """Segments that hold the moment, microphones first."""
        hits = [s for s in self.segments if s.start_us <= at_us < s.end_us and media in (None, s.media)]
        return sorted(hits, key=lambda s: (s.media != "audio", s.source))

    @property
    def current_take(self) -> Take | None:
        """The take that is running, if one is."""
        return next((take for take in self.takes.values() if take.end_us is None), None)

    def participant_of(self, source: str) -> Participant | None:
        """Who sits at the microphone."""
        for seat in self.seats.values():
            if seat.source == source and seat.participant:
                return self.participants.get(seat.participant)
        return None

    def to_json(self) -> dict[str, Any]:
        """The view as plain JSON values, for the API."""
        value = asdict(replace(self, segments=[], progress={}))
        value["segments"] = [dict(vars(item)) for item in self.segments]  # tens of thousands, flat: no deep copies
        for key in ("participants", "seats", "sources", "takes"):
            value[key] = list(value[key].values())
        value["removed"] = sorted(self.removed)
        del value["progress"]
        return value


def _pick(kind: type[T], data: Mapping[str, Any], **more: Any) -> T:
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: value for key, value in data.items() if key in names}, **more)


def _opened(view: HearingView, _seq: int, at: str, data: Mapping[str, Any]) -> None:
    view.hearing, view.device, view.software, view.opened_at = data["hearing"], data["device"], data["software"], at


def _state(view: HearingView, _seq: int, at: str, data: Mapping[str, Any]) -> None:
    view.state, view.state_by, view.state_at = State(data["to"]), data["by"], at


def _take_started(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    view.takes[data["take"]] = Take(data["take"], data["publicity"], data["start_us"], tuple(data["sources"]))
    view.publicity = data["publicity"]


def _take_ended(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    view.takes[data["take"]] = replace(view.takes[data["take"]], end_us=data["end_us"], reason=data["reason"])


def _source(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    if view.current_take is not None and data["name"] not in view.sources:
        view.removed.add(data["name"])  # it is only named: it belongs to the take when its `source_added` line says so
    view.sources[data["name"]] = _pick(Source, data)


def _source_added(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    view.removed.discard(data["source"])
    if (take := view.takes.get(data["take"])) is not None:
        spans = (*take.spans, Span(data["source"], from_us=data["at_us"]))
        view.takes[take.id] = replace(take, sources=tuple(sorted({*take.sources, data["source"]})), spans=spans)


def _source_removed(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    view.removed.add(data["source"])
    if (take := view.takes.get(data["take"])) is not None:
        others = [span for span in take.spans if span.source != data["source"] or span.to_us is not None]
        last = next((span for span in take.spans if span not in others), Span(data["source"]))
        view.takes[take.id] = replace(take, spans=(*others, replace(last, to_us=data["at_us"])))


def _gap(view: HearingView, seq: int, _at: str, data: Mapping[str, Any]) -> None:
    intervals = tuple(Interval(i["source"], i["from_us"], i["to_us"]) for i in data["intervals"])
    view.gaps.append(Gap(seq, data["cause"], data["detail"], intervals))


def _judged(view: HearingView, seq: int, _at: str, data: Mapping[str, Any]) -> None:
    """The newest decision counts; ``turned``: the line since which the recording counts as what it does (accepted, if nobody decided)."""
    before = view.judged or {"accepted": True, "turned": -1}
    turned = seq if data.get("accepted") != before["accepted"] else before["turned"]
    view.judged = {**{key: data.get(key) for key in ("at_us", "by", "accepted", "reason")}, "turned": turned}


def _segment(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    view.segments.append(_pick(Segment, data))
    view.progress.pop(data["path"], None)


def _progress(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    for track in data["tracks"]:
        view.progress[track["path"]] = track


def _revision(view: HearingView, seq: int, at: str, data: Mapping[str, Any]) -> None:
    roles = tuple(str(role) for role in data.get("roles", ()))
    view.revisions.append(replace(_pick(Revision, data, seq=seq), at=at, roles=roles))


def _case(view: HearingView, _seq: int, _at: str, data: Mapping[str, Any]) -> None:
    view.case = _pick(Case, data)
    if not view.takes and not view.keys:
        view.publicity = view.case.publicity


def _key(view: HearingView, seq: int, _at: str, data: Mapping[str, Any]) -> None:
    made = Key(seq, data["key"], data["take"], tuple(data["wrapped"]), str(data.get("of", "")))
    view.keys[made.key] = made
    if not made.of:  # a key of remarks came after the capture: no take begins with it
        view.publicity = "closed"


def _withdraw(view: HearingView, seq: int, line: Any, data: Mapping[str, Any]) -> None:
    """Take a mark out of what stands; a line that names none changes nothing. The change between open and closed was recorded, and stays."""
    marks: tuple[list[Any], ...] = (view.stages, view.remarks)
    for marked in marks:
        for mark in marked:
            if mark.seq == line and getattr(mark, "code", None) not in _SWITCHES:
                marked.remove(mark)
                view.withdrawn.append(Withdrawn(seq, line, data["at_us"], data["by"], data.get("reason", ""), mark))
                return


def _remark(view: HearingView, seq: int, _at: str, data: Mapping[str, Any]) -> None:
    _withdraw(view, seq, data.get("replaces"), data)
    view.remarks.append(_pick(Remark, data, seq=seq))


def _stage(view: HearingView, seq: int, _at: str, data: Mapping[str, Any]) -> None:
    _withdraw(view, seq, data.get("replaces"), data)
    view.stages.append(_pick(Stage, data, seq=seq))
    view.publicity = _SWITCHES.get(data["code"], view.publicity)


_SWITCHES = {CLOSED_START: "closed", CLOSED_END: "open"}
_HANDLERS: dict[str, Any] = {
    "opened": _opened,
    "clock": lambda v, _s, _a, d: setattr(v, "clock", _pick(Clock, d)),
    "case": _case,
    "key": _key,
    "participant": lambda v, _s, _a, d: v.participants.update({d["id"]: _pick(Participant, d)}),
    "seat": lambda v, _s, _a, d: v.seats.update({d["id"]: _pick(Seat, d)}),
    "source": _source,
    "state": _state,
    "take_started": _take_started,
    "take_ended": _take_ended,
    "gap": _gap,
    "segment": _segment,
    "progress": _progress,
    "source_added": _source_added,
    "source_removed": _source_removed,
    "stage": _stage,
    "remark": _remark,
    "withdrawn": lambda v, s, _a, d: _withdraw(v, s, d["line"], d),
    "finding": lambda v, s, _a, d: v.findings.append(_pick(Finding, d, seq=s)),
    "revision": _revision,
    "manifest": lambda v, s, _a, d: v.manifests.append(_pick(Seal, d, seq=s)),
    "receipt": lambda v, _s, _a, d: v.receipts.append(d),
    "timestamp": lambda v, _s, _a, d: v.timestamps.append(d),
    "recording_judged": _judged,
}
