"""`hattama import`: recordings become verified records, exact where they can be; anything else is an error that leaves nothing."""

from __future__ import annotations

import os
import socket
import sys
import time
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
from recorder.errors import RecorderError
from recorder.import_errors import (
    ImportCrashed,
    ImportFailed,
    ImportStuck,
    InputDamaged,
    InputEmpty,
    InputForbidden,
    InputMissing,
    InputNotFile,
    InputNotMedia,
    InputRefused,
)
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
    assert (report.integrity, report.completeness, report.provenance) == ("intact", "complete", "trusted"), report.findings
    view = view_of(made)
    assert view.state is State.FINISHED
    assert len(view.manifests) == 1
    assert made.folder.name == view.hearing == made.hearing
    assert all(segment.end_us - segment.start_us <= 20_000_000 for segment in view.segments)
    assert all(len(view.track("T01", track)) == 2 for track in tracks)


def assert_nothing_left(state: Path) -> None:
    left = [path for path in state.rglob("*") if path.is_file() and path.name != "clock.json"]
    assert left == []
    assert list((state / "hearings").glob("*")) == []
    assert list((state / "importing").glob("*")) == []


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
    assert [(track["codec"], track["way"], track["exact"]) for track in origin["tracks"]] == [("pcm_s16le", "decoded", True)] * 2


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


# What is no recording


def text_file(folder: Path) -> Path:
    (folder / "протокол.txt").write_text("Сот отырысы басталды.\n" * 50, encoding="utf-8")
    return folder / "протокол.txt"


def empty_file(folder: Path) -> Path:
    (folder / "empty.wav").touch()
    return folder / "empty.wav"


def mp4_without_index(folder: Path) -> Path:
    return cut(write(folder / "whole.mp4", sound=(("aac", noise(5, 1)),)), folder / "cut.mp4", 0.5)


def a_folder(folder: Path) -> Path:
    (folder / "recordings").mkdir()
    return folder / "recordings"


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.wav")
    return folder / "pipe.wav"


def concat_list(folder: Path) -> Path:
    write_wav(folder / "secret.wav", noise(1, 1))
    (folder / "list.ffconcat").write_text("ffconcat version 1.0\nfile secret.wav\n", encoding="ascii")
    return folder / "list.ffconcat"


def a_picture(folder: Path) -> Path:
    from PIL import Image

    Image.new("RGB", (64, 64), "red").save(folder / "photo.png")
    return folder / "photo.png"


def wav_without_samples(folder: Path) -> Path:
    return write_wav(folder / "silent.wav", np.zeros((0, 1), np.int16))


@pytest.mark.parametrize(
    ("make", "error", "status"),
    [
        (text_file, InputNotMedia, 65),
        (empty_file, InputEmpty, 65),
        (mp4_without_index, InputDamaged, 65),
        (a_folder, InputNotFile, 66),
        (a_pipe, InputNotFile, 66),
        (lambda folder: folder / "gone.wav", InputMissing, 66),
        (concat_list, InputNotMedia, 65),
        (a_picture, InputNotMedia, 65),
        (wav_without_samples, ImportFailed, 65),
    ],
)
def test_what_is_no_recording_is_refused_and_leaves_nothing(
    tmp_path: Path, make: Any, error: type[ImportFailed], status: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = make(folder)
    with pytest.raises(error) as caught:
        bring_in(tmp_path / "state", path)
    assert caught.value.exit_status == status
    assert path.name in str(caught.value) or make is wav_without_samples
    assert caught.value.advice
    assert_nothing_left(tmp_path / "state")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(1, 1))
    path.chmod(0)
    with pytest.raises(InputForbidden):
        bring_in(tmp_path / "state", path)


def test_one_bad_file_of_two_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputNotMedia):
        bring_in(tmp_path / "state", write_wav(tmp_path / "a.wav", noise(1, 1)), text_file(tmp_path))
    assert_nothing_left(tmp_path / "state")


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "film.avi"])
def test_a_playlist_is_not_followed_whatever_its_name(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:10", "#EXTINF:10,", f"http://127.0.0.1:{port}/a.ts", "#EXT-X-ENDLIST", ""]
        (tmp_path / name).write_text("\n".join(lines), encoding="ascii")
        with pytest.raises(InputNotMedia):
            bring_in(tmp_path / "state", tmp_path / name)
        with pytest.raises(TimeoutError):
            server.accept()
    assert_nothing_left(tmp_path / "state")


def test_a_closed_hearing_is_refused(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(1, 1))
    with pytest.raises(InputRefused):
        import_files(ImportRequest((path,), Case(publicity="closed")), state_dir=tmp_path / "state", signer=SIGNER)


# The reading process


def test_a_reading_process_that_dies_leaves_nothing(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(1, 1))
    worker = (sys.executable, "-c", "import os, sys; sys.stdin.readline(); os.abort()")
    with pytest.raises(ImportCrashed, match="-6"):
        import_files(ImportRequest((path,)), state_dir=tmp_path / "state", signer=SIGNER, worker=worker)
    assert_nothing_left(tmp_path / "state")


def test_a_reading_process_that_hangs_is_ended(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(1, 1))
    worker = (sys.executable, "-c", "import time; time.sleep(600)")
    begun = time.monotonic()
    with pytest.raises(ImportStuck):
        import_files(ImportRequest((path,)), state_dir=tmp_path / "state", signer=SIGNER, worker=worker, patience_s=0.5)
    assert time.monotonic() - begun < 60
    assert_nothing_left(tmp_path / "state")


def test_a_reading_process_that_talks_nonsense_is_not_believed(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(1, 1))
    for said in ("nonsense", '{"report": "done"}'):
        worker = (sys.executable, "-c", f"import sys; sys.stdin.readline(); print('{said}', flush=True); sys.stdin.readline()")
        with pytest.raises(ImportCrashed):
            import_files(ImportRequest((path,)), state_dir=tmp_path / "state", signer=SIGNER, worker=worker)
    assert_nothing_left(tmp_path / "state")


def test_what_a_killed_import_left_goes_at_the_next_one(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "importing" / "99-dead" / "media").mkdir(parents=True)
    (state / "importing" / "99-dead" / "media" / "0001.mp4").write_bytes(b"x")
    bring_in(state, write_wav(tmp_path / "a.wav", noise(1, 1)))
    assert list((state / "importing").iterdir()) == []


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[float] = []
    path = write_wav(tmp_path / "a.wav", noise(2, 1))
    import_files(ImportRequest((path,)), state_dir=tmp_path / "state", signer=SIGNER, on_progress=told.append)
    assert told
    assert all(0 <= share <= 1 for share in told)


def test_every_error_has_a_code_of_its_own_a_status_and_advice() -> None:
    kinds: list[type[ImportFailed]] = [ImportFailed, *ImportFailed.__subclasses__()]
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.advice != RecorderError.advice and kind.exit_status > 0 for kind in kinds)
