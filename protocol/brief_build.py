"""How a :class:`~protocol.brief.Brief` is filled from a :class:`~protocol.view.HearingView`."""

from __future__ import annotations

from dataclasses import replace

from protocol.brief import (
    Break,
    Brief,
    CourseLine,
    CourtFacts,
    Declared,
    Fault,
    ModelLine,
    Place,
    RecordedFile,
    RecordedSource,
    TakeLine,
    TranscriptNote,
)
from protocol.brief_rules import COURT_ROLES, document_article, form_of, missing_points
from protocol.encoding import utc_us
from protocol.hearing import Gap, Participant, Remark, Segment, Stage, State
from protocol.stages import stage as stage_of
from protocol.transcript import Transcript
from protocol.view import HearingView

#: A hole this long between two segments is within what the record format allows (section 7.1); µs.
HOLE_US = 20_000

#: Roles whose microphone a judge would open first.
JUDGE_ROLES = ("judge", "presiding_judge")


def build(
    view: HearingView,
    transcript: Transcript | None,
    court: CourtFacts,
    drafted_at_us: int,
    number: int,
    utc_offset_minutes: int,
    declared: Declared,
) -> Brief:
    """See :meth:`Brief.of`."""
    case = view.case
    course = _course(view)
    start_us, start_marked = _start(view, course)
    end_us, end_marked = _end(view, course)
    brief = Brief(
        hearing=view.hearing,
        number=number,
        drafted_at_us=drafted_at_us,
        utc_offset_minutes=utc_offset_minutes,
        code=case.code,
        law="",
        article="",
        court=case.court or court.court,
        courtroom=case.courtroom or court.courtroom,
        city=court.city,
        judge=case.judge,
        secretary=case.secretary,
        case_number=case.number,
        case_title=case.title,
        kind=case.kind,
        language=case.language,
        publicity=case.publicity,
        start_us=start_us,
        start_marked=start_marked,
        end_us=end_us,
        end_marked=end_marked,
        participants=tuple(view.participants.values()),
        announced=_first(course, "REC_ANNOUNCE"),
        adjourned=_last(course, "ADJOURN"),
        decision=_last(course, "ANNOUNCE"),
        appeal=_last(course, "APPEAL_EXPLAIN"),
        remarks_right=_last(course, "REMARKS_EXPLAIN"),
        takes=tuple(TakeLine(t.id, t.publicity, t.start_us, t.end_us, t.reason) for t in view.takes.values()),
        sources=_sources(view),
        files=_files(view),
        breaks=_breaks(course),
        faults=_faults(view, course),
        course=course,
        transcript=_transcript(view, transcript),
        rejected=declared.rejected.strip(),
        final_on=declared.final_on,
    )
    form = declared.form or form_of(brief)
    law, article = document_article(case.code, form)
    brief = replace(brief, form=form, law=law, article=article)
    return replace(brief, missing=missing_points(brief, declared.reasons))


def place(view: HearingView, at_us: int) -> Place | None:
    """The file in which a moment is heard best: the judge's microphone, else the first microphone, else a camera.

    Returns:
        None if no closed segment holds the moment.
    """
    hits = [s for s in view.segments if s.start_us <= at_us < s.end_us + HOLE_US]
    if not hits:
        return None
    best = min(hits, key=lambda s: (_rank(view, s), s.source, -s.start_us))
    sources = {s.source for s in hits}
    return Place(best.path, best.media_at(min(at_us, best.end_us)), len(sources) - 1)


def _rank(view: HearingView, segment: Segment) -> int:
    if segment.media != "audio":
        return 2
    person = view.participant_of(segment.source)
    return 0 if person is not None and person.role in JUDGE_ROLES else 1


def _course(view: HearingView) -> tuple[CourseLine, ...]:
    lines = [(item.at_us, item.seq, _stage_line(view, item)) for item in view.stages]
    lines += [(item.at_us, item.seq, _remark_line(view, item)) for item in view.remarks]
    return tuple(line for _at, _seq, line in sorted(lines, key=lambda row: row[:2]))


def _stage_line(view: HearingView, item: Stage) -> CourseLine:
    try:
        known = stage_of(view.case.code, item.code)
        titles = (known.ru, known.kk, known.law, known.article)
    except KeyError:  # a code from a later release: its name is all that is known of it
        titles = (item.code, item.code, "", "")
    person = view.participants.get(item.participant or "")
    return CourseLine(
        item.at_us,
        "stage",
        item.code,
        *titles,
        participant=person.name if person else item.participant or "",
        role=person.role if person else "",
        note=item.note,
        by=item.by,
        place=place(view, item.at_us),
    )


def _remark_line(view: HearingView, item: Remark) -> CourseLine:
    return CourseLine(item.at_us, "remark", "", "", "", "", "", "", "", item.text, item.by, place(view, item.at_us))


def _first(course: tuple[CourseLine, ...], code: str) -> CourseLine | None:
    return next((line for line in course if line.code == code), None)


def _last(course: tuple[CourseLine, ...], code: str) -> CourseLine | None:
    return _first(course[::-1], code)


def _start(view: HearingView, course: tuple[CourseLine, ...]) -> tuple[int | None, bool]:
    if marked := _first(course, "OPEN"):
        return marked.at_us, True
    return min((take.start_us for take in view.takes.values()), default=None), False


def _end(view: HearingView, course: tuple[CourseLine, ...]) -> tuple[int | None, bool]:
    if marked := _last(course, "CLOSE"):
        return marked.at_us, True
    if view.state.is_open:
        return None, False
    ends = [take.end_us for take in view.takes.values() if take.end_us is not None]
    if ends:
        return max(ends), False
    return (utc_us(view.state_at), False) if view.state is State.FINISHED else (None, False)


def _files(view: HearingView) -> tuple[RecordedFile, ...]:
    ordered = sorted(view.segments, key=lambda s: s.path)
    return tuple(
        RecordedFile(s.path, s.take, s.source, s.media, s.publicity, s.start_us, s.end_us, s.bytes, s.sha256)
        for s in ordered
    )


def _sources(view: HearingView) -> tuple[RecordedSource, ...]:
    counts: dict[str, int] = {}
    media = {segment.source: segment.media for segment in view.segments}
    for segment in view.segments:
        counts[segment.source] = counts.get(segment.source, 0) + 1
    rows = []
    for name in dict.fromkeys([*view.sources, *counts]):
        source = view.sources.get(name)
        label = source.label if source else ""
        kind = source.kind if source else ""
        rows.append(RecordedSource(name, kind, source.media if source else media[name], label, counts.get(name, 0)))
    return tuple(sorted(rows, key=lambda row: (row.media != "audio", row.name)))


def _breaks(course: tuple[CourseLine, ...]) -> tuple[Break, ...]:
    found: list[Break] = []
    for line in course:
        if line.code == "BREAK_START":
            found.append(Break(line.at_us, None, line.note))
        elif line.code == "BREAK_END" and found and found[-1].to_us is None:
            found[-1] = replace(found[-1], to_us=line.at_us)
    return tuple(found)


def _faults(view: HearingView, course: tuple[CourseLine, ...]) -> tuple[Fault, ...]:
    found = [fault for gap in view.gaps for fault in _gap_faults(view, gap)]
    found += [Fault(line.at_us, None, "stage", line.note, (), total=False) for line in course if line.code == "FAULT"]
    return tuple(sorted(found, key=lambda fault: (fault.from_us, fault.cause, fault.sources)))


def _gap_faults(view: HearingView, gap: Gap) -> list[Fault]:
    """Intervals of one gap that begin in the same second are one fault: it is one event to a reader."""
    microphones = {name for name, source in view.sources.items() if source.media == "audio"}
    groups: dict[tuple[int, int], list[tuple[str, int, int]]] = {}
    for item in gap.intervals:
        if item.to_us > item.from_us:
            second = (item.from_us // 1_000_000, item.to_us // 1_000_000)
            groups.setdefault(second, []).append((item.source, item.from_us, item.to_us))
    return [
        Fault(
            min(row[1] for row in rows),
            max(row[2] for row in rows),
            gap.cause,
            gap.detail,
            tuple(sorted({row[0] for row in rows})),
            total=bool(microphones) and microphones <= {row[0] for row in rows},
        )
        for rows in groups.values()
    ]


def _transcript(view: HearingView, transcript: Transcript | None) -> TranscriptNote | None:
    if transcript is None:
        return None
    file = next((r for r in view.revisions[::-1] if r.kind == "transcript" and r.number == transcript.number), None)
    words = [word for passage in transcript.passages for word in passage.words]
    silent = {passage.witness for passage in transcript.passages} - {word.model for word in words}
    return TranscriptNote(
        transcript.number,
        file.path if file else "",
        file.sha256 if file else "",
        len(words),
        sum(word.edited_by is not None for word in words),
        tuple(
            ModelLine(m.engine, m.name, m.version, m.sha256, m.demonstration)
            for number, m in enumerate(transcript.models)
            if number not in silent
        ),
        tuple(item.language for item in transcript.missing),
    )


def appeared(brief: Brief) -> tuple[tuple[Participant, ...], tuple[Participant, ...], tuple[Participant, ...]]:
    """Participants who were present, who took part remotely, who did not appear; the court itself is not among them."""
    people = [person for person in brief.participants if person.role not in COURT_ROLES]
    groups = {name: tuple(p for p in people if p.attendance == name) for name in ("present", "remote", "absent")}
    return groups["present"], groups["remote"], groups["absent"]
