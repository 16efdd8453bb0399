"""The console in a real browser: one hearing from the sign-in to the end, by keyboard alone, in three languages and two widths.

Pictures of each page and state are left under test-output/console/ for a person to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import CHROMIUM
from tests.support.console_server import PASSWORD, Served, console
from web.i18n import catalogues
from web.pages import STATIC

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium"),
    pytest.mark.skipif(not (STATIC / "build" / "console.js").exists(), reason="the front end is not built: make build"),
]
LOCALES = {"kk": "kk-KZ", "ru": "ru-RU", "en": "en-GB"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with console(tmp_path) as served:
        yield served


class Visit:
    """One person at one browser; keeps what went wrong."""

    def __init__(self, browser: Any, served: Served, language: str, width: int, scheme: str = "light") -> None:
        self.context = browser.new_context(
            locale=LOCALES[language], viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=served.address
        )
        self.page = self.context.new_page()
        self.name = f"{language}-{width}-{scheme}"
        self.text = catalogues().translator(language)
        self.faults: list[str] = []
        self.page.on("console", lambda message: self.faults.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url, served.address))

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith((address + "/", "data:", "blob:")):
            self.faults.append(f"asked another host: {url}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def sign_in(self, name: str = "secretary") -> None:
        self.page.goto("/")
        self.page.wait_for_selector("[name=name]:focus")
        self.type(name)
        self.press("Tab")
        self.type(PASSWORD)
        self.press("Enter")
        self.page.wait_for_selector(".top .me" if name == "admin" else "#number:focus")

    def tab_to(self, name: str) -> None:
        """Press Tab until the field has the focus."""
        for _ in range(40):
            if self.page.evaluate("document.activeElement.name") == name:
                return
            self.press("Tab")
        raise AssertionError(f"{name} cannot be reached by Tab")

    def look(self, what: str) -> None:
        """Keep a picture; nothing may stick out sideways; axe finds no violation of WCAG 2.2 A and AA."""
        folder = ROOT / "test-output" / "console"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=str(folder / f"{self.name}-{what}.png"), full_page=True)
        over = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{what}: {over} px stick out to the side"
        if AXE.exists():
            self.page.evaluate(AXE.read_text("utf-8"))
            tags = "['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']"
            found = self.page.evaluate(f"axe.run(document, {{runOnly: {tags}}}).then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120) + ' ' + n.any.map(a => a.message).join('; '))]))")
            assert found == [], f"{self.name} {what}: {found}"


@pytest.fixture
def visits(browser: Any) -> Iterator[list[Visit]]:
    visits: list[Visit] = []
    yield visits
    for visit in visits:
        visit.context.close()
        assert visit.faults == []


def test_a_question_is_not_answered_by_the_one_before(browser: Any, served: Served, visits: list[Visit]) -> None:
    """A dialog's "close" event comes a task after it closed: F8 pressed in between must not lose the finishing."""
    visit = Visit(browser, served, "en", 1280)
    visits.append(visit)
    visit.sign_in()
    visit.type("7512-26-00-2/1234")
    visit.press("Enter")
    visit.page.wait_for_selector(".state.planned")
    answers = visit.page.evaluate(
        """async () => {
            const ask = document.querySelector("ht-ask");
            const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
            const first = ask.finish();
            await pause();
            ask.querySelector("button[type=button]").click();
            const second = ask.finish();
            await pause();
            ask.querySelector("button.danger").click();
            return Promise.all([first, second]);
        }"""
    )
    assert answers == [False, True]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_check_of_the_room(browser: Any, served: Served, visits: list[Visit], language: str) -> None:
    """Ready, and not ready with something of each kind: what to do stands under its source, on a desk and on a telephone."""
    for width in (1280, 390):
        visit = Visit(browser, served, language, width)
        visits.append(visit)
        visit.sign_in()
        served.fake.lost.clear()
        served.fake.found[:] = [("clipping", "mic-plaintiff"), ("disk-low", None)]
        visit.page.click('form[action="/check"] button')
        visit.page.wait_for_selector(".check-verdict .chip.good")
        visit.look("check-ready")
        served.fake.lost |= {"cam-hall", "mic-witness"}
        served.fake.found += [("digital-silence", "mic-witness"), ("check-short", "mic-defendant"), ("picture-blurred", "cam-judge"), ("check-unverified", None)]
        visit.page.click('form[action="/check"] button')
        visit.page.wait_for_selector(".check-verdict .chip.bad")
        assert visit.page.locator(".check-problem").count() == 8
        assert not [text for text in visit.page.locator(".check-problem").all_inner_texts() if len(text.split()) < 4]
        visit.look("check-not-ready")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_hearing_by_keyboard_alone(browser: Any, served: Served, visits: list[Visit], language: str, width: int) -> None:
    visit = Visit(browser, served, language, width)
    visits.append(visit)
    page = visit.page
    page.goto("/")
    visit.look("1-sign-in")
    visit.sign_in()
    visit.look("2-start")
    visit.type("7512-26-00-2/1234")
    visit.tab_to("name-1")
    visit.type("Ахметов А. К.")
    visit.press("Enter")
    page.wait_for_selector(".state.planned")
    page.wait_for_selector("ht-picture img:not(.missing)")
    visit.look("3-ready")
    visit.press("F9")
    page.wait_for_selector(".state.recording")
    assert page.inner_text(".state-word") == visit.text("Recording")
    assert not page.is_visible(".page-links")

    level = "getComputedStyle(document.querySelector('ht-meter .meter-bar')).getPropertyValue('--level')"
    seen = set()
    for _ in range(100):  # the policy forbids the page's own polling by eval
        seen.add(page.evaluate(level))
        if len(seen) > 3:
            break
        page.wait_for_timeout(100)
    assert len(seen) > 3, "the meter moves"

    visit.press("1")
    page.wait_for_selector('[data-stage="OPEN"].marked')
    visit.press("F2")
    visit.type("m1")
    visit.press("Enter", "Escape")
    page.wait_for_selector(".entry.remark")
    visit.press("m")
    page.wait_for_selector("dialog[open]")
    visit.look("4-question")
    visit.press("ArrowDown", "Enter")
    page.wait_for_selector("dialog:not([open])", state="attached")
    page.wait_for_selector('[data-stage="MOTION"].marked')
    hear_words(visit, served)
    visit.look("5-recording")
    assert [call for call in served.fake.calls if call[0] != "new"] == [
        ("stage", {"code": "OPEN", "by": "secretary", "note": ""}),
        ("remark", {"text": "m1", "by": "secretary"}),
        ("stage", {"code": "MOTION", "by": "secretary", "note": "", "participant": "p1"}),
    ]

    visit.press("F4")
    page.wait_for_selector(".state.paused")
    visit.look("6-paused")
    visit.press("F4")
    page.wait_for_selector(".state.recording")
    visit.press("F8")
    page.wait_for_selector("dialog[open]")
    visit.press("Enter")  # the harmless answer has the focus
    page.wait_for_selector("dialog:not([open])", state="attached")
    assert page.is_visible(".state.recording")
    visit.press("F8")
    page.wait_for_selector("dialog[open]")
    visit.look("7-finish")
    visit.press("Tab", "Enter")
    page.wait_for_selector(".state.over")
    assert page.inner_text(".state-word") == visit.text("Finished")
    assert page.is_visible(".page-links a[href$='/signing']"), "what comes next is there without a reload"
    visit.look("8-over")
    page.goto("/")
    page.wait_for_selector(".hearings .chip.finished")
    visit.look("9-list")


def hear_words(visit: Visit, served: Served) -> None:
    """Live words come, are revised, and are a draft that says how late it is; on a page that is loaded anew they are there."""
    page = visit.page
    assert not page.is_visible(".words"), "nobody writes words: nothing is said of them"
    first = {"id": "T01/mic-bench/0", "source": "mic-bench", "speaker": "p1", "text": "суд", "revision": 1, "settled": False}
    served.fake.words(first)
    page.wait_for_selector(".words .entry.open")
    assert "суд …" in page.inner_text(".words .entry")
    assert "Ахметов А. К." in page.inner_text(".words .entry")
    settled = {**first, "revision": 2, "settled": True, "text": "суд идёт"}
    served.fake.words(settled, {**first, "id": "T01/mic-hall/9", "source": "mic-hall", "speaker": None, "kind": "skipped", "text": ""}, behind_ms=12_300)
    page.wait_for_selector(".words .entry.skipped")
    assert "суд идёт" in page.inner_text(".words .entry.speech")
    assert int(page.get_attribute(".words-behind.late", "data-behind")) >= 12
    assert page.is_visible(".words .alert.warn"), "marked as a demonstration model's"


def test_how_far_the_transcript_is(browser: Any, served: Served, visits: list[Visit]) -> None:
    visit = Visit(browser, served, "ru", 1280)
    visits.append(visit)
    page = visit.page
    visit.sign_in()
    visit.type("1")
    visit.press("Enter")
    page.wait_for_selector(".state.planned")
    visit.press("F9")
    page.wait_for_selector(".state.recording")
    passage = {"id": "a", "source": "mic-bench", "revision": 1, "settled": True, "take": "T01", "speaker": None, "start_us": 1, "end_us": 2}
    told = {"publicity": "open", "up_to_us": 1, "behind_ms": 0, "passages": [{**passage, "kind": "speech", "text": "раньше", "demonstration": False}]}
    served.fake.speech = {"live": told, "progress": {"done_pm": 57, "left_s": None}}
    page.reload()
    page.wait_for_selector(".words >> text=раньше")
    visit.press("F8")
    page.wait_for_selector("dialog[open]")
    visit.press("Tab", "Enter")
    page.wait_for_selector(".state.over")
    page.wait_for_selector("text=Готово 5 %.")
    hearing = page.url.rstrip("/").rpartition("/")[2]
    served.fake.publish("progress", {"hearing": hearing, "done_pm": 431, "left_s": 130})
    page.wait_for_selector("text=Готово 43 %, осталось около 2 мин.")
    assert page.is_visible(".words"), "until the transcript is there"
    served.fake.append(served.fake.hearing(hearing), "revision", kind="transcript", number=1, path="transcript/0001.json", bytes=1, sha256="", by="x")
    page.wait_for_selector(".words", state="hidden")


def test_from_the_page_to_the_recording_in_three_actions(browser: Any, served: Served, visits: list[Visit]) -> None:
    visit = Visit(browser, served, "kk", 1280)
    visits.append(visit)
    visit.sign_in()
    visit.type("7512-26-00-2/1234")
    visit.press("Enter")
    visit.page.wait_for_selector(".state.planned")
    visit.press("F9")
    visit.page.wait_for_selector(".state.recording")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_recording_is_said_only_when_it_is_true(browser: Any, served: Served, visits: list[Visit], scheme: str, width: int) -> None:
    visit = Visit(browser, served, "ru", width, scheme)
    visits.append(visit)
    page = visit.page
    visit.sign_in()
    visit.type("1")
    visit.press("Enter")
    page.wait_for_selector(".state.planned")
    visit.look("ready")
    visit.press("F9")
    page.wait_for_selector(".state.recording")
    visit.look("recording")
    served.fake.lost |= {"mic-plaintiff"}
    page.wait_for_selector(".state.not-recording")
    assert "ЗАПИСЬ НЕПОЛНАЯ" in page.inner_text(".state-word"), "neither recording nor nothing"
    served.fake.deaf = True
    served.fake.lost |= {"mic-witness", "cam-hall"}
    page.wait_for_selector(".state.not-recording")
    page.wait_for_selector(".finding.error")
    page.wait_for_selector("text=ЗАПИСЬ НЕ ИДЁТ")
    assert not page.is_visible(".state.recording")
    stopped = page.inner_text(".state-clock")
    visit.look("not-recording")
    assert page.inner_text(".state-clock") == stopped, "time that is not on the disk is not counted as recorded"
    served.fake.silent = True
    page.wait_for_selector(".state.unknown")
    assert page.query_selector(".finding") is None
    assert set(page.eval_on_selector_all(".device .chip", "list => list.map(chip => chip.innerText)")) == {"Неизвестно"}
    visit.look("unknown")
    visit.press("2")  # what happens in the room is marked all the same, and waits until it is written
    served.fake.silent = served.fake.deaf = False
    served.fake.lost.clear()
    page.wait_for_selector(".state.recording")
    page.wait_for_selector('[data-stage="REC_ANNOUNCE"].marked')


def test_a_stream_that_was_refused_is_asked_for_again_and_an_ended_session_leads_to_the_sign_in(browser: Any, served: Served) -> None:
    """A browser gives an event stream up for good where the answer is an error: a proxy's 502 while the console starts anew."""
    visit = Visit(browser, served, "en", 1280)
    page = visit.page
    visit.sign_in()
    visit.type("1")
    visit.press("Enter")
    page.wait_for_selector(".state.planned")
    page.route("**/api/events", lambda route: route.fulfill(status=502))
    page.reload()
    page.wait_for_selector(".state.unknown")
    page.unroute("**/api/events")
    page.wait_for_selector(".state.planned")
    visit.context.clear_cookies()
    page.route("**/api/events", lambda route: route.fulfill(status=502))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.wait_for_selector("[name=password]")
    visit.context.close()


def test_two_people_see_the_same_and_the_administrator_only_looks(browser: Any, served: Served, visits: list[Visit]) -> None:
    secretary, judge, admin = (Visit(browser, served, "ru", 1280) for _ in range(3))
    visits += [secretary, judge, admin]
    secretary.sign_in()
    secretary.type("1")
    secretary.press("Enter")
    secretary.page.wait_for_selector(".state.planned")
    for visit, name in ((judge, "judge"), (admin, "admin")):
        visit.sign_in(name)
        visit.page.goto(secretary.page.url)
        visit.page.wait_for_selector(".state.planned")
    assert admin.page.query_selector(".act") is None
    admin.press("F9")
    secretary.press("F9")
    for visit in (secretary, judge, admin):
        visit.page.wait_for_selector(".state.recording")
    secretary.press("1")
    judge.page.wait_for_selector('[data-stage="OPEN"].marked')
    judge.press("F4")
    secretary.page.wait_for_selector(".state.paused")
    admin.look("admin")


def test_one_key_marks_can_be_switched_off(browser: Any, served: Served, visits: list[Visit]) -> None:
    visit = Visit(browser, served, "en", 1280)
    visits.append(visit)
    visit.sign_in()
    visit.type("1")
    visit.press("Enter")
    visit.page.wait_for_selector(".state.planned")
    visit.press("F9")
    visit.page.wait_for_selector(".state.recording")
    visit.page.click(".switch")
    visit.press("1")
    visit.page.click(".switch")
    visit.press("2")
    visit.page.wait_for_selector('[data-stage="REC_ANNOUNCE"].marked')
    assert [call[1]["code"] for call in served.fake.calls if call[0] == "stage"] == ["REC_ANNOUNCE"]


def test_the_language_is_switched_on_the_page_and_stays(browser: Any, served: Served, visits: list[Visit]) -> None:
    visit = Visit(browser, served, "en", 1280)
    visits.append(visit)
    visit.sign_in()
    visit.page.click(".languages [value=kk]")
    visit.page.wait_for_selector("html[lang=kk]")
    visit.type("1")
    visit.press("Enter")
    visit.page.wait_for_selector(".state.planned")
    assert visit.page.inner_text(".state-word") == "Басталған жоқ"
