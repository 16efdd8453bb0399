"""The appellate judge's way, in Chromium: sign in, find the hearing, play, jump, listen to one microphone, verify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.archive_pages.conftest import Window, window
from tests.archive_pages.hearing import HEARING
from tests.storage.conftest import Court
from web.i18n import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WAIT = 60_000
AXE = Path(__file__).parents[2] / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
MEDIA = "[...document.querySelectorAll('video, audio')].map(e => ({t: e.currentTime, paused: e.paused, muted: e.muted, kind: e.localName}))"


@pytest.fixture
def judge(archive: Court, chromium: Browser) -> Iterator[Window]:
    """A judge who is signed in, in Russian; at the end nothing may have gone wrong in the window."""
    opened = window(chromium, archive.url)
    opened.sign_in()
    yield opened
    assert opened.complaints == []
    opened.page.context.close()


def media(page: Page) -> list[dict[str, Any]]:
    """Every camera's and microphone's element."""
    found: list[dict[str, Any]] = page.evaluate(MEDIA)
    return found


def playing(page: Page, after_s: float) -> None:
    """Wait until the first camera has played beyond a second."""
    page.wait_for_function("s => document.querySelector('video').currentTime > s", arg=after_s, timeout=WAIT)


def test_the_text_that_stays_in_view_never_lies_over_the_findings(archive: Court, chromium: Browser) -> None:
    opened = window(chromium, archive.url, "ru")
    opened.sign_in()
    page = opened.replay()
    page.locator("[data-question=provenance]").scroll_into_view_if_needed()
    text, findings = page.locator("hattama-transcript").bounding_box(), page.locator(".trust-area").bounding_box()
    assert text is not None
    assert findings is not None
    assert text["y"] + text["height"] <= findings["y"] + 1
    opened.page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_play_jump_and_findings_in_each_language(archive: Court, chromium: Browser, language: str) -> None:
    opened = window(chromium, archive.url, language)
    opened.sign_in()
    page = opened.replay()
    assert page.get_attribute("html", "lang") == language
    page.click("#play")
    playing(page, 0.5)
    page.locator(".course li.stage button").nth(4).click()
    playing(page, 2400.3)
    expect(page.locator("#clock")).to_contain_text("10:10:0")
    verdicts = {
        question: page.get_attribute(f"[data-question={question}] [data-by=server]", "data-verdict")
        for question in ("integrity", "completeness", "provenance")
    }
    assert verdicts == {"integrity": "intact", "completeness": "complete-with-gaps", "provenance": "trusted"}
    titles = {"kk": "Өзгертілмеген", "ru": "Не изменено", "en": "Unchanged"}
    expect(page.locator("[data-question=integrity] .verdict")).to_have_text(titles[language])
    assert opened.complaints == []
    page.context.close()


def test_all_sources_keep_step(judge: Window) -> None:
    page = judge.replay()
    page.click("#play")
    playing(page, 3.0)
    times = [item["t"] for item in media(page)]
    assert len(times) == 5
    assert all(not item["paused"] for item in media(page))
    # One look at five elements takes a moment of its own; a machine that is busy is allowed a tenth of a second.
    assert max(times) - min(times) < 0.1
    page.click("#play")
    page.wait_for_function("() => [...document.querySelectorAll('video, audio')].every(e => e.paused)")


def test_one_microphone_alone_and_mute(judge: Window) -> None:
    page = judge.replay()

    def heard() -> list[bool]:
        return [not item["muted"] for item in media(page) if item["kind"] == "audio"]

    assert heard() == [True, True, True]
    page.click("[data-source=mic-defendant] .solo")
    assert heard() == [False, True, False]
    page.keyboard.press("0")
    assert heard() == [True, True, True]
    page.keyboard.press("3")
    assert heard() == [False, False, True]
    page.keyboard.press("0")
    page.click("[data-source=mic-bench] .mute")
    assert heard() == [False, True, True]
    assert all(item["muted"] for item in media(page) if item["kind"] == "video")


def test_a_lost_microphone_is_said_and_holds_nobody_up(judge: Window) -> None:
    page = judge.replay()
    page.click(".course li.gap button")
    expect(page.locator("[data-source=mic-plaintiff] .warn")).to_be_visible()
    page.click("#play")
    playing(page, 2401.0)
    assert [item["paused"] for item in media(page) if item["kind"] == "audio"] == [False, False, True]
    page.wait_for_function(
        "() => [...document.querySelectorAll('audio')].every(e => !e.paused)", timeout=WAIT
    )  # it came back


@pytest.mark.parametrize("late_us", [150_000, 600_000, 1_500_000])
def test_a_camera_that_begins_later_than_the_microphones_plays(judge: Window, late_us: int) -> None:
    """Nothing lies before its first picture: a jump there would never end, and the picture would stand for good."""

    def later(route: Route) -> None:
        answer = route.fetch()
        replay = answer.json()
        for track in replay["tracks"]:
            for segment in track["segments"] if track["source"] == "cam-bench" else ():
                segment["start_us"] += late_us
                segment["end_us"] += late_us
        route.fulfill(response=answer, json=replay)

    judge.page.route("**/replay.json", later)
    page = judge.replay()
    page.click("#play")
    playing(page, 2.5)
    assert not page.evaluate("document.querySelector('video').seeking")


def test_a_file_that_could_not_be_fetched_is_asked_for_again(archive: Court, chromium: Browser) -> None:
    opened = window(chromium, archive.url)
    opened.sign_in()
    asked: list[str] = []

    def busy_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
        else:
            route.fulfill(status=503, body="busy")

    opened.page.route("**/cam-bench/0001.mp4", busy_once)
    page = opened.replay()
    for _ in range(WAIT // 100):
        if len(asked) > 1:
            break
        page.wait_for_timeout(100)
    assert len(asked) == 2
    page.click("#play")
    playing(page, 1.5)
    opened.page.context.close()


def test_playing_goes_over_the_break(judge: Window) -> None:
    page = judge.replay()
    page.locator(".course li.stage button").nth(3).click()
    page.click("#play")
    playing(page, 2400.1)


def test_a_word_is_a_moment_and_the_text_follows(judge: Window) -> None:
    page = judge.replay()
    page.locator(".word", has_text="неустойку").click()
    page.wait_for_function("() => Math.abs(document.querySelector('video').currentTime - 6.8) < 0.5", timeout=WAIT)
    page.click("#play")
    expect(page.locator(".word.heard")).to_have_count(1)
    expect(page.locator(".passage.now .speaker")).to_have_text("Ким Виктор Андреевич", timeout=WAIT)
    page.click("#play")
    page.fill("#find", "ПОГАШЕН ЕЩЕ")
    expect(page.locator(".find [role=status]")).to_contain_text("1")
    page.keyboard.press("Enter")
    expect(page.locator(".passage.found .speaker")).to_have_text("Ким Виктор Андреевич")


def test_keyboard_alone(judge: Window) -> None:
    page = judge.page
    page.focus("#q")
    page.keyboard.type("әбдіғұлов")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    page.focus("table.hearings a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#play")
    clock = page.locator("#elapsed")
    page.keyboard.press("l")
    expect(clock).to_have_text("0:10")
    page.keyboard.press("ArrowLeft")
    expect(clock).to_have_text("0:05")
    page.keyboard.press("j")
    expect(clock).to_have_text("0:00")
    page.keyboard.press("k")
    playing(page, 0.3)
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('video').paused")
    page.keyboard.press(".")
    expect(page.locator("#rate")).to_have_value("1.25")
    # The text is one stop of the Tab key; arrows move inside it, Enter on a word jumps there.
    page.focus(".moment-button[tabindex='0']")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(clock).to_have_text("0:04")
    # The switch of WCAG 2.1.4.
    page.click(".keys summary")
    page.click(".keys input")
    page.focus("main")
    page.keyboard.press("l")
    expect(clock).to_have_text("0:04")


def test_the_browser_verifies_by_itself(judge: Window) -> None:
    page = judge.replay()
    page.click("#verify-here")
    page.wait_for_selector("[data-question=provenance] [data-by=browser]")
    for question, verdict in (
        ("integrity", "intact"),
        ("completeness", "complete-with-gaps"),
        ("provenance", "trusted"),
    ):
        assert page.get_attribute(f"[data-question={question}] [data-by=browser]", "data-verdict") == verdict
    page.click("#verify-archive")
    expect(page.locator("#verify-archive")).to_be_enabled()


def test_an_altered_file_is_named_by_both(archive: Court, chromium: Browser) -> None:
    file = next((archive.root / "archive").rglob("cam-hall/0002.mp4"))
    good = file.read_bytes()
    file.chmod(0o600)
    opened = window(chromium, archive.url, "en")
    opened.sign_in()
    page = opened.replay()
    try:
        file.write_bytes(good[:-5] + b"\0" + good[-4:])
        page.click("#verify-here")
        page.wait_for_selector("[data-question=integrity] [data-by=browser][data-verdict=altered]")
        finding = page.locator("[data-question=integrity] [data-by=browser] .findings li.fail")
        expect(finding).to_contain_text("A file of the record was changed.")
        expect(finding).to_contain_text("media/T01/cam-hall/0002.mp4")
        page.click("#verify-archive")
        page.wait_for_selector("[data-question=integrity] [data-by=server][data-verdict=altered]")
    finally:
        file.write_bytes(good)
    page.click("#verify-archive")
    page.wait_for_selector("[data-question=integrity] [data-by=server][data-verdict=intact]")
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_nothing_runs_over_the_edge(archive: Court, chromium: Browser, width: int, scheme: str) -> None:
    for language in LANGUAGES:
        opened = window(chromium, archive.url, language, width, 844, scheme)
        opened.sign_in()
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        page = opened.replay()
        page.click("#verify-here")
        page.wait_for_selector("[data-question=provenance] [data-by=browser]")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.complaints == []
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rules_of_wcag_that_a_program_can_check(archive: Court, chromium: Browser, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --prefix web/ui")
    # The policy of the pages forbids the checker's script; nothing else is let in.
    opened = window(chromium, archive.url, "kk", scheme=scheme, bypass_csp=True)
    opened.sign_in()
    assert broken_rules(opened.page) == []
    for question in ("", "?q=%D0%B4%D0%BE%D0%BB%D0%B3*", "?q=nobody"):
        opened.page.goto(f"{archive.url}/search{question}")
        assert broken_rules(opened.page) == []
    opened.page.goto(archive.url)
    page = opened.replay()
    page.click("[data-source=mic-bench] .solo")
    page.locator(".word", has_text="неустойку").click()
    page.click("#verify-here")
    page.wait_for_selector("[data-question=provenance] [data-by=browser]")
    page.click(".keys summary")
    page.evaluate("() => scrollTo(0, 0)")  # the bar that stays at the top covers nothing there
    assert broken_rules(page) == []
    page.context.close()


def broken_rules(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA."""
    page.evaluate(AXE.read_text("utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found: list[str] = page.evaluate(
        """async tags => (await axe.run(document, {runOnly: tags})).violations
            .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 200)}`))""",
        tags,
    )
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_said_is_found_and_leads_to_its_second(archive: Court, chromium: Browser, language: str) -> None:
    opened = window(chromium, archive.url, language)
    opened.sign_in()
    page = opened.page
    page.click(".top-nav a[href='/search']")
    page.fill("input[name=q]", '"талап қоюды" құжат*')
    page.keyboard.press("Enter")
    expect(page.locator(".hits li")).to_have_count(1)
    assert page.locator(".hits mark").all_inner_texts() == ["Талап қоюды", "құжаттар"]
    page.click(".hits a")
    page.wait_for_selector("#play")
    expect(page.locator("#clock")).to_contain_text("10:10:04")
    assert opened.complaints == []
    page.context.close()


def test_papers_and_files_can_be_taken_along(judge: Window) -> None:
    page = judge.replay()
    with page.expect_download() as download:
        page.click(".documents a >> nth=0")
    assert download.value.suggested_filename == "brief-0001.kk.pdf"
    assert page.locator(".documents a").count() == 2


def test_a_hearing_that_is_not_there(archive: Court, chromium: Browser) -> None:
    opened = window(chromium, archive.url)
    opened.sign_in()
    for name in ("nothing", f"{HEARING}x", "UPPER"):
        answer = opened.page.goto(f"{archive.url}/hearings/{name}")
        assert answer is not None
        assert answer.status == 404
    opened.page.goto(f"{archive.url}/?q=nobody+knows")
    expect(opened.page.locator(".empty")).to_be_visible()
    opened.page.context.close()
