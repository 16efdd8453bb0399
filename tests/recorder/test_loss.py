"""The short form of ``make soak``: kills and power cuts at moments of a seed, judged by decoding what is left (bench.loss)."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import numpy as np
import pytest

from bench import loss_disk
from bench.loss import plan, run
from bench.loss_check import MOST_LOST_S
from protocol.encoding import b64
from recorder.segment_recovery import recover_segment
from recorder.segments import Place, SoundWriter

LANES = max(2, os.cpu_count() or 2)
STARVED_S = 0.03
STARVED_MOST_LOST_S = 5.0


@pytest.mark.timeout(900)
def test_ten_kills_and_six_power_cuts(tmp_path: Path) -> None:
    why_not = loss_disk.why_not()
    seed = random.SystemRandom().randrange(2**31)
    outcomes, found = run(plan(10, 0 if why_not else 6, seed), LANES, tmp_path)
    again = f"python -m bench.loss --kills 10 --cuts 6 --seed {seed}"
    broken = [text for outcome in outcomes for text in (*outcome.judged.violations, outcome.error) if text]
    assert not broken, "\n".join([again, *broken])
    assert sum(len(outcome.disasters) for outcome in outcomes) >= (10 if why_not else 16)
    assert found["kills"]["measured"] > 0
    for name in ("kills",) if why_not else ("kills", "cuts"):
        figures = found[name]
        # What has priority over all else was late itself: this machine was starved, and its figure says nothing of the recorder.
        starved = figures["sources_late_s"] > STARVED_S
        assert figures["worst_loss_s"] <= (STARVED_MOST_LOST_S if starved else MOST_LOST_S), f"{again}\n{figures}"
    if why_not:
        pytest.skip(f"10 kills passed; {why_not}")


@pytest.mark.skipif(loss_disk.why_not() is not None, reason=str(loss_disk.why_not()))
@pytest.mark.parametrize("kind", loss_disk.FILE_SYSTEMS)
def test_what_is_recovered_after_a_kill_survives_a_power_cut(tmp_path: Path, kind: str) -> None:
    """A kill may come before the last sync; once the recovered segment is journalled, its bytes must be on the disk."""
    place = Place(tmp_path, "T01", "mic")
    writer = SoundWriter(place, rate=16_000, start_us=0)
    writer.write(np.arange(32_000, dtype=np.int16))
    writer.close()
    segment = (tmp_path / place.path(1)).read_bytes()
    disk = loss_disk.make_disk(tmp_path / "power", kind)
    try:
        paths = {torn: disk.folder / f"{torn}.mp4" for torn in (0, 7)}
        for torn, path in paths.items():
            path.write_bytes(segment + segment[:torn])  # as a killed child leaves it: in the page cache
        found = {torn: recover_segment(path) for torn, path in paths.items()}
        disk.cut()
        disk.back()
        for torn, path in paths.items():
            assert b64(hashlib.sha256(path.read_bytes()).digest()) == found[torn].sha256
    finally:
        disk.close()
