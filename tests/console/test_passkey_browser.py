"""Passkeys in a real browser with a virtual device (WebAuthn.addVirtualAuthenticator of the DevTools protocol), over the real recorder: one is added, signs in, and confirms two signatures."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from protocol.documents import FONTS
from recorder.client import RecorderClient
from recorder.console.app import create_app
from recorder.console.daemon import socket_client
from tests.console.test_browser import Visit
from tests.console.test_signing_browser import drafted
from tests.recorder.test_api import serving as serving_daemon
from tests.support.browser import CHROMIUM, chromium
from tests.support.console_server import PASSWORD, Served, make_accounts, serving
from tests.support.fake_recorder import FakeRecorder
from tests.support.key_client import key_client
from tests.support.people import PASSWORD as KEY_PASSWORD
from tests.support.people import Authority, trust_folder
from tests.support.recorder import check, microphones, settings
from web.pages import STATIC
from web.passkeys import Passkeys

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium"),
    pytest.mark.skipif(not (STATIC / "build" / "sign-in.js").exists(), reason="the front end is not built: make build"),
    pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-croscore is not installed"),
]


@dataclass(frozen=True)
class Room:
    """A console at http://localhost, which is a secure context, with one drafted hearing; the judge's key in a file and in the key client."""

    served: Served
    port: int
    hearing: str
    record: Path
    key: Path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium("--ignore-certificate-errors") as started:  # the key client's is known to its own computer only
        yield started


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    authority = Authority(at=datetime.now(UTC))
    judge = authority.person("Сейтқали Берік", "IIN700101300123")
    crl = authority.revocations(when=datetime.now(UTC) - timedelta(days=1))
    trust = trust_folder(folder / "trust", authority, {judge: "judge"}, crl)
    (folder / "judge.p12").write_bytes(judge.file)
    with key_client(folder) as client, socket.socket() as sock:
        client.person = judge
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        address = f"http://localhost:{port}"
        box = settings(
            folder,
            microphones("mics", "mic-bench"),
            court="Сот",
            signing={"trust": trust, "client": client.address},
            passkeys={"domain": "localhost", "origins": (address,)},
        )
        with serving_daemon(box), RecorderClient(box.socket) as recorder:
            hearing = drafted(recorder)
            accounts = make_accounts(folder)
            with serving(create_app(box, socket_client(box.socket), accounts=accounts), sock=sock):
                served = Served(address, FakeRecorder(), accounts)
                yield Room(served, port, hearing, box.hearings / hearing, folder / "judge.p12")


class Person(Visit):
    """Somebody with a device that holds passkeys."""

    def open(self) -> None:
        """Plug the device in."""
        self.page.set_default_timeout(120_000)
        self.device = self.context.new_cdp_session(self.page)
        self.device.send("WebAuthn.enable")
        told = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options = {**told, "isUserVerified": True, "automaticPresenceSimulation": True}
        self.id = self.device.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def verified(self, verified: bool) -> None:
        """Whether the device recognises its user."""
        self.device.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified})

    def by_password(self, name: str, then: str) -> None:
        self.page.goto(f"/sign-in?next={then}")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", PASSWORD)
        self.press("Enter")
        self.page.wait_for_url(f"**{then}")

    def told(self, text: str) -> None:
        """Wait until the page tells it."""
        self.page.locator("[role=alert]", has_text=self.text(text)).wait_for()

    def add(self, label: str, password: str = PASSWORD) -> None:
        """Fill the form in by keyboard alone; the page is at its top or in the form."""
        self.page.focus("#add-passkey [name=label]")
        self.page.fill("#add-passkey [name=label]", "")
        self.type(label)
        self.press("Tab")
        self.page.fill("#add-passkey [name=password]", "")
        self.type(password)
        self.press("Enter")

    def onto(self, selector: str) -> None:
        """Give it the focus when the page's script has shown it."""
        self.page.wait_for_selector(f"{selector}:visible")
        self.page.focus(selector)

    def tab_onto(self, selector: str) -> None:
        """Press Tab until it has the focus."""
        for _ in range(60):
            if self.page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
                return
            self.press("Tab")
        raise AssertionError(f"{selector} cannot be reached by Tab")


def test_a_passkey_is_added_signs_in_and_confirms_signatures(browser: Any, room: Room) -> None:
    judge = Person(browser, room.served, "ru", 1280)
    judge.open()
    page = judge.page
    judge.by_password("judge", "/account")
    judge.look("account-1-none")
    judge.add("Ноутбук судьи", "a wrong password")
    judge.told("The password of your account is wrong.")
    judge.verified(False)
    judge.add("Ноутбук судьи")
    judge.told("No passkey was used: the window was closed, or the device has none for this address.")
    judge.verified(True)
    judge.add("Ноутбук судьи")
    page.wait_for_selector(".passkeys li")
    judge.look("account-2-added")
    judge.add("Ещё раз")
    judge.told("This device has a passkey of yours already.")
    (kept,) = Passkeys(room.served.accounts.path).of("judge")
    assert kept.label == "Ноутбук судьи"

    page.click(".me button")
    page.wait_for_url("**/sign-in")
    page.goto(f"/sign-in?next=/hearings/{room.hearing}/signing")
    page.wait_for_selector("[data-passkey]:visible")
    judge.look("sign-in-passkey")
    judge.tab_onto("[data-passkey]")
    judge.press("Enter")
    page.wait_for_selector("#documents-title")
    assert page.inner_text(".me-name") == "Сейтқали Б. М."

    judge.look("signing-passkey")
    judge.verified(False)
    judge.onto("#sign [data-passkey]")
    judge.press("Enter")
    judge.told("No passkey was used: the window was closed, or the device has none for this address.")
    judge.verified(True)
    judge.press("Enter")  # by the key client of this computer
    page.wait_for_selector(".signers .chip.good")
    page.check("[name=way][value=file]")
    page.set_input_files("[name=key]", str(room.key))
    page.fill("[name=key_password]", KEY_PASSWORD)
    judge.onto("#sign [data-passkey]")
    judge.press("Enter")
    page.locator(".signers .chip.good").nth(1).wait_for()
    assert check(room.record).good
    (used,) = Passkeys(room.served.accounts.path).of("judge")
    assert used.counter > kept.counter

    page.goto("/account")
    page.click(".passkeys summary")
    page.fill(".passkeys [name=password]", PASSWORD)
    judge.look("account-3-removing")
    judge.press("Enter")
    page.wait_for_selector(".empty")
    page.click(".me button")
    page.click("[data-passkey]")
    judge.told("The passkey was not accepted.")
    judge.context.close()
    assert [fault for fault in judge.faults if "(Unprocessable" not in fault] == []


@pytest.mark.parametrize("language", ["kk", "en"])
def test_the_account_fits_a_narrow_screen_and_says_where_passkeys_work(browser: Any, room: Room, language: str) -> None:
    person = Person(browser, room.served, language, 390)
    person.open()
    person.by_password("secretary", "/account")
    label = "Қызметтік ноутбук " + "x" * 40
    person.add(label)
    person.page.wait_for_selector(".passkeys li")
    person.look("account")
    person.context.close()
    assert person.faults == []
    Passkeys(room.served.accounts.path).remove("secretary", label)
    number = Served(f"http://127.0.0.1:{room.port}", room.served.fake, room.served.accounts)
    person = Person(browser, number, language, 1280)
    person.open()
    person.by_password("secretary", "/account")
    assert room.served.address in person.page.inner_text(".alert")
    assert person.page.locator("#add-passkey").count() == 0
    person.look("account-elsewhere")
    person.context.close()
    assert person.faults == []
