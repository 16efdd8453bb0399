"""A whole day in one courtroom, as secretary and judge do it: list, three hearings, review, signatures, a remark, reconciliation.

It is told once; whose hands do it, mouse or keyboard, the people's classes say.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from device_config.identity import trust_dir, trusted_keys
from protocol.record import DirectoryRecord
from protocol.transcript import Transcript
from protocol.verification import Trust, verify
from tests.support.day_court import COUNT, HELD, Courthouse
from tests.support.day_people import Person
from tests.support.day_words import say_live, transcribe
from tests.support.people import PASSWORD as KEY_PASSWORD

#: A day and hour that reads alike in every order of day and month; the last key only where the browser counts to twelve.
NEXT_TIME = ("12122026", "1030", "a")


def whole_day(court: Courthouse, secretary: Person, judge: Person) -> list[str]:
    """From the morning's list to a reconciliation without a finding; identifiers of the hearings that were held."""
    enter(court, secretary, judge)
    take_list(court, secretary)
    civil = hold_civil(court, secretary, judge)
    administrative = hold_administrative(court, secretary)
    criminal = hold_criminal(court, secretary)
    nobody_came(court, judge)
    held = [civil, administrative, criminal]
    review(court, secretary, judge, civil)
    for hearing in held:
        sign(court, secretary, judge, hearing)
    remark(court, secretary, judge, civil)
    take_list(court, secretary, stay=len(HELD))
    reconcile(court, secretary)
    return held


def short_day(court: Courthouse, secretary: Person, judge: Person) -> list[str]:
    """The same with one hearing, for `make test`."""
    enter(court, secretary, judge)
    take_list(court, secretary)
    held = hold_civil(court, secretary, judge)
    review(court, secretary, judge, held)
    sign(court, secretary, judge, held)
    remark(court, secretary, judge, held)
    take_list(court, secretary, stay=1)
    reconcile(court, secretary)
    return [held]


def enter(court: Courthouse, secretary: Person, judge: Person) -> None:
    """Both sign in."""
    for person, name in ((secretary, "secretary"), (judge, "judge")):
        person.enter(name, court.room.passwords[name])


def take_list(court: Courthouse, secretary: Person, *, stay: int = COUNT) -> None:
    """Import forty cases; in the evening all but the first ``stay`` are taken off."""
    evening = stay < COUNT
    page = secretary.page
    page.goto(f"/?day={court.day}")
    if not evening:
        secretary.look("day-empty")
    secretary.follow("a[href='/lists']")
    secretary.give("input[type=file]", court.list_file(stay))
    if not evening:
        secretary.look("import", lasting=False)
    secretary.follow("ht-upload button")
    secretary.see(".list-report .chip.good")
    secretary.follow("a.button[href='/']")
    page.goto(f"/?day={court.day}")  # also where midnight has passed meanwhile
    assert page.locator(".hearings li").count() == COUNT, page.url
    secretary.look("day-evening" if evening else "day-morning")


def open_case(court: Courthouse, secretary: Person, case: str) -> str:
    """From the day's list to a running recording; the hearing's identifier."""
    page = secretary.page
    page.goto(f"/?day={court.day}")
    secretary.follow(f".hearings a[href='/day/{case}']")
    secretary.see(".seat.taken")
    secretary.look(f"prepare-{case}")
    secretary.follow("button.big")
    secretary.see(".state.planned")
    court.wait_for("every camera and microphone", lambda: page.locator(".device.ready").count() == 6)
    court.wait_for("their pictures", lambda: page.locator("ht-picture img:not(.missing)").count() == 2)
    secretary.look(f"ready-{case}")
    _start(secretary)
    return str(page.url.rstrip("/").rpartition("/")[2])


def _start(secretary: Person) -> None:
    """Start recording; where a busy machine's devices gave nothing in time, the page says so and is asked again."""
    button = secretary.page.locator("[data-act=start]")
    for _ in range(10):
        secretary.order("F9", "start")
        secretary.page.wait_for_function("() => !document.querySelector('[data-act=start]:disabled')")
        if button.count() == 0:
            break
    secretary.see(".state.recording")


def mark(secretary: Person, key: str, code: str, note: str = "", *, about: str = "") -> None:
    """Mark a stage, answer what it asks, see that it is marked."""
    times = secretary.page.locator(".entry.stage:not(.struck)").count()
    secretary.mark(key, code)
    if about or note:
        secretary.see("dialog[open]")
        if about:
            secretary.tick(f"dialog [name=participant][value={about}]")
        if note:
            secretary.write("dialog [name=note]", note)
        if code == "CLOSED_START":
            secretary.look("question-closed", lasting=False)
        secretary.act("dialog button.primary")
        secretary.page.wait_for_selector("dialog:not([open])", state="attached")
    secretary.page.wait_for_function(f"() => document.querySelectorAll('.entry.stage:not(.struck)').length > {times}")
    secretary.see(f'[data-stage="{code}"].marked')


def finish(court: Courthouse, secretary: Person, hearing: str) -> None:
    """End the hearing and see that it is sealed."""
    secretary.order("F8", "stop")
    secretary.see("dialog[open] button.danger")
    secretary.act("dialog button.danger")
    secretary.see(".state.over")
    court.wait_for("the seal", lambda: court.recorder.hearing(hearing)["manifests"])
    transcribe(court.recorder, hearing)


def pause(secretary: Person, what: str) -> None:
    """Nothing is recorded for a moment."""
    secretary.order("F4", "pause")
    secretary.see(".state.paused")
    secretary.look(what)
    secretary.order("F4", "resume")
    secretary.see(".state.recording")


def hold_civil(court: Courthouse, secretary: Person, judge: Person) -> str:
    """In Russian; the judge sees on their own browser what the secretary marks; a mark is taken back."""
    hearing = open_case(court, secretary, "c01")
    judge.page.goto(f"/hearings/{hearing}")
    judge.see(".state.recording")
    for key, code in (("1", "OPEN"), ("2", "REC_ANNOUNCE"), ("3", "APPEARANCE"), ("4", "COMPOSITION"), ("5", "RIGHTS")):
        mark(secretary, key, code)
    judge.see('[data-stage="RIGHTS"].marked')
    mark(secretary, "6", "MERITS_START")
    secretary.press("F6")
    secretary.see(".entry.stage.struck")
    mark(secretary, "6", "MERITS_START")
    mark(secretary, "e", "EXPLANATION", about="p3")
    secretary.write("#remark", "Истец ссылается на расписку")
    secretary.press("Enter", "Escape")
    secretary.see(".entry.remark")
    say_live(court.recorder, hearing)
    secretary.see(".words .entry.speech")
    secretary.look("recording-civil")
    judge.look("recording-judge")
    mark(secretary, "8", "DEBATES", about="p4")
    mark(secretary, "9", "DELIBERATION")
    mark(secretary, "0", "ANNOUNCE", "30.11.2026")
    mark(secretary, "a", "APPEAL_EXPLAIN")
    mark(secretary, "k", "REMARKS_EXPLAIN")
    mark(secretary, "z", "CLOSE")
    finish(court, secretary, hearing)
    secretary.look("finished-civil")
    return hearing


def hold_administrative(court: Courthouse, secretary: Person) -> str:
    """In Kazakh, a part of it in camera."""
    hearing = open_case(court, secretary, "c02")
    for key, code in (("1", "OPEN"), ("2", "REC_ANNOUNCE"), ("3", "APPEARANCE"), ("4", "COMPOSITION"), ("5", "RIGHTS")):
        mark(secretary, key, code)
    mark(secretary, "q", "CLOSED_START", "Жеке өмір құпиясы")
    secretary.page.wait_for_timeout(2000)
    secretary.look("in-camera")
    mark(secretary, "y", "CLOSED_END")
    mark(secretary, "e", "EXPLANATION", about="p3")
    secretary.page.wait_for_timeout(3000)
    mark(secretary, "0", "ANNOUNCE", "30.11.2026")
    mark(secretary, "z", "CLOSE")
    finish(court, secretary, hearing)
    takes = court.recorder.hearing(hearing)["takes"]
    assert {take["publicity"] for take in takes} == {"open", "closed"}, takes
    return hearing


def hold_criminal(court: Courthouse, secretary: Person) -> str:
    """Break, deliberation room, adjourned to another day."""
    hearing = open_case(court, secretary, "c03")
    for key, code in (("1", "OPEN"), ("2", "REC_ANNOUNCE"), ("3", "APPEARANCE")):
        mark(secretary, key, code)
    mark(secretary, "4", "IDENTITY", about="p4")
    secretary.page.wait_for_timeout(2000)
    mark(secretary, "b", "BREAK_START", "11:30")
    pause(secretary, "break")
    mark(secretary, "c", "BREAK_END")
    mark(secretary, "m", "MOTION", about="p5")
    mark(secretary, "9", "DELIBERATION")
    pause(secretary, "deliberation")
    mark(secretary, "r", "RULING")
    secretary.mark("j", "ADJOURN")
    secretary.see("dialog[open] input[type=datetime-local]")
    secretary.write("dialog [name=note]", NEXT_TIME[0])
    for part in NEXT_TIME[1:]:
        if secretary.page.input_value("dialog [name=note]") == "":
            secretary.type(part)
    assert secretary.page.input_value("dialog [name=note]") == "2026-12-12T10:30"
    secretary.look("question-adjourn", lasting=False)
    secretary.act("dialog button.primary")
    secretary.see(".entry.stage >> text=12.12.2026, 10:30")
    mark(secretary, "z", "CLOSE")
    finish(court, secretary, hearing)
    return hearing


def nobody_came(court: Courthouse, judge: Person) -> None:
    """The judge notes that no protocol is kept."""
    judge.page.goto(f"/?day={court.day}")
    judge.follow(".hearings a[href='/day/c04']")
    judge.write("#reason", "Никто не явился")
    judge.follow(".decision button")
    judge.look("nobody-came")


def review(court: Courthouse, secretary: Person, judge: Person, hearing: str) -> None:
    """Correct a word beside the player; the judge measures and accepts the recording; the protocol is made again."""
    court.wait_for("transcript and draft", lambda: court.recorder.hearing(hearing)["state"] == "drafted")
    secretary.page.goto(f"/hearings/{hearing}")
    secretary.see(".state.over")
    secretary.follow_to_window("a[target=hattama-review]")
    first = Transcript.from_json(court.recorder.transcript_json(hearing))
    index = next(i for i, one in enumerate(first.passages) if one.kind == "speech")
    passage = f".passage[data-index='{index}']"
    secretary.act(f"{passage} .moment-button")
    secretary.look("review")
    secretary.act(f"{passage} .tools button[aria-keyshortcuts=E]")
    secretary.see(f"{passage} textarea")
    secretary.write(f"{passage} textarea", first.passages[index].text + " Исправлено")
    secretary.look("review-typing", lasting=False)
    secretary.act(f"{passage} .typing button.primary")
    court.wait_for("the correction", lambda: _newest(court, hearing).number == first.number + 1)
    assert _newest(court, hearing).passages[index].text.endswith("Исправлено")
    judge.page.goto(f"/hearings/{hearing}/review")
    judge.act("#measure")
    judge.see(".quality table")
    judge.act("#accept")
    judge.see(".judged")
    judge.look("quality", lasting=False)
    before = _briefs(court, hearing)
    secretary.act("#make")
    court.wait_for("the protocol again", lambda: _briefs(court, hearing) > before)
    secretary.page.wait_for_selector("#make:not([disabled])")
    secretary.act(".files + .files button")
    secretary.see(".brief-page table, .brief-page p")
    secretary.look("protocol", lasting=False)


def confirm(court: Courthouse, secretary: Person, hearing: str) -> None:
    """The secretary says why points are missing, has the protocol made with that, reads it, and confirms section by section."""
    court.wait_for("the draft", lambda: court.recorder.hearing(hearing)["state"] == "drafted")
    secretary.page.goto(f"/hearings/{hearing}/review")
    secretary.see("[data-section]")
    lacking = secretary.page.locator("input[data-key]")
    for key in [lacking.nth(n).get_attribute("data-key") for n in range(lacking.count())]:
        secretary.write(f"#why-{key}", "Не велось")
    before = _briefs(court, hearing)
    secretary.act("#make")
    court.wait_for("the protocol with reasons", lambda: _briefs(court, hearing) > before)
    secretary.see("#make:not([disabled])")
    secretary.see("hattama-confirmation fieldset:not(:has(:checked)) [data-section]:not([disabled])")
    for number in range(secretary.page.locator("[data-section]").count()):
        secretary.tick(f"[data-section='{number}']")
    secretary.look("confirmation", lasting=False)
    secretary.act("#confirm:not([disabled])")
    secretary.see("hattama-confirmation .chip.good")
    secretary.look("confirmed", lasting=False)


def _newest(court: Courthouse, hearing: str) -> Transcript:
    return Transcript.from_json(court.recorder.transcript_json(hearing))


def _briefs(court: Courthouse, hearing: str) -> int:
    return sum(item["kind"] == "brief" for item in court.recorder.hearing(hearing)["revisions"])


def sign(court: Courthouse, secretary: Person, judge: Person, hearing: str) -> None:
    """Both sign the protocol, the judge with the key client, the secretary with a key file; the secretary certifies."""
    confirm(court, secretary, hearing)
    for person in (judge, secretary):
        person.page.goto(f"/hearings/{hearing}")
        person.follow("a[href$='/signing']")
    court.key.person = court.judge
    judge.write("#sign [name=password]", court.room.passwords["judge"])
    judge.look("to-sign")
    judge.follow("#sign button.primary")
    judge.see(".signers .chip.good")
    secretary.page.reload()
    for _ in ("protocol", "certification"):
        secretary.tick("[name=way][value=file]")
        secretary.give("[name=key]", court.secretary)
        secretary.write("[name=key_password]", KEY_PASSWORD)
        secretary.write("#sign [name=password]", court.room.passwords["secretary"])
        secretary.follow("#sign button.primary")
        assert secretary.page.locator(".alert[role=alert]:not([hidden])").count() == 0
    secretary.see(".paper-name + p .chip.good")
    secretary.look("certified")
    assert court.recorder.hearing(hearing)["state"] in ("certified", "archived")


def remark(court: Courthouse, secretary: Person, judge: Person, hearing: str) -> None:
    """A party's remark is filed; the judge decides on it."""
    secretary.page.goto(f"/hearings/{hearing}")
    secretary.follow("a[href$='/remarks']")
    secretary.write("#filed-person", "Сериков А. Б.")
    secretary.write("details[open] textarea[name=text]", "Ответ представителя ответчика записан не полностью.")
    secretary.follow("details[open] button.primary")
    secretary.see("article.remark")
    secretary.look("remark-filed")
    judge.page.goto(f"/hearings/{hearing}/remarks")
    judge.tick("[name=decision][value=partly]")
    judge.write("article.remark textarea", "Уточнено одно слово; в остальном протокол полон.")
    judge.follow("article.remark button.primary")
    judge.see(".review .chip")
    judge.look("remark-reviewed")
    judge.page.goto("/deadlines")
    judge.look("deadlines")


def reconcile(court: Courthouse, secretary: Person) -> None:
    """In English: nothing is open."""
    secretary.follow(".languages [value=en]")
    secretary.language = "en"
    secretary.follow("a[href^='/reconciliation']")
    secretary.see("html[lang=en]")
    secretary.see(".check-verdict .chip.good")
    assert secretary.page.locator(".findings-list li").all_inner_texts() == []
    secretary.look("reconciliation")


def records_verify(court: Courthouse, hearings: list[str]) -> None:
    """Each record on the box is good to its last line."""
    trust = Trust.of(*trusted_keys(trust_dir(court.room.settings)))
    for hearing in hearings:
        folder = court.room.settings.hearings / hearing
        court.wait_for(f"{hearing} to verify", partial(_good, folder, trust), 120)


def _good(folder: Path, trust: Trust) -> bool:
    return verify(DirectoryRecord(folder), trust).good
