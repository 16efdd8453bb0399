"""A served archive with one hearing, and a browser that keeps what it was told and asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, Request, sync_playwright

from device_config.identity import add_trust, trust_dir
from storage.uploader import upload_record
from tests.archive_pages.hearing import HEARING, make_hearing
from tests.storage.conftest import ARCHIVE_SIGNER, SIGNER, Court
from tests.storage.servers import serve
from web.accounts import WEAKEST, Accounts, Role

PASSWORD = "a long password"
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
BUILT = Path(__file__).parents[2] / "web" / "static" / "build" / "replay.js"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    """An archive that has received one hearing, and people of each role."""
    root = tmp_path_factory.mktemp("court")
    accounts = Accounts(root / "accounts.sqlite", WEAKEST)
    for role in Role:
        accounts.add(role.value, f"A {role.value}", role, PASSWORD)
    court = Court(root, accounts)
    add_trust(trust_dir(court.settings), ARCHIVE_SIGNER.key)
    with serve(court.app) as url:
        court.url = url
        upload_record(make_hearing(court.settings.hearings / HEARING, SIGNER), court.settings)
        yield court
    court.archive.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    if not BUILT.is_file():
        pytest.skip("the front end is not built: npm run --prefix web/ui build")
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        except Error as error:
            pytest.skip(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@dataclass
class Window:
    """A window of the browser, and what went wrong in it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        host = urlsplit(self.url).netloc
        self.page.set_default_timeout(60_000)
        self.page.on(
            "console",
            lambda m: self.complaints.append(f"console: {m.text}") if m.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(f"fault: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on(
            "request",
            lambda r: (
                self.complaints.append(f"another host: {r.url}")
                if urlsplit(r.url).scheme not in ("blob", "data") and urlsplit(r.url).netloc != host
                else None
            ),
        )

    def _failed(self, request: Request) -> None:
        # A file that a jump made needless is given up by the page itself.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def sign_in(self, name: str = "judge") -> None:
        """Sign in with the account of a role; ends at the list."""
        self.page.goto(self.url)
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("table.hearings")
        self.page.wait_for_load_state("load")  # the style sheets too

    def replay(self) -> Page:
        """Open the hearing from the list."""
        self.page.click("table.hearings a")
        self.page.wait_for_selector("#play")
        return self.page


def window(
    browser: Browser,
    url: str,
    language: str = "ru",
    width: int = 1280,
    height: int = 900,
    scheme: str = "light",
    *,
    bypass_csp: bool = False,
) -> Window:
    """A window in a language, a size and a colour scheme."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=bypass_csp,
    )
    context.add_cookies([{"name": "hattama-language", "value": language, "url": url}])
    return Window(context.new_page(), url)
