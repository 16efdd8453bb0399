"""The administrator's page of the archive in Chromium: in three languages, wide and narrow, by keyboard, and against the rules of WCAG."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from device_config.log_settings import WitnessPeer
from protocol.cosignature import Cosigner
from storage.archive.app import create_app
from storage.archive.log_witnesses import states
from storage.archive.scrub import ScrubFinding
from storage.archive.scrub_notes import ScrubNotes
from tests.archive_pages.conftest import window
from tests.archive_pages.hearing import HEARING
from tests.archive_pages.test_replay import AXE, broken_rules
from tests.storage.conftest import Court
from tests.storage.servers import serve, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SHOTS = os.environ.get("PAGE_SHOTS")  # a folder for pictures of the page
AT = "2027-01-15T08:00:00.000Z"
HEADINGS = {"kk": "Мұрағаттың күйі", "ru": "Состояние архива", "en": "State of the archive"}


@pytest.fixture(scope="module")
def address(archive: Court) -> Iterator[str]:
    """The archive with a witness that does not answer, after three runs of scrub, of which the last found something."""
    notes = ScrubNotes(archive.archive.catalogue.database)
    path = "media/T01/mic-bench/0001.mp4"
    for day in range(3):
        at_us = (1_800_000_000 + day * 86_400) * 1_000_000
        run = notes.begin(at_us)
        found = [
            ScrubFinding("object-missing", HEARING, path, AT, AT, "was noted at intake"),
            ScrubFinding("digest-mismatch", HEARING, path, AT, ""),
        ]
        notes.looked(run, HEARING, found if day == 2 else [], 3 << 29)
        notes.ended(run, [ScrubFinding("record-gone", "h" * 60, "", AT, AT)] if day == 2 else [], at_us + 1)
    peer = WitnessPeer(url="http://127.0.0.1:9", key=Cosigner("witness.example.kz", bytes(32)).key.text)
    told = archive.settings.archive.model_copy(update={"witnesses": (peer,)})
    app = create_app(
        archive.settings.model_copy(update={"archive": told}), archive=archive.archive, accounts=archive.accounts
    )
    with serve(app) as url:
        wait_for(lambda: any(state.trouble for state in states(archive.archive.log)))
        yield url


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("kk", 1280, "light"), ("ru", 390, "dark"), ("en", 390, "light")]
)
def test_the_state_of_the_archive(address: str, chromium: Browser, language: str, width: int, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci --prefix web/ui")
    opened = window(chromium, address, language, width, 900, scheme, bypass_csp=True)
    opened.sign_in("admin")
    page = opened.page
    page.focus(".top-nav a[href='/fleet']")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(HEADINGS[language])
    page.wait_for_load_state("load")
    expect(page.locator(".table")).to_have_count(4)
    expect(page.locator(f"a[href='/hearings/{HEARING}']")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"fleet-{language}-{width}.png", full_page=True)
    assert broken_rules(page) == []
    assert opened.complaints == []
    page.context.close()
