"""The transcriber killed at random moments, for real: the transcript is the one it makes undisturbed.

``python -m bench.transcriber --kills 50`` is the long form.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.transcriber import killed, microphones
from tests.transcription.courtroom import RATE

pytest.importorskip("faster_whisper", reason="needs the extra asr")


def test_killed_at_random_moments(tmp_path: Path) -> None:
    tracks = {name: track[: 10 * RATE] for name, track in microphones().items()}
    found = killed(tmp_path, kills=3, seed=3, tracks=tracks)
    assert found["words"] > 10
    assert found["transcripts"] >= 1
    assert found["different"] == 0, found
    assert found["left_behind"] == [], "working files go when the transcript is accepted"
