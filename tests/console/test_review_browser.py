"""The review of a finished hearing in a real browser: listen, correct by mouse and by keyboard alone, two people at once, compare."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.archive_pages.hearing import HEARING
from tests.console.test_browser import Visit
from tests.support.browser import CHROMIUM
from tests.support.console_server import PASSWORD
from tests.support.review_court import Court
from tests.support.review_court import court as open_court
from web.pages import STATIC

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium"),
    pytest.mark.skipif(not (STATIC / "build" / "review.js").exists(), reason="the front end is not built: make build"),
]


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    with open_court(tmp_path) as found:
        yield found


class Reviewer(Visit):
    """A person who reviews."""

    def enter(self, name: str = "secretary") -> None:
        """Sign in and open the review."""
        self.page.set_default_timeout(60_000)
        self.page.goto(f"/sign-in?next=/hearings/{HEARING}/review")
        self.page.wait_for_selector("[name=name]:focus")
        self.type(name)
        self.press("Tab")
        self.type(PASSWORD)
        self.press("Enter")
        self.page.wait_for_selector("hattama-editor .passage .moment-button")

    def passage(self, index: int) -> Any:
        return self.page.locator(f".passage[data-index='{index}']")

    def said(self, index: int) -> str:
        return str(self.passage(index).locator(".said").inner_text())

    def saved(self, number: int) -> None:
        """Wait until the page says that the revision is there."""
        self.page.wait_for_function(
            "text => document.querySelector('.text-area [aria-live]').textContent === text",
            arg=self.text("Saved as revision {number}", number=number),
        )


@pytest.fixture
def people(browser: Any, court: Court) -> Iterator[Any]:
    visits: list[Reviewer] = []

    def enter(language: str = "en", width: int = 1280, name: str = "secretary", scheme: str = "light") -> Reviewer:
        visits.append(Reviewer(browser, court, language, width, scheme))  # type: ignore[arg-type]  # it has the address
        visits[-1].enter(name)
        return visits[-1]

    yield enter
    for visit in visits:
        visit.context.close()
        # An edit that was refused is told on the page; the browser logs the answer's status, too.
        assert [fault for fault in visit.faults if "409" not in fault] == []


def test_keyboard_alone_doubt_by_doubt(people: Any, court: Court) -> None:
    visit = people()
    page = visit.page
    visit.press("n")
    page.wait_for_selector(".passage[data-index='1'] .moment-button:focus")
    visit.press("e")
    page.wait_for_selector(".typing textarea:focus")
    assert page.input_value(".typing textarea") == "Прошу взыскать с ответчика сумму основного долга и неустойку."
    visit.press("End")
    visit.type(" Точка")
    visit.press("Enter")
    visit.saved(3)
    assert visit.said(1).split() == [
        "Прошу",
        "взыскать",
        "с",
        "ответчика",
        "сумму",
        "основного",
        "долга",
        "и",
        "неустойку.",
        "Точка",
    ]
    before, after = court.transcript(2).passages[1], court.transcript().passages[1]
    assert [word.start_us for word in after.words[:5]] == [word.start_us for word in before.words[:5]], "times stay"
    assert after.words[-1].edited_by == "secretary"

    visit.press("r")
    page.wait_for_selector("select.who:focus")
    page.keyboard.press("End")  # the last of the list: the defendant's representative
    visit.press("Tab", "Enter")
    visit.saved(4)
    assert court.transcript().passages[1].speaker == "p3"

    visit.press("n")
    page.wait_for_selector(".passage[data-index='2'] .moment-button:focus")
    for _ in range(3):
        visit.press("ArrowRight")
    visit.press("x")
    visit.saved(5)
    assert [visit.said(index).split() for index in (2, 3)] == [
        ["Исковые", "требования"],
        ["не", "признаю,", "долг", "погашен", "ещё", "в", "мае."],
    ]
    visit.press("m")
    visit.saved(6)
    assert visit.said(2).split() == ["Исковые", "требования", "не", "признаю,", "долг", "погашен", "ещё", "в", "мае."]
    visit.press("Delete")
    visit.saved(7)
    assert court.transcript().passages[2].reason == "deleted"
    visit.press("Space")
    assert page.evaluate("document.activeElement.className").startswith("quiet moment-button")


def test_two_people_at_once_lose_nothing(people: Any, court: Court) -> None:
    secretary, judge = people("ru"), people("ru", name="judge")
    for visit in (secretary, judge):
        visit.passage(1).locator(".moment-button").click()
        visit.press("e")
        visit.page.wait_for_selector(".typing textarea:focus")
    judge.page.fill(".typing textarea", "Судья исправил")
    judge.press("Enter")
    judge.saved(3)
    secretary.page.fill(".typing textarea", "Секретарь исправил иначе")
    secretary.press("Enter")
    secretary.page.wait_for_selector(".text-area > .alert")
    assert secretary.said(1).split() == ["Судья", "исправил"]
    assert secretary.page.input_value(".typing textarea") == "Секретарь исправил иначе", "what was typed is kept"
    assert court.transcript().number == 3
    secretary.press("Enter")
    secretary.saved(4)
    assert court.transcript().passages[1].text == "Секретарь исправил иначе"
    authors = [item["by"] for item in court.client.hearing(HEARING)["revisions"] if item["kind"] == "transcript"]
    assert authors[-2:] == ["judge", "secretary"]

    page = secretary.page
    page.select_option("select[name=old]", "2")
    page.select_option("select[name=new]", "4")
    page.click(".compare button")
    page.wait_for_selector(".changes li")
    assert "Секретарь исправил иначе" in page.locator(".changes ins").first.inner_text()


def test_a_word_is_heard_where_it_is_clicked(people: Any, court: Court) -> None:
    visit = people()
    page = visit.page
    page.locator(".passage[data-index='2'] .word").nth(2).click()
    page.click("#play")
    page.wait_for_function("() => [...document.querySelectorAll('audio')].some(one => one.currentTime > 8.8)")
    page.wait_for_function("() => document.querySelector('.word.heard')?.closest('.passage').dataset.index === '2'")
    page.locator("[data-source=mic-defendant] .solo").click()
    heard = page.evaluate("[...document.querySelectorAll('audio')].filter(one => !one.muted).length")
    assert heard == 1, "one microphone alone"


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_looks(people: Any, language: str, width: int) -> None:
    visit = people(language, width)
    visit.passage(1).locator(".moment-button").click()
    visit.look("review")
    visit.press("e")
    visit.look("review-typing")
    if width == 1280 and language == "kk":
        visit.press("Escape")
        visit.page.emulate_media(color_scheme="dark")
        visit.look("review-dark")


def test_the_administrator_hears_nothing(court: Court, browser: Any) -> None:
    visit = Visit(browser, court, "en", 1280)  # type: ignore[arg-type]
    visit.page.goto(f"/sign-in?next=/hearings/{HEARING}/review")
    visit.page.fill("[name=name]", "admin")
    visit.page.fill("[name=password]", PASSWORD)
    visit.press("Enter")
    visit.page.wait_for_selector("text=You may not do this")
    for rest in ("replay.json", "files/media/T01/mic-bench/0001.mp4", "transcripts/0"):
        assert visit.page.request.get(f"/api/hearings/{HEARING}/{rest}").status == 403
    visit.context.close()


def test_the_judge_looks_at_the_recording_and_rejects_it(people: Any, court: Court) -> None:
    visit = people("ru", name="judge")
    page = visit.page
    page.click("#measure")
    page.wait_for_selector(".quality table")
    assert visit.text("too much is missing") in page.locator(".quality tr", has_text="Истец").last.inner_text()
    assert "hattama" in page.locator(".quality").inner_text(), "the profile's name"
    visit.look("review-quality")
    page.click("#reject")
    assert page.locator(".quality .alert").inner_text() == visit.text("Say why the recording is rejected.")
    page.fill("#why", "Истца не слышно")
    page.click("#reject")
    page.wait_for_selector(".judged")
    assert "Истца не слышно" in page.locator(".judged").inner_text()
    view = court.client.hearing(HEARING)
    assert (view["judged"]["by"], view["judged"]["accepted"]) == ("judge", False)
    brief = [item for item in view["revisions"] if item["kind"] == "brief"][-1]
    drawn = page.request.get(f"/api/hearings/{HEARING}/files/{brief['path']}").json()
    assert (drawn["form"], drawn["rejected"]) == ("full", "Истца не слышно")
    secretary = people("ru")
    secretary.page.click("#measure")
    secretary.page.wait_for_selector(".judged")
    assert secretary.page.locator("#reject").count() == 0, "the judge decides"
    assert secretary.page.request.post(f"/api/hearings/{HEARING}/quality", data={"accepted": True}).status == 403


def test_the_protocol_is_made_read_and_taken_along(people: Any, court: Court) -> None:
    visit = people("kk")
    page = visit.page
    page.click("#make")
    page.wait_for_selector(".points input", timeout=120_000)
    box = page.locator(".points input").first
    key = box.get_attribute("data-key")
    box.fill("Сұралған жоқ <script>alert(1)</script>")
    page.click("#make")
    page.wait_for_function(
        "() => document.querySelector('hattama-papers .hint').textContent.includes('2')", timeout=120_000
    )
    page.wait_for_function(
        "why => [...document.querySelectorAll('.points input')].some(one => one.value === why)",
        arg="Сұралған жоқ <script>alert(1)</script>",
    )
    brief = [item for item in court.client.hearing(HEARING)["revisions"] if item["kind"] == "brief"][-1]
    drawn = page.request.get(f"/api/hearings/{HEARING}/files/{brief['path']}").json()
    assert {point["key"]: point["reason"] for point in drawn["missing"]}[
        key
    ] == "Сұралған жоқ <script>alert(1)</script>"
    assert page.locator("#confirm").is_disabled(), "points are missing without a reason"
    for box in page.locator(".points input").all():
        box.fill("Жүргізілген жоқ")
    page.click("#make")
    page.wait_for_selector("hattama-papers > section > .hint >> text=3", timeout=120_000)
    page.wait_for_selector("[data-section]:not([disabled])")
    assert page.locator("#confirm").is_disabled(), "no section was read yet"
    visit.look("review-to-confirm")
    page.locator(".files button").first.click()
    page.wait_for_selector(".brief-page table, .brief-page p")
    assert "7512-26-00-2/1234" in page.locator(".brief-page").inner_text()
    visit.look("review-protocol")
    starts = {"docx": b"PK", "html": b"<!", "csv": b""}
    for form, start in starts.items():
        for language in ("kk", "ru"):
            answer = page.request.get(f"/api/hearings/{HEARING}/protocol/{language}/{form}")
            assert (answer.status, answer.body()[: len(start)]) == (200, start)
            assert answer.headers["content-disposition"] == f'attachment; filename="protocol.{language}.{form}"'
    pdf = page.request.get(f"/api/hearings/{HEARING}/files/protocol/brief-0002.kk.pdf")
    assert pdf.body().startswith(b"%PDF")
    page.focus("[data-section='0']")
    for number in range(page.locator("[data-section]").count()):
        assert page.evaluate("document.activeElement.dataset.section") == str(number), (
            "by keyboard, one after the other"
        )
        visit.press("Space", "Tab")
    assert page.evaluate("document.activeElement.id") == "confirm"
    visit.press("Enter")
    page.wait_for_selector("hattama-confirmation .chip.good", timeout=120_000)
    visit.look("review-confirmed")
    last = [item for item in court.client.hearing(HEARING)["revisions"] if item["kind"] == "brief"][-1]
    assert (last["number"], last["of"], last["by"]) == (4, "protocol/brief-0003.json", "secretary")
    page.click("hattama-confirmation a")
    page.wait_for_selector("#documents-title")
    assert page.locator("a[href$='/review']").count() == 0, "nothing is left to confirm"
