"""Sound of a track: in its place on the grid, holes left as holes, damage survived."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.transcription.courtroom import RATE, START_US, Courtroom, noise, silence, write_flac
from transcription.audio import Track, decode, to_grid, to_us
from transcription.errors import SoundUnreadable


def tone(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    places = np.arange(int(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * places)).astype(np.float32)


def track(room: Courtroom, source: str = "mic") -> Track:
    return Track(room.record, START_US, room.view.track("T01", source))


def test_grid_there_and_back() -> None:
    assert to_grid(START_US + 1_000_000, START_US) == 16_000
    assert to_us(16_000, START_US) == START_US + 1_000_000


def test_segments_join_without_a_seam(tmp_path: Path) -> None:
    room = Courtroom(tmp_path / "h")
    room.take({"mic": tone(5.0)}, segment_s=2.0)
    sound = track(room)
    blocks = list(sound.blocks())
    assert [b.start for b in blocks] == [0, 32_000, 64_000]
    whole = np.concatenate([b.samples for b in blocks])
    assert abs(len(whole) - 80_000) <= 3
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(80_000) / 16_000)
    assert np.sqrt(np.mean((whole[: len(expected)] - expected[: len(whole)]) ** 2)) < 0.02
    assert np.array_equal(sound.span(31_000, 33_000), whole[31_000:33_000])


def test_hole_stays_a_hole(tmp_path: Path) -> None:
    room = Courtroom(tmp_path / "h")
    room.take({"mic": tone(6.0)}, leave_out=(2,))
    sound = track(room)
    assert [(b.start, b.end) for b in sound.blocks()] == [(0, 32_000), (64_000, 96_000)]
    assert not sound.span(40_000, 50_000).any()
    assert sound.span(60_000, 70_000)[4_100:].any()


def test_damaged_segments(tmp_path: Path) -> None:
    room = Courtroom(tmp_path / "h")
    room.take({"mic": noise(6.0)})
    first, second = tmp_path / "h/media/T01/mic/0001.mp4", tmp_path / "h/media/T01/mic/0002.mp4"
    first.write_bytes(b"not a film")
    data = second.read_bytes()
    second.write_bytes(data[: len(data) // 2])
    sound = track(room)
    blocks = list(sound.blocks())
    assert [s.number for s in sound.unreadable] == [1]
    assert blocks[0].start == 32_000
    assert 8_000 < len(blocks[0].samples) < 30_000


def test_no_sound_at_all(tmp_path: Path) -> None:
    write_flac(tmp_path / "empty.mp4", silence(0))
    with pytest.raises(SoundUnreadable, match=r"empty\.mp4"):
        decode((tmp_path / "empty.mp4").read_bytes(), "empty.mp4")
    with pytest.raises(SoundUnreadable):
        decode(b"", "nothing")
