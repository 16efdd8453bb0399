"""Signing, certifying, remarks and terms in a real browser over the real recorder: two people sign, one with the key client of the computer."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from protocol.documents import FONTS
from protocol.transcript import Transcript
from recorder.client import RecorderClient
from recorder.console.app import create_app
from recorder.console.daemon import socket_client
from tests.console.test_browser import Visit
from tests.recorder.test_api import serving as serving_daemon
from tests.support.browser import CHROMIUM, chromium
from tests.support.confirming import drafted_and_confirmed
from tests.support.console_server import PASSWORD, Served, make_accounts, serving
from tests.support.fake_recorder import FakeRecorder
from tests.support.key_client import KeyClient, key_client
from tests.support.people import PASSWORD as KEY_PASSWORD
from tests.support.people import Authority, Human, trust_folder
from tests.support.recorder import CASE, check, microphones, settings, wait_for
from web.app import routes_of_app
from web.pages import STATIC
from web.rights import routes_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium"),
    pytest.mark.skipif(not (STATIC / "build" / "signing.js").exists(), reason="the front end is not built: make build"),
    pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed"),
]


@dataclass(frozen=True)
class Room:
    """A console over a recorder with one drafted hearing, its people and their keys."""

    served: Served
    hearing: str
    folder: Path
    app: FastAPI
    client: KeyClient
    keys: Path
    secretary: Human
    judge: Human


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium("--ignore-certificate-errors") as started:  # the key client's is known to its own computer only
        yield started


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    authority = Authority(at=datetime.now(UTC))
    secretary, judge = (
        authority.person("Нурланова Айгүл", "IIN900101400123"),
        authority.person("Сейтқали Берік", "IIN700101300123"),
    )
    late = authority.person("Сейтқали Берік", "IIN700101300123", end=datetime.now(UTC) - timedelta(days=2))
    crl = authority.revocations(when=datetime.now(UTC) - timedelta(days=1))
    trust = trust_folder(folder / "trust", authority, {secretary: "secretary", judge: "judge"}, crl)
    for name, human in (("secretary", secretary), ("judge", judge), ("late", late)):
        (folder / f"{name}.p12").write_bytes(human.file)
    with key_client(folder) as client:
        box = settings(
            folder, microphones("mics", "mic-bench"), court="Сот", signing={"trust": trust, "client": client.address}
        )
        with serving_daemon(box), RecorderClient(box.socket) as recorder, socket.socket() as sock:
            hearing = drafted(recorder)
            sock.bind(("127.0.0.1", 0))
            accounts = make_accounts(folder)
            app = create_app(box, socket_client(box.socket), accounts=accounts)
            with serving(app, sock=sock):
                served = Served(f"http://127.0.0.1:{sock.getsockname()[1]}", FakeRecorder(), accounts)
                yield Room(served, hearing, box.hearings / hearing, app, client, folder, secretary, judge)


def drafted(recorder: RecorderClient) -> str:
    hearing = recorder.plan(CASE, (), ())
    wait_for(lambda: all(source.state == "ready" for source in recorder.status().sources))
    recorder.start(hearing, "secretary")
    recorder.stop(hearing, "secretary")
    recorder.transcript(hearing, Transcript(hearing, 1, "open", "ru", (), (), (), ()).to_json())
    drafted_and_confirmed(recorder, hearing)
    return hearing


def visit_as(browser: Any, room: Room, name: str, language: str = "en", width: int = 1280) -> Visit:
    """A person who is signed in, on the signing page."""
    visit = Visit(browser, room.served, language, width)
    visit.page.set_default_timeout(120_000)  # each signature is checked, which takes a busy machine a while
    visit.page.goto(f"/sign-in?next=/hearings/{room.hearing}/signing")
    visit.page.fill("[name=name]", name)
    visit.page.fill("[name=password]", PASSWORD)
    visit.press("Enter")
    visit.page.wait_for_selector("#documents-title")
    return visit


def sign_with_file(visit: Visit, room: Room, key: str, password: str = PASSWORD) -> None:
    """Sign with a key file; what comes of it the page tells later."""
    fill_in(visit, room, key, password)
    visit.press("Enter")


def fill_in(visit: Visit, room: Room, key: str, password: str) -> None:
    """All but the press of the button, which has the focus."""
    visit.page.check("[name=way][value=file]")
    visit.page.set_input_files("[name=key]", str(room.keys / f"{key}.p12"))
    visit.page.fill("[name=key_password]", KEY_PASSWORD)
    visit.page.fill("#sign [name=password]", password)
    visit.page.focus("#sign button.primary")


def told(visit: Visit, text: str) -> None:
    """Wait until the page tells it."""
    visit.page.locator("[role=alert]", has_text=visit.text(text)).wait_for()


def test_a_late_script_changes_nothing_that_was_chosen(browser: Any, room: Room) -> None:
    """The page's script comes when the form is filled in: the key file stays chosen; sent before it came, it says what to do."""
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    secretary = Visit(browser, room.served, "kk", 390)
    page = secretary.page
    page.set_default_timeout(120_000)
    page.route("**/build/signing.js*", hold)
    page.goto(f"/sign-in?next=/hearings/{room.hearing}/signing", wait_until="commit")
    page.fill("[name=name]", "secretary")
    page.fill("[name=password]", PASSWORD)
    secretary.press("Enter")
    page.fill("#sign [name=password]", PASSWORD)
    page.click("#sign button.primary")  # the key client is chosen, and nothing can ask it yet
    told(secretary, "The page was not ready to ask the key client.")
    fill_in(secretary, room, "secretary", "a wrong password")
    held[-1].continue_()
    page.wait_for_load_state()
    assert page.is_checked("[name=way][value=file]")
    assert page.is_visible("[name=key_password]")
    secretary.press("Enter")
    told(secretary, "The password of your account is wrong.")
    secretary.context.close()
    assert [fault for fault in secretary.faults if "(Unprocessable" not in fault] == []


def test_two_people_sign_certify_and_answer_a_remark(browser: Any, room: Room) -> None:
    judge = visit_as(browser, room, "judge", "ru")
    page = judge.page
    judge.look("signing-1-to-sign")
    assert page.locator(".who strong").inner_text() == "Сейтқали Б. М."
    # By the key client: first its owner closes it, then signs.
    page.fill("#sign [name=password]", PASSWORD)
    page.click("#sign button.primary")
    page.wait_for_selector(".sign-problem:not([hidden])")
    assert page.locator(".sign-problem").inner_text() == judge.text("The key client was closed without a signature.")
    judge.look("signing-2-cancelled")
    room.client.person = room.secretary  # another person's key
    page.click("#sign button.primary")
    page.locator(".sign-problem", has_text=judge.text("This key's owner may not sign in this role.")).wait_for()
    room.client.person = room.judge
    page.click("#sign button.primary")
    page.wait_for_selector(".signers .chip.good")
    assert [one["method"] for one in room.client.asked[-2:]] == ["getActiveTokens", "createCAdESFromBase64Hash"]

    secretary = visit_as(browser, room, "secretary", "kk")
    page = secretary.page
    sign_with_file(secretary, room, "secretary", "a wrong password")
    told(secretary, "The password of your account is wrong.")
    sign_with_file(secretary, room, "late")
    told(secretary, "The certificate has expired.")
    secretary.look("signing-3-refused")
    sign_with_file(secretary, room, "secretary")
    page.locator(".signers li:nth-child(2) .chip.good >> nth=0").wait_for()
    assert page.locator("[name=what][value=certification]").is_checked()
    sign_with_file(secretary, room, "secretary")
    page.wait_for_selector(".paper-name + p .chip.good")
    secretary.look("signing-4-certified")
    assert check(room.folder).good

    page.goto(f"/hearings/{room.hearing}/remarks")
    secretary.look("remarks-1-none")
    page.fill("#filed-person", "Талапкер А. Б.")
    page.fill("details[open] textarea[name=text]", "Куәгердің <b>жауабы</b> толық емес.")
    page.fill("[name=moments]", "99:99")
    page.click("details[open] button.primary")
    page.wait_for_selector(".alert[role=alert]")
    page.fill("[name=moments]", "")
    page.set_input_files(
        "details[open] [name=files]",
        {"name": "Ескерту.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 remark"},
    )
    page.click("details[open] button.primary")
    page.wait_for_selector("article.remark")
    assert page.locator("article.remark blockquote").inner_text() == "Куәгердің <b>жауабы</b> толық емес."
    assert page.locator("article.remark form").count() == 0  # the judge decides
    page.goto("/deadlines")
    assert page.locator("tbody tr").count() >= 2
    secretary.look("deadlines")

    judge.page.goto(f"/hearings/{room.hearing}/remarks")
    judge.page.check("[name=decision][value=partly]")
    judge.page.click("article.remark button.primary")
    judge.page.wait_for_selector(".alert[role=alert]")  # no reasons
    judge.page.check("[name=decision][value=partly]")
    judge.page.fill("article.remark textarea", "Тек бір сөз түзетіледі.")
    judge.page.click("article.remark button.primary")
    judge.page.wait_for_selector(".review .chip")
    judge.look("remarks-2-reviewed")
    judge.page.click(".review a[lang=kk]")
    judge.page.wait_for_selector("article.notice")
    assert "Тек бір сөз түзетіледі." in judge.page.locator("article.notice").inner_text()
    judge.look("notice")
    assert check(room.folder).good
    nothing_changes_any_more(judge, room)
    for one in (judge, secretary):
        one.context.close()
        assert [fault for fault in one.faults if "(Unprocessable" not in fault] == []


#: Routes of the console that add to a certified record; all others that name a hearing leave its journal as it is.
ADDING = {"/hearings/{hearing}/signing", "/hearings/{hearing}/amendments", "/remarks/{hearing}"}
BODIES = {"/marks/stage": {"code": "OPEN"}, "/marks/remark": {"text": "x"}, "/{act}": {}}


def nothing_changes_any_more(visit: Visit, room: Room) -> None:
    """Every unsafe route of the console: refused, 409 where the recorder was asked, and not a line more."""
    before, statuses = (room.folder / "journal.jsonl").read_bytes(), {}
    for method, path, _access in routes_of(routes_of_app(room.app)):
        if method in ("GET", "HEAD") or "{hearing}" not in path or path in ADDING:
            continue
        address = path.replace("{hearing}", room.hearing).replace("{act}", "start")
        address = re.sub(r"\{[^}]*\}", "1", address)
        body = next((value for end, value in BODIES.items() if path.endswith(end)), {})
        answer = visit.page.request.fetch(address, method=method, data=body, headers={"Sec-Fetch-Site": "same-origin"})
        statuses[path] = answer.status
    assert {path for path, status in statuses.items() if status < 400} == set()
    asked = [status for path, status in statuses.items() if path.endswith(tuple(BODIES))]
    assert asked == [409] * 3
    assert (room.folder / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_pages_fit_a_narrow_screen(browser: Any, room: Room, language: str) -> None:
    visit = visit_as(browser, room, "judge", language, 390)
    visit.look("signing")
    for path, name in (
        (f"/hearings/{room.hearing}/remarks", "remarks"),
        ("/deadlines?all=1", "deadlines"),
        (f"/hearings/{room.hearing}/notice?language=ru", "notice-ru"),
    ):
        visit.page.goto(path)
        visit.look(name)
    visit.context.close()
    assert visit.faults == []
