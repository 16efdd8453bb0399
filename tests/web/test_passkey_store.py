from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from web.accounts import WEAKEST, Accounts, Role, database
from web.challenges import LIFETIME_S, Challenges, Purpose
from web.errors import BadLabel, BadRelyingParty, LabelTaken, PasskeyRefused, TooManyPasskeys, UnknownPasskey
from web.passkeys import MOST, Passkey, Passkeys, RelyingParty

PASSWORD = "long enough"


@pytest.mark.parametrize(
    ("domain", "origins"),
    [
        ("10.0.0.7", ("https://10.0.0.7",)),
        ("sot.example", ()),
        ("", ("https://sot.example",)),
        ("Sot.example", ("https://sot.example",)),
        ("sot.example", ("http://sot.example",)),
        ("sot.example", ("https://evilsot.example",)),
        ("sot.example", ("https://sot.example/",)),
        ("sot.example", ("https://sot.example:x",)),
        ("sot.example", ("https://user@sot.example",)),
        ("sot.example", ("sot.example",)),
    ],
)
def test_addresses_that_cannot_have_passkeys(domain: str, origins: tuple[str, ...]) -> None:
    with pytest.raises(BadRelyingParty):
        RelyingParty.of(domain, origins)


def test_addresses_that_can_have_passkeys() -> None:
    assert RelyingParty.of("", ()) is None
    for domain, origin in (
        ("sot.example", "https://zal-3.sot.example:8801"),
        ("localhost", "http://localhost:8801"),
        ("box", "https://box"),
    ):
        assert RelyingParty.of(domain, (origin,)) == RelyingParty(domain, (origin,))


def test_an_older_file_of_accounts_gets_the_tables(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.sqlite", WEAKEST)
    accounts.add("aigul", "Айгүл", Role.SECRETARY, PASSWORD)
    for _ in range(2):  # a second start finds them
        passkeys = Passkeys(accounts.path)
    handle = passkeys.handle("aigul")
    assert (len(handle), Passkeys(accounts.path).handle("aigul")) == (32, handle)
    key = Passkey(b"c", "aigul", "a", b"p", 3, ("usb",), 5)
    passkeys.add(key)
    assert passkeys.find(b"c") == key
    with pytest.raises(LabelTaken):
        passkeys.add(replace(key, label="b"))
    with pytest.raises(BadLabel):
        passkeys.add(replace(key, label="x\n"))
    for number in range(MOST - 1):
        passkeys.add(replace(key, credential=bytes([number]), label=str(number)))
    with pytest.raises(TooManyPasskeys):
        passkeys.add(replace(key, credential=b"z", label="z"))
    with pytest.raises(UnknownPasskey):
        passkeys.remove("nobody", "a")
    passkeys.remove("aigul", "a")
    with pytest.raises(UnknownPasskey):
        passkeys.find(b"c")


def test_a_flood_of_challenges_is_bounded(tmp_path: Path) -> None:
    challenges = Challenges(tmp_path / "accounts.sqlite", most=3)
    made = {name: challenges.make(name, Purpose.SIGN_IN) for name in "abcd"}
    with pytest.raises(PasskeyRefused):
        challenges.take("a", Purpose.SIGN_IN)
    assert [challenges.take(name, Purpose.SIGN_IN) == made[name] for name in "bcd"] == [True] * 3


def test_a_challenge_costs_no_sync(tmp_path: Path) -> None:
    """What is written stays in the log of the database, which is synced only where it is written back."""
    path = tmp_path / "accounts.sqlite"
    challenges = Challenges(path)
    size = path.stat().st_size
    challenges.make("a", Purpose.SIGN_IN)
    challenges.take("a", Purpose.SIGN_IN)
    log = path.with_name("accounts.sqlite-wal")
    assert log.exists(), "the last connection to close would have written it back"
    assert log.stat().st_size > 0
    assert path.stat().st_size == size


def test_a_flood_of_sign_ins_takes_no_challenge_of_another_purpose(tmp_path: Path) -> None:
    challenges = Challenges(tmp_path / "accounts.sqlite", most=3)
    added, confirmed = challenges.make("a", Purpose.ADD), challenges.make("a", Purpose.CONFIRM, "hearing")
    for number in range(10):
        challenges.make(f"stranger{number}", Purpose.SIGN_IN)
    assert challenges.take("a", Purpose.ADD) == added
    assert challenges.take("a", Purpose.CONFIRM, "hearing") == confirmed


def test_a_challenge_is_answered_at_another_process_once_and_in_time(tmp_path: Path) -> None:
    """Processes of one app share the accounts' file and nothing else."""
    path, now = tmp_path / "accounts.sqlite", [1000.0]
    here = Challenges(path, lambda: now[0])
    asked = here.make("a", Purpose.SIGN_IN)
    program = (
        "import sys; from pathlib import Path; from web.challenges import Challenges, Purpose\n"
        "print(Challenges(Path(sys.argv[1]), lambda: 1001.0).take('a', Purpose.SIGN_IN).hex())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == asked.hex()
    with pytest.raises(PasskeyRefused):
        here.take("a", Purpose.SIGN_IN)
    here.make("b", Purpose.CONFIRM, "one hearing")
    with pytest.raises(PasskeyRefused):
        here.take("b", Purpose.CONFIRM, "another")
    with pytest.raises(PasskeyRefused):
        here.take("b", Purpose.CONFIRM, "one hearing")  # gone with the first answer
    for moved in (LIFETIME_S, -1.0):  # too late; or the clock was set back, and it would live on
        here.make("c", Purpose.ADD)
        now[0] += moved
        with pytest.raises(PasskeyRefused):
            here.take("c", Purpose.ADD)
    here.make("d", Purpose.ADD)
    with database(path) as connection:
        assert connection.execute("SELECT count(*) FROM passkey_challenges").fetchone() == (1,)
