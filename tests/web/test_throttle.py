from __future__ import annotations

from web.throttle import FIRST_WAIT_S, FREE_TRIES, LONGEST_WAIT_S, Throttle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_five_tries_are_free_then_each_waits_longer() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(FREE_TRIES):
        assert throttle.wait_s("a", "x") == 0
        throttle.wrong("a", "x")
    assert throttle.wait_s("a", "x") == FIRST_WAIT_S
    clock.now += FIRST_WAIT_S
    assert throttle.wait_s("a", "x") == 0
    throttle.wrong("a", "x")
    assert throttle.wait_s("a", "x") == 2 * FIRST_WAIT_S
    for _ in range(30):
        throttle.wrong("a", "x")
    assert throttle.wait_s("a", "x") == LONGEST_WAIT_S


def test_another_address_and_another_name_are_not_held_up() -> None:
    throttle = Throttle(Clock())
    for _ in range(FREE_TRIES):
        throttle.wrong("a", "x")
    assert throttle.wait_s("a", "y") == 0
    assert throttle.wait_s("b", "x") == 0


def test_the_right_password_starts_anew() -> None:
    throttle = Throttle(Clock())
    for _ in range(FREE_TRIES):
        throttle.wrong("a", "x")
    throttle.right("a", "x")
    assert throttle.wait_s("a", "x") == 0


def test_old_slips_are_forgotten() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(FREE_TRIES - 1):
        throttle.wrong("a", "x")
    clock.now += 3600
    throttle.wrong("a", "x")
    assert throttle.wait_s("a", "x") == 0


def test_a_thousand_wrong_passwords_are_no_fault() -> None:
    throttle = Throttle(Clock())
    for _ in range(1100):
        throttle.wrong("a", "x")
    assert throttle.wait_s("a", "x") == LONGEST_WAIT_S


def test_a_try_counts_from_its_beginning() -> None:
    throttle = Throttle(Clock())
    assert [throttle.begin("a", "x") for _ in range(FREE_TRIES + 2)] == [0.0] * FREE_TRIES + [FIRST_WAIT_S] * 2
    throttle.right("a", "x")
    assert throttle.begin("a", "x") == 0


def test_only_so_many_are_counted_and_the_oldest_gives_way() -> None:
    throttle = Throttle(Clock(), most=3)
    for name in ("a", "b", "a", "c", "d"):
        for _ in range(FREE_TRIES):
            throttle.wrong(name, "x")
    assert [throttle.wait_s(name, "x") > 0 for name in "abcd"] == [True, False, True, True]
