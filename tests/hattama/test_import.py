from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np

from tests.support.command import hattama


def _wav(path: Path) -> Path:
    tone = (np.sin(np.arange(3 * 16000) / 20) * 8000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(tone.tobytes())
    return path


def test_a_recording_becomes_a_record_that_verifies(tmp_path: Path) -> None:
    said = hattama("import", str(_wav(tmp_path / "hall.wav")), "--case", "7512/1", "--started", "2026-11-22T10:30:00+05:00", "--json")
    assert said.status == 0, said
    made = json.loads(said.out)
    assert made["segments"] >= 1
    assert made["hearing"].startswith("2026-11-22_7512-1_")
    assert hattama("verify", made["record"]).status == 0  # a machine trusts its own key
    assert made["verified"]["integrity"]["verdict"] == "intact"


def test_a_text_file_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a recording\n" * 100)
    said = hattama("import", str(text))
    assert said.status not in (0, 1)
    assert said.err.startswith("error[")
    assert "notes.txt" in said.err
    state = Path(tmp_path)  # the hearings' folder holds nothing new
    assert not list(state.rglob("journal.jsonl"))


def test_a_time_without_a_zone_is_told(tmp_path: Path) -> None:
    said = hattama("import", str(_wav(tmp_path / "hall.wav")), "--started", "2026-11-22T10:30:00")
    assert said.status == 64
    assert "time zone" in said.err


def test_a_recording_without_its_end_is_refused_unless_that_is_wanted(tmp_path: Path) -> None:
    path = _wav(tmp_path / "hall.wav")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    said = hattama("import", str(path))
    assert said.status == 65
    assert said.err.splitlines()[0].startswith(f"error[import-cut-off]: {path}: audio: ")
    assert not list(tmp_path.rglob("journal.jsonl"))
    assert hattama("import", str(path), "--incomplete").status == 0
