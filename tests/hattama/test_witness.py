"""`hattama witness`: its key, and that it does not start without its memory. What it cosigns: tests/storage/test_witness.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from protocol.cosignature import WitnessKey


def test_it_refuses_to_start_without_its_memory(tmp_path: Path) -> None:
    environment = {**os.environ, "HATTAMA_STATE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "hattama", "witness"]
    made = subprocess.run([*command, "--key"], env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert WitnessKey.from_text(made.stdout.strip()).name == "witness.hattama.local"
    (tmp_path / "witness/heads.sqlite").unlink()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "error[witness-unfit]" in done.stderr) == (78, True)
