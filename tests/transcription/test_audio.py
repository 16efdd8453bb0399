"""Sound of a track: in its place on the grid, holes left as holes, damage survived."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import av
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


def test_samples_of_16_bits_and_16_khz_come_as_they_are() -> None:
    given = np.arange(-32768, 32768, 7, dtype=np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(16_000)
        made.writeframes(given.tobytes())
    assert np.array_equal(decode(file.getvalue(), "exact"), given.astype(np.float32) / 32768)


def test_a_stream_that_changes_its_rate_and_channels_is_read_to_its_end() -> None:
    """As ADTS may, in the middle: the sound before and the sound after, each in its length."""
    whole = decode(_aac(2.0, 16_000, "mono") + _aac(3.0, 48_000, "stereo") + _aac(1.0, 16_000, "mono"), "changing")
    assert abs(len(whole) - 6 * 16_000) < 16_000 // 4  # the codec's own priming, three times
    for at in (1.0, 3.5, 5.7):
        piece = whole[int(at * 16_000) : int((at + 0.2) * 16_000)]
        strongest = int(np.argmax(np.abs(np.fft.rfft(piece)))) * 16_000 / len(piece)
        assert abs(strongest - 440) < 10, at


def _aac(seconds: float, rate: int, layout: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="adts") as made:
        stream: Any = made.add_stream("aac", rate=rate, layout=layout)
        sound = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
        channels = np.tile(sound.astype(np.float32), (2 if layout == "stereo" else 1, 1))
        for first in range(0, channels.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels[:, first : first + 1024]), "fltp", layout)
            frame.sample_rate, frame.pts = rate, first
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return file.getvalue()
