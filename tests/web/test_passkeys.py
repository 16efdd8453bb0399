from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests.support.authenticator import Device
from tests.web.test_security import router
from web.accounts import WEAKEST, Accounts, Role, database
from web.app import assemble
from web.ceremonies import Ceremonies
from web.challenges import LIFETIME_S, Challenges
from web.errors import PasskeyRefused
from web.pages import Pages
from web.passkeys import Passkey, RelyingParty
from web.reauthentication import Reauthentication
from web.sessions import Sessions
from web.throttle import FREE_TRIES, Throttle

PASSWORD = "long enough"
ORIGIN = "https://zal.sot.example"
DOMAIN = "sot.example"
SAME = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Court:
    """An app with two people, at its own address, and what it logged."""

    client: TestClient
    accounts: Accounts
    ceremonies: Ceremonies
    clock: Clock

    def sign_in(self, name: str = "aigul") -> None:
        self.client.cookies.clear()
        assert self.post("/sign-in", data={"name": name, "password": PASSWORD}).status_code == 303

    def post(self, path: str, **what: Any) -> Any:
        return self.client.post(path, headers=SAME, **what)

    def add(self, device: Device | None = None, label: str = "Ноутбук", password: str = PASSWORD) -> Device:
        """Whoever is signed in adds the device's key."""
        device = device or Device(ORIGIN)
        options = self.post("/api/passkeys/add/begin", json={"password": password})
        assert options.status_code == 200, options.text
        answer = self.post("/api/passkeys/add/finish", json={"label": label, "answer": device.make(options.json())})
        assert answer.status_code == 201, answer.text
        return device

    def entering(self) -> dict[str, Any]:
        """Options of a sign-in, in a browser where nobody is signed in."""
        self.client.cookies.clear()
        found: dict[str, Any] = self.post("/api/passkeys/sign-in/begin").json()
        return found

    def enter(self, answer: dict[str, Any], **more: Any) -> Any:
        return self.post("/api/passkeys/sign-in/finish", json={"answer": answer, **more})

    def who(self) -> str:
        """Who is signed in at the browser; nobody where it is led to the sign-in."""
        answer = self.client.get("/")
        return str(answer.text) if answer.status_code == 200 else ""


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    accounts, clock = Accounts(tmp_path / "accounts.sqlite", WEAKEST), Clock()
    accounts.add("aigul", "Айгүл", Role.SECRETARY, PASSWORD)
    accounts.add("berik", "Берік", Role.JUDGE, PASSWORD)
    ceremonies = Ceremonies(accounts, RelyingParty.of(DOMAIN, (ORIGIN,)), clock, Challenges(accounts.path, clock))
    again = Reauthentication(accounts, ceremonies)
    pages, throttle = Pages("console", "Courtroom console", []), Throttle(clock, most=3)
    app = assemble(pages, [router()], accounts=accounts, clock=clock, again=again, throttle=throttle)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
        yield Court(client, accounts, ceremonies, clock)


def refused(court: Court, answer: dict[str, Any]) -> str:
    """The answer signs nobody in; the reason in the log."""
    with capture_logs() as logs:
        told = court.enter(answer)
    assert (told.status_code, told.json()["code"]) == (422, "passkey-refused")
    assert court.who() == ""
    (line,) = [line for line in logs if line["action"] == "sign_in_refused"]
    return str(line["reason"])


def test_a_passkey_is_added_signs_in_and_is_told(court: Court) -> None:
    court.sign_in()
    device = court.add()
    (kept,) = court.ceremonies.passkeys.of("aigul")
    assert (kept.label, kept.transports, kept.used_s) == ("Ноутбук", ("hybrid", "internal"), None)
    options = court.entering()
    assert options["rpId"] == DOMAIN
    assert options["userVerification"] == "required"
    assert options.get("allowCredentials", []) == [], "nobody's name or key is told to a stranger"
    with capture_logs() as logs:
        answer = court.enter(device.sign(options), next="//evil.example")
    assert answer.json() == {"next": "/"}
    assert court.who() == "aigul"
    (line,) = [line for line in logs if line["action"] == "signed_in"]
    assert (line["account"], line["way"], line["passkey"]) == ("aigul", "passkey", "Ноутбук")
    assert court.ceremonies.passkeys.of("aigul")[0].used_s == int(court.clock())
    assert "Ноутбук" in court.client.get("/account").text


def test_several_passkeys_each_with_its_name(court: Court) -> None:
    court.sign_in()
    first = court.add(label="Ноутбук")
    options = court.post("/api/passkeys/add/begin", json={"password": PASSWORD}).json()
    assert len(options["excludeCredentials"]) == 1
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    answer = court.post("/api/passkeys/add/finish", json={"label": " Ноутбук ", "answer": Device(ORIGIN).make(options)})
    assert (answer.status_code, answer.json()["code"]) == (422, "passkey-taken")
    for label in ("", "  ", "x" * 61, "a\x00b"):
        options = court.post("/api/passkeys/add/begin", json={"password": PASSWORD}).json()
        answer = court.post("/api/passkeys/add/finish", json={"label": label, "answer": Device(ORIGIN).make(options)})
        assert answer.json()["code"] == "passkey-name"
    second = court.add(label="Ключ")
    for device in (first, second):
        assert court.enter(device.sign(court.entering())).status_code == 200


def test_a_password_is_asked_for_before_a_passkey_is_added_or_removed(court: Court) -> None:
    court.sign_in()
    device = court.add()
    answer = court.post("/api/passkeys/add/begin", json={"password": "wrong password"})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong-password")
    assert (
        court.post("/account/passkeys/remove", data={"label": "Ноутбук", "password": "wrong password"}).status_code
        == 422
    )
    assert court.post("/account/passkeys/remove", data={"label": "Other", "password": PASSWORD}).status_code == 422
    sessions = Sessions(court.accounts.path, "console", court.clock)
    elsewhere = sessions.open(court.accounts.get("aigul"))
    with capture_logs() as logs:
        assert (
            court.post("/account/passkeys/remove", data={"label": "Ноутбук", "password": PASSWORD}).status_code == 303
        )
    assert [line["account"] for line in logs if line["action"] == "passkey_removed"] == ["aigul"]
    assert court.who() == "aigul"
    assert sessions.find(elsewhere) is None, "whoever has the device may sit elsewhere"
    assert "no account has this passkey" in refused(court, device.sign(court.entering()))


def test_wrong_passwords_before_a_passkey_wait(court: Court) -> None:
    court.sign_in()
    answers = [court.post("/api/passkeys/add/begin", json={"password": "x"}) for _ in range(FREE_TRIES + 1)]
    assert [answer.status_code for answer in answers] == [422] * FREE_TRIES + [429]


def test_a_known_passkey_waits_and_invented_ones_take_no_place_from_wrong_passwords(court: Court) -> None:
    court.sign_in()
    device = court.add()
    for _ in range(FREE_TRIES):
        assert court.post("/sign-in", data={"name": "berik", "password": "x"}).status_code == 401
    for number in range(2 * FREE_TRIES):
        assert court.enter({"rawId": f"invented{number}"}).status_code == 422
    assert court.post("/sign-in", data={"name": "berik", "password": PASSWORD}).status_code == 429
    wrong = device.sign(court.entering())
    court.client.cookies.clear()
    assert [court.enter(wrong).status_code for _ in range(FREE_TRIES + 1)] == [422] * FREE_TRIES + [429]


Wrong = Callable[[Device, dict[str, Any]], dict[str, Any]]


def _of(**changes: Any) -> Wrong:
    return lambda device, options: replace(device, **changes).sign(options)


def _tampered(device: Device, options: dict[str, Any]) -> dict[str, Any]:
    answer = device.sign(options)
    data = answer["response"]["authenticatorData"]
    return {
        **answer,
        "response": {**answer["response"], "authenticatorData": data[:-2] + ("AA" if data[-2:] != "AA" else "BA")},
    }


def _without(name: str) -> Wrong:
    def made(device: Device, options: dict[str, Any]) -> dict[str, Any]:
        answer = device.sign(options)
        return {**answer, "response": {key: value for key, value in answer["response"].items() if key != name}}

    return made


WRONG: dict[str, tuple[Wrong, str]] = {
    "another site's page": (_of(origin="https://evil.example"), "origin"),
    "another page of the same domain": (_of(origin="https://other.sot.example"), "origin"),
    "plain http": (_of(origin="http://zal.sot.example"), "origin"),
    "another domain": (lambda device, options: device.sign(options, "evil.example"), "RP ID"),
    "another challenge": (lambda device, options: device.sign({**options, "challenge": "A" * 43}), "challenge"),
    "not verified by PIN, finger or face": (_of(verified=False), "not verified"),
    "another key": (
        lambda device, options: replace(Device(ORIGIN), credential=device.credential, handle=device.handle).sign(
            options
        ),
        "signature",
    ),
    "a tampered signature's data": (_tampered, ""),
    "another user's handle": (_of(handle=b"x" * 32), "another user"),
    "no user's handle": (_without("userHandle"), "another user"),
    "no signature": (_without("signature"), "signature"),
    "an unknown key": (_of(credential=b"y" * 32), "no account"),
    "a registration": (
        lambda device, options: replace(device).make({**options, "rp": {"id": DOMAIN}, "user": {"id": "AA"}}),
        "",
    ),
    "nothing": (lambda _device, _options: {}, "no account"),
    "nonsense": (lambda _device, _options: {"rawId": 7, "response": ["x"]}, "no account"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_signs_nobody_in(court: Court, name: str) -> None:
    make, reason = WRONG[name]
    court.sign_in()
    device = court.add()
    assert reason in refused(court, make(device, court.entering()))
    assert court.enter(device.sign(court.entering())).status_code == 200, "the right one does"


def test_an_answer_counts_once_in_its_browser_and_for_a_while(court: Court) -> None:
    court.sign_in()
    device = court.add()
    answer = device.sign(court.entering())
    assert court.enter(answer).status_code == 200
    assert "no challenge" in refused_replay(court, answer)
    options = court.entering()
    court.client.cookies.clear()
    assert "no challenge" in refused(court, device.sign(options)), "another browser asked"
    options = court.entering()
    court.clock.now += LIFETIME_S
    assert "no challenge" in refused(court, device.sign(options)), "too late"
    options = court.entering()
    refused(court, {})
    assert "no challenge" in refused(court, device.sign(options)), "a wrong answer takes the challenge, too"


def refused_replay(court: Court, answer: dict[str, Any]) -> str:
    court.post("/sign-out")
    return refused(court, answer)


def test_a_counter_that_does_not_go_on_is_refused_and_logged(court: Court) -> None:
    court.sign_in()
    device = court.add()
    copy = replace(device)
    assert court.enter(device.sign(court.entering())).status_code == 200
    options = court.entering()
    with capture_logs() as logs:
        assert court.enter(copy.sign(options)).status_code == 422
    (line,) = [line for line in logs if line["action"] == "passkey_counter_refused"]
    assert (line["account"], line["passkey"], line["counter"], line["log_level"]) == ("aigul", "Ноутбук", 1, "error")
    assert court.enter(device.sign(court.entering())).status_code == 200
    uncounted = court.ceremonies.passkeys
    with database(court.accounts.path) as connection:
        connection.execute("UPDATE passkeys SET counter = 0")
    (kept,) = uncounted.of("aigul")
    assert uncounted.count(kept, 0, 5), "a device that does not count"
    assert uncounted.count(kept, 7, 6)
    assert not uncounted.count(kept, 0, 7)
    assert not uncounted.count(kept, 7, 7), "of two answers with one counter one passes"


def test_a_disabled_person_does_not_enter(court: Court) -> None:
    court.sign_in()
    device = court.add()
    options = court.entering()
    court.accounts.disable("aigul")
    assert "disabled" in refused(court, device.sign(options))
    court.accounts.enable("aigul")
    assert court.enter(device.sign(court.entering())).status_code == 200


def test_a_new_session_takes_the_place_of_the_old_one(court: Court) -> None:
    court.sign_in()
    device = court.add()
    court.sign_in("berik")
    old = court.client.cookies["__Host-hattama-console"]
    options = court.post("/api/passkeys/sign-in/begin").json()
    assert court.enter(device.sign(options)).status_code == 200
    assert court.who() == "aigul"
    assert court.client.cookies["__Host-hattama-console"] != old
    assert Sessions(court.accounts.path, "console", court.clock).find(old) is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/passkeys/sign-in/begin",
        "/api/passkeys/sign-in/finish",
        "/api/passkeys/add/begin",
        "/api/passkeys/add/finish",
        "/api/passkeys/confirm/begin",
        "/account/passkeys/remove",
    ],
)
def test_another_sites_page_asks_for_nothing(court: Court, path: str) -> None:
    court.sign_in()
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert court.client.post(path, json={}, headers=headers).status_code == 403


def confirm(court: Court, subject: str = "h1") -> dict[str, Any]:
    answer = court.post("/api/passkeys/confirm/begin", json={"subject": subject})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_act_is_confirmed_by_ones_own_passkey_for_this_act_in_this_session(court: Court) -> None:
    court.sign_in("berik")
    others = court.add(label="Берік")
    court.sign_in()
    device = court.add()
    aigul, session = court.accounts.get("aigul"), str(court.client.cookies["__Host-hattama-console"])
    assert [one["id"] for one in confirm(court)["allowCredentials"]] == [device.sign(confirm(court))["id"]]

    def finish(answer: dict[str, Any], subject: str = "h1", at: str = session) -> Passkey:
        return court.ceremonies.finish_confirming(aigul, at, ORIGIN, subject, answer)

    assert finish(device.sign(confirm(court))).label == "Ноутбук"
    for subject, at, key in (("h2", session, device), ("h1", "another session", device), ("h1", session, others)):
        with pytest.raises(PasskeyRefused):
            finish(key.sign(confirm(court)), subject, at)
    answer = device.sign(confirm(court))
    finish(answer)
    with pytest.raises(PasskeyRefused, match="no challenge"):
        finish(answer)
    answer = device.sign(court.entering())  # for a sign-in
    with pytest.raises(PasskeyRefused, match="no challenge"):
        finish(answer)


def test_without_an_address_there_are_passwords_only(court: Court, tmp_path: Path) -> None:
    app = assemble(Pages("console", "Courtroom console", []), [router()], accounts=court.accounts)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False, headers=SAME) as client:
        assert "data-passkey" not in client.get("/sign-in").text
        answer = client.post("/api/passkeys/sign-in/begin")
        assert (answer.status_code, answer.json()["code"]) == (422, "no-passkeys")
        assert client.post("/sign-in", data={"name": "aigul", "password": PASSWORD}).status_code == 303
        assert "not set up on this server" in client.get("/account").text
        assert client.post("/api/passkeys/add/begin", json={"password": PASSWORD}).json()["code"] == "no-passkeys"


def test_a_page_opened_under_another_address_says_where_passkeys_work(court: Court) -> None:
    court.sign_in()
    assert "data-passkey" in court.client.get("/sign-in").text
    court.add()
    elsewhere = {**SAME, "Host": "10.0.0.7:8801"}
    assert "data-passkey" not in court.client.get("/sign-in", headers=elsewhere).text
    answer = court.client.post("/api/passkeys/sign-in/begin", headers=elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (422, "no-passkeys")
    page = court.client.get("/account", headers=elsewhere).text
    assert "https://10.0.0.7:8801" in page
    assert ORIGIN in page


def test_a_sign_in_that_began_at_one_process_ends_at_another(court: Court) -> None:
    """Two instances over one accounts' file, as behind a balancer that sends each request where it likes."""
    court.sign_in()
    device = court.add()
    other = Ceremonies(Accounts(court.accounts.path, WEAKEST), RelyingParty.of(DOMAIN, (ORIGIN,)), court.clock)
    answer = device.sign(court.ceremonies.begin_sign_in("a browser", ORIGIN))
    account, _ = other.finish_sign_in("a browser", ORIGIN, answer)
    assert account.name == "aigul"
    for here in (court.ceremonies, other):
        with pytest.raises(PasskeyRefused):
            here.finish_sign_in("a browser", ORIGIN, answer)
