"""The verifier as one HTML file, opened from the disk in Chromium with the network off: right findings on good and on bad copies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.support.corpus import load, unpacked
from tests.support.golden import ARCHIVE, BOX, GOOD, Files
from web.pages import STATIC

PAGE = STATIC / "build" / "verify.html"
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
KEYS = f"{BOX.key.text}\n{ARCHIVE.key.text}\n"

#: must-fail case → question, verdict, and finding that the page must show
BAD = {
    "sound-last-bit-flipped": ("integrity", "altered", "file-altered", "media/T01/mic-judge/0001.mp4"),
    "judge-exchanged-in-the-log": ("integrity", "altered", "root-mismatch", "journal.jsonl#2"),
    "brief-removed": ("completeness", "incomplete", "file-missing", "protocol/brief-0001.json"),
    "checkpoints-removed": ("provenance", "unsigned", "no-checkpoints", "checkpoints"),
}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not PAGE.is_file(), reason="the front end is not built: npm run --prefix web/ui build"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        except Error as error:
            pytest.skip(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder as `hattama export` leaves it: the page, and beside it a record."""
    shutil.copy(PAGE, tmp_path / "verify.html")
    shutil.copytree(GOOD / "plain", tmp_path / "record")
    return tmp_path


@pytest.fixture
def page(chromium: Browser, copy: Path) -> Iterator[Page]:
    """The page of the copy, opened without a network; at the end, nothing was asked for and no script failed."""
    context = chromium.new_context(offline=True, locale="en-GB")
    opened, asked, failed = context.new_page(), list[str](), list[str]()
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: failed.append(str(error)))
    opened.on("console", lambda message: failed.append(message.text) if message.type == "error" else None)
    opened.set_default_timeout(60_000)
    opened.goto((copy / "verify.html").as_uri())
    yield opened
    assert asked == [(copy / "verify.html").as_uri()]
    assert failed == []
    context.close()


def write(folder: Path, files: Files) -> Path:
    """A record's folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def choose(page: Page, folder: Path) -> None:
    """Give the page a folder and wait for its report."""
    page.locator("#folder").set_input_files(folder)
    expect(page.locator("#report")).to_be_visible(timeout=60_000)


def verdicts(page: Page) -> dict[str, str]:
    """Question → verdict."""
    answers = page.locator("[data-question]").all()
    return {str(item.get_attribute("data-question")): str(item.get_attribute("data-verdict")) for item in answers}


def test_a_good_copy(page: Page, copy: Path) -> None:
    page.locator("#keys").fill(KEYS)
    choose(page, copy / "record")
    assert verdicts(page) == {"integrity": "intact", "completeness": "complete", "provenance": "trusted"}
    expect(page.locator("#report")).to_have_attribute("data-good", "true")
    expect(page.locator("#report")).to_contain_text("Unchanged")
    expect(page.locator("#report")).to_contain_text(BOX.key.text)
    for language, sentence in (("ru", "Не изменено"), ("kk", "Өзгертілмеген")):
        page.locator(f"button[lang={language}]").click()
        expect(page.locator("#report")).to_contain_text(sentence)
        expect(page.locator("html")).to_have_attribute("lang", language)


def test_whose_key_it_is_is_told_only_to_who_brings_it(page: Page, copy: Path) -> None:
    choose(page, copy)  # with the folder around it, where the page lies
    assert verdicts(page) == {"integrity": "intact", "completeness": "complete", "provenance": "unlisted-key"}
    page.locator("#keys").fill("box-1.test+00000000+AAAA")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    page.locator("#keys").fill(KEYS)
    expect(page.locator("[data-question=provenance]")).to_have_attribute("data-verdict", "trusted")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_copy(page: Page, copy: Path, name: str) -> None:
    question, verdict, code, subject = BAD[name]
    page.locator("#keys").fill(KEYS)
    choose(page, write(copy / "record", unpacked(load(name))))
    assert verdicts(page)[question] == verdict
    expect(page.locator("#report")).to_have_attribute("data-good", "false")
    shown = page.locator(f"[data-question={question}] li.fail", has_text=code)
    expect(shown.filter(has_text=subject).first).to_be_visible()


def test_several_records_and_none(page: Page, copy: Path) -> None:
    write(copy / "other", unpacked(load("brief-removed")))
    page.locator("#folder").set_input_files(copy)
    page.get_by_role("button", name="other").click()
    expect(page.locator("#report")).to_have_attribute("data-good", "false")
    page.get_by_role("button", name="record", exact=True).click()
    expect(page.locator("[data-question=integrity]")).to_have_attribute("data-verdict", "intact")
    (copy / "empty").mkdir()
    (copy / "empty" / "note.txt").write_text("x")
    choose(page, copy / "empty")
    expect(page.locator("[data-question=integrity]")).to_contain_text("no-journal")


def test_it_may_load_nothing_and_reads_well_on_a_telephone(page: Page, copy: Path) -> None:
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy
    choose(page, write(copy / "record", unpacked(load("judge-exchanged-in-the-log"))))
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
