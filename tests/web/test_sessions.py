from __future__ import annotations

from pathlib import Path

import pytest

from web.accounts import WEAKEST, Account, Accounts, Role, database
from web.sessions import ABSOLUTE_S, IDLE_S, Sessions


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(tmp_path / "accounts.sqlite", WEAKEST)


@pytest.fixture
def account(accounts: Accounts) -> Account:
    return accounts.add("aigul", "A", Role.SECRETARY, "long enough")


@pytest.fixture
def sessions(accounts: Accounts, clock: Clock) -> Sessions:
    return Sessions(accounts.path, "console", clock)


def test_a_session_is_found_by_its_id_only(sessions: Sessions, account: Account) -> None:
    token = sessions.open(account)
    found = sessions.find(token)
    assert found is not None
    assert found.account == account
    assert sessions.find(token[:-1]) is None
    assert sessions.find("") is None


def test_the_id_has_256_bits_and_is_stored_nowhere(sessions: Sessions, account: Account, accounts: Accounts) -> None:
    token = sessions.open(account)
    assert len(token) == 43
    assert token != sessions.open(account)
    with database(accounts.path) as connection:
        assert token not in "".join(connection.iterdump())


def test_thirty_idle_minutes_end_it(sessions: Sessions, account: Account, clock: Clock) -> None:
    token = sessions.open(account)
    clock.now += IDLE_S - 1
    assert sessions.find(token)
    clock.now += IDLE_S - 1
    assert sessions.find(token)
    clock.now += IDLE_S
    assert sessions.find(token) is None
    clock.now -= IDLE_S
    assert sessions.find(token) is None, "what has ended does not come back"


def test_background_requests_do_not_keep_it_alive(sessions: Sessions, account: Account, clock: Clock) -> None:
    token = sessions.open(account)
    for _ in range(IDLE_S // 60 - 1):
        clock.now += 60
        assert sessions.find(token, touch=False)
    clock.now += 60
    assert sessions.find(token) is None


def test_twelve_hours_end_it_however_busy(sessions: Sessions, account: Account, clock: Clock) -> None:
    token = sessions.open(account)
    for _ in range(ABSOLUTE_S // 600 - 1):
        clock.now += 600
        assert sessions.find(token)
    clock.now += 600
    assert sessions.find(token) is None


def test_sign_out_ends_one_and_close_all_every_one(sessions: Sessions, account: Account) -> None:
    one, two, three = (sessions.open(account) for _ in range(3))
    sessions.close(one)
    assert sessions.find(one) is None
    assert sessions.find(two)
    sessions.close_all(account.name)
    assert sessions.find(two) is None
    assert sessions.find(three) is None


def test_disabling_and_a_new_password_end_sessions_at_once(sessions: Sessions, account: Account, accounts: Accounts) -> None:
    one = sessions.open(account)
    accounts.disable(account.name)
    assert sessions.find(one) is None
    accounts.enable(account.name)
    assert sessions.find(one) is None
    two = sessions.open(account)
    accounts.set_password(account.name, "another long one")
    assert sessions.find(two) is None


def test_another_apps_session_is_none_here(sessions: Sessions, account: Account, accounts: Accounts, clock: Clock) -> None:
    token = sessions.open(account)
    assert Sessions(accounts.path, "archive", clock).find(token) is None


def test_a_session_survives_a_restart_of_the_app(sessions: Sessions, account: Account, accounts: Accounts, clock: Clock) -> None:
    token = sessions.open(account)
    assert Sessions(accounts.path, "console", clock).find(token)


def test_ended_sessions_are_swept(sessions: Sessions, account: Account, accounts: Accounts, clock: Clock) -> None:
    sessions.open(account)
    clock.now += ABSOLUTE_S
    sessions.open(account)
    with database(accounts.path) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
