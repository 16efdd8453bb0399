"""The read-back of closed segments when its decoder does what it should not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from recorder.readback import Difference, Measured, ReadBack
from tests.support.recorder import sync

SEGMENT = Measured(Path("/nowhere"), "media/T01/mic/0001.mp4", "mic", 0, 1, 1, -2000)
SAYS = "import sys; sys.stdin.readline(); sys.stdout.write({!r} + chr(10)); sys.stdout.flush()"


@sync
@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", SAYS.format("no answer")),
        (sys.executable, "-c", SAYS.format("{}")),
        (sys.executable, "-c", SAYS.format("x" * (1 << 17))),
        ("/nonexistent/decoder",),
    ],
    ids=["not JSON", "no facts", "too long", "no program"],
)
async def test_a_decoder_that_misbehaves_is_told_of_each_segment(command: tuple[str, ...]) -> None:
    told: list[Difference] = []
    readback = ReadBack(told.append, command)
    readback.add(SEGMENT)
    readback.add(SEGMENT)
    assert await readback.drain(60)
    assert [item.code for item in told] == ["readback-failed"] * 2
    await readback.close()
