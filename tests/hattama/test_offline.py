"""Speech without any network: the same tests, in a namespace that has only loopback."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.no_network import alone

pytest.importorskip("faster_whisper", reason="needs the extra asr")

#: What has to hold offline as it does online: the demo's words, from the record to the transcript, and every engine's own folder.
OFFLINE = (
    "tests/hattama/test_demo_words.py",
    "tests/transcription/test_faster_whisper.py",
    "tests/transcription/test_onnx_asr.py",
)


def test_speech_needs_no_network() -> None:
    root = Path(__file__).parents[2]
    done = alone(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(root / name) for name in OFFLINE)]
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "no network" in done.stderr
    assert "skipped" not in done.stdout, done.stdout[-1000:]
