from __future__ import annotations

from device_config.settings import load
from tests.support.command import hattama
from web.accounts import Accounts


def _accounts() -> Accounts:
    return Accounts(load().state_dir / "accounts.sqlite")


def test_add_list_password_disable() -> None:
    assert hattama("user", "add", "aigul", "--role", "judge", "--display", "А. Тестова", given="a long password\n").out == "added: aigul (judge)\n"
    assert _accounts().verify("aigul", "a long password")
    assert hattama("user", "list").out == "aigul\tjudge\tactive\tА. Тестова\n"
    assert hattama("user", "password", "aigul", given="another password\n").status == 0
    assert _accounts().verify("aigul", "another password")
    assert hattama("user", "disable", "aigul").status == 0
    assert _accounts().verify("aigul", "another password") is None
    assert "disabled" in hattama("user", "list").out


def test_an_empty_password_is_made_and_printed_once() -> None:
    said = hattama("user", "add", "clerk", given="\n")
    made = said.out.splitlines()[0].removeprefix("password: ")
    assert _accounts().verify("clerk", made)


def test_wrong_names_roles_and_passwords_are_told() -> None:
    assert "weak-password" in hattama("user", "add", "clerk", given="short\n").err
    assert "bad-name" in hattama("user", "add", "Имя", given="long enough password\n").err
    assert hattama("user", "add", "clerk", "--role", "king", given="long enough password\n").status == 2
    assert hattama("user", "password", "nobody", given="long enough password\n").status == 67
