"""The values of a protocol under the names of :mod:`protocol.brief_names`, in the words of one language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from protocol.brief import Brief, CourseLine, MissingPoint
from protocol.brief_build import appeared
from protocol.brief_rules import IDENTIFIED, INTERROGATIONS
from protocol.brief_terms import IDENTITY, MISSING, SITTINGS
from protocol.brief_texts import LANGUAGES, MONTHS, named
from protocol.brief_words import ANNEX_LIMIT, Words
from protocol.hearing import Participant
from protocol.paper.names import Item, Values
from protocol.passage import Passage
from protocol.transcript import Transcript
from protocol.voice import voice_of

_EVIDENCE = ("DOCUMENTS", "PHYSICAL", "MEDIA", "JOIN", "SITE", "TESTIMONY_READ")
_MOTIONS = ("MOTION", "RULING", "RECUSAL", "INTERPRETER_RECUSAL", "CIVIL_CLAIM")
_ENDING = ("DEBATES", "REPLICA", "LAST_WORD", "DELIBERATION", "ANNOUNCE")


def values(brief: Brief, language: str, transcript: Transcript | None = None) -> Values:
    """Every value of a protocol.

    Args:
        brief: the protocol.
        language: ``ru`` or ``kk``.
        transcript: its text, where it is annexed.
    """
    w = Words(brief, language)
    return Values(_texts(brief, w), _flags(brief, transcript), _lists(brief, w, transcript))


def sitting(brief: Brief) -> str:
    """Key of the kind of sitting; a trial has its own name in criminal cases only."""
    if brief.kind == "trial":
        return "trial" if brief.code == "upk" else "proceedings"
    return brief.kind if brief.kind in SITTINGS else "hearing"


def _texts(brief: Brief, w: Words) -> Mapping[str, str]:
    present, remote, absent = appeared(brief)
    start, end = brief.start_us, brief.end_us
    note = brief.transcript
    kind = named(SITTINGS, sitting(brief), w.language)
    return {
        "number": str(brief.number),
        "hearing": brief.hearing,
        "drafted": w.moment(brief.drafted_at_us),
        "law": w.article(),
        "sitting": kind,
        "sitting_small": kind.lower(),
        "date": "" if start is None else w.date(start),
        "city": brief.city,
        "zone": w.zone(),
        "start": "" if start is None else w.clock(start),
        "end": "" if end is None else w.clock(end),
        "court": brief.court,
        "courtroom": brief.courtroom,
        "judge": brief.judge,
        "secretary": brief.secretary,
        "case_number": brief.case_number,
        "case_title": brief.case_title,
        "case_language": w.language_name(brief.language),
        "publicity": w.publicity(),
        "present": _people(w, present),
        "remote": _people(w, remote),
        "absent": _people(w, absent),
        "recording_law": w.cite("gpk", "133-4(1)"),
        **_line(w, "announced", brief.announced),
        "takes": "; ".join(w.take(take) for take in brief.takes),
        "file_count": str(len(brief.files)),
        "json_name": f"protocol/brief-{brief.number:04d}.json",
        "adjourned_at": "" if brief.adjourned is None else w.at(brief.adjourned.at_us),
        "new_date": "" if brief.adjourned is None else brief.adjourned.note,
        **_line(w, "decision", brief.decision),
        **_line(w, "appeal", brief.appeal),
        **_line(w, "remarks", brief.remarks_right),
        "rejected": brief.rejected,
        "transcript_number": "" if note is None else str(note.number),
        "transcript_words": "" if note is None else str(note.words),
        "transcript_edited": "" if note is None else str(note.edited),
        "transcript_path": "" if note is None else note.path,
        "transcript_sha256": "" if note is None or not note.sha256 else w.hex(note.sha256),
        "transcript_languages": "" if note is None else ", ".join(note.missing_languages),
        "transcript_reason": next((point.reason for point in brief.missing if point.key == "transcript"), ""),
        "final_on": _day(brief.final_on, w),
    }


def _line(w: Words, name: str, line: CourseLine | None) -> dict[str, str]:
    if line is None:
        return {f"{name}_at": "", f"{name}_place": "", f"{name}_note": ""}
    return {f"{name}_at": w.at(line.at_us), f"{name}_place": w.place(line.place), f"{name}_note": line.note}


def _day(iso: str, w: Words) -> str:
    try:
        day = date.fromisoformat(iso)
    except ValueError:  # a date that is none is shown as it was given
        return iso
    return w.t("date", day=day.day, month=MONTHS[w.language][day.month - 1], year=day.year)


def _people(w: Words, people: Iterable[Participant]) -> str:
    return "; ".join(f"{w.role(p.role)} {p.name}" + (f" ({p.note})" if p.note else "") for p in people)


def _flags(brief: Brief, transcript: Transcript | None) -> Mapping[str, bool]:
    note = brief.transcript
    return {
        "draft": not brief.confirmed,
        "full": brief.form == "full",
        "recorded": bool(brief.files),
        "start_unmarked": brief.start_us is not None and not brief.start_marked,
        "end_unmarked": brief.end_us is not None and not brief.end_marked,
        "many_files": len(brief.files) > ANNEX_LIMIT,
        "adjourned": brief.adjourned is not None,
        "decided": brief.decision is not None,
        "appeal_explained": brief.appeal is not None,
        "remarks_explained": brief.remarks_right is not None,
        "transcribed": note is not None and note.words > 0,
        "annexed": transcript is not None,
        "demonstration": note is not None and any(model.demonstration for model in note.models),
    }


def _lists(brief: Brief, w: Words, transcript: Transcript | None) -> Mapping[str, tuple[Item, ...]]:
    course = [(line.code, _course(w, line)) for line in brief.course]

    def lines(*codes: str) -> tuple[Item, ...]:
        return tuple(item for code, item in course if code in codes)

    return {
        "persons": tuple(_person(w, p) for p in brief.participants if p.role in IDENTIFIED.get(brief.code, ())),
        "course": tuple(item for _code, item in course),
        "interrogated": lines(*INTERROGATIONS),
        "evidence": lines(*_EVIDENCE),
        "motions": lines(*_MOTIONS),
        "ending": lines(*_ENDING),
        "breaks": tuple({"span": w.span(item.from_us, item.to_us), "note": item.note} for item in brief.breaks),
        "faults": tuple({"text": w.fault(fault)} for fault in brief.faults),
        "tracks": tuple(_tracks(w)),
        "files": tuple(_files(brief, w)),
        "models": tuple(_models(brief, w)),
        "passages": tuple(_passages(brief, w, transcript)),
        "missing": tuple(_missing(w, point) for point in brief.missing),
    }


def _course(w: Words, line: CourseLine) -> Item:
    title = line.kk if w.language == "kk" else line.ru
    others = (
        "" if line.place is None or not line.place.others else f" ({w.t('place.others', others=line.place.others)})"
    )
    person = f"{w.role(line.role)} {line.participant}".strip() if line.participant else ""
    return {
        "time": w.at(line.at_us),
        "action": w.t("course.remark") if line.kind == "remark" else title,
        "law": w.cite(line.law, line.article),
        "person": person,
        "note": line.note,
        "about": "; ".join(text for text in (person, line.note) if text.strip()),
        "file": "" if line.place is None else line.place.path,
        "offset": w.t("place.none")
        if line.place is None
        else w.t("place.offset", offset=w.offset(line.place)) + others,
    }


def _person(w: Words, person: Participant) -> Item:
    known = [key for key in IDENTITY if person.identity.get(key, "").strip()]
    known += [key for key in person.identity if key not in IDENTITY and person.identity[key].strip()]
    details = "; ".join(f"{named(IDENTITY, key, w.language)}: {person.identity[key]}" for key in known)
    return {"role": w.role(person.role), "name": person.name, "details": details}


def _tracks(w: Words) -> Iterable[Item]:
    for label, files in w.annex_groups():
        yield {
            "label": label,
            "media": w.t(f"media.{files[0].media}"),
            "files": w.first_to_last(files),
            "count": str(len(files)),
            "start": w.at(files[0].start_us),
            "end": w.at(files[-1].end_us),
            "sha256": w.list_digest(files),
        }


def _files(brief: Brief, w: Words) -> Iterable[Item]:
    if not w.full_annex():
        return
    for number, file in enumerate(brief.files, 1):
        yield {
            "number": str(number),
            "path": file.path,
            "source": w.label(file.source),
            "start": w.at(file.start_us),
            "end": w.at(file.end_us),
            "bytes": str(file.bytes),
            "sha256": w.hex(file.sha256),
        }


def _models(brief: Brief, w: Words) -> Iterable[Item]:
    for model in brief.transcript.models if brief.transcript else ():
        text = w.t(
            "transcript.model", name=model.name, engine=model.engine, version=model.version, sha256=w.hex(model.sha256)
        )
        yield {"text": f"{text}. {w.t('transcript.demonstration')}" if model.demonstration else text}


def _passages(brief: Brief, w: Words, transcript: Transcript | None) -> Iterable[Item]:
    names = {person.id: person.name for person in brief.participants}
    for passage in transcript.passages if transcript else ():
        sure = [word.probability_pm for word in passage.words if word.probability_pm is not None]
        yield {
            "time": w.at(passage.start_us),
            "speaker": names.get(passage.speaker or "", "") or _unnamed(w, passage),
            "text": passage.text or _silence(w.t, passage),
            "sure": f"{sum(sure) // len(sure) // 10} %" if sure else "",
        }


def _unnamed(w: Words, passage: Passage) -> str:
    """The microphone, and which of its voices, where they were told apart."""
    label, voice = w.label(passage.source), voice_of(passage.speaker)
    return w.t("passage.voice", label=label, number=voice.number) if voice else label


def _silence(t: Callable[..., str], passage: Passage) -> str:
    if passage.kind == "missing_model":
        return t("passage.missing_model", language=passage.language or "?")
    return t("passage.gap") if passage.kind == "gap" else t("passage.none")


def _missing(w: Words, point: MissingPoint) -> Item:
    return {
        "what": MISSING[point.key][LANGUAGES.index(w.language)] if point.key in MISSING else point.key,
        "law": w.cite(point.law, point.article),
        "reason": point.reason,
    }
