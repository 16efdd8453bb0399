"""The transcriber: over the real socket, killed and started again, and never kept waiting by one bad hearing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from device_config.settings import Settings, SpeechSettings
from protocol.transcript import Transcript
from tests.transcription.courtroom import Courtroom, silence, speech
from tests.transcription.recorder_server import Desk, recorder_server
from transcription.activity import LevelDetector
from transcription.client import FakeRecorder, SocketClient
from transcription.errors import RecorderUnreachable
from transcription.models import Engines
from transcription.worker import FIRST_WAIT_S, LONGEST_WAIT_S, TRIES, Transcriber, again_in_s, run, transcribe_record

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # A socket's path may have 107 bytes: not below pytest's long folder names.
    run_dir = Path(os.path.relpath(tmp_path / "run", Path.cwd())) if len(str(tmp_path)) > 80 else tmp_path / "run"
    return Settings(state_dir=tmp_path, run_dir=run_dir)


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    with recorder_server(settings.socket) as served:
        yield served


def record(settings: Settings, hearing: str, sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Courtroom:
    room = Courtroom(settings.hearings / hearing, hearing=hearing)
    room.take({"mic-bench": sound, "mic-table": silence(1)})
    return room


def sentence() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.concatenate([silence(1), speech(), silence(1)])


def test_over_the_socket(settings: Settings, desk: Desk) -> None:
    room = record(settings, "h1", sentence())
    desk.waiting.append("h1")
    stop = threading.Event()
    worker = threading.Thread(target=run, args=(settings,), kwargs={"stop": stop})
    worker.start()
    assert desk.drafted.wait(PATIENCE_S)
    stop.set()
    worker.join(PATIENCE_S)
    assert not worker.is_alive()
    transcript = Transcript.from_json(desk.transcripts["h1"])
    assert transcript == transcribe_record(room.folder, settings)
    assert {p.kind for p in transcript.passages} == {"missing_model"}
    assert desk.drafts == ["h1"]


def start(settings: Settings) -> subprocess.Popen[str]:
    code = (
        "import sys; from pathlib import Path; from device_config.settings import Settings; "
        "from transcription.worker import run; run(Settings(state_dir=Path(sys.argv[1]), run_dir=Path(sys.argv[2])))"
    )
    command = [sys.executable, "-c", code, str(settings.state_dir), str(settings.run_dir)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_killed_and_started_again(settings: Settings, desk: Desk) -> None:
    """Killed at the worst moment: the transcript is sent, and no answer came."""
    room = record(settings, "h1", np.concatenate([sentence()] * 4))
    desk.waiting.append("h1")
    desk.hold = threading.Event()
    first = start(settings)
    assert desk.posting.wait(PATIENCE_S)
    first.kill()
    first.communicate(timeout=PATIENCE_S)
    assert desk.drafts == []
    desk.hold.set()
    second = start(settings)
    assert desk.drafted.wait(PATIENCE_S)
    second.terminate()
    log, _ = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, log
    assert desk.drafts == ["h1"]
    assert desk.transcripts["h1"] == transcribe_record(room.folder, settings).to_json()


def test_waits_for_a_recorder_that_is_not_there(settings: Settings) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=run, args=(settings,), kwargs={"stop": stop})
    worker.start()
    room = record(settings, "h1", silence(1))
    with recorder_server(settings.socket) as desk:
        desk.waiting.append("h1")
        assert desk.drafted.wait(PATIENCE_S)
    stop.set()
    worker.join(PATIENCE_S)
    assert room.folder.is_dir()


def test_refusals_are_told(settings: Settings, desk: Desk) -> None:
    with SocketClient(settings.socket) as client:
        assert client.finished() == []
        with pytest.raises(RecorderUnreachable, match=r"409.*wrong-state"):
            client.post_draft("h9")
    with SocketClient(settings.runtime / "none.sock") as client, pytest.raises(RecorderUnreachable):
        client.finished()


def transcriber(settings: Settings, fake: FakeRecorder, clock: list[float]) -> Transcriber:
    return Transcriber(
        fake, settings.hearings, settings, Engines(SpeechSettings()), LevelDetector(), now=lambda: clock[0]
    )


def test_one_bad_hearing_blocks_no_other(settings: Settings) -> None:
    record(settings, "good", silence(1))
    bad = record(settings, "bad", silence(1))
    (bad.folder / "journal.jsonl").write_bytes(b"{}\n")
    fake = FakeRecorder(waiting=["bad", "absent", "refused", "good"], refuses=frozenset({"refused"}))
    record(settings, "refused", silence(1))
    clock = [0.0]
    worker = transcriber(settings, fake, clock)
    assert worker.turn() == 1
    assert fake.drafts == ["good"]
    assert worker.turn() == 0  # they wait before they are tried again
    for number in range(1, TRIES):
        clock[0] += FIRST_WAIT_S * 2**number
        assert worker.turn() == 0
    clock[0] += 4000
    assert worker.turn() == 3  # the draft is made without a transcript
    assert sorted(fake.drafts) == ["absent", "bad", "good", "refused"]
    assert [transcript.hearing for transcript in fake.transcripts] == ["good"]


def test_waits_grow_to_an_hour_and_stay_there_for_months() -> None:
    assert [again_in_s(tries) for tries in (1, 2, 3, 20, 1100)] == [
        FIRST_WAIT_S,
        2 * FIRST_WAIT_S,
        4 * FIRST_WAIT_S,
        LONGEST_WAIT_S,
        LONGEST_WAIT_S,
    ]


def test_a_transcript_that_is_there_is_not_made_twice(settings: Settings) -> None:
    room = record(settings, "h1", silence(1))
    sha = "A" * 43 + "="
    room.line(
        "revision",
        {"kind": "transcript", "number": 1, "path": "transcript/0001.json", "bytes": 1, "sha256": sha, "by": "x"},
    )
    fake = FakeRecorder(waiting=["h1"])
    assert transcriber(settings, fake, [0.0]).turn() == 1
    assert fake.transcripts == []
    assert fake.drafts == ["h1"]
