"""ONNX Runtime tells Microsoft of each model by default, and names the machine in a file; here it does neither."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime", reason="needs the extra asr")

#: Its uploader begins by writing the machine's lasting name into the cache folder, before anything is sent.
LISTENS = """\
import os
from transcription.activity import SileroDetector

SileroDetector()
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""
#: What would make it quiet without us, and where it would write.
ELSEWHERE = (
    "ORT_DISABLE_TELEMETRY",
    "ORT_RUNNING_UNIT_TESTS",
    "CI",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
)


@pytest.mark.timeout(300)
def test_a_process_that_listens_for_speech_leaves_no_name_of_the_machine(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    done = subprocess.run(
        [sys.executable, "-c", LISTENS],
        env={**environment, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr[-2000:]
    assert [path for path in tmp_path.rglob("*") if "onnxruntime" in str(path.relative_to(tmp_path))] == []
