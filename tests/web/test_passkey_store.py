from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from web.accounts import WEAKEST, Accounts, Role
from web.ceremonies import Challenges, Purpose
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


def test_a_flood_of_challenges_is_bounded() -> None:
    challenges = Challenges(most=3)
    made = {name: challenges.make(name, Purpose.SIGN_IN) for name in "abcd"}
    with pytest.raises(PasskeyRefused):
        challenges.take("a", Purpose.SIGN_IN)
    assert [challenges.take(name, Purpose.SIGN_IN) == made[name] for name in "bcd"] == [True] * 3


def test_a_flood_of_sign_ins_takes_no_challenge_of_another_purpose() -> None:
    challenges = Challenges(most=3)
    added, confirmed = challenges.make("a", Purpose.ADD), challenges.make("a", Purpose.CONFIRM, "hearing")
    for number in range(10):
        challenges.make(f"stranger{number}", Purpose.SIGN_IN)
    assert challenges.take("a", Purpose.ADD) == added
    assert challenges.take("a", Purpose.CONFIRM, "hearing") == confirmed
