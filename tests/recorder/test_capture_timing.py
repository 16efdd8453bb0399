"""Time by lower envelope, and loss by counting."""

from __future__ import annotations

import random

from recorder.timing import LOSS_US, Envelope, SampleClock

RATE = 48_000
BLOCK = 480


class Device:
    """A simulated device: blocks of 10 ms, fetched by a machine that looks after it now and then, with a crystal that is off."""

    def __init__(self, ppm: float = 0.0) -> None:
        self.clock = SampleClock(RATE)
        self.true_us = 1_000_000.0
        self.woken_us = 0.0
        self.step_us = 10_000 * (1 + ppm / 1e6)
        self.random = random.Random(5)  # noqa: S311 - a simulation
        self.lost: list[int] = []

    def run(self, seconds: float, *, late_us: int = 30_000) -> None:
        for _ in range(round(seconds * 100)):
            self.true_us += self.step_us
            while self.woken_us < self.true_us:
                self.woken_us += self.random.randrange(late_us)
            if lost := self.clock.arrived(BLOCK, round(self.woken_us)):
                self.lost.append(lost)


def test_the_anchor_is_that_of_the_least_late_block() -> None:
    device = Device()
    device.run(5)
    assert 0 <= device.clock.now_us - device.true_us < 2_000


def test_drift_and_lateness_are_no_loss() -> None:
    device = Device(ppm=80)
    device.run(120)
    device.run(10, late_us=300_000)  # a busy machine
    device.run(60)
    assert device.lost == []
    assert abs(device.clock.now_us - device.true_us) < 5_000


def test_a_stall_that_is_caught_up_is_no_loss() -> None:
    device = Device()
    device.run(10)
    for _ in range(250):  # 2.5 s late, then all at once
        device.true_us += device.step_us
        assert device.clock.arrived(BLOCK, 14_000_000) == 0
    device.run(10)
    assert device.lost == []


def test_lost_samples_are_found_with_their_length() -> None:
    device = Device()
    device.run(10)
    device.true_us += 300_000  # never delivered
    device.run(10)
    (lost,) = device.lost
    assert abs(lost - 300_000) < 15_000
    assert abs(device.clock.now_us - device.true_us) < 5_000


def test_a_loss_below_the_limit_is_not_claimed() -> None:
    device = Device()
    device.run(10)
    device.true_us += LOSS_US / 2
    device.run(20)
    assert device.lost == []


def test_envelope_forgets() -> None:
    envelope = Envelope()
    assert envelope.value is None
    envelope.add(0, 5)
    for second in range(1, 12):
        envelope.add(second * 1_000_000, 9)
    assert envelope.value == 9
    envelope.restart()
    assert envelope.value is None
