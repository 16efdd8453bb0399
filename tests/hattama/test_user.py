from __future__ import annotations

import pytest

from device_config.settings import load
from tests.support.command import hattama
from web.accounts import Accounts
from web.passkeys import Passkey, Passkeys
from web.sessions import Sessions


def _accounts() -> Accounts:
    return Accounts(load().state_dir / "accounts.sqlite")


def test_add_list_password_disable() -> None:
    assert (
        hattama("user", "add", "aigul", "--role", "judge", "--display", "А. Тестова", given="a long password\n").out
        == "added: aigul (judge)\n"
    )
    assert _accounts().verify("aigul", "a long password")
    assert hattama("user", "list").out == "aigul\tjudge\tactive\tА. Тестова\tall courts\n"
    assert hattama("user", "password", "aigul", given="another password\n").status == 0
    assert _accounts().verify("aigul", "another password")
    assert hattama("user", "disable", "aigul").status == 0
    assert _accounts().verify("aigul", "another password") is None
    assert "disabled" in hattama("user", "list").out
    assert hattama("user", "enable", "aigul").out == "enabled: aigul\n"
    assert hattama("user", "list").out == "aigul\tjudge\tactive\tА. Тестова\tall courts\n"
    assert hattama("user", "enable", "nobody").status == 67
    assert hattama("user", "disable", "aigul").status == 0


def test_an_empty_password_is_made_and_printed_once() -> None:
    said = hattama("user", "add", "clerk", given="\n")
    made = said.out.splitlines()[0].removeprefix("password: ")
    assert _accounts().verify("clerk", made)


def test_wrong_names_roles_and_passwords_are_told() -> None:
    assert "weak-password" in hattama("user", "add", "clerk", given="short\n").err
    assert "bad-name" in hattama("user", "add", "Имя", given="long enough password\n").err
    assert hattama("user", "add", "clerk", "--role", "king", given="long enough password\n").status == 64
    assert hattama("user", "password", "nobody", given="long enough password\n").status == 67


def test_whose_hearings_a_person_may_see() -> None:
    given = "a long password\n"
    assert hattama("user", "add", "oner", "--role", "judge", "--court", "Алматы қалалық соты", given=given).status == 0
    assert _accounts().get("oner").courts == ("Алматы қалалық соты",)
    assert hattama("user", "courts", "oner", "Б соты", "А  соты", "Б соты").out == "oner: А соты; Б соты\n"
    assert _accounts().verify("oner", "a long password").courts == ("А соты", "Б соты")  # type: ignore[union-attr]
    assert "А соты; Б соты" in hattama("user", "list").out
    assert hattama("user", "courts", "oner").out == "oner: all courts\n"
    assert _accounts().get("oner").courts == ()
    assert hattama("user", "courts", "nobody", "А").status == 67
    assert "bad-name" in hattama("user", "courts", "oner", "x" * 301).err


def test_passkeys_are_shown_and_removed() -> None:
    assert hattama("user", "add", "aigul", given="a long password\n").status == 0
    assert hattama("user", "passkeys", "aigul").out == ""
    accounts = _accounts()
    passkeys = Passkeys(accounts.path)
    for number, label in enumerate(("Ноутбук", "Ключ")):
        passkeys.add(Passkey(bytes([number]), "aigul", label, b"key", 0, (), 1_795_000_000 + number))
    assert passkeys.count(passkeys.find(b"\0"), 0, 1_795_100_000)
    session = Sessions(accounts.path, "console").open(accounts.get("aigul"))
    said = hattama("user", "passkeys", "aigul").out
    assert said == "Ноутбук\tadded 2026-11-18\tused 2026-11-19\nКлюч\tadded 2026-11-18\tused never\n"
    assert hattama("user", "passkeys", "aigul", "--remove", "Ноутбук").out == "removed: Ноутбук\n"
    assert Sessions(accounts.path, "console").find(session) is None
    assert [one.label for one in passkeys.of("aigul")] == ["Ключ"]
    again = hattama("user", "passkeys", "aigul", "--remove", "Ноутбук")
    assert (again.status, "unknown-passkey" in again.err) == (67, True)
    assert hattama("user", "passkeys", "nobody").status == 67


def test_settings_that_cannot_have_passkeys_stop_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HATTAMA_PASSKEYS__DOMAIN", "10.0.0.7")
    said = hattama("console")
    assert said.status == 78
    assert "passkey-address" in said.err
    assert "passkeys.origins" in said.err
