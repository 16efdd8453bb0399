"""The whole way in a real browser: the secretary holds a hearing in the courtroom's console, the judge replays it from the archive.

Every process is the product's own: cameras and microphones of the demo courtroom, recorder, console, transcriber, uploader, archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from device_config.settings import Settings
from hattama.demo import show
from hattama.demo.processes import Processes
from hattama.demo.setting_up import Prepared, prepared
from tests.archive_pages.conftest import Window, chromium, window
from web.i18n import LANGUAGES, catalogues

pytestmark = [pytest.mark.demo, pytest.mark.browser, pytest.mark.timeout(900)]
WAIT = 120_000
LEVEL = "getComputedStyle(document.querySelector('ht-meter .meter-bar')).getPropertyValue('--level')"

__all__ = ["chromium"]  # a fixture, used by name


@dataclass(frozen=True)
class Courthouse:
    """A running courtroom and archive."""

    room: Prepared
    urls: dict[str, str]

    def window(self, browser: Browser, app: str, language: str, name: str) -> Window:
        """A signed-in window at one of the apps."""
        opened = window(browser, self.urls[app].rstrip("/"), language)
        opened.page.set_default_timeout(WAIT)
        opened.page.goto(opened.url)
        opened.page.fill("input[name=name]", name)
        opened.page.fill("input[name=password]", self.room.passwords[name])
        opened.page.keyboard.press("Enter")
        return opened


@pytest.fixture(scope="module")
def courthouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Courthouse]:
    """The demo's processes, no hearing held yet."""
    state = tmp_path_factory.mktemp("state")
    with prepared(Settings(state_dir=state)) as room, Processes(state / "logs") as processes:
        show.start(room, processes, print)
        yield Courthouse(room, show.urls(room.settings))


def moving_levels(page: Page) -> int:
    """How many different levels the first meter shows within ten seconds, at most four."""
    seen: set[str] = set()
    for _ in range(100):  # the pages' policy forbids the browser's own polling by eval
        seen.add(page.evaluate(LEVEL))
        if len(seen) > 3:
            break
        page.wait_for_timeout(100)
    return len(seen)


def hear_words(page: Page) -> None:
    """Words recognised from the sound stand on the page while it is recorded, marked as a demonstration model's."""
    words = page.locator(".words .entry.speech").first
    expect(words).to_be_visible(timeout=WAIT)
    assert re.search(r"[а-яәіңғүұқөһ]{3}", words.inner_text().split("\n")[-1].lower())
    assert page.is_visible(".words .alert.warn")


def hold(court: Courthouse, browser: Browser, language: str, number: str) -> str:
    """The secretary's part: sign in, start, see levels and pictures, mark, stop. Returns the hearing's identifier."""
    opened = court.window(browser, "console", language, "secretary")
    page, text = opened.page, catalogues().translator(language)
    page.fill("#number", number)
    page.keyboard.press("Enter")
    page.wait_for_selector(".state.planned")
    expect(page.locator(".device.ready")).to_have_count(6, timeout=WAIT)
    expect(page.locator("ht-picture img:not(.missing)")).to_have_count(2, timeout=WAIT)
    page.keyboard.press("F9")
    page.wait_for_selector(".state.recording")
    assert page.inner_text(".state-word") == text("Recording")
    assert page.locator("ht-meter").count() == 4
    assert moving_levels(page) > 3
    page.wait_for_timeout(4000)
    page.click('[data-stage="OPEN"]')
    page.wait_for_selector('[data-stage="OPEN"].marked')
    page.fill("#remark", "Шу бар")
    page.keyboard.press("Enter")
    page.wait_for_selector(".entry.remark")
    page.wait_for_timeout(2000)
    page.locator("#remark").blur()
    if language == "ru":  # once is enough
        hear_words(page)
    page.keyboard.press("F8")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".state.over")
    page.wait_for_selector("a[href*='/hearings/'][target=_blank]")  # the archive's receipt is there
    hearing = page.url.rstrip("/").rpartition("/")[2]
    assert opened.complaints == []
    page.context.close()
    return hearing


def replay(court: Courthouse, browser: Browser, language: str, number: str) -> None:
    """The appellate judge's part: find the hearing, play it, jump to the stage, read the findings."""
    opened = court.window(browser, "archive", language, "judge")
    page = opened.page
    page.wait_for_selector("table.hearings")
    page.get_by_text(number).first.click()
    page.wait_for_selector("#play")
    assert page.get_attribute("html", "lang") == language
    page.click("#play")
    page.wait_for_function("() => document.querySelector('video').currentTime > 1.5")
    page.click("#play")
    page.locator(".course li.stage button").first.click()
    marked = page.inner_text("#elapsed")
    assert re.fullmatch(r"0:0[3-9]|0:[1-5]\d", marked), marked
    for question, verdict in (("integrity", "intact"), ("completeness", "complete"), ("provenance", "trusted")):
        expect(page.locator(f"[data-question={question}] [data-by=server]")).to_have_attribute("data-verdict", verdict)
    page.click("#verify-here")
    expect(page.locator("[data-question=integrity] [data-by=browser]")).to_have_attribute("data-verdict", "intact")
    assert page.locator("a[href$='.pdf']").count() >= 2
    assert opened.complaints == []
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_sign_in_to_replay(courthouse: Courthouse, chromium: Browser, language: str) -> None:
    number = f"7512-26-00-2/{LANGUAGES.index(language) + 1}"
    hearing = hold(courthouse, chromium, language, number)
    assert (Path(courthouse.room.settings.hearings) / hearing / "receipt.json").is_file()
    replay(courthouse, chromium, language, number)
