"""What was said leaves the room while the hearing runs: the demo courtroom, an archive, a judge who listens (bench.live_lag)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.live_lag import AGO_S, good, measure


@pytest.mark.demo
def test_the_archive_replays_what_was_said_while_the_hearing_still_runs(tmp_path: Path) -> None:
    found = measure(tmp_path, 150.0, early=True)
    assert good(found, 2 * AGO_S), found  # a generous bound: a busy machine; the bench has the figure
