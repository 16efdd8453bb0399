"""The console's main pages as a secretary meets them, for what they cost: the day's list with forty cases, a hearing that is recorded with two cameras
and four microphones, the review of a hearing with words, the signing of its drafted protocol."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from recorder.cases.reading import read
from recorder.cases.reconciliation import ZONE
from recorder.cases.store import CaseList
from tests.archive_pages.hearing import HEARING
from tests.support.confirming import drafted_and_confirmed
from tests.support.console_server import PASSWORD, console
from tests.support.page_budget import QUIET_MS, Cost, measure
from tests.support.review_court import court

_HEAD = "id,number,code,date,time,language,title,judge,room,status,parties\n"


def costs(browser: Any, folder: Path, quiet: float = QUIET_MS) -> list[Cost]:
    """What each page cost, in a browser with an empty cache.

    Args:
        browser: a running Chromium.
        folder: for the consoles' state.
        quiet: length of the quiet window, ms (:mod:`tests.support.page_budget`).
    """
    for name in ("room", "court"):
        (folder / name).mkdir(parents=True)
    found = []
    with console(folder / "room") as served:
        _forty_cases(folder / "room")
        context = _signed_in(browser, served.address)
        found.append(measure(context, "day's list", "/", ".hearings a:focus", quiet))
        hearing = _hearing(context)
        found.append(measure(context, "hearing, recording", hearing, ".state.recording", quiet))
        context.close()
    with court(folder / "court") as finished:
        context = _signed_in(browser, finished.address)
        review = f"/hearings/{HEARING}/review"
        found.append(measure(context, "review", review, "hattama-editor .passage", quiet))
        drafted_and_confirmed(finished.client, HEARING)
        found.append(measure(context, "signing", f"/hearings/{HEARING}/signing", "#sign", quiet))
        context.close()
    return found


def _signed_in(browser: Any, address: str) -> Any:
    context = browser.new_context(base_url=address, locale="kk-KZ", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)  # a busy machine takes its time, which decides nothing here
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = context.request.post("/sign-in", form={"name": "secretary", "password": PASSWORD}, headers=headers)
    assert answer.ok
    return context


def _forty_cases(folder: Path) -> None:
    day = datetime.now(ZONE).date().isoformat()
    rows = "".join(
        f"t{n},7512-26-00-2/{1000 + n},gpk,{day},{9 + n // 6:02}:{n % 6 * 10:02},ru,Ахметов А. К. к ТОО «Береке» № {n},Сейтқали Б. М.,Зал 3,"
        "planned,plaintiff: Ахметов А. К. | defendant: Береке Т. О. | witness/remote: Ким В. П.\n"
        for n in range(40)
    )
    CaseList(folder / "cases.sqlite").take(
        read((_HEAD + rows).encode()), name="day.csv", way="command", by="test", at_us=1
    )


def _hearing(context: Any) -> str:
    """A hearing from the list, opened and recording; its address."""
    page = context.new_page()
    page.goto("/day/t1")
    page.wait_for_selector(".seat.taken")
    page.click("button.big")
    page.wait_for_selector(".state.planned")
    page.keyboard.press("F9")
    page.wait_for_selector(".state.recording")
    address = str(page.url)
    page.close()
    return address
