"""The brief protocol as a value: what ГПК 282(4) wants, where it is heard, and what the record does not give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.brief import FORMAT, Brief, CourtFacts
from protocol.brief_build import HOLE_US, appeared, place
from protocol.brief_rules import POINTS
from protocol.brief_terms import IDENTITY, MISSING, SITTINGS
from protocol.brief_texts import CAUSES, ROLES, TEXTS
from protocol.canonical import loads
from protocol.hearing import Case, Gap, Interval, Stage, State
from protocol.stages import CODES, LAW_NAMES
from protocol.transcript import Transcript
from protocol.view import HearingView
from tests.protocol.scene import SECOND, START, at, civil, transcript_of

CITY = CourtFacts(city="Алматы")


def brief_of(view: HearingView, transcript: Transcript | None = None, court: CourtFacts | None = CITY) -> Brief:
    return Brief.of(view, transcript, court=court, drafted_at_us=at(40), number=1)


def keys(brief: Brief) -> list[str]:
    return [point.key for point in brief.missing]


def without(view: HearingView, code: str) -> HearingView:
    view.stages = [stage for stage in view.stages if stage.code != code]
    return view


def test_a_civil_hearing_lacks_only_what_people_give_when_they_sign() -> None:
    brief = brief_of(civil())
    assert keys(brief) == ["final"]
    assert (brief.law, brief.article) == ("gpk", "282(4)")
    assert not brief.confirmed


def test_every_value_comes_from_the_hearing() -> None:
    view = civil()
    brief = brief_of(view)
    assert brief.start_us == at(0.05)
    assert brief.end_us == at(15.9)
    assert brief.start_marked
    assert brief.end_marked
    assert (brief.court, brief.judge, brief.secretary) == (view.case.court, view.case.judge, view.case.secretary)
    assert [len(group) for group in appeared(brief)] == [2, 1, 1]
    assert [(item.from_us, item.to_us, item.note) for item in brief.breaks] == [(at(3.9), at(14.1), "до 09:44")]
    assert {file.path for file in brief.files} == {segment.path for segment in view.segments}
    assert brief.decision is not None
    assert brief.decision.note.startswith("резолютивная часть")


def test_each_line_names_the_judges_microphone_and_the_offset_in_its_file() -> None:
    brief = brief_of(civil())
    motion = next(line for line in brief.course if line.code == "MOTION")
    assert motion.place is not None
    assert motion.place.path == "media/T01/mic-bench/0008.mp4"
    assert motion.place.offset_us == 2 * SECOND
    assert motion.place.others == 3
    assert motion.participant == "Ким Виктор Андреевич"


def test_without_the_judges_microphone_the_first_microphone_is_named_then_a_camera() -> None:
    view = civil()
    view.seats.clear()
    assert (found := place(view, at(1))) is not None
    assert found.path == "media/T01/mic-bench/0007.mp4"
    view.segments = [segment for segment in view.segments if segment.source != "mic-bench"]
    assert (found := place(view, at(1))) is not None
    assert found.path.startswith("media/T01/mic-defendant/")
    view.segments = [segment for segment in view.segments if segment.media == "video"]
    assert (found := place(view, at(1))) is not None
    assert found.path.startswith("media/T01/cam-judge/")


def test_a_moment_that_was_not_recorded_names_no_file() -> None:
    view = civil()
    assert place(view, at(8)) is None
    assert place(view, START - 1) is None
    end = at(4)
    assert (last := place(view, end + HOLE_US - 1)) is not None
    assert last.offset_us == 10 * SECOND
    assert place(view, end + HOLE_US) is None


def test_a_moment_between_two_files_belongs_to_the_second() -> None:
    found = place(civil(), START + 10 * SECOND)
    assert found is not None
    assert (found.path, found.offset_us) == ("media/T01/mic-bench/0002.mp4", 0)


def test_the_course_is_in_order_and_holds_remarks() -> None:
    brief = brief_of(civil())
    assert [line.at_us for line in brief.course] == sorted(line.at_us for line in brief.course)
    assert [line.note for line in brief.course if line.kind == "remark"] == ["Истец предъявил подлинник договора"]


def test_faults_have_their_bounds_their_sources_and_their_cause() -> None:
    one, all_of_them = brief_of(civil()).faults
    assert (one.cause, one.sources, one.total) == ("device_lost", ("mic-plaintiff",), False)
    assert one.to_us is not None
    assert one.to_us - one.from_us == 12_300_000
    assert all_of_them.cause == "power_or_kill"
    assert all_of_them.total
    assert len(all_of_them.sources) == 4


def test_a_gap_of_no_length_is_no_fault() -> None:
    view = civil()
    view.gaps = [Gap(1, "lost", "", (Interval("mic-bench", at(1), at(1)),))]
    assert brief_of(view).faults == ()


@pytest.mark.parametrize(
    ("code", "missing"),
    [("ANNOUNCE", "decision"), ("APPEAL_EXPLAIN", "appeal"), ("REC_ANNOUNCE", "announced"), ("BREAK_END", "break_end")],
)
def test_a_stage_nobody_marked_is_reported_missing(code: str, missing: str) -> None:
    assert (
        keys(brief_of(without(civil(), code))) == [*[missing], "final"]
        if missing != "announced"
        else ["final", "announced"]
    )


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"court": ""}, "court"),
        ({"judge": " "}, "judge"),
        ({"secretary": ""}, "secretary"),
        ({"number": ""}, "case"),
        ({"title": ""}, "case"),
    ],
)
def test_a_blank_of_the_case_is_reported_missing(changes: dict[str, str], missing: str) -> None:
    view = civil()
    view.case = replace(view.case, **changes)
    assert missing in keys(brief_of(view))


def test_settings_of_the_court_stand_in_for_a_silent_case() -> None:
    view = civil()
    view.case = replace(view.case, court="", courtroom="")
    brief = brief_of(view, court=CourtFacts("Суд", "7", "Астана"))
    assert (brief.court, brief.courtroom, brief.city) == ("Суд", "7", "Астана")


def test_an_adjourned_hearing_needs_a_new_date_and_no_decision() -> None:
    view = without(without(civil(), "ANNOUNCE"), "APPEAL_EXPLAIN")
    view.stages.append(Stage(70, "ADJOURN", at(15.8), "secretary"))
    assert keys(brief_of(view)) == ["new_date", "final"]
    view.stages[-1] = replace(view.stages[-1], note="1 декабря 2026 года, 10:00")
    assert keys(brief_of(view)) == ["final"]


def test_a_decision_without_the_date_of_its_final_form_is_incomplete() -> None:
    view = civil()
    view.stages = [replace(stage, note="") if stage.code == "ANNOUNCE" else stage for stage in view.stages]
    assert keys(brief_of(view)) == ["decision_final", "final"]


def test_nothing_recorded_and_no_reason_given() -> None:
    view = civil()
    view.segments, view.gaps = [], []
    assert {"files", "fault_reason"} <= set(keys(brief_of(view)))
    view.stages.append(Stage(70, "FAULT", at(1), "secretary", None, "нет электричества"))
    brief = brief_of(view)
    assert not {"files", "fault_reason"} & set(keys(brief))
    assert brief.faults[0].detail == "нет электричества"


def test_a_fault_marked_without_a_reason_lacks_it() -> None:
    view = civil()
    view.stages.append(Stage(70, "FAULT", at(1), "secretary"))
    assert "fault_reason" in keys(brief_of(view))


def test_without_marks_start_and_end_are_those_of_the_recording_and_say_so() -> None:
    brief = brief_of(without(without(civil(), "OPEN"), "CLOSE"))
    assert (brief.start_us, brief.start_marked) == (START, False)
    assert (brief.end_us, brief.end_marked) == (at(16), False)


def test_an_open_hearing_has_no_end() -> None:
    view = without(civil(), "CLOSE")
    view.state = State.PAUSED
    brief = brief_of(view)
    assert brief.end_us is None
    assert "end" in keys(brief)


def test_an_empty_journal_gives_a_brief_that_lacks_everything() -> None:
    brief = brief_of(HearingView(hearing="h"), court=None)
    wanted = {
        "place",
        "start",
        "end",
        "court",
        "judge",
        "secretary",
        "case",
        "appearance",
        "decision",
        "appeal",
        "final",
        "files",
    }
    assert wanted <= set(keys(brief))
    loads(brief.to_json())


def test_a_stage_code_from_a_later_release_is_kept_by_name() -> None:
    view = civil()
    view.stages.append(Stage(70, "HOLOGRAM", at(1), "secretary", "nobody-known"))
    line = next(line for line in brief_of(view).course if line.code == "HOLOGRAM")
    assert (line.ru, line.kk, line.article, line.participant) == ("HOLOGRAM", "HOLOGRAM", "", "nobody-known")


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_document_and_its_points(code: str) -> None:
    view = civil()
    view.case = replace(view.case, code=code)
    brief = brief_of(view)
    assert brief.law in LAW_NAMES
    assert set(keys(brief)) <= {key for key, _law, _article in POINTS[code]}
    for key, law, article in POINTS[code]:
        assert law == code or code == "appk"
        assert article
        assert all(MISSING[key])


def test_an_unknown_code_falls_back_to_the_civil_points() -> None:
    view = civil()
    view.case = Case(code="zzz")
    assert "judge" in keys(brief_of(view))


def test_the_transcript_is_named_with_its_models_and_who_changed_it() -> None:
    view = civil()
    note = brief_of(view, transcript_of(view)).transcript
    assert note is not None
    assert (note.number, note.words, note.edited, note.models[0].demonstration) == (2, 2, 1, True)


def test_a_witness_wrote_no_word_and_is_not_named_with_those_that_did() -> None:
    view = civil()
    made = transcript_of(view)
    heard = replace(made.passages[0], witness=1)
    models = (*made.models, replace(made.models[0], name="other"))
    note = brief_of(view, replace(made, passages=(heard,), models=models)).transcript
    assert note is not None
    assert [model.name for model in note.models] == ["tiny-en"]


def test_administrative_justice_needs_a_transcript() -> None:
    view = civil()
    view.case = replace(view.case, code="appk")
    assert "transcript" in keys(brief_of(view))
    assert "transcript" not in keys(brief_of(view, transcript_of(view)))


def test_json_is_canonical_and_the_same_each_time() -> None:
    data = brief_of(civil()).to_json()
    assert data == brief_of(civil()).to_json()
    value = loads(data)
    assert value["format"] == FORMAT
    assert value["course"][0]["place"] == {"path": "media/T01/mic-bench/0001.mp4", "offset_us": 3 * SECOND, "others": 3}
    assert value["confirmed"] is False


def test_every_text_exists_in_both_languages() -> None:
    for table in (TEXTS, ROLES, CAUSES, SITTINGS, IDENTITY, MISSING):
        for ru, kk in table.values():
            assert ru.strip()
            assert kk.strip()
