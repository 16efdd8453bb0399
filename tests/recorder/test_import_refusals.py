"""What `hattama import` refuses, and that nothing is left of it."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocol.hearing import Case
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
from recorder.importer import ImportRequest, import_files
from tests.recorder.recordings import cut, noise, write, write_wav
from tests.recorder.test_import import SIGNER, bring_in


def assert_nothing_left(state: Path) -> None:
    left = [path for path in state.rglob("*") if path.is_file() and path.name != "clock.json"]
    assert left == []
    assert list((state / "hearings").glob("*")) == []
    assert list((state / "importing").glob("*")) == []


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
        lines = [
            "#EXTM3U",
            "#EXT-X-TARGETDURATION:10",
            "#EXTINF:10,",
            f"http://127.0.0.1:{port}/a.ts",
            "#EXT-X-ENDLIST",
            "",
        ]
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
        worker = (
            sys.executable,
            "-c",
            f"import sys; sys.stdin.readline(); print('{said}', flush=True); sys.stdin.readline()",
        )
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
