"""No words out of nothing: each kind of sound in which nobody speaks, through the whole pipeline with the demonstration model."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("faster_whisper", reason="needs the extra asr")

from bench.invented import KINDS, made, through_the_pipeline
from hattama.demo.room import demonstration_speech


def test_nobody_speaks_and_nothing_is_written(tmp_path: Path) -> None:
    """Short form of ``python -m bench.invented``, which listens for half an hour and counts the raw engine's words too."""
    sounds = made(2.5, seed=5)
    assert list(sounds) == [name for name, _, _ in KINDS]
    written = {}
    for number, (name, sound) in enumerate(sounds.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        written[name] = through_the_pipeline(sound, demonstration_speech(), folder).word_count
    assert written == dict.fromkeys(sounds, 0)
