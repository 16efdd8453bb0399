"""Places that follow a device's measured clock (record format, section 7.2): good to both verifiers, and read by everybody alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocol.hearing import Segment
from protocol.record import MemoryRecord
from protocol.verification import Trust, verify
from tests.support.forgery import forge
from tests.support.records import SIGNER, files_of, make_record

# A device that is slow by 100 ppm: what it counts as less took 10 s on the hearing's clock.
SHORT_US = 1_000


def measured(rows: list[dict[str, Any]]) -> None:
    """Each segment says how long its media is, and what its place rests on."""
    for row in rows:
        if row["type"] == "segment":
            data = row["data"]
            base = {"cam-hall": "rtcp", "mic-judge": "arrival"}.get(data["source"], "file")
            data |= {"media_us": data["end_us"] - data["start_us"] - SHORT_US, "time_base": base}


def test_a_record_whose_places_follow_a_clock_is_good(tmp_path: Path) -> None:
    files = forge(files_of(make_record(tmp_path / "good")), SIGNER, lines=measured)
    report = verify(MemoryRecord(files), Trust.of(SIGNER.key))
    assert report.good, [item.code for item in report.failures]


def segment(**more: Any) -> Segment:
    return Segment(
        "x", "T01", "mic", 1, 1, "", 5_000_000, 15_001_000, "audio", "flac", 48_000, 480_000, 40, "roll", **more
    )


@pytest.mark.parametrize(("at_us", "media_us"), [(5_000_000, 0), (10_000_500, 5_000_000), (15_001_000, 10_000_000)])
def test_a_time_leads_to_the_sample_that_was_heard_then(at_us: int, media_us: int) -> None:
    assert segment(media_us=10_000_000, time_base="arrival").media_at(at_us) == media_us


def test_a_segment_of_an_older_recorder_is_as_long_as_its_place() -> None:
    assert segment().length_us == 10_001_000
    assert segment().media_at(10_000_500) == 5_000_500
