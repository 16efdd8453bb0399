from __future__ import annotations

import stat
from pathlib import Path

import pytest

from web.accounts import PASSWORD_MAX, WEAKEST, Accounts, HashCost, Role, database
from web.errors import AccountExists, BadName, UnknownAccount, WeakPassword

PASSWORD = "long enough"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    accounts = Accounts(tmp_path / "state" / "accounts.sqlite", WEAKEST)
    accounts.add("aigul", "Айгүл Н.", Role.SECRETARY, PASSWORD)
    return accounts


def test_the_right_password_gives_the_account(accounts: Accounts) -> None:
    account = accounts.verify("aigul", PASSWORD)
    assert account is not None
    assert (account.name, account.display, account.role, account.disabled) == ("aigul", "Айгүл Н.", Role.SECRETARY, False)


@pytest.mark.parametrize("password", ["", "long enougH", PASSWORD + " ", "x" * 100_000])
def test_another_password_gives_nothing(accounts: Accounts, password: str) -> None:
    assert accounts.verify("aigul", password) is None


def test_an_unknown_name_costs_the_same_hash(accounts: Accounts) -> None:
    # Time is not measured here: the work is the same because a hash of the same cost is always there to check against.
    assert accounts.verify("nobody", PASSWORD) is None
    with database(accounts.path) as connection:
        stored = connection.execute("SELECT hash FROM accounts").fetchone()[0]
    assert accounts._nobody.split(b"$")[:4] == stored.split(b"$")[:4]
    assert stored.startswith(b"$argon2id$")


def test_the_default_cost_is_what_owasp_asks() -> None:
    assert HashCost().passes >= 2
    assert HashCost().memory >= 19 * 1024 * 1024


def test_a_composed_and_a_decomposed_letter_are_one_password(accounts: Accounts) -> None:
    accounts.set_password("aigul", "йод йод йод")
    assert accounts.verify("aigul", "йод йод йод")


def test_a_disabled_account_cannot_sign_in_until_it_is_enabled(accounts: Accounts) -> None:
    accounts.disable("aigul")
    assert accounts.verify("aigul", PASSWORD) is None
    assert accounts.get("aigul").disabled
    accounts.enable("aigul")
    assert accounts.verify("aigul", PASSWORD)


def test_a_new_password_replaces_the_old_one(accounts: Accounts) -> None:
    accounts.set_password("aigul", "another long one")
    assert accounts.verify("aigul", PASSWORD) is None
    assert accounts.verify("aigul", "another long one")


@pytest.mark.parametrize("name", ["", "Aigul", "a b", "-a", "a" * 41, "айгуль", "a/b", "a\n"])
def test_bad_names_are_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(BadName):
        accounts.add(name, "X", Role.JUDGE, PASSWORD)


@pytest.mark.parametrize("display", ["", "   ", "x" * 201])
def test_bad_display_names_are_refused(accounts: Accounts, display: str) -> None:
    with pytest.raises(BadName):
        accounts.add("other", display, Role.JUDGE, PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * (PASSWORD_MAX + 1), "SECRETARY-OF-ROOM-3"])
def test_weak_passwords_are_refused(accounts: Accounts, password: str) -> None:
    with pytest.raises(WeakPassword):
        accounts.add("secretary-of-room-3", "X", Role.JUDGE, password)


def test_a_name_is_taken_once(accounts: Accounts) -> None:
    with pytest.raises(AccountExists):
        accounts.add("aigul", "Another", Role.JUDGE, PASSWORD)
    assert [account.display for account in accounts.all()] == ["Айгүл Н."]


def test_what_is_not_there_cannot_be_changed(accounts: Accounts) -> None:
    for change in (accounts.disable, accounts.enable, accounts.get):
        with pytest.raises(UnknownAccount):
            change("nobody")
    with pytest.raises(UnknownAccount):
        accounts.set_password("nobody", PASSWORD)


def test_the_file_is_the_owners_and_durable(accounts: Accounts) -> None:
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    with database(accounts.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert PASSWORD not in "".join(connection.iterdump())


def test_accounts_survive_a_new_start(accounts: Accounts) -> None:
    assert Accounts(accounts.path, WEAKEST).verify("aigul", PASSWORD)
