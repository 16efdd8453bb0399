"""Sound and pictures that are wrong while everything runs: the second part of the fault table (docs/faults.md), a row a test.

All six are brought about at one moment of one hearing and taken away at another: five microphones of one real PulseAudio device, two living RTSP
cameras. The fifth microphone is as it should be, and must not be named; of the two numbered ones nothing may be missing (they give
noise at full scale, of which a hum is a part).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.health.picture import CODES as PICTURE_CODES
from recorder.health.sound import CODES as SOUND_CODES
from recorder.status import Status
from tests.recorder.test_health_sound import int16, noise, speech, tone
from tests.support.fault_room import (
    Courtroom,
    Hearing,
    Measured,
    Record,
    Tell,
    alarmed,
    courtroom,
    why_not,
    within_bounds,
)

pytestmark = [
    pytest.mark.rtsp,
    pytest.mark.pulse,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
]
SECONDS = 90
#: Name of the row, the finding, the source that it must name.
ROWS = (
    ("digital-zero", "digital-silence", "mic-plaintiff"),
    ("clipping", "clipping", "mic-bench"),
    ("hum", "hum", "mic-clerk"),
    ("one-channel-dead", "microphone-silent", "mic-defendant"),
    ("black-picture", "picture-black", "cam-judge"),
    ("frozen-picture", "picture-frozen", "cam-hall"),
)
HEALTHY = "mic-witness"
#: They speak for so long before anything is wrong: a device without sound would count as silent from its opening.
BEFORE_S = 7.0


@dataclass(frozen=True)
class Found:
    """What one hearing with all six gave: by row, and its record."""

    rows: dict[str, Measured]
    record: Record


def voices() -> list[NDArray[np.float64]]:
    """Five people who speak."""
    return [speech(SECONDS, pitch, -2800, seed) for seed, pitch in enumerate((110, 140, 180, 220, 160))]


def wrong(well: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """One microphone clips, one hums, one gives nothing but zeros, one has only its own noise; the last is well."""
    hum = tone(50, -3800, SECONDS) + tone(100, -4200, SECONDS) + noise(-7000, SECONDS)
    return [well[0] * 30, well[1] + hum, well[2] * 0, noise(-8000, SECONDS), well[4]]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Courtroom]:
    """The courtroom."""
    with courtroom(tmp_path_factory.mktemp("health")) as found:
        yield found


class AllAtOnce:
    """The hearing, held when the first row asks; held again when a busy machine was late."""

    def __init__(self, room: Courtroom) -> None:
        self._room = room
        self._found: Found | None = None
        self._given: set[str] = set()

    def measured(self, row: str) -> Found:
        """What it gave; a row that asks again gets a new hearing."""
        if self._found is None or row in self._given:
            self._found, self._given = self._hold(), set()
        self._given.add(row)
        return self._found

    @property
    def latest(self) -> Found:
        """What the last hearing gave."""
        if self._found is None:
            self._found = self._hold()
        return self._found

    def _hold(self) -> Found:
        room, well = self._room, int16(*voices())
        bad = int16(*wrong(voices()))
        room.begin()
        player = room.mics.play(well)
        time.sleep(BEFORE_S)
        player.kill()
        player = room.mics.play(bad)
        room.cameras["cam-judge"].show("black")
        room.cameras["cam-hall"].show("frozen")
        alarms = times_until(room, {name: alarmed(code, source) for name, code, source in ROWS})
        player.kill()
        player = room.mics.play(well)
        for camera in room.cameras.values():
            camera.show("live")
        over = times_until(room, {name: over_of(code, source) for name, code, source in ROWS})
        record = room.end()
        player.kill()
        return Found({name: Measured(alarms[name], None, over[name], record.disturbed) for name, _, _ in ROWS}, record)


def over_of(code: str, source: str) -> Callable[[Status | None], bool]:
    """Whether the status names this source no more."""
    named = alarmed(code, source)
    return lambda status: status is not None and not named(status)


def times_until(room: Hearing, conditions: dict[str, Callable[[Status | None], bool]]) -> dict[str, float]:
    """How long it took until each of these was so, s."""
    begun = time.monotonic()
    found: dict[str, float] = {}

    def look(status: Status | None) -> bool:
        for name, is_so in conditions.items():
            if name not in found and is_so(status):
                found[name] = time.monotonic() - begun
        return found.keys() == conditions.keys()

    room.until(look)
    return found


@pytest.fixture(scope="module")
def all_at_once(room: Courtroom) -> AllAtOnce:
    """See there."""
    return AllAtOnce(room)


@pytest.mark.parametrize(("row", "code", "source"), ROWS, ids=[row for row, _, _ in ROWS])
def test_it_is_found_journalled_and_over(row: str, code: str, source: str, all_at_once: AllAtOnce, tell: Tell) -> None:
    """Alarm that names the source; recording never stopped, of nobody; the journal has the finding with beginning and end."""

    def measure() -> Measured:
        found = all_at_once.measured(row)
        found.record.tells_of_finding(code, source)
        assert not found.record.gaps(source), "a fault of what is recorded is none of the recording"
        return found.rows[row]

    within_bounds(row, tell, measure)


def test_nobody_else_is_named_and_nothing_is_missing(all_at_once: AllAtOnce) -> None:
    """In the same hearing: the record verifies, the healthy microphones have no finding, not one of their samples is missing."""
    record = all_at_once.latest.record
    record.is_true()
    record.not_one_sample_missing()
    about = {*SOUND_CODES, *PICTURE_CODES}
    named = {(item["source"], item["code"]) for item in record.data("finding") if item["code"] in about}
    # Between two players a real device gives digital silence for a moment; that is true of all its microphones.
    assert {code for source, code in named if source == HEALTHY} <= {"digital-silence"}
