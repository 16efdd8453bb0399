"""`hattama import`: recordings become verified records, exact where they can be; anything else is an error that leaves nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocol.hearing import Case, State
from protocol.journal import Line, read_journal
from protocol.note import Ed25519Signer
from protocol.record import DirectoryRecord
from protocol.verification import Trust, verify
from protocol.view import HearingView
from recorder.importer import Imported, ImportRequest, import_files
from tests.recorder.recordings import (
    CREATED,
    CREATED_US,
    FPS,
    RATE,
    cut,
    decode_floats,
    decode_pictures,
    decode_sound,
    noise,
    write,
    write_wav,
)

SIGNER = Ed25519Signer("box.test", bytes(range(32)))
SECONDS = 12.5


def bring_in(state: Path, *files: Path, **more: Any) -> Imported:
    return import_files(ImportRequest(files, Case(number="12-34/26"), "clerk", **more), state_dir=state, signer=SIGNER)


def lines_of(made: Imported) -> list[Line]:
    entries, torn = read_journal((made.folder / "journal.jsonl").read_bytes())
    assert not torn
    return [entry for entry in entries if isinstance(entry, Line)]


def view_of(made: Imported) -> HearingView:
    return HearingView.of(lines_of(made))


def files_of(made: Imported, source: str, take: str = "T01") -> list[Path]:
    return [made.folder / segment.path for segment in view_of(made).track(take, source)]


def origin_of(made: Imported) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(line.data for line in lines_of(made) if line.type == "imported")["files"]
    return found


def assert_whole(made: Imported, tracks: tuple[str, ...]) -> None:
    """The record stands where it should, verifies from the disk, and has these tracks."""
    assert made.tracks == tracks
    report = verify(DirectoryRecord(made.folder), Trust.of(SIGNER.key))
    assert (report.integrity, report.completeness, report.provenance) == ("intact", "complete", "trusted"), (
        report.findings
    )
    view = view_of(made)
    assert view.state is State.FINISHED
    assert len(view.manifests) == 1
    assert made.folder.name == view.hearing == made.hearing
    assert all(segment.end_us - segment.start_us <= 20_000_000 for segment in view.segments)
    assert all(len(view.track("T01", track)) == 2 for track in tracks)


# The five kinds


def test_wav_comes_out_exact(tmp_path: Path) -> None:
    samples = noise(SECONDS, 2)
    made = bring_in(tmp_path / "state", write_wav(tmp_path / "диктофон 1.wav", samples))
    assert_whole(made, ("audio-1", "audio-2"))
    for channel in (0, 1):
        assert np.array_equal(decode_sound(files_of(made, f"audio-{channel + 1}")), samples[:, channel])
    segments = view_of(made).track("T01", "audio-1")
    assert sum(segment.units for segment in segments) == len(samples)
    assert segments[0].rate == RATE
    origin = origin_of(made)[0]
    assert origin["name"] == "диктофон 1.wav"
    assert [(track["codec"], track["way"], track["exact"]) for track in origin["tracks"]] == [
        ("pcm_s16le", "decoded", True)
    ] * 2


def test_wav_of_24_bits_comes_out_exact(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    samples = (rng.integers(-(2**23), 2**23, (48_000 * 11, 1)) << 8).astype(np.int32)
    made = bring_in(tmp_path / "state", write_wav(tmp_path / "a.wav", samples, 48_000, 3))
    assert_whole(made, ("audio",))
    assert np.array_equal(decode_sound(files_of(made, "audio")), samples[:, 0])


def test_flac_comes_out_exact(tmp_path: Path) -> None:
    samples = noise(SECONDS, 1)
    made = bring_in(tmp_path / "state", write(tmp_path / "a.flac", sound=(("flac", samples),)))
    assert_whole(made, ("audio",))
    assert np.array_equal(decode_sound(files_of(made, "audio")), samples[:, 0])
    assert origin_of(made)[0]["tracks"][0]["exact"] is True


def test_mp3_is_decoded_once_and_said_to_be_inexact(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp3", sound=(("libmp3lame", noise(SECONDS, 2)),))
    made = bring_in(tmp_path / "state", path)
    assert_whole(made, ("audio-1", "audio-2"))
    assert origin_of(made)[0]["tracks"][0] == {
        "channel": 0, "codec": "mp3", "exact": False, "source": "audio-1", "stream": 0, "way": "decoded",
    }  # fmt: skip
    heard, decoded = decode_sound(files_of(made, "audio-1")), decode_floats(path)[0] * 32768
    assert len(heard) == len(decoded)
    assert float(np.abs(heard - decoded.clip(-32768, 32767)).max()) <= 1


def test_mp4_with_h264_and_aac_keeps_its_pictures(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mp4", sound=(("aac", noise(SECONDS, 1)),), video="libx264", seconds=SECONDS, created=CREATED
    )
    made = bring_in(tmp_path / "state", path)
    assert_whole(made, ("video", "audio"))
    before, after = decode_pictures([path]), decode_pictures(files_of(made, "video"))
    assert len(after) == len(before) == round(SECONDS * FPS)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    view = view_of(made)
    assert view.takes["T01"].start_us == CREATED_US
    assert sum(segment.units for segment in view.track("T01", "video")) == len(before)
    ways = {track["source"]: (track["way"], track["exact"]) for track in origin_of(made)[0]["tracks"]}
    assert ways == {"video": ("copied", True), "audio": ("decoded", False)}
    assert origin_of(made)[0]["start_from"] == "creation_time"
    ends = [view.track("T01", source)[-1].end_us for source in ("video", "audio")]
    assert abs(ends[0] - ends[1]) < 150_000


def test_mkv_with_two_audio_tracks_keeps_both(tmp_path: Path) -> None:
    first, second = noise(SECONDS, 1, seed=3), noise(SECONDS, 1, seed=4)
    path = write(tmp_path / "a.mkv", sound=(("flac", first), ("pcm_s16le", second)), video="libx264", seconds=SECONDS)
    made = bring_in(tmp_path / "state", path)
    assert_whole(made, ("video", "audio-1", "audio-2"))
    assert np.array_equal(decode_sound(files_of(made, "audio-1")), first[:, 0])
    assert np.array_equal(decode_sound(files_of(made, "audio-2")), second[:, 0])


# Other kinds


def test_eight_channels_come_out_apart_and_exact(tmp_path: Path) -> None:
    samples = noise(11, 8, 16_000)
    made = bring_in(tmp_path / "state", write_wav(tmp_path / "a.wav", samples, 16_000))
    assert_whole(made, tuple(f"audio-{number}" for number in range(1, 9)))
    assert np.array_equal(decode_sound(files_of(made, "audio-8")), samples[:, 7])


def test_pictures_no_browser_shows_are_encoded_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.avi", video="mpeg4", seconds=SECONDS)
    made = bring_in(tmp_path / "state", path)
    assert_whole(made, ("video",))
    assert {segment.codec for segment in view_of(made).segments} == {"h264"}
    track = origin_of(made)[0]["tracks"][0]
    assert (track["codec"], track["way"], track["exact"]) == ("mpeg4", "encoded", False)
    before, after = decode_pictures([path]), decode_pictures(files_of(made, "video"))
    assert len(after) == len(before)
    assert max(float(np.abs(a.astype(int) - b.astype(int)).mean()) for a, b in zip(before, after, strict=True)) < 4


def test_vp9_is_copied(tmp_path: Path) -> None:
    path = write(tmp_path / "a.webm", video="libvpx-vp9", seconds=2)
    made = bring_in(tmp_path / "state", path)
    assert origin_of(made)[0]["tracks"][0]["way"] == "copied"
    assert len(decode_pictures(files_of(made, "video"))) == 2 * FPS


# When it was


def test_without_metadata_it_ended_when_the_file_was_last_changed(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(5, 1))
    os.utime(path, (1_795_149_000, 1_795_149_000))
    made = bring_in(tmp_path / "state", path)
    assert view_of(made).takes["T01"].start_us == CREATED_US - 5_000_000
    assert origin_of(made)[0]["start_from"] == "last_change"


def test_a_stated_start_wins(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", sound=(("aac", noise(3, 1)),), created=CREATED)
    made = bring_in(tmp_path / "state", path, start_us=1_700_000_000_000_000)
    assert view_of(made).takes["T01"].start_us == 1_700_000_000_000_000
    assert origin_of(made)[0]["start_from"] == "stated"


def test_files_that_follow_each_other_are_takes_in_a_row(tmp_path: Path) -> None:
    later = write(tmp_path / "b.mka", sound=(("flac", noise(3, 1)),), created="2026-11-20T04:31:00Z")
    earlier = write(tmp_path / "a.mka", sound=(("flac", noise(3, 1)),), created=CREATED)
    made = bring_in(tmp_path / "state", later, earlier)
    assert made.report.completeness == "complete"
    takes = view_of(made).takes
    assert [(take.id, take.start_us, take.sources, take.reason) for take in takes.values()] == [
        ("T01", CREATED_US, ("file2-audio",), "pause"),
        ("T02", CREATED_US + 60_000_000, ("file1-audio",), "finish"),
    ]


def test_files_that_overlap_are_one_take_and_what_is_missing_is_said(tmp_path: Path) -> None:
    first = write(tmp_path / "a.mka", sound=(("flac", noise(4, 1)),), created=CREATED)
    second = write(tmp_path / "b.mka", sound=(("flac", noise(4, 1)),), created="2026-11-20T04:30:02Z")
    made = bring_in(tmp_path / "state", first, second)
    assert made.report.completeness == "complete-with-gaps"
    gaps = {(gap.cause, item.source, item.to_us - item.from_us) for gap in view_of(made).gaps for item in gap.intervals}
    assert gaps == {("late_start", "file2-audio", 2_000_000), ("source_ended", "file1-audio", 2_000_000)}


# Damaged tails: never silently


@pytest.mark.parametrize("kind", ["wav", "flac", "mkv"])
def test_a_cut_off_recording_is_imported_and_says_what_is_missing(tmp_path: Path, kind: str) -> None:
    samples = noise(10, 1)
    whole = tmp_path / f"whole.{kind}"
    if kind == "wav":
        write_wav(whole, samples)
    else:
        write(whole, sound=(("flac", samples),))
    made = bring_in(tmp_path / "state", cut(whole, tmp_path / f"cut.{kind}", 0.5))
    assert made.report.good
    assert made.report.completeness == "complete-with-gaps"
    assert "source-cut-off" in {code for code, _, _ in made.findings}
    gap = view_of(made).gaps[0]
    assert gap.cause == "source_damaged"
    missing = gap.intervals[0].to_us - gap.intervals[0].from_us
    heard = decode_sound(files_of(made, "audio"))
    assert np.array_equal(heard, samples[: len(heard), 0])
    assert missing == pytest.approx(10_000_000 - len(heard) * 1_000_000 / RATE, abs=60_000)
    assert 4_000_000 < missing < 6_000_000


def test_a_damaged_middle_is_a_gap(tmp_path: Path) -> None:
    samples = noise(10, 1)
    path = write(tmp_path / "a.mkv", sound=(("flac", samples),))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 60_000] = bytes(60_000)
    path.write_bytes(data)
    made = bring_in(tmp_path / "state", path)
    assert made.report.completeness == "complete-with-gaps"
    assert {code for code, _, _ in made.findings} == {"source-faults"}
    after = view_of(made).track("T01", "audio")[-1]
    assert after.number > 1
    tail = decode_sound([made.folder / after.path])
    assert np.array_equal(tail, samples[-len(tail) :, 0])
